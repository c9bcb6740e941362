"""History for sinks: what event metrics counted in the past, in their own quarters of an hour. Pure.

OpenMetrics gets cumulative series that end where the live totals begin, and one more point that takes them back to 0.
Live totals begin at 0, or appear with their first event: either way Prometheus sees exactly one reset between the two,
and `increase()` over both is the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from common.errors import ConfigError
from common.metric import Kind, Metric
from common.naming import prometheus_name
from common.sample import Bucket, Sample, Tags
from common.sinks.pushgateway.exposition import escape_value
from common.sinks.pushgateway.merge import label_text
from common.sinks.pushgateway.stored import Stored
from common.window import BUCKET, CATCH_UP, bucket_start

END = "# EOF\n"
RESET_AFTER = 1
"""Seconds after the last point at which a series returns to 0: before anything can have been scraped."""
_HELP = "Filled in from history."
_AT_A_TIME = 1000


class Reach(msgspec.Struct, frozen=True):
    """The closed quarters to fill, half-open, and the distance of points; all three whole quarters."""

    since: int
    until: int
    step: int = BUCKET

    def points(self, until: int) -> Iterator[int]:
        """The times of a series that ends at `until`: both ends, and between them every multiple of the step."""
        if until > self.since:
            yield self.since
            yield from range((self.since // self.step + 1) * self.step, until, self.step)
            yield until

    def count(self, until: int) -> int:
        """How many points that is, with the last that returns to 0."""
        if until <= self.since:
            return 0
        return len(range((self.since // self.step + 1) * self.step, until, self.step)) + 3


class Series(msgspec.Struct, frozen=True):
    """One series of one scope: its labels, where it ends, and its quarters that are not empty."""

    labels: Tags
    until: int
    buckets: tuple[Bucket, ...] = ()

    @property
    def events(self) -> int:
        """How many there are in all."""
        return sum(bucket.events for bucket in self.buckets)


class Filled(msgspec.Struct, frozen=True):
    """One metric of one scope: its samples for a sink that takes quarters, its series for one that takes totals."""

    metric: Metric
    samples: tuple[Sample, ...]
    series: tuple[Series, ...]


def reach_of(since: float, until: float, step: float) -> Reach:
    """Whole quarters inside of the span; raises `ConfigError` where there is none, or the step is no number of them."""
    first, last = -bucket_start(-since), bucket_start(until)
    if first >= last:
        raise ConfigError("--since: there is no whole quarter of an hour between --since and --until")
    if step < BUCKET or step % BUCKET:
        raise ConfigError("--step: the distance of points is 15m or a multiple of it, such as 30m, 1h or 1d")
    return Reach(first, last, int(step))


def series_of(samples: Iterable[Sample], until: int) -> list[Series]:
    """The samples of one metric of one scope as series; those with the same labels become one."""
    found: dict[Tags, dict[int, Bucket]] = {}
    for sample in samples:
        buckets = found.setdefault(_labels(sample.tags), {})
        for each in sample.buckets:
            if each.start < until:
                old = buckets.get(each.start, Bucket(each.start, 0, 0.0))
                buckets[each.start] = Bucket(each.start, old.events + each.events, old.total + each.total)
    return [Series(labels, until, tuple(each[start] for start in sorted(each))) for labels, each in found.items()]


def family(metric: Metric, series: Iterable[Series], group: Mapping[str, str], reach: Reach) -> Iterator[str]:
    """One family as OpenMetrics text, in pieces: series by series, each in order of time; nothing without a series."""
    name, kind = prometheus_name(metric), "summary" if metric.kind is Kind.DISTRIBUTION else "counter"
    named = False
    for each in series:
        if not named:
            named = True
            base = name.removesuffix("_total") if kind == "counter" else name
            yield f"# HELP {base} {_escape_help(f'{metric.description} {_HELP}')}\n# TYPE {base} {kind}\n"
        labels = ",".join(
            f'{tag}="{escape_value(text)}"' for tag, text in sorted({**dict(each.labels), **group}.items())
        )
        lines = _lines(name, labels, each, reach, summary=kind == "summary")
        while some := "".join(islice(lines, _AT_A_TIME)):
            yield some


def size_of(metric: Metric, series: Series, group: Mapping[str, str], reach: Reach) -> tuple[int, int]:
    """How many points the series has in Prometheus, and about how many bytes they take as text."""
    lines = reach.count(series.until) * (2 if metric.kind is Kind.DISTRIBUTION else 1)
    pairs = (*series.labels, *group.items())
    return lines, lines * (len(prometheus_name(metric)) + sum(len(tag) + len(text) + 4 for tag, text in pairs) + 17)


def _lines(name: str, labels: str, series: Series, reach: Reach, *, summary: bool) -> Iterator[str]:
    forms = (f"{name}_sum{{{labels}}}", f"{name}_count{{{labels}}}") if summary else (f"{name}{{{labels}}}", "")
    left = iter(series.buckets)
    upcoming = next(left, None)
    total, events = 0.0, 0
    text = _point(*forms, total, events)
    for at in reach.points(series.until):
        before = events
        while upcoming is not None and upcoming.start < at:
            total, events = total + upcoming.total, events + upcoming.events
            upcoming = next(left, None)
        if events != before:
            text = _point(*forms, total, events)
        yield text.replace("\0", str(at))
    if series.until > reach.since:
        yield _point(*forms, 0.0, 0).replace("\0", str(series.until + RESET_AFTER))


def _point(first: str, second: str, total: float, events: int) -> str:
    """The lines of one point, with a NUL where its time goes."""
    return f"{first} {total!r} \0\n" + (f"{second} {events} \0\n" if second else "")


def _labels(tags: Tags) -> Tags:
    """As a Pushgateway shows them: Prometheus does not tell an empty label from a missing one."""
    return tuple((tag, label_text(text)) for tag, text in tags if text)


def _escape_help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


class Begun(msgspec.Struct, frozen=True):
    """How far a Pushgateway has counted, and which of its scopes and metrics have counted anything."""

    stored: Stored = Stored()
    counting: frozenset[tuple[str, str]] = frozenset()

    def until(self, scope: str, metric: str, closed: int) -> int:
        """Where the metric's live totals of the scope begin: at their watermark, or with the next closed quarter."""
        at = self.stored.since(scope, metric)
        return closed if at is None else min(closed, bucket_start(at))


def begun(stored: Stored, metrics: Iterable[Metric], scope_tag: str) -> Begun:
    """What the gateway holds of these metrics. Where a total is not 0, its watermark is no longer where it began."""
    counting = {
        (value, metric.name)
        for metric in metrics
        for kind in ("counter", "summary")
        for tags, total in stored.totals.get((kind, prometheus_name(metric)), {}).items()
        if total.value or total.events
        for tag, value in tags
        if tag == scope_tag
    }
    return Begun(stored, frozenset(counting))


def slices(reach: Reach, length: int = int(CATCH_UP)) -> Iterator[tuple[int, int]]:
    """The span in parts of that many seconds, the oldest first."""
    for start in range(reach.since, reach.until, length):
        yield start, min(start + length, reach.until)


def cut(samples: Iterable[Sample], start: int, end: int) -> tuple[Sample, ...]:
    """The counts that have events in `[start, end)`, with those quarters only."""
    parts = (
        (each, tuple(bucket for bucket in each.buckets if start <= bucket.start < end))
        for each in samples
        if each.metric.kind is Kind.COUNT
    )
    return tuple(msgspec.structs.replace(each, buckets=buckets) for each, buckets in parts if buckets)
