"""What may still be asked of GitHub this hour: a budget for REST and one for GraphQL, if the server has limits."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from common.errors import FetchError
from common.meter import Meter

T = TypeVar("T")


class BudgetError(FetchError):
    """The request budget is used up, or down to the share that is left for others."""


class Budget:
    """One API's budget as its answers tell it; `reserve` is the share of it that is never touched."""

    def __init__(self, api: str, reserve: float, meter: Meter) -> None:
        self.api = api
        self._reserve, self._meter = reserve, meter
        self._lock = threading.Lock()
        self._limit = self._remaining = 0
        self._reset = 0.0

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take in what an answer says of the budget, if anything."""
        told = [headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset")]
        if not all(text.isdigit() for text in told) or headers.get("x-ratelimit-resource") == "search":
            return
        limit, remaining, reset = (int(text) for text in told)
        if limit <= 0:
            return
        with self._lock:
            same = reset == self._reset
            self._remaining = min(remaining, self._remaining) if same else remaining
            self._limit, self._reset = limit, reset
            self._meter.budget(self.api, self._remaining / limit)

    def check(self, cost: int = 1) -> None:
        """Raise `BudgetError` where `cost` more would touch the reserve."""
        with self._lock:
            if self._limit and self._remaining - cost < self._reserve * self._limit:
                raise BudgetError(self._words())

    @property
    def used_up(self) -> bool:
        """Whether nothing is left."""
        with self._lock:
            return bool(self._limit) and self._remaining <= 0

    @property
    def told(self) -> tuple[int, int, float] | None:
        """Limit, what remains and when it is full again (Unix time); `None` where the server has no limits."""
        with self._lock:
            return (self._limit, self._remaining, self._reset) if self._limit else None

    def words(self) -> str:
        """What remains, for people."""
        with self._lock:
            return self._words()

    def _words(self) -> str:
        if not self._limit:
            return f"{self.api} has no limits"
        until = datetime.fromtimestamp(self._reset, UTC).strftime("%H:%M")
        left = f"{self._remaining} of {self._limit} requests are left until {until} UTC"
        kept = f", and {self._reserve:.0%} are kept for others" if self._reserve else ""
        return f"the budget of GitHub's {self.api} API is used up: {left}{kept}"


_GOLDEN = 0.6180339887498949


def rotated(items: Sequence[T], turn: int) -> list[T]:
    """The items from another one on at each turn, spread evenly, so that each comes first now and then."""
    start = int(len(items) * ((turn * _GOLDEN) % 1.0))
    return [*items[start:], *items[:start]]
