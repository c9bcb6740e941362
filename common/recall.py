"""What a run recalls from the ledger, and what it writes there before any sink is asked.

Everything written means the same whether a sink then took the data or not. A ledger that keeps nothing recalls nothing,
and no number depends on it but those that cannot be known without one: late events, corrections and differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from common.counting import (
    Counted,
    Known,
    Progress,
    Readings,
    Sent,
    Series,
    Watch,
    added,
    counted_change,
    known_events,
    reading_change,
    remembered,
    zeros_owed,
)
from common.ledger import COUNTED, PROGRESS, READING, SENT, Change, Ledger, Note, decode_body, encode_body
from common.metric import Kind, Metric, Point
from common.sample import Bucket, Sample
from common.sinks import Owed

_BEGUN = "begun"


def begun(ledger: Ledger, collector: str, now: float) -> tuple[float, Change]:
    """When the collector's part of the ledger was begun, by which a gateway tells ledgers apart, and what notes it."""
    at = ledger.watermarks(collector, "").get(_BEGUN, float(math.floor(now)))
    return at, Change(collector=collector, watermarks={_BEGUN: at})


class Sightings:
    """The events of one scope as they pass; late are those behind a gateway's watermark that its totals lack."""

    def __init__(self, ledger: Ledger, collector: str, scope: str, totals: Owed, begun: float) -> None:
        self._collector, self._scope, self._totals = collector, scope, totals
        self._knows_all = totals.ledger == begun
        notes = ledger.notes(collector, scope, COUNTED)
        self._notes = {note.at: decode_body(note.body, Counted, "a note of counted events") for note in notes}
        progress = ledger.notes(collector, scope, PROGRESS)
        self._progress = decode_body(progress[-1].body, Progress, "a note of progress") if progress else Progress()
        self._watches: dict[str, Watch] = {}

    def over(
        self, metric: Metric, points: Iterable[Point], until: float, earliest: float
    ) -> tuple[Iterator[Point], Callable[[float, str], bool]]:
        """The same points, and what tells which of those that have passed are late."""
        shown = self._totals.counted_until(self._scope, metric.name)
        known = known_events(self._notes, self._progress, metric.name, shown) if self._knows_all else Known()
        watch = self._watches[metric.name] = Watch(known, shown=shown, until=until, earliest=earliest)
        return watch.over(points), watch.is_late

    def late(self, metrics: Collection[str]) -> set[str]:
        """The ids of late events of these metrics."""
        return {event for name, watch in self._watches.items() if name in metrics for event in watch.late}

    def change(self, metrics: Collection[str], since: float, earliest: float) -> Change | None:
        """What to write of these metrics, whose events were read from `since` on; nothing where there is none."""
        watches = {name: watch for name, watch in self._watches.items() if name in metrics}
        if not watches:
            return None
        return counted_change(self._collector, self._scope, watches, self._notes, self._progress, since, earliest)


