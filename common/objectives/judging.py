"""The arithmetic of objectives: shares, budgets, burns, time, scores. Pure; undefined in, undefined out."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from common.errors import MetricError
from common.metric import Basis, Point
from common.objectives.burn import BURN_WINDOWS, enough
from common.objectives.record import DAYS, Comparison, Objective, OfEvents, OfState, Selection, Verdict
from common.stats import ratio
from common.window import DAY, Window

_HOLDS: Mapping[Comparison, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
_MISSED = math.nextafter(1.0, 0.0)
"""The best score of what is missed, such as 3 where less than 3 was asked for."""
WHOLE = "window"
"""The span of an objective's own window, beside those of burns and days."""


class Tally(msgspec.Struct, frozen=True):
    """What events of one selection add up to, by span."""

    sums: Mapping[str, float]
    basis: Basis = "measured"

    def __add__(self, other: Tally) -> Tally:
        """Both together: of two scopes, whose events are not the same ones."""
        sums = {span: value + other.sums[span] for span, value in self.sums.items()}
        return Tally(sums, self.basis if self.basis != "measured" else other.basis)


class Counted(msgspec.Struct, frozen=True):
    """The good events of a scope, and all."""

    good: Tally
    total: Tally

    def __add__(self, other: Counted) -> Counted:
        """Both together."""
        return Counted(self.good + other.good, self.total + other.total)


def met(comparison: Comparison, value: float, target: float) -> bool:
    """Whether the value stands to the target as it should."""
    return _HOLDS[comparison](value, target)


def score(comparison: Comparison, value: float, target: float, highest: float) -> float:
    """1 where the target is met, and only there; from there it falls evenly to 0.

    A least share falls to 0 where twice as much is wrong as may be, any other least value at 0. A greatest value falls
    to 0 at twice the target. Never beyond what can be: 0 and `highest`.
    """
    if met(comparison, value, target):
        return 1.0
    upper = comparison in ("<=", "<")
    nothing = min(2 * target, highest) if upper else max(0.0, 2 * target - highest)
    return min(_MISSED, max(0.0, (nothing - value) / (nothing - target))) if nothing != target else 0.0


def days_before(end: float) -> list[Window]:
    """The last seven days, oldest first, the last of which ends at `end`."""
    return [Window(end - (left + 1) * DAY, end - left * DAY) for left in reversed(range(DAYS))]


def spans_of(objective: OfEvents, end: float) -> dict[str, Window]:
    """What its events are added up over: its window, the burns' windows no longer than that, and the days known."""
    spans = {WHOLE: Window(end - objective.window, end)}
    spans |= {name: Window(end - size, end) for name, size in BURN_WINDOWS.items() if size <= objective.window}
    days = {f"day{index}": day for index, day in enumerate(days_before(end)) if day.start >= end - objective.known}
    return spans | days


def tally(selection: Selection, points: Iterable[Point], spans: Mapping[str, Window]) -> Tally:
    """The sums of the selection's events over each span, each event (its id and tags) once."""
    sums = dict.fromkeys(spans, 0.0)
    seen: set[tuple[str | None, tuple[tuple[str, str], ...]]] = set()
    basis: Basis = "measured"
    for each in points:
        key = (each.id, tuple(sorted(each.tags.items())))
        if each.at is None or key in seen or not selection.holds(each.tags):
            continue
        seen.add(key)
        inside = [name for name, span in spans.items() if each.at in span]
        for name in inside:
            sums[name] += each.value
        basis = each.basis if inside and each.basis != "measured" else basis
    return Tally(sums, basis)


def share(counted: Counted, span: str) -> float | None:
    """The share of good events over the span; `None` without events, or where more are good than there are."""
    if span not in counted.total.sums:
        return None
    good, total = counted.good.sums[span], counted.total.sums[span]
    return ratio(good, total) if good <= total else None


