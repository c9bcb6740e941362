"""What a state is now, and what the ledger remembers of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from common.errors import MetricError
from common.ledger import Ledger, NullLedger, SampleEntry
from common.metric import Basis, Kind
from common.objectives.judging import Observation
from common.objectives.record import DAYS, OfState
from common.rollup import TAG
from common.sample import Sample
from common.window import DAY


def value_of(objective: OfState, samples: Iterable[Sample], end: float) -> tuple[float | None, Basis]:
    """The state at `end` by the samples of its metric; raises `MetricError` for several that cannot be added up."""
    mine = [each for each in samples if each.metric is objective.of.metric and objective.of.holds(dict(each.tags))]
    told = [(value, each.basis) for each in mine if (value := _number(objective, each)) is not None]
    if len(told) > 1 and not objective.adds_up:
        differ = [tag for tag in objective.of.metric.tags if len({dict(each.tags).get(tag) for each in mine}) > 1]
        raise MetricError(
            f"{len(told)} series of {objective.of.metric.name} cannot be added up; give one {' and '.join(differ)}"
        )
    if not told:
        # No series of events is none of them; a state without a series is not known.
        return (0.0 if objective.adds_up and objective.of.metric.kind.of_events else None), "measured"
    basis: Basis = next((basis for _, basis in told if basis != "measured"), "measured")
    return _comparable(objective, sum(value for value, _ in told), end), basis


def looks_at(
    objective: OfState, ledger: Ledger, collector: str, scope: str, rollup: str, end: float, longest: float
) -> list[Observation]:
    """The earlier looks that its window and the last seven days may need, in order of time; raises `LedgerError`."""
    start = end - max(objective.window, DAYS * DAY) - longest
    entries = ledger.samples(collector, scope, objective.of.metric.name, start, end)
    return _observations(objective, entries, rollup)


def why_unknown(ledger: Ledger) -> str:
    """Why there is no share of time."""
    if isinstance(ledger, NullLedger):
        return "the time it was met is not known: that takes a ledger"
    return "the time it was met is not known yet: the ledger holds no earlier look at it"


def _number(objective: OfState, sample: Sample) -> float | None:
    if sample.metric.kind is not Kind.DISTRIBUTION or objective.statistic == "count":
        return sample.value
    value: float | None = getattr(sample.summary, objective.statistic, None)
    return value


def _comparable(objective: OfState, value: float, at: float) -> float:
    """The value as it is compared: a point in time by its age."""
    return max(0.0, at - value) if objective.of.metric.unit == "unix" else value


def _observations(objective: OfState, entries: Sequence[SampleEntry], rollup: str) -> list[Observation]:
    fitting: dict[tuple[tuple[str, str], ...], bool] = {}
    by_time: dict[float, list[float]] = {}
    for each in entries:
        if each.tags not in fitting:
            tags = dict(each.tags)
            fitting[each.tags] = objective.of.holds(tags) and (not rollup or tags.get(TAG) == rollup)
        if fitting[each.tags] and each.statistic == objective.statistic:
            by_time.setdefault(each.at, []).append(each.value)
    return [
        (at, _comparable(objective, sum(values), at))
        for at, values in sorted(by_time.items())
        if len(values) == 1 or objective.adds_up
    ]
