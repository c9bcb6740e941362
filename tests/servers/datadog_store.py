"""What a Datadog-shaped server holds: the last value of every point, and how each metric described itself."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PAST = 3600
FUTURE = 600
MAX_NAME = 200
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
ODD = re.compile(r"[^\w:./-]")


@dataclass(frozen=True)
class Key:
    """What a value is stored under; tags are normalised and sorted, as Datadog stores them."""

    metric: str
    tags: tuple[str, ...]
    resources: tuple[tuple[str, str], ...]
    timestamp: int


@dataclass(frozen=True)
class Shape:
    """What a series said of its metric; None where it said nothing."""

    type: int | None
    unit: str | None
    interval: int | None


@dataclass(frozen=True)
class Recorded:
    """A POST to the series address as it came, and inflated; header names in lower case."""

    headers: Mapping[str, str]
    raw: bytes
    inflated: bytes


@dataclass
class Store:
    """Filled by `take`; `collisions` are keys that one request wrote twice."""

    points: dict[Key, float] = field(default_factory=dict)
    shapes: dict[str, set[Shape]] = field(default_factory=dict)
    collisions: list[Key] = field(default_factory=list)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    recorded: list[Recorded] = field(default_factory=list)

    def take(self, payload: Mapping[str, Any], now: float) -> list[str]:
        """Keeps the points of a valid payload that are neither too old nor too new; says which were not kept."""
        errors: list[str] = []
        written: set[Key] = set()
        for series in payload["series"]:
            shape = Shape(series.get("type"), series.get("unit"), series.get("interval"))
            self.shapes.setdefault(series["metric"], set()).add(shape)
            for key, value in points_of(series):
                if not now - PAST <= key.timestamp <= now + FUTURE:
                    errors.append(
                        f"{key.metric}: timestamp {key.timestamp} is not within an hour past, ten minutes ahead"
                    )
                    continue
                if key in written:
                    self.collisions.append(key)
                written.add(key)
                self.points[key] = value
        return errors


def normalised(tag: str) -> str:
    """The tag as Datadog stores it: lower case, odd characters as underscores, 200 characters."""
    return ODD.sub("_", tag.lower())[:200]


def points_of(series: Mapping[str, Any]) -> Iterator[tuple[Key, float]]:
    """Every point of one series with its key."""
    tags = tuple(sorted({normalised(tag) for tag in series.get("tags", ())}))
    resources = tuple(sorted((entry["type"], entry["name"]) for entry in series.get("resources", ())))
    for point in series["points"]:
        yield Key(series["metric"], tags, resources, point["timestamp"]), float(point["value"])


def gaps(payload: Mapping[str, Any]) -> list[str]:
    """What a payload lacks or spells wrongly although the models allow it."""
    return [text for index, series in enumerate(payload["series"]) for text in _gaps(series, f"series[{index}]")]


def is_at(key: Key, at: int, tags: Iterable[str]) -> bool:
    """Whether `key` has this timestamp and exactly these tags."""
    return key.timestamp == at and key.tags == tuple(sorted({normalised(tag) for tag in tags}))


def _gaps(series: Mapping[str, Any], path: str) -> Iterator[str]:
    name = series["metric"]
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        yield f"{path}.metric {name!r} is not a metric's name"
    if not series["points"]:
        yield f"{path} has no points"
    for point in series["points"]:
        if lacking := {"timestamp", "value"} - point.keys():
            yield f"{path} has a point without {', '.join(sorted(lacking))}"
    for entry in series.get("resources", ()):
        if lacking := {"name", "type"} - entry.keys():
            yield f"{path} has a resource without {', '.join(sorted(lacking))}"
