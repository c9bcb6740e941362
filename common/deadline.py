"""How much time a run has left, and the child processes that must not outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

from common.errors import DeadlineError

RESERVE = 20.0
"""Seconds kept at the end for submitting what is complete."""


class Deadline:
    """Counts down from `length` seconds; `clock` is monotonic."""

    def __init__(self, length: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.length = length
        self._clock = clock
        self._end = clock() + length
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def remaining(self) -> float:
        """Seconds left until the end; negative once it has passed."""
        return self._end - self._clock()

    def for_fetching(self) -> float:
        """Seconds left for reading sources: what remains but the reserve for submitting; 0 once reading was stopped."""
        if self._stopped.is_set():
            return 0.0
        return self.remaining() - min(RESERVE, self.length / 2)

    def hurry(self) -> None:
        """Leave no more time than what is kept for submitting: whoever asked us to end will not wait long."""
        self._end = min(self._end, self._clock() + RESERVE)

    def limit(self, seconds: float, *, submitting: bool = False) -> float:
        """The total limit of one request: `seconds`, or less where less is left. Raises `DeadlineError` at the end."""
        left = self.remaining() if submitting else self.for_fetching()
        if left <= 0:
            raise DeadlineError("the deadline has passed")
        return min(seconds, left)

    def sleep(self, seconds: float, *, submitting: bool = False) -> None:
        """Wait; raises `DeadlineError` as soon as reading is stopped, unless the wait is a sink's."""
        if submitting:
            threading.Event().wait(seconds)
        elif self._stopped.wait(seconds):
            raise DeadlineError("the deadline has passed")

    @contextlib.contextmanager
    def child(self, process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        """Keep the process, a session leader, from outliving this block or the run."""
        with self._lock:
            self._children.add(process)
            if self._stopped.is_set():
                _kill(process)
        try:
            yield process
        finally:
            with self._lock:
                _kill(process)
                self._children.discard(process)
            process.wait()

    def kill_children(self) -> None:
        """Stop reading: end every child that still runs or starts later, so that reads from them end too."""
        self._stopped.set()
        with self._lock:
            for process in self._children:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
