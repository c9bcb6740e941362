"""A tiny collector, a tiny sink and a plan, for tests of the kernel."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType

import msgspec

from common.collector import BaseCollector, Check, Context, Evidence, Failure, Scope
from common.deadline import Deadline
from common.errors import MetricError
from common.meter import Meter
from common.metric import Kind, Point, metric, point
from common.run import Attempt, Plan
from common.settings import CollectorSettings
from common.sinks import Batch, Owed, Receipt, RunKey
from common.window import DAY, Window

NOON = 1_750_000_500.0
WINDOW = Window(NOON - 7 * DAY, NOON)
KEY = RunKey("test", "fake")


class Seen(msgspec.Struct, frozen=True):
    """The events of one scope, as times; their place in the list is their id."""

    scope: str
    events: tuple[float, ...] = ()


@metric("fake.event", unit="{event}", kind=Kind.COUNT)
def event(snapshot: Seen) -> Iterator[Point]:
    """Events."""
    for index, at in enumerate(snapshot.events):
        yield point(1, at=at, id=str(index))


@metric("fake.state", unit="{thing}")
def state(snapshot: Seen) -> float:
    """How many events were seen."""
    return len(snapshot.events)


@metric("fake.unknowable", unit="{thing}")
def unknowable(snapshot: Seen) -> float:
    """What cannot be known of a scope called `odd`, and is a bug in one called `bug`."""
    if snapshot.scope == "odd":
        raise MetricError("fake.unknowable: nobody can tell")
    return 1 / (0 if snapshot.scope == "bug" else 1)


class FakeCollector(BaseCollector[CollectorSettings, Seen]):
    """Gives what it was made with; an exception in the place of an item, or of the list of scopes, is raised."""

    name = "fake"
    scope = "place"
    modules = (__name__,)
    settings_type = CollectorSettings

    def __init__(
        self,
        items: Sequence[Seen | Failure | Exception],
        *,
        scopes: Sequence[Scope] | Exception | None = None,
        deadline: Deadline | None = None,
        settings: CollectorSettings | None = None,
        before: Callable[[str], object] = len,
    ) -> None:
        super().__init__(settings or CollectorSettings(), Context(deadline or Deadline(600), Meter()))
        self.items, self.scopes, self.before = items, scopes, before
        self.asked: dict[str, float] = {}

    def discover(self) -> Sequence[Scope]:
        if isinstance(self.scopes, Exception):
            raise self.scopes
        named = [each.scope for each in self.items if not isinstance(each, Exception)]
        return self.scopes if self.scopes is not None else [Scope(name) for name in named]

    def fetch(self, since: Mapping[str, float], window: Window) -> Iterator[Seen | Failure]:
        self.asked = dict(since)
        for each in self.items:
            if isinstance(each, Exception):
                raise each
            self.before(each.scope)
            yield each

    def describe(self, snapshot: Seen, record: str) -> Evidence:
        return Evidence(record)

    def check(self) -> Iterator[Check]:
        yield Check("fake", "ok", "works")


class FakeSink:
    """Keeps what it is given, by the method that was called; raises what it is told to."""

    def __init__(
        self, name: str = "sink", *, owed: Owed | None = None, carries_totals: bool = True, **raises: Exception
    ) -> None:
        self.carries_totals = carries_totals
        self.name, self._owed, self._raises = name, owed or Owed(), raises
        self.calls: list[str] = []
        self.batches: dict[str, Batch] = {}
        self.before: Callable[[], object] = list

    def prepare(self, key: RunKey, end: float) -> Owed:
        self._called("prepare")
        return self._owed

    def submit(self, batch: Batch) -> Receipt:
        self.before()
        return self._take("submit", batch)

    def report(self, batch: Batch) -> Receipt:
        return self._take("report", batch)

    def estimate(self, batch: Batch) -> Receipt:
        return self._take("estimate", batch)

    def check(self) -> Iterator[Check]:
        yield Check(self.name, "ok", "works")

    def _take(self, method: str, batch: Batch) -> Receipt:
        self._called(method)
        self.batches[method] = batch
        return Receipt(self.name, len(batch.samples), 10, 1)

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if method in self._raises:
            raise self._raises[method]


def attempt(collector: FakeCollector, *sinks: FakeSink, dry: bool = False, **plan: object) -> Attempt:
    """An attempt at noon."""
    made = Plan(key=KEY, window=WINDOW, dry=dry, **plan)  # type: ignore[arg-type]
    return Attempt(collector, sinks, made, collector.context, lambda: NOON)


def this_module() -> ModuleType:
    """The module, for those who gather its metrics."""
    return sys.modules[__name__]
