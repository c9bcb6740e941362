"""An objective that is bound to its metrics, and the verdict on it in one scope. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import msgspec

from common.metric import ADDITIVE_UNITS, Basis, Kind, Metric
from common.rollup import matches

Comparison = Literal["<=", "<", ">=", ">"]
DAYS = 7
"""How many days a health grid shows."""


class Selection(msgspec.Struct, frozen=True):
    """A metric, or the part of it whose tags have one of these values."""

    metric: Metric
    tags: Mapping[str, tuple[str, ...]] = {}

    def holds(self, tags: Mapping[str, str]) -> bool:
        """Whether a series with these tags belongs to it."""
        return all(tags.get(tag) in accepted for tag, accepted in self.tags.items())


class Objective(msgspec.Struct, frozen=True, kw_only=True):
    """What events and states have in common; `window` is in seconds."""

    name: str
    target: float
    window: float
    match: tuple[str, ...] = ("*",)

    @property
    def comparison(self) -> Comparison:
        """How the value must stand to the target."""
        return ">="

    @property
    def highest(self) -> float:
        """The highest value there can be."""
        return 1.0

    @property
    def unit(self) -> str:
        """The unit of value and target."""
        return "1"

    @property
    def metric(self) -> Metric:
        """What it is about."""
        raise NotImplementedError

    def is_for(self, scope: str) -> bool:
        """Whether the scope is one that it is for."""
        return matches(self.match, scope)


class OfEvents(Objective, frozen=True, kw_only=True):
    """A share of good events; `known` is how far back they are known, in seconds."""

    good: Selection
    total: Selection
    known: float

    @property
    def metric(self) -> Metric:
        """What it is about: all events."""
        return self.total.metric

    @property
    def budget(self) -> float:
        """The share that may be bad."""
        return 1 - self.target


class OfState(Objective, frozen=True, kw_only=True):
    """A comparison on the metric's value, or on one statistic of a distribution."""

    of: Selection
    statistic: str = "value"
    by: Comparison

    @property
    def metric(self) -> Metric:
        """What it is about."""
        return self.of.metric

    @property
    def comparison(self) -> Comparison:
        """How the value must stand to the target."""
        return self.by

    @property
    def unit(self) -> str:
        """The unit of value and target: of an age it is seconds, whatever the metric's."""
        if self.statistic == "count":
            return "{event}"
        return "s" if self.of.metric.unit == "unix" else self.of.metric.unit

    @property
    def highest(self) -> float:
        """The highest value there can be."""
        return 1.0 if self.unit in ("1", "bool") else math.inf

    @property
    def adds_up(self) -> bool:
        """Whether the values of several series can be added up."""
        metric = self.of.metric
        if metric.kind is Kind.DISTRIBUTION:
            return self.statistic == "count"
        return metric.kind is Kind.COUNT or ADDITIVE_UNITS.fullmatch(metric.unit) is not None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How one scope, or one rollup, stands to an objective; `None` is what is not known, and `notes` say why."""

    objective: Objective
    scope: str = ""
    rollup: str = ""
    value: float | None = None
    met: bool | None = None
    compliance: float | None = None
    budget_remaining: float | None = None
    burn: Mapping[str, float] = {}
    score: float | None = None
    days: tuple[float | None, ...] = (None,) * DAYS
    """The score of each of the last seven days, oldest first; the last one ends now."""
    basis: Basis = "measured"
    notes: tuple[str, ...] = ()
