"""A metric: one pure function over a snapshot that carries its own definition.

    @metric("git.commit.landed", unit="{commit}", kind=Kind.COUNT, tags={"author": ("human", "bot")})
    def landed(snapshot: GitSnapshot) -> Iterator[Point]:
        '''Commits that reached the default branch.'''
        for commit in snapshot.commits:
            yield point(1, at=commit.landed, id=commit.sha, author=commit.author)

The decorated name is a frozen, callable `Metric`. Nothing is registered: a collector names the modules it reads.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import product
from types import MappingProxyType, ModuleType
from typing import Any, Literal

import msgspec

from common.errors import MetricError

Better = Literal["lower", "higher"]
Basis = Literal["measured", "lower_bound", "derived", "estimated", "stale"]
TagValues = tuple[str, ...] | None
"""The closed set of values of a tag, or `None` for an open one."""

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+")
UNIT = re.compile(r"s|By|1|USD|unix|bool|\{[a-z][a-z_]*\}")
TAG = re.compile(r"[a-z][a-z0-9_]*")
RESERVED_TAGS = frozenset(
    [
        "job",
        "instance",
        "collector",
        "shard",
        "rollup",
        "le",
        "quantile",
        "host",
        "device",
        "source",
        "service",
        "version",
    ]
)  # Prometheus, the Pushgateway's grouping key or Datadog give these a meaning of their own
NUMBER = (int, float)
ADDITIVE_UNITS = re.compile(r"By|USD|\{.*\}")
"""Units of amounts, whose values may be added up; a ratio, a time or a length of time may not."""


class Kind(StrEnum):
    """What a point of a metric is; the sinks differ in how they carry each."""

    GAUGE = "gauge"
    """A state now, or a statistic over the window."""
    COUNT = "count"
    """An event with its own time and id; its value is what it adds."""
    DISTRIBUTION = "distribution"
    """An event's value, with its time and id."""
    CUMULATIVE = "cumulative"
    """The source's own running total, and since when it runs."""

    @property
    def of_events(self) -> bool:
        """Whether a point is an event with its own time."""
        return self in (Kind.COUNT, Kind.DISTRIBUTION)


class Point(msgspec.Struct, frozen=True, gc=False):
    """One number of one metric and, for events, when it happened and which event it was."""

    value: float
    tags: dict[str, str] = {}
    at: float | None = None
    id: str | None = None
    basis: Basis = "measured"
    start: float | None = None
    of: tuple[str, ...] = ()


def point(
    value: float,
    *,
    at: float | None = None,
    id: str | None = None,  # noqa: A002  the event's id is called id everywhere
    basis: Basis = "measured",
    start: float | None = None,
    of: Iterable[str] = (),
    **tags: str,
) -> Point:
    """A point: events take `at` and `id`, running totals `start`; `of` names the records behind a gauge."""
    return Point(value, tags, at, id, basis, start, tuple(of))