def judge_events(objective: OfEvents, counted: Counted, scope: str = "", rollup: str = "") -> Verdict:
    """The verdict on counted events; raises `MetricError` where more are good than there are."""
    good, total = counted.good.sums[WHOLE], counted.total.sums[WHOLE]
    if good > total:
        raise MetricError(f"good holds more than total ({good:g} of {total:g}): the good must be among the total")
    compliance = share(counted, WHOLE)
    basis = counted.total.basis if counted.total.basis != "measured" else counted.good.basis
    found = Verdict(objective=objective, scope=scope, rollup=rollup, days=_event_days(objective, counted), basis=basis)
    if compliance is None:
        return msgspec.structs.replace(found, notes=("no events in its window, so there is nothing to judge",))
    burn = burns(objective, counted)
    windows = [name for name, size in BURN_WINDOWS.items() if size <= objective.window]
    few = [name for name in windows if name not in burn]
    return msgspec.structs.replace(
        found,
        value=compliance,
        met=met(">=", compliance, objective.target),
        compliance=compliance,
        budget_remaining=budget_remaining(compliance, objective.target),
        burn=burn,
        score=score(">=", compliance, objective.target, 1.0),
        notes=(f"no burn over {', '.join(few)}: too few events",) if few else (),
    )


def budget_remaining(compliance: float, target: float) -> float:
    """The share of the error budget that is left; below 0 it is overspent."""
    return 1 - (1 - compliance) / (1 - target)


def burns(objective: OfEvents, counted: Counted) -> dict[str, float]:
    """Error ratio / budget for each of the burns' windows with events enough."""
    found = {}
    for name in BURN_WINDOWS:
        good = share(counted, name)
        if good is not None and enough(counted.total.sums[name], objective.budget):
            found[name] = (1 - good) / objective.budget
    return found


def _event_days(objective: Objective, counted: Counted) -> tuple[float | None, ...]:
    shares = (share(counted, f"day{index}") for index in range(DAYS))
    return tuple(None if each is None else score(">=", each, objective.target, 1.0) for each in shares)


Observation = tuple[float, float]
"""When something was looked at, and its value."""


class Held(msgspec.Struct, frozen=True):
    """A value and the time for which it is taken to hold."""

    span: Window
    value: float


def held(looks: Sequence[Observation], end: float, longest: float) -> Iterator[Held]:
    """Each observation, in order of time, until the next one, for `longest` at most and not beyond `end`."""
    for (at, value), (following, _) in pairwise((*looks, (end, 0.0))):
        until = min(following, at + longest, end)
        if at < until:
            yield Held(Window(at, until), value)


def mean_over(spans: Iterable[Held], window: Window, worth: Callable[[float], float]) -> float | None:
    """The mean of the values' worth over the known time of the window; `None` where none of it is known."""
    known, whole = 0.0, 0.0
    for each in spans:
        seconds = min(each.span.end, window.end) - max(each.span.start, window.start)
        if seconds > 0:
            known += seconds
            whole += seconds * worth(each.value)
    # Sums of parts may be off in the last digit; a share is never above 1.
    return min(1.0, ratio(whole, known) or 0.0) if known else None


def judge_state(
    objective: OfState,
    value: float | None,
    looks: Sequence[Observation],
    end: float,
    longest: float,
    scope: str = "",
    rollup: str = "",
) -> Verdict:
    """The verdict on a value and the earlier looks at it, each of which holds for `longest` at most."""
    now = () if value is None else ((end, value),)
    spans = list(held((*looks, *now), end, longest))

    def met_at(seen: float) -> float:
        return float(met(objective.comparison, seen, objective.target))

    def score_at(seen: float) -> float:
        return score(objective.comparison, seen, objective.target, objective.highest)

    return Verdict(
        objective=objective,
        scope=scope,
        rollup=rollup,
        value=value,
        met=None if value is None else met(objective.comparison, value, objective.target),
        compliance=mean_over(spans, Window(end - objective.window, end), met_at),
        score=None if value is None else score_at(value),
        days=tuple(mean_over(spans, day, score_at) for day in days_before(end)),
        notes=() if value is not None else ("its metric has no value now, such as a ratio of nothing",),
    )
