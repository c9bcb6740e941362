"""From samples to the JSON of Datadog's v2 series, one text for each metric. Pure.

Encoding must cost hardly more than msgspec needs for the same bodies. So what is constant about a metric or a tag set
is encoded once, a metric's numbers are encoded in one go, and a series is three pieces: what stands before its number,
the number, and what follows it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

import msgspec

from common.metric import RATIO_UNITS, Kind, Metric
from common.naming import datadog_name, datadog_statistic, datadog_tag, datadog_unit
from common.sample import Bucket, Sample, Tags
from common.stats import summarise
from common.window import BUCKET

COUNT, GAUGE = 1, 3
"""Datadog's numbers for the types of a series."""
_json = msgspec.json.encode
_summary_of = attrgetter("summary")


class Options(msgspec.Struct, frozen=True):
    """What a batch is encoded with: the run's end, the oldest bucket that may be sent, statistics, and tags for all."""

    end: float
    oldest: float
    statistics: tuple[str, ...] = ("count", "p50", "p95")
    tags: Tags = ()


MARK = b'{"metric":'
"""What every series begins with and nothing else holds: tags are normalised, so none has a quotation mark."""


class Text(NamedTuple):
    """Some series as JSON, each followed by a comma."""

    json: bytes
    series: int


class Encoded(msgspec.Struct, frozen=True):
    """A batch's series, and those left out, each with its reason."""

    texts: tuple[Text, ...]
    rejected: tuple[str, ...] = ()

    @property
    def series(self) -> int:
        """How many series there are: distinct sets of name and tags, which is what Datadog calls custom metrics."""
        return sum(text.series for text in self.texts)


def encode(samples: Sequence[Sample], options: Options) -> Encoded:
    """The series of the samples; those that became equal once their tags were normalised are merged."""
    encoder = _Encoder(options)
    for metric, group in _by_metric(samples, _EncodedTags(options.tags)).items():
        encoder.add(metric, group.samples, group.values, group.tags)
    return Encoded(tuple(encoder.texts), tuple(encoder.rejected))


class _Group:
    """The samples of one metric, with their values and encoded tags."""

    __slots__ = ("samples", "tags", "values")

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.values: list[float] = []
        self.tags: list[bytes] = []


def _by_metric(samples: Sequence[Sample], encoded: _EncodedTags) -> dict[Metric, _Group]:
    groups: defaultdict[Metric, _Group] = defaultdict(_Group)
    known: dict[int, bytes] = {}  # by identity: equal tags are mostly one object, and hashing them costs more than this
    last, text = None, b""
    for sample in samples:
        tags = sample.tags
        if tags is not last:
            last = tags
            found = known.get(id(tags))
            text = known[id(tags)] = encoded[tags] if found is None else found
        group = groups[sample.metric]
        group.samples.append(sample)
        group.values.append(sample.value)
        group.tags.append(text)
    return groups


class _EncodedTags(dict[Tags, bytes]):
    """What follows a series' last number, by its tags; each is encoded once."""

    def __init__(self, common: Tags) -> None:
        super().__init__()
        self._common = [_json(datadog_tag(*pair)) for pair in common]
        self._pairs: dict[tuple[str, str], bytes] = {}

    def __missing__(self, tags: Tags) -> bytes:
        pairs = self._pairs
        parts = []
        for pair in tags:
            part = pairs.get(pair)
            if part is None:
                part = pairs[pair] = _json(datadog_tag(*pair))
            parts.append(part)
        encoded = self[tags] = b'}],"tags":[%b]},' % b",".join(parts + self._common)
        return encoded


class _Openings(dict[int, bytes]):
    """What stands before a point's number, by its time."""

    def __init__(self, head: bytes) -> None:
        super().__init__()
        self._head = head

    def __missing__(self, start: int) -> bytes:
        opening = self[start] = self._head + b'{"timestamp":%d,"value":' % start
        return opening


