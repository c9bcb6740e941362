"""From a run's samples and what the gateway holds to what the gateway shall hold: exactly-once totals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from common.metric import Kind, Metric
from common.naming import prometheus_name
from common.sample import Sample, Tags
from common.sinks import Batch
from common.sinks.pushgateway.stored import LEDGER, WATERMARK, WATERMARK_METRIC, Stored, Total

BASIS = "quarterdeck_basis_info"
QUANTILES = ("0.5", "0.9", "0.95", "0.99")
STATISTICS = ("p50", "p90", "p95", "p99")
STATISTIC = "statistic"
"""The label that names the quantile of a rollup."""
_NOTHING = Total(0.0)
_CARRIED_ON = "Quantiles are over the window; _sum and _count are carried on from run to run."
_OF_ROLLUPS = "Quantiles over the window and all scopes of a rollup."
_EVENTS_OF_ROLLUPS = "How many in the window, over all scopes of a rollup."
_WATERMARK_HELP = "End of the newest 15-minute bucket in the totals of a scope, or of a metric that lags behind it."
_LEDGER_HELP = "When the ledger was begun that the last run had which changed the totals; not there without one."
_BASIS_HELP = "Metrics of which a number is not measured, and what it is instead; always 1."


class Distribution(msgspec.Struct, frozen=True, gc=False):
    """A summary's series: quantiles over the window in the order of `QUANTILES`, if any, and the total."""

    total: Total
    quantiles: tuple[float, ...] = ()


Value = float | Distribution


class Family(msgspec.Struct, frozen=True):
    """One metric in Prometheus' terms."""

    name: str
    type: Literal["gauge", "counter", "summary"]
    help: str
    series: dict[Tags, Value]


class Count(msgspec.Struct, frozen=True, gc=False):
    """What happens to the totals of one metric of one scope.

    Closed buckets from `add_from` on are added, none where it is `None`; afterwards all before `until` are counted.
    `late` tells whether late events before `add_from` are added too.
    """

    add_from: float | None
    until: float | None
    late: bool = False


def families_of(batch: Batch, prepared: Stored, now: Stored) -> list[Family]:
    """What the group shall hold after the run. `prepared` was read before the fetch, `now` just before the PUT.

    What `now` has counted otherwise than `prepared` is another run's work and stays as it is.
    """
    kept = _kept_scopes(batch, now)
    counts = {
        (scope, metric.name): _count(batch, metric, scope, prepared, now)
        for metric in batch.metrics
        if metric.kind.of_events
        for scope in kept
    }
    by_metric: dict[str, list[Sample]] = {}
    for each in batch.samples:
        by_metric.setdefault(each.metric.name, []).append(each)
    found = [
        family for each in batch.metrics for family in _families(each, by_metric.get(each.name, []), batch, counts, now)
    ]
    own = (_watermarks(batch, kept, counts, now), _ledger(batch, counts, prepared, now), _bases(batch))
    return [each for each in (*found, *own) if each.series]


def label_text(text: str) -> str:
    """A label's value as Unicode: what cannot be encoded becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _kept_scopes(batch: Batch, now: Stored) -> frozenset[str]:
    known = {*now.scopes, *(scope for scope, _ in now.metrics), *(scope for scope, _ in batch.recomputed)}
    return frozenset(known if batch.scopes is None else known & batch.scopes)


def _count(batch: Batch, metric: Metric, scope: str, prepared: Stored, now: Stored) -> Count:
    counted, expected = now.since(scope, metric.name), prepared.since(scope, metric.name)
    if (scope, metric.name) not in batch.recomputed:
        return Count(None, counted)
    if counted is None:
        return Count(batch.closed_until, batch.closed_until)
    if counted != expected:
        return Count(None, counted)
    return Count(counted, max(counted, batch.closed_until), late=batch.closed_until > counted)


def _families(
    metric: Metric, samples: list[Sample], batch: Batch, counts: Mapping[tuple[str, str], Count], now: Stored
) -> Iterator[Family]:
    if metric.kind is not Kind.DISTRIBUTION:
        yield _family(metric, samples, batch, counts, now)
        return
    yield _family(metric, [each for each in samples if not each.rollup], batch, counts, now)
    yield from _rolled_up(metric, [each for each in samples if each.rollup])


def _rolled_up(metric: Metric, samples: list[Sample]) -> Iterator[Family]:
    """A rollup's distribution: gauges of their own, for its events are in the totals of its scopes already."""
    name = f"{prometheus_name(metric)}_rollup"
    quantiles: dict[Tags, Value] = {}
    events: dict[Tags, Value] = {}
    for each in samples:
        tags = _labels(each)
        events[tags] = each.value
        for statistic in STATISTICS if each.summary else ():
            quantiles[tuple(sorted((*tags, (STATISTIC, statistic))))] = getattr(each.summary, statistic)
    yield Family(name, "gauge", f"{metric.description} {_OF_ROLLUPS}", quantiles)
    yield Family(f"{name}_events", "gauge", f"{metric.description} {_EVENTS_OF_ROLLUPS}", events)


