"""Rollups: what cannot be added up over scopes, computed anew from what several of them are made of. Pure.

Counts, and states that count things, are not repeated: their sum over the scopes is the rollup's number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from common.metric import Basis, Kind, Metric
from common.sample import Sample, Span, Tags, reduce_points, series_tags
from common.stats import summarise

TAG = "rollup"
"""The tag that stands where a scope's samples have the scope's."""


class Rollup(msgspec.Struct, frozen=True):
    """A name for the scopes that fit a pattern, and the tags that its samples get."""

    name: str
    match: tuple[str, ...]
    tags: Mapping[str, str] = {}

    def holds(self, scope: str) -> bool:
        """Whether the scope is one of it."""
        return matches(self.match, scope)


def matches(patterns: Iterable[str], scope: str) -> bool:
    """Whether a pattern fits the scope and none with `!` does: `*` and `?` match, in any case."""
    fitting = [each for each in patterns if _fits(each.removeprefix("!"), scope)]
    return bool(fitting) and not any(each.startswith("!") for each in fitting)


def _fits(pattern: str, scope: str) -> bool:
    return fnmatchcase(scope.casefold(), re.sub(r"\[", "[[]", pattern.casefold()))


class Parts(msgspec.Struct):
    """What one scope adds to its rollups: facts of gauges, and samples of distributions; not of metrics that failed."""

    facts: dict[Metric, tuple[Any, ...]] = {}
    distributions: dict[Metric, list[Sample]] = {}


def rolls_up(metric: Metric) -> bool:
    """Whether a rollup has a number of its own for the metric."""
    return metric.facts is not None or metric.kind is Kind.DISTRIBUTION


class Union:
    """One rollup while its scopes come in. A metric that lacks one of them has no number: it would be another one."""

    def __init__(self, rollup: Rollup, scopes: Iterable[str], tags: Mapping[str, str]) -> None:
        self.rollup = rollup
        self.scopes = frozenset(scopes)
        self._tags = {**tags, **rollup.tags, TAG: rollup.name}
        self._facts: dict[Metric, list[Any]] = {}
        self._samples: dict[Metric, list[Sample]] = {}
        self._scopes_in: dict[Metric, int] = {}

    def take(self, scope: str, parts: Parts) -> None:
        """Add a scope, once, if it is one of the rollup's."""
        if scope not in self.scopes:
            return
        for metric, facts in parts.facts.items():
            self._facts.setdefault(metric, []).extend(facts)
        for metric, samples in parts.distributions.items():
            self._samples.setdefault(metric, []).extend(samples)
        for metric in (*parts.facts, *parts.distributions):
            self._scopes_in[metric] = self._scopes_in.get(metric, 0) + 1

    @property
    def tags(self) -> Mapping[str, str]:
        """What all its samples have as tags."""
        return self._tags

    def complete(self) -> Iterator[Metric]:
        """The metrics of which every scope is in."""
        return (metric for metric, scopes in self._scopes_in.items() if scopes == len(self.scopes))

    def samples(self, metric: Metric, span: Span, dropped: frozenset[str] = frozenset()) -> list[Sample]:
        """The rollup's samples of a complete metric; raises what the metric raises."""
        if metric.kind is Kind.DISTRIBUTION:
            return list(self._pooled(metric, dropped))
        points = metric.points_over(self._facts[metric])
        found = reduce_points(metric, points, span, "", self._tags, dropped)
        return [msgspec.structs.replace(each, rollup=self.rollup.name) for each in found]

    def _pooled(self, metric: Metric, dropped: frozenset[str]) -> Iterator[Sample]:
        kept = tuple(tag for tag in metric.tags if tag not in dropped)
        pools: dict[tuple[str, ...], list[Sample]] = {}
        for sample in self._samples[metric]:
            own = dict(sample.tags)
            pools.setdefault(tuple(own[tag] for tag in kept), []).append(sample)
        for key, samples in sorted(pools.items()):
            yield self._pool(metric, series_tags(kept, key, self._tags), samples)

    def _pool(self, metric: Metric, tags: Tags, samples: list[Sample]) -> Sample:
        values = tuple(sorted(value for sample in samples for value in sample.values))
        basis: Basis = next((each.basis for each in samples if each.basis != "measured"), "measured")
        return Sample(
            metric=metric,
            scope="",
            tags=tags,
            value=len(values),
            basis=basis,
            values=values,
            summary=summarise(values),
            rollup=self.rollup.name,
        )


def unions_of(
    rollups: Iterable[Rollup], scopes: Iterable[str], is_mine: Callable[[str], bool], tags: Mapping[str, str]
) -> tuple[list[Union], list[str]]:
    """The rollups that have scopes here, and the names of those that cannot be computed: of several shards' scopes."""
    unions: list[Union] = []
    split: list[str] = []
    known = list(scopes)
    for rollup in rollups:
        inside = [scope for scope in known if rollup.holds(scope)]
        mine = [scope for scope in inside if is_mine(scope)]
        if mine and len(mine) < len(inside):
            split.append(rollup.name)
        elif mine:
            unions.append(Union(rollup, mine, tags))
    return unions, split
