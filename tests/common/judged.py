"""A collector with a metric of every sort, for tests of objectives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from common.collector import Context
from common.deadline import Deadline
from common.errors import MetricError
from common.ledger import Ledger, NullLedger
from common.meter import Meter
from common.metric import Kind, Metric, Point, metric, point
from common.objectives.binding import Source, bind
from common.settings import CollectorSettings, DeliverySettings, Settings, load_settings
from common.window import DAY, Window
from tests.common.fakes import FakeCollector

NOON = 1_750_000_500.0


class ShopSettings(CollectorSettings, frozen=True, kw_only=True):
    """With a section of its own."""

    delivery: DeliverySettings = DeliverySettings()


class Shop(msgspec.Struct, frozen=True):
    """What was seen of one shop; an order is (time, result)."""

    scope: str
    orders: tuple[tuple[float, str], ...] = ()
    waits: tuple[float, ...] = ()
    queue: str = "long"
    passed: int | None = None
    of: int = 0
    opened: float | None = None
    shelves: dict[str, float] = {}
    broken: bool = False


@metric("shop.order", unit="{order}", kind=Kind.COUNT, tags={"result": ("good", "bad", "other"), "till": None})
def order(shop: Shop) -> Iterator[Point]:
    """Orders."""
    if shop.broken:
        raise MetricError("the till is broken")
    for index, (at, result) in enumerate(shop.orders):
        yield point(1, at=at, id=f"{shop.scope}/{index}", result=result, till="1")


@metric("delivery.parcel", unit="{parcel}", kind=Kind.COUNT, tags={"result": ("good", "bad")})
def parcel(shop: Shop) -> Iterator[Point]:
    """Parcels."""
    return iter(())


@metric("shop.wait", unit="s", kind=Kind.DISTRIBUTION, tags={"queue": ("long", "short")})
def wait(shop: Shop) -> Iterator[Point]:
    """How long people wait."""
    for index, seconds in enumerate(shop.waits):
        yield point(seconds, at=NOON - DAY, id=f"{shop.scope}/{index}", queue=shop.queue)


def _passed(shop: Shop) -> Iterator[tuple[int, int]]:
    if shop.passed is not None:
        yield shop.passed, shop.of


@metric("shop.passing", unit="1", facts=_passed)
def passing(facts: Iterable[tuple[int, int]]) -> float | None:
    """Share that passes."""
    found = list(facts)
    of = sum(each for _, each in found)
    return sum(each for each, _ in found) / of if of else None


@metric("shop.opened", unit="unix")
def opened(shop: Shop) -> float | None:
    """When it was last opened."""
    return shop.opened


@metric("shop.clean", unit="bool")
def clean(shop: Shop) -> float:
    """Whether it is clean."""
    return 1


@metric("shop.stock", unit="{thing}", tags={"shelf": None})
def stock(shop: Shop) -> Iterator[Point]:
    """Things on shelves."""
    for shelf, number in shop.shelves.items():
        yield point(number, shelf=shelf)


@metric("shop.full", unit="1", tags={"shelf": None})
def full(shop: Shop) -> Iterator[Point]:
    """How full shelves are."""
    for shelf, number in shop.shelves.items():
        yield point(min(1.0, number / 10), shelf=shelf)


@metric("shop.meter", unit="{visit}", kind=Kind.CUMULATIVE)
def meter(shop: Shop) -> Iterator[Point]:
    """Visits."""
    yield point(5, start=1.0)


class ShopCollector(FakeCollector):
    """Gives the shops that it was made with."""

    scope = "shop"
    modules = (__name__,)
    settings_type = ShopSettings

    def __init__(
        self, *shops: Any, ledger: Ledger | None = None, settings: ShopSettings | None = None, **more: Any
    ) -> None:
        super().__init__(shops, settings=settings or ShopSettings(), **more)
        self.context = Context(Deadline(600), Meter(), {}, ledger or NullLedger(), "fake")

    def window_of(self, metric: Metric, window: Window) -> Window:
        return Window(window.end - 30 * DAY, window.end) if metric.name.startswith("delivery.") else window


def bound(*given: dict[str, Any], collector: ShopCollector | None = None, shortened: bool = False, **settings: Any):
    """The objectives as the collector judges them."""
    read: Settings = load_settings({"objectives": list(given), **settings}, {})
    known = collector or ShopCollector()
    metrics = {each.name: each for each in known.metrics()}
    return bind(read.objectives, Source("shop", metrics, known, read), shortened=shortened)


def orders(**more: Any) -> dict[str, Any]:
    """An objective on orders: at least 80 % of those that ended well or badly."""
    return {
        "name": "orders",
        "good": {"metric": "shop.order", "tags": {"result": "good"}},
        "total": {"metric": "shop.order", "tags": {"result": ["good", "bad"]}},
        "target": 0.8,
        **more,
    }


def state(metric: str, comparison: str, target: Any, **more: Any) -> dict[str, Any]:
    """An objective on a state."""
    return {"name": "state", "metric": metric, "comparison": comparison, "target": target, **more}
