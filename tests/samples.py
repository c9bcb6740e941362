"""Samples for any metric, for tests that care about the way out and not about the value."""

from __future__ import annotations

from common.metric import Kind, Metric, point
from common.sample import Sample, Span, reduce_points
from common.window import BUCKET, DAY, Window

NOON = 1_790_000_000 // DAY * DAY + DAY // 2
SPAN = Span(Window(NOON - 7 * DAY, NOON), NOON - 4 * BUCKET, NOON)


def sample_of(metric: Metric, value: float = 1.0, scope: str = "acme/shop", at: float = NOON - BUCKET / 2) -> Sample:
    """One sample of the metric, with the first of each tag's values."""
    tags = {tag: values[0] if values else "any" for tag, values in metric.tags.items()}
    if metric.kind.of_events:
        points = [point(value, at=at, id="1", **tags)]
    elif metric.kind is Kind.CUMULATIVE:
        points = [point(value, start=NOON - DAY, **tags)]
    else:
        points = [point(value, **tags)]
    return max(reduce_points(metric, points, SPAN, scope, {"repo": scope}), key=lambda each: each.value)
