"""A pause that all requests to GitHub keep once one was told to wait: asking on makes the limit last longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from common.deadline import Deadline
from common.errors import FetchError


class Pause:
    """Shared by every thread; `sleep` is the deadline's by default, `clock` is monotonic."""

    def __init__(
        self,
        deadline: Deadline,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deadline, self._sleep, self._clock = deadline, sleep or deadline.sleep, clock
        self._until = 0.0
        self._lock = threading.Lock()

    def begin(self, seconds: float) -> None:
        """Nobody asks for so long."""
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)

    def keep(self) -> None:
        """Wait until the pause is over; raises `FetchError` where the run would be over first."""
        self._wait(0.0)

    def nap(self, seconds: float) -> None:
        """Wait so long, and until the pause is over."""
        self._wait(seconds)

    def _wait(self, least: float) -> None:
        while True:
            with self._lock:
                until = self._until
            left = max(least, until - self._clock())
            if left <= 0:
                return
            if left > least and left >= self._deadline.for_fetching():
                raise FetchError(f"GitHub asks to wait for {left:.0f} s, which is longer than this run has")
            self._sleep(left)
            least = 0.0
            with self._lock:
                # Whoever waited to its end has seen it over, even where a clock stands still.
                self._until = 0.0 if self._until == until else self._until
