"""Every metric over one scope's snapshot: its samples, what failed, and what rollups need of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from common.collector import BaseCollector, Failure
from common.errors import MetricError
from common.metric import Kind, Metric, Point
from common.recall import Sightings
from common.rollup import Parts
from common.sample import Sample, Span, reduce_points
from common.window import Window

T = TypeVar("T")
log = logging.getLogger(__name__)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """How the metrics of one scope are computed; `sightings` where a ledger tells which events are late."""

    scope: str
    tags: Mapping[str, str]
    window: Window
    owed_from: float
    closed_until: int
    earliest: float
    drop_tags: frozenset[str] = frozenset()
    sightings: Sightings | None = None
    in_rollups: bool = False


class Computed(msgspec.Struct, frozen=True):
    """What came of one scope."""

    samples: list[Sample] = []
    metrics: set[str] = set()
    """The names of those that did not fail."""
    failures: list[Failure] = []
    parts: Parts = msgspec.field(default_factory=Parts)
    coverage: dict[str, tuple[int, int]] = {}


def compute(collector: BaseCollector[Any, Any], metrics: Iterable[Metric], snapshot: Any, task: Task) -> Computed:  # noqa: ANN401
    """All of the metrics over the snapshot; what fails costs only itself."""
    found = Computed()
    for metric in metrics:
        one = attempted(metric, task.scope, partial(_one, collector, metric, snapshot, task))
        if isinstance(one, Failure):
            found.failures.append(one)
            continue
        samples, facts, covered = one
        found.samples.extend(samples)
        found.metrics.add(metric.name)
        if covered is not None:
            found.coverage[metric.name] = covered
        if facts is not None:
            found.parts.facts[metric] = facts
        elif task.in_rollups and metric.kind is Kind.DISTRIBUTION:
            found.parts.distributions[metric] = samples
    return found


def attempted(metric: Metric, scope: str, make: Callable[[], T]) -> T | Failure:
    """What `make` makes, or why it could not."""
    try:
        return make()
    except MetricError as error:
        return Failure(scope, str(error), metric.name)
    except Exception as error:  # a bug in one metric costs that metric, not the run
        log.warning("metric %s failed on %s", metric.name, scope, exc_info=True)
        return Failure(scope, f"{type(error).__name__}: {error}", metric.name)


def _one(
    collector: BaseCollector[Any, Any],
    metric: Metric,
    snapshot: Any,  # noqa: ANN401  each collector has its own
    task: Task,
) -> tuple[list[Sample], tuple[Any, ...] | None, tuple[int, int] | None]:
    facts = metric.facts_of(snapshot) if task.in_rollups and metric.facts is not None else None
    points: Iterable[Point] = metric.points(snapshot) if facts is None else metric.points_over(facts)
    late: Callable[[float, str], bool] | None = None
    if task.sightings is not None and metric.kind.of_events:
        points, late = task.sightings.over(metric, points, task.closed_until, task.earliest)
    span = Span(collector.window_of(metric, task.window), task.owed_from, task.closed_until, late)
    samples = reduce_points(metric, points, span, task.scope, task.tags, task.drop_tags)
    return samples, facts, collector.coverage_of(metric, snapshot)
