"""What a sink has counted, as a ledger remembers it: late events, corrections, differences of running totals. Pure.

Every memory is written before the sink is asked and means the same whether the sink took it or not, so a run that dies
in between neither loses nor doubles anything. Events are noted under the watermark that a gateway shows once it has
counted them: those under a later watermark than it shows were never counted.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import msgspec

from common.ledger.records import COUNTED, PROGRESS, READING, Change, Note, encode_body
from common.metric import Point
from common.window import bucket_start

Tags = tuple[tuple[str, str], ...]
Series = tuple[str, Tags]
"""A metric's name and tags."""
_SIZE = 8


class Counted(msgspec.Struct, frozen=True):
    """Events that totals up to one watermark hold, beside those noted earlier: metric → fingerprints, in one string."""

    events: Mapping[str, bytes] = {}


class Progress(msgspec.Struct, frozen=True):
    """Metric → (since, shown, until): all of its events since then are noted, if the sink shows one of the two marks.

    Where it shows another one, a run without this ledger has counted, and what it counted is not known. Such a run may
    also leave the very same mark: who asks must know that the last one to change it had this ledger.
    """

    metrics: Mapping[str, tuple[float, float | None, float]] = {}


class Known(msgspec.Struct, frozen=True):
    """The events of one metric of one scope that are in its total, complete from `since` on; `None`: none is known."""

    since: float | None = None
    events: frozenset[bytes] = frozenset()


def fingerprint(event: str) -> bytes:
    """Eight bytes that stand for an event's id; two ids of a million share theirs once in 30 million ledgers."""
    return hashlib.blake2b(event.encode("utf-8", "replace"), digest_size=_SIZE).digest()


def known_events(notes: Mapping[float, Counted], progress: Progress, metric: str, shown: float | None) -> Known:
    """What is known of a metric whose sink shows that watermark; `notes` are by watermark."""
    since, *marks = progress.metrics.get(metric, (0.0, None, None))
    if shown is None or shown not in marks:
        return Known()
    counted = (each.events.get(metric, b"") for until, each in notes.items() if until <= shown)
    return Known(since, frozenset(mark for marks in counted for mark in _split(marks)))


class Watch:
    """Looks at a metric's events as they pass, and tells which of them are late.

    An event is late if it lies before `shown`, the sink's watermark, in a span of which everything was known, and was
    not. None is where the watermark does not move: `shown` and `until` are equal, and the next run tells.
    """

    def __init__(self, known: Known, *, shown: float | None, until: float, earliest: float) -> None:
        self.shown, self.until = shown, until
        self.known_since = known.since
        self.late: set[str] = set()
        self._known = known.events
        self._from = math.inf if known.since is None else max(earliest, known.since)
        self._old: set[bytes] = set()
        self._new: set[bytes] = set()

    def over(self, points: Iterable[Point]) -> Iterator[Point]:
        """The same points."""
        for each in points:
            if each.at is not None and each.id is not None and each.at < self.until:
                self._see(each.at, each.id)
            yield each

    def is_late(self, at: float, event: str) -> bool:
        """Whether the event, seen before, is late; it may be in several series."""
        return self.shown is not None and at < self.shown and event in self.late

    def _see(self, at: float, event: str) -> None:
        mark = fingerprint(event)
        if mark in self._known or mark in self._new:
            return
        if self.shown is None or at >= self.shown:
            self._new.add(mark)
        elif at < self._from:
            self._old.add(mark)
        elif self.until > self.shown:
            self._new.add(mark)
            self.late.add(event)

    def noted(self) -> Iterator[tuple[float, bytes]]:
        """(watermark, fingerprints) to note: under the one shown what was counted before, under the run's the rest."""
        if self._old and self.shown is not None:
            yield self.shown, b"".join(sorted(self._old))
        if self._new:
            yield self.until, b"".join(sorted(self._new))


