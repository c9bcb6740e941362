"""From points to samples: what one series of a run holds, ready for any sink. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from common.errors import MetricError
from common.metric import ADDITIVE_UNITS, Basis, Kind, Metric, Point
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
    total. `values` are a distribution's, in the window. `buckets` are closed ones that some sink is still owed. `late`
    are the number and the sum of events in earlier buckets that a sink's totals lack. A rollup's sample has its name
    in `rollup`, no scope and no buckets.
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
    late: tuple[int, float] = (0, 0.0)
    rollup: str = ""


class Span(msgspec.Struct, frozen=True):
    """Which events count: `window` for people, closed buckets from `owed_from` to `closed_until` for sinks.

    `late` tells, by time and id, which events behind that are late.
    """

    window: Window
    owed_from: float
    closed_until: int
    late: Callable[[float, str], bool] | None = None


class _Series:
    """One series while its points come in."""

    __slots__ = ("basis", "buckets", "ids", "late", "start", "value", "values")

    def __init__(self) -> None:
        self.value = 0.0
        self.basis: Basis = "measured"
        self.start: float | None = None
        self.values: list[float] = []
        self.buckets: dict[int, Bucket] = {}
        self.ids: set[str | tuple[str, ...]] = set()
        self.late = (0, 0.0)


def reduce_points(
    metric: Metric,
    points: Iterable[Point],
    span: Span,
    scope: str,
    scope_tags: Mapping[str, str],
    dropped: frozenset[str] = frozenset(),
) -> list[Sample]:
    """The samples of one metric over one scope.

    An event (its id and own tags) counts once. Tags in `dropped` are summed away. Closed tag sets of events are there
    at zero. A tag of the metric's own wins over one of the settings. Raises `MetricError` for two values of one gauge.
    """
    series: dict[tuple[str, ...], _Series] = {}
    kept = tuple(tag for tag in metric.tags if tag not in dropped)
    merge = len(kept) < len(metric.tags)
    if metric.kind.of_events:
        for tags in metric.closed_tag_sets(dropped):
            series[tuple(tags[tag] for tag in kept)] = _Series()
        for each in points:
            key = tuple([each.tags[tag] for tag in kept])
            if key not in series:
                series[key] = _Series()
            _add_event(series[key], metric, each, span, merge=merge)
    else:
        for each in points:
            key = tuple([each.tags[tag] for tag in kept])
            _add_state(series, key, metric, each, merge=merge)
    return [_sample(metric, scope, series_tags(kept, key, scope_tags), each) for key, each in sorted(series.items())]


def series_tags(names: tuple[str, ...], values: tuple[str, ...], scope_tags: Mapping[str, str]) -> Tags:
    """A series' tags: its own of those names, which win over what the settings and the scope add."""
    return _shared(tuple(sorted({**scope_tags, **dict(zip(names, values, strict=True))}.items())))


@lru_cache(maxsize=65_536)
def _shared(tags: Tags) -> Tags:
    """One object for equal tags: most metrics of a scope have the same, and a sink may know them by identity."""
    return tags


def _add_event(series: _Series, metric: Metric, each: Point, span: Span, *, merge: bool) -> None:
    at, event = each.at, each.id
    if at is None or event is None:
        return
    # A commit adds and deletes: with that tag dropped both are of one series, and neither repeats the other.
    identity = (event, *(each.tags[tag] for tag in metric.tags)) if merge else event
    if identity in series.ids:
        return
    series.ids.add(identity)
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
    if span.late is not None and span.late(at, event):
        series.late = (series.late[0] + 1, series.late[1] + each.value)


def _add_state(
    series: dict[tuple[str, ...], _Series], key: tuple[str, ...], metric: Metric, each: Point, *, merge: bool
) -> None:
    if key in series and (not merge or not ADDITIVE_UNITS.fullmatch(metric.unit)):
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
        late=series.late,
    )


def buckets_from(sample: Sample, since: float) -> Iterable[Bucket]:
    """The sample's buckets that start at or after `since`."""
    return (bucket for bucket in sample.buckets if bucket.start >= since)


def bucket_end(bucket: Bucket) -> int:
    """Where the bucket ends."""
    return bucket.start + BUCKET
