"""From samples to the JSON of Datadog's v2 series. Pure.

Encoding must cost hardly more than msgspec needs for the same bodies. So what is constant about a metric or a tag set
is encoded once, the numbers of many series are encoded in one go, and a series is three pieces: what stands before its
number, the number, and what follows it. Samples are taken some at a time, column after column: what dominates is to
fetch them from memory, and so many of them stay in a processor's cache.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter, itemgetter
from typing import NamedTuple

import msgspec

from common.metric import Kind, Metric
from common.naming import ROLLUP_COUNT, datadog_name, datadog_statistic, datadog_tag, datadog_unit
from common.sample import Bucket, Sample, Tags
from common.sinks.datadog.merging import merge, rejection
from common.window import BUCKET

BASIS = "quarterdeck.basis_info"
"""The gauge, always 1, that names metrics of which a number is not measured, and what it is instead."""
COUNT, GAUGE = 1, 3
"""Datadog's numbers for the types of a series."""
_AT_A_TIME = 2048
_json = msgspec.json.encode
_start_of, _total_of, _rollup_of = itemgetter(0), itemgetter(2), attrgetter("rollup")
_SUMMED = (Kind.COUNT, Kind.CUMULATIVE)


class Options(msgspec.Struct, frozen=True):
    """What a batch is encoded with: the run's end, the oldest bucket that may be sent, statistics, and tags for all."""

    end: float
    oldest: float
    statistics: tuple[str, ...] = ("count", "p50", "p95")
    tags: Tags = ()
    scope_tag: str = "scope"


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
    encoder, rejected = _encoded(samples, options), list[str]()
    bases = _bases(encoder.not_measured, options)  # of all samples: merging keeps one basis of several
    if not encoder.is_distinct():
        samples, rejected = merge(samples, _EncodedTags(options.tags))
        encoder = _encoded(samples, options)
    return Encoded((*chain.from_iterable(encoder.texts.values()), *bases), (*rejected, *encoder.rejected))


def _bases(samples: Iterable[Sample], options: Options) -> list[Text]:
    marked = {
        (("basis", sample.basis), ("metric", datadog_name(sample.metric)), (options.scope_tag, sample.scope))
        for sample in samples
        if sample.metric.kind is not Kind.CUMULATIVE  # which is not sent
    }
    encoded = _EncodedTags(options.tags)
    series = sorted({encoded[tuple(sorted(pair for pair in tags if pair[1]))] for tags in marked})
    head = MARK + b'%b,"type":%d,"points":[' % (_json(BASIS), GAUGE)
    opening = head + b'{"timestamp":%d,"value":1' % math.floor(options.end)
    return [Text(b"".join(opening + each for each in series), len(series))] if series else []


def _encoded(samples: Sequence[Sample], options: Options) -> _Encoder:
    encoder = _Encoder(options)
    start, end = 0, len(samples)
    while start < end:
        after = min(start + _AT_A_TIME, end)
        # Whole scopes, so that metrics without tags of their own share one list of encoded tags.
        while after < end and samples[after].scope == samples[after - 1].scope:
            after += 1
        encoder.add(samples[start:after])
        start = after
    return encoder


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
        self.head = head

    def __missing__(self, start: int) -> bytes:
        opening = self[start] = self.head + b'{"timestamp":%d,"value":' % start
        return opening


class _Heads(dict[tuple[Metric, str | None], _Openings]):
    """What stands before a series' first number, by its metric and statistic."""

    def __missing__(self, key: tuple[Metric, str | None]) -> _Openings:
        openings = self[key] = _Openings(_head(*key))
        return openings