class Metric(msgspec.Struct, frozen=True, eq=False):
    """A metric's definition and its function; two metrics are equal only if they are the same one."""

    name: str
    unit: str
    kind: Kind
    tags: Mapping[str, TagValues]
    description: str
    definition: str
    better: Better | None
    semconv: str | None
    compute: Callable[[Any], Any]
    facts: Callable[[Any], Iterable[Any]] | None = None
    """What takes a snapshot apart for a rollup; `compute` then gets facts, of one snapshot or of several."""

    def __call__(self, snapshot: Any) -> list[Point]:  # noqa: ANN401  each metric knows its own snapshot type
        """The metric's points over a snapshot, checked against the definition; raises `MetricError` for a wrong one."""
        return list(self.points(snapshot))

    def points(self, snapshot: Any) -> Iterator[Point]:  # noqa: ANN401
        """The same as a stream, for snapshots of any size."""
        return self._checked(self.compute(snapshot if self.facts is None else self.facts_of(snapshot)))

    def facts_of(self, snapshot: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """What the snapshot adds to a rollup of this metric, which has `facts`."""
        return () if self.facts is None else tuple(self.facts(snapshot))

    def points_over(self, facts: Iterable[Any]) -> Iterator[Point]:
        """The points over the facts of one snapshot, or of several after each other; for metrics with `facts` only."""
        return self._checked(self.compute(facts))

    def _checked(self, answer: Any) -> Iterator[Point]:  # noqa: ANN401
        if answer is None:
            return
        if isinstance(answer, int | float):
            answer = (Point(answer),)
        of_events = self.kind.of_events
        for each in answer:
            self._check(each, of_events)
            yield each

    def _check(self, each: Point, of_events: bool) -> None:
        value = each.value
        if not isinstance(value, NUMBER) or not math.isfinite(value):
            raise MetricError(f"{self.name} yielded {value!r}, which is not a finite number")
        if each.tags.keys() != self.tags.keys():
            raise MetricError(f"{self.name} declares the tags {sorted(self.tags)} and yielded {sorted(each.tags)}")
        for tag, accepted in self.tags.items():
            if accepted is not None and each.tags[tag] not in accepted:
                raise MetricError(f"{self.name}: {tag}={each.tags[tag]!r} is not one of {', '.join(accepted)}")
        if of_events != (each.at is not None and each.id is not None):
            raise MetricError(f"{self.name} is a {self.kind}: its points {_EVENT_RULE[of_events]}")
        if (self.kind is Kind.CUMULATIVE) != (each.start is not None):
            raise MetricError(f"{self.name} is a {self.kind}: only running totals have, and need, a start")

    def closed_tag_sets(self, dropped: frozenset[str] = frozenset()) -> Iterator[dict[str, str]]:
        """Every combination of tags, where all tags are closed: the series that exist even at zero."""
        kept = {tag: values for tag, values in self.tags.items() if tag not in dropped}
        if all(values is not None for values in kept.values()):
            for combination in product(*(values or () for values in kept.values())):
                yield dict(zip(kept, combination, strict=True))


_EVENT_RULE = {True: "need both `at` and `id`", False: "take neither `at` nor `id`"}


def metric(
    name: str,
    *,
    unit: str,
    kind: Kind = Kind.GAUGE,
    tags: Mapping[str, TagValues] | None = None,
    better: Better | None = None,
    semconv: str | None = None,
    facts: Callable[[Any], Iterable[Any]] | None = None,
) -> Callable[[Callable[[Any], Any]], Metric]:
    """Turn a pure function over a snapshot into a `Metric`; its docstring's first sentence is the description.

    `better` says which way is good, `semconv` names OpenTelemetry's metric of the same meaning. A gauge that cannot be
    added up over scopes, such as a ratio, takes `facts` of a snapshot instead of the snapshot, small ones: a rollup
    computes it from the facts of all its scopes. Raises `TypeError` at import for a definition that breaks a rule of
    names, units, tags or words.
    """
    for tag, values in (tags or {}).items():
        _require(bool(TAG.fullmatch(tag)) and tag not in RESERVED_TAGS, name, f"{tag!r} cannot be a tag")
        _require(
            values is None or (len(values) > 0 and len(set(values)) == len(values)), name, f"{tag} repeats a value"
        )
    _require(bool(NAME.fullmatch(name)), name, "a name is dotted lower case, such as git.commit.landed")
    _require(bool(UNIT.fullmatch(unit)), name, f"{unit!r} is not one of s, By, 1, USD, unix, bool or {{thing}}")
    _require(
        not name.endswith(("total", "_count", ".count", "_sum", ".sum", "_bucket")), name, "the ending is reserved"
    )

    _require(facts is None or kind is Kind.GAUGE, name, "only a gauge has facts: events are added up or pooled")

    def decorate(compute: Callable[[Any], Any]) -> Metric:
        text = inspect.cleandoc(compute.__doc__ or "")
        first = re.split(r"(?<=\.)\s", " ".join(text.split("\n\n")[0].split()), maxsplit=1)[0]
        _require(
            first.endswith("."), name, "the docstring's first sentence is the description; it is missing or has no end"
        )
        _require(len(first) <= 200, name, "the description is over 200 characters")
        frozen = MappingProxyType(dict(sorted((tags or {}).items())))
        return Metric(name, unit, kind, frozen, first, text, better, semconv, compute, facts)

    return decorate


def _require(holds: bool, name: str, why: str) -> None:
    if not holds:
        raise TypeError(f"metric {name}: {why}")


def metrics_in(*modules: ModuleType) -> tuple[Metric, ...]:
    """The metrics that the modules define, by name; raises `TypeError` when two have one name."""
    found: dict[str, Metric] = {}
    for module in modules:
        for each in vars(module).values():
            if isinstance(each, Metric) and found.setdefault(each.name, each) is not each:
                raise TypeError(f"two metrics are called {each.name}")
    return tuple(found[name] for name in sorted(found))
