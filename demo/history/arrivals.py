"""When things begin: a rate for each week of the past and the living part, quieter at weekends."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from demo.chance import chance

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from demo.traffic import Traffic

DAY = 86_400
WEEK = 7 * DAY
RECENT = 35 * DAY


class Span(msgspec.Struct, frozen=True):
    """The history's length: the past until `end`, the living part until `last`."""

    start: int
    end: int
    last: int
    traffic: Traffic
    pace: float = 1.0


def arrivals(span: Span, per_week: float, quiet: float, *key: object) -> list[tuple[str, int]]:
    """(a key of its own, time) of each beginning; `quiet` scales what is older than five weeks.

    The past never depends on the living part's traffic.
    """

    def past(at: float) -> float:
        return _weekday(at) * (1.0 if at >= span.end - RECENT else quiet)

    def living(at: float) -> float:
        return _weekday(at) * span.pace * span.traffic.factor(at - span.end)

    edges = [round(span.end + edge) for edge in span.traffic.edges()]
    before = _times(chance(*key, "past"), (span.start, span.end), per_week, past, [span.end - RECENT])
    after = _times(chance(*key, "living"), (span.end, span.last), per_week, living, edges)
    return [(f"p{index}", at) for index, at in enumerate(before)] + [
        (f"l{index}", at) for index, at in enumerate(after)
    ]


def _weekday(at: float) -> float:
    return 0.35 if (at // DAY + 4) % 7 in {0, 6} else 1.26


def _times(
    random: Random, ends: tuple[int, int], per_week: float, factor: Callable[[float], float], edges: list[int]
) -> list[int]:
    first, last = ends
    days = range(first - first % DAY + DAY, last, DAY)
    points = sorted({first, last, *days, *(edge for edge in edges if first < edge < last)})
    found: list[int] = []
    need = random.uniform(0.2, 1.8)
    for start, stop in pairwise(points):
        rate = per_week * factor(start) / WEEK
        at = float(start)
        while rate and at + need / rate < stop:
            at += need / rate
            found.append(round(at))
            need = random.uniform(0.2, 1.8)
        need -= (stop - at) * rate
    return found