class _Encoder:
    """Takes the samples of one metric after the other."""

    def __init__(self, options: Options) -> None:
        self.texts: list[Text] = []
        self.rejected: list[str] = []
        self._options = options
        self._now = b'{"timestamp":%d,"value":' % math.floor(options.end)

    def add(self, metric: Metric, group: Sequence[Sample], values: list[float], tags: Sequence[bytes]) -> None:
        if len(set(tags)) < len(tags):
            group, tags = self._merge(metric, group, tags)
            values = [sample.value for sample in group]
        match metric.kind:
            case Kind.GAUGE:
                self._gauges(metric, None, values, tags)
            case Kind.COUNT:
                self._counts(metric, group, tags)
            case Kind.DISTRIBUTION:
                self._distributions(metric, group, tags)
            case Kind.CUMULATIVE:
                """Nothing: what was added since an earlier reading is not known without a ledger that holds it."""

    def _merge(
        self, metric: Metric, group: Sequence[Sample], tags: Sequence[bytes]
    ) -> tuple[list[Sample], list[bytes]]:
        equal: defaultdict[bytes, list[Sample]] = defaultdict(list)
        for each, sample in zip(tags, group, strict=True):
            equal[each].append(sample)
        merged: dict[bytes, Sample] = {}
        for each, several in equal.items():
            if len(several) == 1:
                merged[each] = several[0]
            elif metric.kind.of_events or metric.unit not in RATIO_UNITS:
                merged[each] = _merged(several)
            else:
                self._reject(metric, each, f"{len(several)} series have these tags there and cannot be added up")
        return list(merged.values()), list(merged)

    def _reject(self, metric: Metric, tags: bytes, why: str) -> None:
        self.rejected.append(f"{datadog_name(metric)} {tags.decode()[11:-3]}: {why}")

    def _distributions(self, metric: Metric, group: Sequence[Sample], tags: Sequence[bytes]) -> None:
        known = list(filter(None, map(_summary_of, group)))
        filled = (
            tags if len(known) == len(group) else [each for each, one in zip(tags, group, strict=True) if one.summary]
        )
        for statistic in self._options.statistics:
            if statistic == "count":
                self._gauges(metric, statistic, [len(sample.values) for sample in group], tags)
            else:
                self._gauges(metric, statistic, list(map(attrgetter(statistic), known)), filled)

    def _gauges(self, metric: Metric, statistic: str | None, values: list[float], tags: Sequence[bytes]) -> None:
        if metric.unit == "unix" and statistic != "count":
            values = [max(0.0, self._options.end - value) for value in values]
        numbers = _json(values)
        if b"null" in numbers:  # how msgspec writes what is not finite
            for each, value in zip(tags, values, strict=True):
                if not math.isfinite(value):
                    self._reject(metric, each, "not a finite number")
            tags = [each for each, value in zip(tags, values, strict=True) if math.isfinite(value)]
            numbers = _json(list(filter(math.isfinite, values)))
        if tags:
            tokens = [_head(metric, statistic, GAUGE) + self._now] * (3 * len(tags))
            tokens[1::3], tokens[2::3] = numbers[1:-1].split(b","), tags
            self.texts.append(Text(b"".join(tokens), len(tags)))

    def _counts(self, metric: Metric, group: Sequence[Sample], tags: Sequence[bytes]) -> None:
        head, oldest = _head(metric, None, COUNT), self._options.oldest
        before: list[bytes] = []
        totals: list[float] = []
        after: list[bytes] = []
        first, later = _Openings(head), _Openings(b"},")
        series = 0
        for each, sample in zip(tags, group, strict=True):
            opening = first
            for start, _, total in sample.buckets:
                if start >= oldest and total:
                    before.append(opening[start])
                    totals.append(total)
                    after.append(b"")
                    opening = later
            if opening is later:
                after[-1] = each
                series += 1
        numbers = _json(totals)
        if b"null" in numbers:
            self._counts(metric, *self._finite(metric, group, tags))
        elif series:
            tokens = before * 3
            tokens[0::3], tokens[1::3], tokens[2::3] = before, numbers[1:-1].split(b","), after
            self.texts.append(Text(b"".join(tokens), series))

    def _finite(
        self, metric: Metric, group: Sequence[Sample], tags: Sequence[bytes]
    ) -> tuple[list[Sample], list[bytes]]:
        kept: list[tuple[Sample, bytes]] = []
        for sample, each in zip(group, tags, strict=True):
            if all(math.isfinite(bucket.total) for bucket in sample.buckets):
                kept.append((sample, each))
            else:
                self._reject(metric, each, "not a finite number")
        return [sample for sample, _ in kept], [each for _, each in kept]


def _merged(samples: Sequence[Sample]) -> Sample:
    buckets: dict[int, Bucket] = {}
    for bucket in (bucket for sample in samples for bucket in sample.buckets):
        old = buckets.get(bucket.start, Bucket(bucket.start, 0, 0.0))
        buckets[bucket.start] = Bucket(bucket.start, old.events + bucket.events, old.total + bucket.total)
    values = tuple(sorted(value for sample in samples for value in sample.values))
    return msgspec.structs.replace(
        samples[0],
        value=sum(sample.value for sample in samples),
        values=values,
        summary=summarise(values),
        buckets=tuple(buckets[start] for start in sorted(buckets)),
    )


def _head(metric: Metric, statistic: str | None, kind: int) -> bytes:
    name, unit = datadog_name(metric), datadog_unit(metric)
    if statistic is not None:
        name, unit = datadog_statistic(name, unit, statistic)
    interval = b',"interval":%d' % BUCKET if kind == COUNT else b""
    named = b',"unit":%b' % _json(unit) if unit else b""
    return MARK + b'%b,"type":%d%b%b,"points":[' % (_json(name), kind, interval, named)
