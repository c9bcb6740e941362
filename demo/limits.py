"""GitHub's limits: an hour's budget for REST, GraphQL and search, and the secondary ones by the minute."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR, MINUTE = 3_600, 60


class Rates(msgspec.Struct, frozen=True):
    """How much there is; `unlimited` is a GitHub Enterprise Server with its limits off."""

    core: int = 5_000
    graphql: int = 5_000
    search: int = 30
    unlimited: bool = False
    core_a_minute: int = 900
    graphql_a_minute: int = 2_000
    concurrent: int = 100
    retry_after: int = 60


class Budget(msgspec.Struct, frozen=True):
    """What is left of an hour's budget."""

    resource: str
    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """Never below 0."""
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        """GitHub's five headers."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Reset": str(self.reset),
            "X-RateLimit-Resource": self.resource,
        }

    def body(self) -> dict[str, int]:
        """As `GET /rate_limit` writes it."""
        return {"limit": self.limit, "used": self.used, "remaining": self.remaining, "reset": self.reset}


class Limits:
    """Keeps the books; `clock` is the organisation's, `seconds` always runs: for the secondary limits."""

    def __init__(self, rates: Rates, clock: Callable[[], float], seconds: Callable[[], float]) -> None:
        self.rates, self.clock, self._seconds = rates, clock, seconds
        self._used: dict[str, int] = {}
        self._since: dict[str, float] = {}
        self._lately: dict[str, deque[tuple[float, int]]] = {"core": deque(), "graphql": deque()}
        self._lock = threading.Lock()
        self.running = 0

    def budget(self, resource: str) -> Budget:
        """What is left now."""
        with self._lock:
            return self._budget(resource)

    def charge(self, resource: str, points: int) -> tuple[bool, Budget]:
        """Takes points where they are left; whether they were, and what is left."""
        with self._lock:
            now = self._budget(resource)
            if self.rates.unlimited:
                return True, now
            if now.used + points > now.limit:
                return False, msgspec.structs.replace(now, used=now.limit)
            self._used[resource] = now.used + points
            return True, self._budget(resource)

    def exhaust(self, resource: str) -> Budget:
        """Takes all that is left."""
        with self._lock:
            now = self._budget(resource)
            self._used[resource] = now.limit
            return msgspec.structs.replace(now, used=now.limit)

    def too_fast(self, resource: str, points: int) -> bool:
        """Whether a secondary limit is broken by a request of that weight, which is counted."""
        if self.rates.unlimited:
            return False
        most = self.rates.graphql_a_minute if resource == "graphql" else self.rates.core_a_minute
        with self._lock:
            now, lately = self._seconds(), self._lately["graphql" if resource == "graphql" else "core"]
            while lately and lately[0][0] <= now - MINUTE:
                lately.popleft()
            if sum(weight for _, weight in lately) + points > most:
                return True
            lately.append((now, points))
            return self.running > self.rates.concurrent

    def _budget(self, resource: str) -> Budget:
        now, length = self.clock(), MINUTE if resource == "search" else HOUR
        if now >= self._since.get(resource, now - length) + length:
            self._since[resource], self._used[resource] = now, 0
        limit = {"core": self.rates.core, "graphql": self.rates.graphql, "search": self.rates.search}[resource]
        return Budget(resource, limit, self._used[resource], round(self._since[resource] + length))
