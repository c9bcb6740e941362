"""Metrics about objectives: gauges over the verdicts on one scope, or on one rollup. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from common.metric import Point, metric, point
from common.objectives.burn import BURN_WINDOWS
from common.objectives.record import Verdict

TAGS = {"objective": None}
Verdicts = Iterable[Verdict]


def _each(verdicts: Verdicts, number: Callable[[Verdict], float | None]) -> Iterator[Point]:
    for each in verdicts:
        value = number(each)
        if value is not None:
            yield point(value, basis=each.basis, objective=each.objective.name)


@metric("objective.met", unit="bool", tags=TAGS, better="higher")
def met(verdicts: Verdicts) -> Iterator[Point]:
    """Whether the objective is met.

    Of events: the share of good ones over its window reaches the target. Of a state: its value now stands to the
    target as it should. Nothing to judge: no point.
    """
    return _each(verdicts, lambda each: None if each.met is None else int(each.met))


@metric("objective.value", unit="{value}", tags=TAGS)
def value(verdicts: Verdicts) -> Iterator[Point]:
    """What is held against the target, in the unit of the objective's metric.

    Of events: the share of good ones over its window. Of a state: its value now; of a point in time, its age in
    seconds.
    """
    return _each(verdicts, lambda each: each.value)


@metric("objective.target", unit="{value}", tags=TAGS)
def target(verdicts: Verdicts) -> Iterator[Point]:
    """The target, in the unit of the objective's metric; where there is a value to hold against it."""
    for each in verdicts:
        if each.value is not None:
            yield point(each.objective.target, objective=each.objective.name)


@metric("objective.compliance", unit="1", tags=TAGS, better="higher")
def compliance(verdicts: Verdicts) -> Iterator[Point]:
    """Share of the objective's window that went well: of events the good ones, of a state the time it was met.

    A look at a state holds until the next, for two intervals of the schedule at most; other time is unknown and not
    in the share. It is told by the ledger's history; without one, or while it holds no earlier look: no point.
    """
    return _each(verdicts, lambda each: each.compliance)


@metric("objective.budget_remaining", unit="1", tags=TAGS, better="higher")
def budget_remaining(verdicts: Verdicts) -> Iterator[Point]:
    """Share of the error budget that is left: 1 is all of it, below 0 it is overspent.

    Of events only: 1 − (1 − compliance) / (1 − target).
    """
    return _each(verdicts, lambda each: each.budget_remaining)


@metric("objective.burn", unit="1", tags={**TAGS, "window": tuple(BURN_WINDOWS)}, better="lower")
def burn(verdicts: Verdicts) -> Iterator[Point]:
    """How fast the error budget is being spent: at 1 it lasts for exactly the objective's window.

    Of events only: the share of bad ones over `window`, if that is no longer than the objective's, / (1 − target).
    Nothing where the window holds fewer than 10 events, or so few that a single bad one would burn above 1.
    """
    for each in verdicts:
        for window, rate in each.burn.items():
            yield point(rate, basis=each.basis, objective=each.objective.name, window=window)


@metric("objective.score", unit="1", tags=TAGS, better="higher")
def score(verdicts: Verdicts) -> Iterator[Point]:
    """How well the objective stands: 1 where it is met, from there falling evenly to 0.

    A least share falls to 0 where twice as much is wrong as may be, any other least value at 0, a greatest value at
    twice the target; never beyond what can be. Nothing to judge: no point.
    """
    return _each(verdicts, lambda each: each.score)