class Resending:
    """What a sink that overwrites buckets is owed besides the samples: zeros, and what running totals grew by.

    Buckets in `[oldest, closed_until)` can still be sent; `end` is the run's.
    """

    def __init__(self, ledger: Ledger, collector: str, oldest: float, closed_until: float, end: float) -> None:
        self._ledger, self._collector = ledger, collector
        self._oldest, self._until, self._end = oldest, closed_until, end

    def all(
        self, samples: Sequence[Sample], recomputed: Collection[tuple[str, str]], metrics: Iterable[Metric]
    ) -> tuple[tuple[Sample, ...], list[Change]]:
        """All samples, of which those (scope, metric) pairs were recomputed, and what to write before they are sent."""
        by_name = {metric.name: metric for metric in metrics}
        own: dict[str, dict[str, Metric]] = {}
        for scope, name in recomputed:
            own.setdefault(scope, {})[name] = by_name[name]
        of: dict[str, list[Sample]] = {scope: [] for scope in own}
        for sample in samples:
            if sample.scope in of:
                of[sample.scope].append(sample)
        changes: list[Change] = []
        replaced: dict[str, Sequence[Sample]] = {}
        for scope in sorted(own):
            resent, new = self._scope(scope, of[scope], own[scope])
            changes += new
            if resent is not of[scope]:
                replaced[scope] = resent
        if not replaced:
            return tuple(samples), changes
        kept = (sample for sample in samples if sample.scope not in replaced)
        return (*kept, *chain.from_iterable(replaced.values())), changes

    def _scope(
        self, scope: str, samples: Sequence[Sample], metrics: Mapping[str, Metric]
    ) -> tuple[Sequence[Sample], list[Change]]:
        corrected, sent = self._corrected(scope, samples, metrics)
        grown, read = self._grown(scope, corrected)
        return grown, [each for each in (sent, read) if each is not None]

    def _corrected(
        self, scope: str, samples: Sequence[Sample], metrics: Mapping[str, Metric]
    ) -> tuple[Sequence[Sample], Change | None]:
        found = self._ledger.notes(self._collector, scope, SENT)
        sent = {int(note.at): decode_body(note.body, Sent, "a note of sent buckets") for note in found}
        due = {start: each for start, each in sent.items() if start >= self._oldest}
        now = self._values(samples)
        zeros = zeros_owed(due, now, frozenset(metrics))
        told = {start: remembered(due.get(start), now.get(start, {})) for start in due.keys() | now.keys()}
        notes = [Note(SENT, start, encode_body(each)) for start, each in told.items() if each != due.get(start)]
        if not notes and len(due) == len(sent):
            return with_zeros(samples, zeros, metrics, scope), None
        change = Change(
            collector=self._collector, scope=scope, expire={SENT: self._oldest}, notes=tuple(sorted(notes, key=_at))
        )
        return with_zeros(samples, zeros, metrics, scope), change

    def _values(self, samples: Iterable[Sample]) -> dict[int, dict[Series, float]]:
        now: dict[int, dict[Series, float]] = {}
        for sample in samples:
            for bucket in sample.buckets if sample.metric.kind is Kind.COUNT else ():
                if self._oldest <= bucket.start < self._until and bucket.total:
                    now.setdefault(bucket.start, {})[sample.metric.name, sample.tags] = bucket.total
        return now

    def _grown(self, scope: str, samples: Sequence[Sample]) -> tuple[Sequence[Sample], Change | None]:
        running = [each for each in samples if each.metric.kind is Kind.CUMULATIVE]
        if not running:
            return samples, None
        found = self._ledger.notes(self._collector, scope, READING)
        notes = {note.at: decode_body(note.body, Readings, "a note of running totals") for note in found}
        now = Readings(tuple((each.metric.name, each.tags, each.start or 0.0, each.value) for each in running))
        change = reading_change(self._collector, scope, self._end, now, notes, self._oldest)
        differences = added({**notes, self._end: now}, self._oldest, self._until)
        return [_with_differences(each, differences) for each in samples], change


def _at(note: Note) -> float:
    return note.at


def _with_differences(sample: Sample, differences: Mapping[Series, Mapping[int, float]]) -> Sample:
    grew = differences.get((sample.metric.name, sample.tags))
    if sample.metric.kind is not Kind.CUMULATIVE or not grew:
        return sample
    return msgspec.structs.replace(sample, buckets=tuple(Bucket(start, 1, by) for start, by in sorted(grew.items())))


def with_zeros(
    samples: Sequence[Sample], zeros: Mapping[int, Iterable[Series]], metrics: Mapping[str, Metric], scope: str
) -> Sequence[Sample]:
    """The samples with an explicit zero, a bucket without events, for each series and bucket in `zeros`."""
    owed: dict[Series, list[int]] = {}
    for start, several in zeros.items():
        for series in several:
            owed.setdefault(series, []).append(start)
    if not owed:
        return samples
    corrected = [_with_zeros(each, owed.pop((each.metric.name, each.tags), ())) for each in samples]
    gone = (Sample(metric=metrics[name], scope=scope, tags=tags, value=0.0) for name, tags in owed)
    return [*corrected, *(_with_zeros(each, owed[each.metric.name, each.tags]) for each in gone)]


def _with_zeros(sample: Sample, starts: Iterable[int]) -> Sample:
    buckets = {bucket.start: bucket for bucket in sample.buckets} | {at: Bucket(at, 0, 0.0) for at in starts}
    if len(buckets) == len(sample.buckets) and not starts:
        return sample
    return msgspec.structs.replace(sample, buckets=tuple(buckets[start] for start in sorted(buckets)))
