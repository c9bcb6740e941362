"""The only statistics in the house: one quantile method, one summary, one interval for ratios."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from common.errors import MetricError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ROOM = 64


class Summary(msgspec.Struct, frozen=True):
    """What a distribution is told as: never without its count, never outside its own minimum and maximum."""

    count: int
    sum: float
    avg: float
    min: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float


def quantile(ordered: Sequence[float], q: float) -> float:
    """The q-quantile of ascending values by linear interpolation between order statistics (Hyndman and Fan's type 7).

    Raises `ValueError` for no values or a q outside 0..1.
    """
    if not ordered or not 0 <= q <= 1:
        raise ValueError("a quantile needs at least one value and a q from 0 to 1")
    position = (len(ordered) - 1) * q
    below = math.floor(position)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    between = position - below
    if math.isinf(high - low):
        return low * (1 - between) + high * between
    return min(high, low + (high - low) * between)


def summarise(values: Iterable[float]) -> Summary | None:
    """The summary of the values, in their unit; `None` for no values.

    Raises `MetricError` where their sum is beyond the largest number.
    """
    ordered = sorted(values)
    if not ordered:
        return None
    total = _sum(ordered)
    low, high = ordered[0], ordered[-1]
    return Summary(
        count=len(ordered),
        sum=total,
        avg=min(high, max(low, total / len(ordered))),
        min=low,
        p50=quantile(ordered, 0.50),
        p90=quantile(ordered, 0.90),
        p95=quantile(ordered, 0.95),
        p99=quantile(ordered, 0.99),
        max=high,
    )


def _sum(values: Sequence[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        pass
    try:  # what overflows on the way may still have a sum: add up what is smaller by a power of two
        return math.ldexp(math.fsum(math.ldexp(value, -_ROOM) for value in values), _ROOM)
    except OverflowError:
        raise MetricError(f"the sum of {len(values)} values is beyond the largest number") from None


def median(values: Iterable[float]) -> float | None:
    """The middle of the values; `None` for no values."""
    ordered = sorted(values)
    return quantile(ordered, 0.5) if ordered else None


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`; a ratio of nothing is `None`, never 0 or 1."""
    return part / whole if whole else None


def wilson(successes: int, total: int, z: float = 1.959963984540054) -> tuple[float, float] | None:
    """The Wilson score interval of a success ratio, 95 % by default; `None` for no trials."""
    if not total:
        return None
    share = successes / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
