"""What a run uses and meets on its way: requests, retries, budgets. Clients write it, the runner reads it."""

from __future__ import annotations

import threading
from collections import Counter

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """A run's reading of the meter: counts of this run, the last budget and clock difference, times of the source."""

    requests: dict[tuple[str, str], int] = {}
    retries: dict[str, int] = {}
    budgets: dict[str, float] = {}
    cache_hits: int = 0
    clock_skew: float | None = None
    newest_event: float | None = None
    oldest_reading: float | None = None


class Meter:
    """Counts from any thread; `read` gives a frozen copy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._retries: Counter[str] = Counter()
        self._budgets: dict[str, float] = {}
        self._cache_hits = 0
        self._clock_skew: float | None = None
        self._newest_event: float | None = None
        self._oldest_reading: float | None = None

    def request(self, api: str, result: str) -> None:
        """One request to `api` that ended with `result`: a status class such as `2xx`, `not_modified`, `timeout`."""
        with self._lock:
            self._requests[api, result] += 1

    def retry(self, target: str) -> None:
        """One more try of a request to `target`."""
        with self._lock:
            self._retries[target] += 1

    def budget(self, api: str, remaining: float) -> None:
        """The share of a rate limit that remains, 0 to 1."""
        with self._lock:
            self._budgets[api] = remaining

    def cache_hit(self) -> None:
        """One answer that cost the source nothing."""
        with self._lock:
            self._cache_hits += 1

    def skew(self, seconds: float) -> None:
        """How far our clock is ahead of the source's; the largest seen counts."""
        with self._lock:
            if self._clock_skew is None or abs(seconds) > abs(self._clock_skew):
                self._clock_skew = seconds

    def event(self, time: float) -> None:
        """The time of something that happened at the source; the newest counts."""
        with self._lock:
            self._newest_event = max(time, self._newest_event or time)

    def reading(self, time: float) -> None:
        """When something that the run tells was last read in full; the oldest counts."""
        with self._lock:
            self._oldest_reading = min(time, time if self._oldest_reading is None else self._oldest_reading)

    def read(self) -> Usage:
        """What has been counted so far."""
        with self._lock:
            return Usage(
                dict(self._requests),
                dict(self._retries),
                dict(self._budgets),
                self._cache_hits,
                self._clock_skew,
                self._newest_event,
                self._oldest_reading,
            )