def _family(
    metric: Metric, samples: list[Sample], batch: Batch, counts: Mapping[tuple[str, str], Count], now: Stored
) -> Family:
    name = prometheus_name(metric)
    if metric.kind is Kind.GAUGE:
        return Family(name, "gauge", metric.description, {_labels(each): each.value for each in samples})
    kind: Literal["counter", "summary"] = "summary" if metric.kind is Kind.DISTRIBUTION else "counter"
    carried = _carried(metric, batch, now.totals.get((kind, name), {}))
    if kind == "summary":
        text = f"{metric.description} {_CARRIED_ON}"
        return Family(name, kind, text, _summaries(samples, counts, carried))
    series: dict[Tags, Value] = {tags: total.value for tags, total in carried}
    for each in samples:
        tags = _labels(each)
        if metric.kind is Kind.CUMULATIVE:
            series[tags] = each.value
        else:
            old = series.get(tags, 0.0)
            series[tags] = (old if isinstance(old, float) else 0.0) + _owed(each, counts).value
    return Family(name, kind, metric.description, series)


def _summaries(
    samples: list[Sample], counts: Mapping[tuple[str, str], Count], carried: Iterable[tuple[Tags, Total]]
) -> dict[Tags, Value]:
    totals = dict(carried)
    quantiles: dict[Tags, tuple[float, ...]] = {}
    for each in samples:
        tags, owed = _labels(each), _owed(each, counts)
        old = totals.get(tags, _NOTHING)
        totals[tags] = Total(old.value + owed.value, old.events + owed.events)
        if told := each.summary:
            quantiles[tags] = (told.p50, told.p90, told.p95, told.p99)
    return {tags: Distribution(total, quantiles.get(tags, ())) for tags, total in totals.items()}


def _carried(metric: Metric, batch: Batch, totals: Mapping[Tags, Total]) -> Iterator[tuple[Tags, Total]]:
    """The totals that were read back and stay, until a complete discovery misses their scope.

    A label set that the settings no longer give is among them: it keeps what it counted, another counts from now on.
    """
    # A running total is the source's own: what the source no longer shows is gone.
    passing = metric.kind is Kind.CUMULATIVE
    stays: dict[str, bool] = {}
    for tags, total in totals.items():
        scope = next((value for tag, value in tags if tag == batch.scope_tag), "")
        if scope not in stays:
            known = batch.scopes is None or scope in batch.scopes
            stays[scope] = known and not (passing and (scope, metric.name) in batch.recomputed)
        if stays[scope]:
            yield tags, total


def _owed(sample: Sample, counts: Mapping[tuple[str, str], Count]) -> Total:
    count = counts.get((sample.scope, sample.metric.name))
    if count is None or count.add_from is None or not (sample.buckets or sample.late[0]):
        return _NOTHING
    start = count.add_from
    events, total = sample.late if count.late else (0, 0.0)
    for each in sample.buckets:
        if each.start >= start:
            total, events = total + each.total, events + each.events
    return Total(total, events)


def _watermarks(batch: Batch, kept: frozenset[str], counts: Mapping[tuple[str, str], Count], now: Stored) -> Family:
    """A time for each scope, and one for each metric that lags; what a scope's own time says is not repeated."""
    until: dict[str, dict[str, float]] = {scope: {} for scope in kept}
    for (scope, metric), count in counts.items():
        if count.until is not None:
            until[scope][metric] = count.until
    series: dict[Tags, Value] = {}
    for scope, metrics in until.items():
        newest = max((*metrics.values(), *filter(None, [now.scopes.get(scope)])), default=None)
        if newest is None:
            continue
        own = ((batch.scope_tag, label_text(scope)),)
        series[own] = newest
        for metric, at in metrics.items():
            if at != newest:
                series[tuple(sorted((*own, (WATERMARK_METRIC, metric))))] = at
    return Family(WATERMARK, "gauge", _WATERMARK_HELP, series)


def _ledger(batch: Batch, counts: Mapping[tuple[str, str], Count], prepared: Stored, now: Stored) -> Family:
    """Which ledger knows all that is in the totals: the run's own, unless another run counted meanwhile.

    After a run with another ledger, or none, it must first have looked at every total.
    """
    alone = (now.scopes, now.metrics, now.ledger) == (prepared.scopes, prepared.metrics, prepared.ledger)
    looked = all(key in batch.recomputed for key, count in counts.items() if count.until is not None)
    begun = batch.ledger if alone and (looked or prepared.ledger == batch.ledger) else None
    return Family(LEDGER, "gauge", _LEDGER_HELP, {} if begun is None else {(): begun})


def _bases(batch: Batch) -> Family:
    marked = {(each.scope, each.metric.name, each.basis) for each in batch.samples if each.basis != "measured"}
    series: dict[Tags, Value] = {
        tuple(
            pair
            for pair in sorted(((batch.scope_tag, label_text(scope)), ("metric", metric), ("basis", basis)))
            if pair[1]
        ): 1.0
        for scope, metric, basis in sorted(marked)
    }
    return Family(BASIS, "gauge", _BASIS_HELP, series)


def _labels(sample: Sample) -> Tags:
    tags = sample.tags
    for _, value in tags:
        if not value or not value.isascii():
            return tuple((name, label_text(text)) for name, text in tags if text)
    return tags
