"""From points to samples: what one series of a run holds, ready for any sink. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from common.errors import MetricError
from common.metric import RATIO_UNITS, Basis, Kind, Metric, Point
from common.stats import Summary, summarise
from common.window import BUCKET, Window, bucket_start

Tags = tuple[tuple[str, str], ...]
"""Sorted by name."""


class Bucket(NamedTuple):
    """The events of one aligned 15 minutes: when it starts, how many there were, and the sum of their values."""

    start: int
    events: int
    total: float


class Sample(msgspec.Struct, frozen=True):
    """One series of one run.

    `value` is a gauge's number, a count's sum over the window, a distribution's number of events in it, or a running
    total. `values` are a distribution's, in the window. `buckets` are closed ones that some sink is still owed.
    """

    metric: Metric
    scope: str
    tags: Tags
    value: float
    basis: Basis = "measured"
    values: tuple[float, ...] = ()
    summary: Summary | None = None
    buckets: tuple[Bucket, ...] = ()
    start: float | None = None


class Span(msgspec.Struct, frozen=True):
    """Which events count: `window` for people, closed buckets from `owed_from` to `closed_until` for sinks."""

    window: Window
    owed_from: float
    closed_until: int


class _Series:
    """One series while its points come in."""

    __slots__ = ("basis", "buckets", "ids", "start", "value", "values")

    def __init__(self) -> None:
        self.value = 0.0
        self.basis: Basis = "measured"
        self.start: float | None = None
        self.values: list[float] = []
        self.buckets: dict[int, Bucket] = {}
        self.ids: set[str] = set()


def reduce_points(
    metric: Metric,
    points: Iterable[Point],
    span: Span,
    scope: str,
    scope_tags: Mapping[str, str],
    dropped: frozenset[str] = frozenset(),
) -> list[Sample]:
    """The samples of one metric over one scope.

    An event (its id, per series) counts once. Tags in `dropped` are summed away. Closed tag sets of events are there
    at zero. A tag of the metric's own wins over one of the settings. Raises `MetricError` for two values of one gauge.
    """
    series: dict[tuple[str, ...], _Series] = {}
    kept = tuple(tag for tag in metric.tags if tag not in dropped)
    if metric.kind.of_events:
        for tags in metric.closed_tag_sets(dropped):
            series[tuple(tags[tag] for tag in kept)] = _Series()
        for each in points:
            key = tuple([each.tags[tag] for tag in kept])
            if key not in series:
                series[key] = _Series()
            _add_event(series[key], metric, each, span)
    else:
        for each in points:
            key = tuple([each.tags[tag] for tag in kept])
            _add_state(series, key, metric, each, merge=bool(dropped & metric.tags.keys()))
    return [_sample(metric, scope, _tags(kept, key, scope_tags), each) for key, each in sorted(series.items())]


def _tags(names: tuple[str, ...], values: tuple[str, ...], scope_tags: Mapping[str, str]) -> Tags:
    return _shared(tuple(sorted({**scope_tags, **dict(zip(names, values, strict=True))}.items())))


@lru_cache(maxsize=65_536)
def _shared(tags: Tags) -> Tags:
    """One object for equal tags: most metrics of a scope have the same, and a sink may know them by identity."""
    return tags


def _add_event(series: _Series, metric: Metric, each: Point, span: Span) -> None:
    at, event = each.at, each.id
    if at is None or event is None or event in series.ids:
        return
    series.ids.add(event)
    if each.basis != "measured":
        series.basis = each.basis
    if at in span.window:
        if metric.kind is Kind.COUNT:
            series.value += each.value
        else:
            series.value += 1
            series.values.append(each.value)
    if span.owed_from <= at < span.closed_until:
        start = bucket_start(at)
        old = series.buckets.get(start, Bucket(start, 0, 0.0))
        series.buckets[start] = Bucket(start, old.events + 1, old.total + each.value)


def _add_state(
    series: dict[tuple[str, ...], _Series], key: tuple[str, ...], metric: Metric, each: Point, *, merge: bool
) -> None:
    if key in series and (not merge or metric.unit in RATIO_UNITS):
        raise MetricError(f"{metric.name} has two values for the tags {dict(zip(metric.tags, key, strict=False))}")
    one = series.setdefault(key, _Series())
    one.value += each.value
    one.start = each.start if one.start is None or each.start is None else max(one.start, each.start)
    if each.basis != "measured":
        one.basis = each.basis


def _sample(metric: Metric, scope: str, tags: Tags, series: _Series) -> Sample:
    values = tuple(sorted(series.values))
    return Sample(
        metric=metric,
        scope=scope,
        tags=tags,
        value=series.value,
        basis=series.basis,
        values=values,
        summary=summarise(values),
        buckets=tuple(series.buckets[start] for start in sorted(series.buckets)),
        start=series.start,
    )


def buckets_from(sample: Sample, since: float) -> Iterable[Bucket]:
    """The sample's buckets that start at or after `since`."""
    return (bucket for bucket in sample.buckets if bucket.start >= since)


def bucket_end(bucket: Bucket) -> int:
    """Where the bucket ends."""
    return bucket.start + BUCKET
