"""What becomes of samples that are one series in Datadog, because their tags are equal there. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from common.errors import MetricError
from common.metric import ADDITIVE_UNITS, Metric
from common.naming import datadog_name
from common.sample import Bucket, Sample, Tags
from common.stats import summarise


def merge(samples: Iterable[Sample], encoded: Mapping[Tags, bytes]) -> tuple[list[Sample], list[str]]:
    """The samples with one for each metric and `encoded` tags, and what was left out, each with its reason."""
    equal: defaultdict[tuple[Metric, bytes], list[Sample]] = defaultdict(list)
    for sample in samples:
        equal[sample.metric, encoded[sample.tags]].append(sample)
    kept: list[Sample] = []
    rejected: list[str] = []
    for (metric, tags), several in equal.items():
        try:
            kept.append(several[0] if len(several) == 1 else _merged(several))
        except MetricError as error:
            rejected.append(rejection(metric, tags, f"{len(several)} series have these tags there and {error}"))
    return kept, rejected


def rejection(metric: Metric, tags: bytes, why: str) -> str:
    """Why a series is left out, as a person reads it."""
    return f"{datadog_name(metric)} {tags.decode()[11:-3]}: {why}"


def _merged(samples: Sequence[Sample]) -> Sample:
    """One sample of several; raises `MetricError` where they have no sum."""
    first = samples[0]
    if not first.metric.kind.of_events and not ADDITIVE_UNITS.fullmatch(first.metric.unit):
        raise MetricError("cannot be added up")
    buckets: dict[int, Bucket] = {}
    for bucket in (bucket for sample in samples for bucket in sample.buckets):
        old = buckets.get(bucket.start, Bucket(bucket.start, 0, 0.0))
        buckets[bucket.start] = Bucket(bucket.start, old.events + bucket.events, old.total + bucket.total)
    values = tuple(sorted(value for sample in samples for value in sample.values))
    return msgspec.structs.replace(
        first,
        value=sum(sample.value for sample in samples),
        values=values,
        summary=summarise(values),
        buckets=tuple(buckets[start] for start in sorted(buckets)),
    )
