"""A rollup of snapshots, without a run around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from common.computing import Task, compute
from common.metric import Metric
from common.rollup import Rollup, Union, rolls_up
from common.sample import Sample, Span, reduce_points
from common.window import Window

Found = dict[tuple[str, tuple[tuple[str, str], ...]], tuple[float, tuple[float, ...]]]


def rolled_up(metrics: Iterable[Metric], snapshots: Sequence[Any], window: Window) -> Found:
    """Metric and tags → value and values, of a rollup over all of the snapshots."""
    names = [f"scope {number}" for number in range(len(snapshots))]
    union = Union(Rollup("all", ("*",)), names, {})
    collector = SimpleNamespace(window_of=lambda metric, own: own, coverage_of=lambda metric, snapshot: None)
    for name, snapshot in zip(names, snapshots, strict=True):
        task = Task(
            scope=name,
            tags={"repo": name},
            window=window,
            owed_from=window.end,
            closed_until=0,
            earliest=0,
            in_rollups=True,
        )
        found = compute(collector, filter(rolls_up, metrics), snapshot, task)
        assert found.failures == []
        union.take(name, found.parts)
    span = Span(window, window.end, 0)
    return _found(sample for metric in union.complete() for sample in union.samples(metric, span))


def of_one(metrics: Iterable[Metric], snapshot: Any, window: Window) -> Found:
    """The same of one snapshot that holds everything."""
    span = Span(window, window.end, 0)
    samples = (reduce_points(each, each.points(snapshot), span, "", {"rollup": "all"}) for each in metrics)
    return _found(sample for each in filter(None, samples) for sample in each if rolls_up(sample.metric))


def _found(samples: Iterable[Sample]) -> Found:
    return {(each.metric.name, each.tags): (each.value, each.values) for each in samples}
