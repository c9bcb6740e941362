"""A rollup's number of any metric, also of those that are added up over scopes instead of told again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from common.errors import MetricError
from common.metric import ADDITIVE_UNITS, Kind, Metric
from common.rollup import Parts, Rollup, Union, rolls_up
from common.sample import Sample, Span, Tags


def over_scopes(
    metric: Metric, rollup: Rollup, parts: Mapping[str, tuple[tuple[Any, ...], Sequence[Sample]]], span: Span
) -> list[Sample]:
    """The rollup's samples, of each scope's facts and samples; raises `MetricError` where there is no such number."""
    if not rolls_up(metric):
        return _added(metric, [sample for _, samples in parts.values() for sample in samples])
    union = Union(rollup, parts, {})
    for scope, (facts, samples) in parts.items():
        if metric.facts is not None:
            union.take(scope, Parts(facts={metric: facts}))
        else:
            union.take(scope, Parts(distributions={metric: list(samples)}))
    return union.samples(metric, span)


def _added(metric: Metric, samples: Iterable[Sample]) -> list[Sample]:
    if metric.kind is not Kind.COUNT and not ADDITIVE_UNITS.fullmatch(metric.unit):
        raise MetricError(f"{metric.name} has no number over several scopes")
    found: dict[Tags, Sample] = {}
    for each in samples:
        before = found.get(each.tags)
        whole = each if before is None else msgspec.structs.replace(before, value=before.value + each.value)
        found[each.tags] = msgspec.structs.replace(whole, scope="", buckets=())
    return [found[tags] for tags in sorted(found)]