class _Encoder:
    """Takes samples in any order, and keeps the series of one name together."""

    def __init__(self, options: Options) -> None:
        self.texts: defaultdict[bytes, list[Text]] = defaultdict(list)
        self.rejected: list[str] = []
        self.not_measured: list[Sample] = []
        self._options = options
        self._now = math.floor(options.end)
        self._encoded = _EncodedTags(options.tags)
        self._last_tags: list[Tags] = []
        self._last_encoded: list[bytes] = []
        self._tags_by_metric: defaultdict[Metric, list[list[bytes]]] = defaultdict(list)
        self._heads, self._later = _Heads(), _Openings(b"},")

    def add(self, samples: Sequence[Sample]) -> None:
        groups: defaultdict[Metric, list[Sample]] = defaultdict(list)
        for sample in samples:
            groups[sample.metric].append(sample)
        self.not_measured += [sample for sample in samples if sample.basis != "measured"]
        for metric, group in groups.items():
            self._add_group(metric, group)

    def is_distinct(self) -> bool:
        """Whether no two samples of one metric have the same tags; metrics with the very same lists are one look."""
        different = {tuple(map(id, lists)): lists for lists in self._tags_by_metric.values()}
        return all(len(set(chain.from_iterable(lists))) == sum(map(len, lists)) for lists in different.values())

    def _add_group(self, metric: Metric, group: list[Sample]) -> None:
        tags = self._tags(group)
        self._tags_by_metric[metric].append(tags)
        match metric.kind:
            case Kind.GAUGE:
                self._gauges(metric, None, [sample.value for sample in group], tags)
            case Kind.COUNT | Kind.CUMULATIVE:  # what a running total grew by is in its buckets, if a ledger knows it
                self._counts(metric, [sample.buckets for sample in group], tags)
            case Kind.DISTRIBUTION:
                self._distributions(metric, group, tags)

    def _tags(self, group: list[Sample]) -> list[bytes]:
        tags = [sample.tags for sample in group]
        if tags != self._last_tags:  # metrics without tags of their own have the same, as the same objects
            self._last_tags, self._last_encoded = tags, [self._encoded[each] for each in tags]
        return self._last_encoded

    def _reject(self, metric: Metric, tags: bytes) -> None:
        self.rejected.append(rejection(metric, tags, "not a finite number"))

    def _distributions(self, metric: Metric, group: list[Sample], tags: list[bytes]) -> None:
        told = [sample.summary for sample in group]
        known, filled = told, tags
        if not all(told):
            known = [one for one in told if one]
            filled = [each for each, one in zip(tags, told, strict=True) if one]
        for statistic in self._options.statistics:
            if statistic == "count":
                self._sizes(metric, group, [one.count if one else 0 for one in told], tags)
            else:
                self._gauges(metric, statistic, list(map(attrgetter(statistic), known)), filled)

    def _sizes(self, metric: Metric, group: list[Sample], sizes: list[int], tags: list[bytes]) -> None:
        if not any(map(_rollup_of, group)):
            self._gauges(metric, "count", sizes, tags)
            return
        for statistic, rollup in (("count", False), (ROLLUP_COUNT, True)):
            mine = [at for at, sample in enumerate(group) if bool(sample.rollup) is rollup]
            self._gauges(metric, statistic, [sizes[at] for at in mine], [tags[at] for at in mine])

    def _gauges(self, metric: Metric, statistic: str | None, values: Sequence[float], tags: list[bytes]) -> None:
        if metric.unit == "unix" and statistic != "count":
            values = [max(0.0, self._options.end - value) for value in values]
        numbers = _json(values)
        if b"null" in numbers:  # how msgspec writes what is not finite
            for each, value in zip(tags, values, strict=True):
                if not math.isfinite(value):
                    self._reject(metric, each)
            tags = [each for each, value in zip(tags, values, strict=True) if math.isfinite(value)]
            numbers = _json(list(filter(math.isfinite, values)))
        if tags:
            head = self._heads[metric, statistic][self._now]
            tokens = [head] * (3 * len(tags))
            tokens[1::3], tokens[2::3] = numbers[1:-1].split(b","), tags
            self.texts[head].append(Text(b"".join(tokens), len(tags)))

    def _counts(self, metric: Metric, due: Sequence[Sequence[Bucket]], tags: list[bytes]) -> None:
        starts, totals = _columns(due)
        numbers = _json(totals)
        if b"null" in numbers or not all(totals) or min(starts, default=math.inf) < self._options.oldest:
            due = [self._sendable(metric, some, each) for some, each in zip(due, tags, strict=True)]
            starts, totals = _columns(due)
            numbers = _json(totals)
        first = self._heads[metric, None]
        before, after = list(map(self._later.__getitem__, starts)), [b""] * len(starts)
        at = series = 0
        for each, some in zip(tags, due, strict=True):
            if some:
                before[at] = first[starts[at]]
                at += len(some)
                after[at - 1] = each
                series += 1
        if series:
            tokens = before * 3
            tokens[0::3], tokens[1::3], tokens[2::3] = before, numbers[1:-1].split(b","), after
            self.texts[first.head].append(Text(b"".join(tokens), series))

    def _sendable(self, metric: Metric, buckets: Sequence[Bucket], tags: bytes) -> Sequence[Bucket]:
        due = [each for each in buckets if each.start >= self._options.oldest and (each.total or not each.events)]
        if all(math.isfinite(each.total) for each in due):
            return due
        self._reject(metric, tags)
        return ()


def _columns(due: Iterable[Sequence[Bucket]]) -> tuple[list[int], list[float]]:
    buckets = list(chain.from_iterable(due))
    return list(map(_start_of, buckets)), list(map(_total_of, buckets))


def _head(metric: Metric, statistic: str | None) -> bytes:
    name, unit = datadog_name(metric), datadog_unit(metric)
    if statistic is not None:
        name, unit = datadog_statistic(name, unit, statistic)
    kind, interval = (COUNT, b',"interval":%d' % BUCKET) if metric.kind in _SUMMED else (GAUGE, b"")
    named = b',"unit":%b' % _json(unit) if unit else b""
    return MARK + b'%b,"type":%d%b%b,"points":[' % (_json(name), kind, interval, named)
