"""A small source with every kind of metric, whose state a test decides, and runs of its collector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from common.collector import BaseCollector, Check, Context, Evidence, Failure, Scope
from common.deadline import Deadline
from common.errors import FetchError, MetricError
from common.meter import Meter
from common.metric import Basis, Kind, Point, metric, point
from common.outcome import Run
from common.run import Attempt, Plan
from common.settings import CollectorSettings, PushgatewaySettings
from common.sinks import RunKey
from common.sinks.pushgateway.gateway import Gateway
from common.sinks.pushgateway.sink import PushgatewaySink
from common.window import DAY, Window

KEY = RunKey("test", "world")
NOON = 1_780_056_000
"""A day's noon, and so the start of a quarter."""
RAN = 120
"""Seconds after a quarter at which the newest bucket is closed."""


@dataclass(frozen=True)
class Event:
    """Something that happened; `seconds` is how long it took."""

    at: float
    id: str
    author: str = "human"
    seconds: float = 1.0


@dataclass(frozen=True)
class World:
    """What the source would say: events by scope, scopes that cannot be read, and metrics that raise."""

    events: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    raising: frozenset[str] = frozenset()
    hidden: bool = False
    ages: Mapping[str, float] = field(default_factory=dict)
    basis: Basis = "measured"

    def plus(self, scope: str, *events: Event) -> World:
        """The same world with more events."""
        return replace(self, events={**self.events, scope: (*self.events.get(scope, ()), *events)})


@dataclass(frozen=True)
class Look:
    """One scope's snapshot."""

    scope: str
    events: tuple[Event, ...]
    world: World

    def seen_by(self, name: str) -> tuple[Event, ...]:
        """The events, unless the metric of that name shall fail."""
        if name in self.world.raising:
            raise MetricError(f"{name} cannot be known")
        return self.events


@metric("world.commit", unit="{commit}", kind=Kind.COUNT, tags={"author": ("human", "bot")})
def commit(look: Look) -> Iterator[Point]:
    """Commits with a "quoted" \\ word."""
    for each in look.seen_by("world.commit"):
        yield point(1, at=each.at, id=each.id, author=each.author)


@metric("world.merge", unit="{merge}", kind=Kind.COUNT, tags={"team": None})
def merge(look: Look) -> Iterator[Point]:
    """Merges by a team from an open set."""
    for each in look.seen_by("world.merge"):
        yield point(1, at=each.at, id=each.id, team=f"team of {each.author}")


@metric("world.duration", unit="s", kind=Kind.DISTRIBUTION)
def duration(look: Look) -> Iterator[Point]:
    """Time that an event took."""
    for each in look.seen_by("world.duration"):
        yield point(each.seconds, at=each.at, id=each.id)


@metric("world.age", unit="s")
def age(look: Look) -> Iterator[Point]:
    """Age of the scope."""
    look.seen_by("world.age")
    yield point(look.world.ages.get(look.scope, 5.0), basis=look.world.basis)


@metric("world.object", unit="{object}", kind=Kind.CUMULATIVE)
def written(look: Look) -> Iterator[Point]:
    """Objects that the source itself counts."""
    yield point(len(look.world.events.get(look.scope, ())), start=0.0)


class WorldCollector(BaseCollector[CollectorSettings, Look]):
    """Reads a `World`."""

    name = "world"
    scope = "repo"
    modules = ("tests.sinks.pushgateway_world",)
    settings_type: ClassVar[type[CollectorSettings]] = CollectorSettings
    world: World = World()

    def discover(self) -> Sequence[Scope]:
        if self.world.hidden:
            raise FetchError("the list cannot be read")
        return [Scope(name) for name in self.world.events]

    def fetch(self, since: Mapping[str, float], window: Window) -> Iterator[Look | Failure]:
        for scope, start in since.items():
            if scope in self.world.unreadable:
                yield Failure(scope, "unreadable")
            else:
                seen = tuple(each for each in self.world.events[scope] if start <= each.at < window.end)
                yield Look(scope, seen, self.world)

    def describe(self, snapshot: Look, record: str) -> Evidence:
        return Evidence(f"{snapshot.scope} {record}")

    def check(self) -> Iterator[Check]:
        yield Check("world", "ok", "it turns")


def no_wait(seconds: float) -> None:
    """Instead of sleeping."""


def sink_at(url: str, meter: Meter | None = None, deadline: float = 600.0, **options: Any) -> PushgatewaySink:
    """The sink of a gateway without credentials; `sleep` and secrets by option."""
    own = Meter() if meter is None else meter
    settings = options.pop("settings", None) or PushgatewaySettings(url=url)
    options.setdefault("sleep", no_wait)
    return PushgatewaySink(lambda: Gateway(settings, Deadline(deadline), own, **options), own)


def plan_at(end: float, **changes: Any) -> Plan:
    """A run at `end` over seven days."""
    return Plan(**{"key": KEY, "window": Window(end - 7 * DAY, end), "dry": False, **changes})


def attempt(sink: PushgatewaySink, world: World, end: float, **changes: Any) -> Attempt:
    """A run that is still to be executed."""
    collector = WorldCollector(CollectorSettings(), Context(Deadline(600), Meter()))
    collector.world = world
    return Attempt(collector, [sink], plan_at(end, **changes), collector.context, clock=lambda: end)


def run_once(sink: PushgatewaySink | str, world: World, end: float, **changes: Any) -> Run:
    """One whole run; a URL stands for a sink of its own."""
    return attempt(sink_at(sink) if isinstance(sink, str) else sink, world, end, **changes).execute()


def quarter(number: int) -> int:
    """When the run of that quarter after noon takes place."""
    return NOON + number * 900 + RAN


def during(number: int, name: str, **fields: Any) -> Event:
    """An event in that quarter, whose bucket the run of the next one counts."""
    return Event(at=NOON + number * 900 + 60, id=name, **fields)


Labels = Mapping[str, str]


def series(groups: Sequence[Mapping[str, Any]], name: str, job: str = "quarterdeck") -> list[dict[str, Any]]:
    """The gateway's series of one family, each as it shows them."""
    found = [each for each in groups if each["labels"]["job"] == job]
    return [row for each in found for row in each.get(name, {"metrics": []})["metrics"]]


def values(groups: Sequence[Mapping[str, Any]], name: str, label: str, job: str = "quarterdeck") -> dict[str, float]:
    """The values of one family by one label."""
    return {row["labels"].get(label, ""): float(row["value"]) for row in series(groups, name, job)}