def counted_change(
    collector: str,
    scope: str,
    watches: Mapping[str, Watch],
    notes: Mapping[float, Counted],
    progress: Progress,
    since: float,
    earliest: float,
) -> Change:
    """What to commit before the sinks are asked: `watches` are by metric, over events read from `since` on.

    Events before `earliest` are never late, so notes that hold only such ones go.
    """
    shown = max((each.shown for each in watches.values() if each.shown is not None), default=-math.inf)
    events = {until: dict(each.events) for until, each in notes.items() if until <= shown}
    changed: set[float] = set()
    for metric, watch in watches.items():
        for until, marks in watch.noted():
            of = events.setdefault(until, {})
            of[metric] = of.get(metric, b"") + marks
            changed.add(until)
    metrics = {
        metric: (since if each.known_since is None else min(since, each.known_since), each.shown, each.until)
        for metric, each in watches.items()
    }
    until = max((each.until for each in watches.values()), default=0.0)
    written = [Note(COUNTED, at, encode_body(Counted(events[at]))) for at in sorted(changed)]
    written.append(Note(PROGRESS, until, encode_body(Progress({**progress.metrics, **metrics}))))
    return Change(
        collector=collector,
        scope=scope,
        forget={COUNTED: shown, PROGRESS: -math.inf},
        expire={COUNTED: earliest},
        notes=tuple(written),
    )


def _split(marks: bytes) -> Iterator[bytes]:
    return (marks[at : at + _SIZE] for at in range(0, len(marks), _SIZE))


class Sent(msgspec.Struct, frozen=True):
    """What may have been sent of one bucket of one scope: each series, and its value."""

    values: tuple[tuple[str, Tags, float], ...]


def zeros_owed(
    sent: Mapping[int, Sent], now: Mapping[int, Mapping[Series, float]], recomputed: frozenset[str]
) -> dict[int, list[Series]]:
    """By bucket, the series that were sent a value there and have none any more, of the metrics recomputed now."""
    found = {
        start: [
            (metric, tags)
            for metric, tags, _ in bucket.values
            if metric in recomputed and (metric, tags) not in now.get(start, {})
        ]
        for start, bucket in sent.items()
    }
    return {start: series for start, series in found.items() if series}


def remembered(sent: Sent | None, now: Mapping[Series, float]) -> Sent:
    """What may have been sent once `now` was: a series stays, at zero, until its bucket can no longer be sent."""
    values = {(metric, tags): 0.0 for metric, tags, _ in sent.values} if sent else {}
    values |= now
    return Sent(tuple((metric, tags, value) for (metric, tags), value in sorted(values.items())))


class Reading(NamedTuple):
    """A running total as the source showed it, and since when it runs."""

    at: float
    start: float
    value: float


class Readings(msgspec.Struct, frozen=True):
    """The running totals of a scope at one time: metric, tags, since when, value."""

    values: tuple[tuple[str, Tags, float, float], ...]


def added(notes: Mapping[float, Readings], since: float, until: float) -> dict[Series, dict[int, float]]:
    """By series, what was added in each closed bucket in `[since, until)`; `notes` are by time."""
    found: dict[Series, list[Reading]] = {}
    for at, readings in notes.items():
        for metric, tags, start, value in readings.values:
            found.setdefault((metric, tags), []).append(Reading(at, start, value))
    return {series: differences(readings, since, until) for series, readings in found.items()}


def reading_change(
    collector: str, scope: str, at: float, now: Readings, known: Iterable[float], since: float
) -> Change:
    """What to commit before the sinks are asked: the totals read now.

    `known` are the times of earlier readings and `since` is the start of the oldest bucket that can still be sent: the
    last reading before it and the later ones stay.
    """
    needed = max((each for each in known if each < since), default=-math.inf)
    note = Note(READING, at, encode_body(now))
    return Change(collector=collector, scope=scope, expire={READING: needed}, notes=(note,))


def differences(readings: Iterable[Reading], since: float, until: float) -> dict[int, float]:
    """What was added in each closed bucket in `[since, until)`, by the last reading of each bucket.

    The bucket of a reading takes all that was added since the last reading of an earlier bucket, so the sum over
    buckets is exact however often they are sent. A bucket after a reset, and the first one, have no number.
    """
    last: dict[int, Reading] = {}
    for each in sorted(readings):
        last[bucket_start(each.at)] = each
    return {
        start: after.value - before.value
        for (_, before), (start, after) in pairwise(last.items())
        if since <= start < until and after.start == before.start and after.value >= before.value
    }
