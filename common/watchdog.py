"""The end of a run that does not end by itself: its time is nearly over, or SIGTERM came."""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Literal, Self

from common.deadline import Deadline
from common.errors import ExitCode

Why = Literal["deadline", "signal"]
_LONGEST_LOOK = 1.0
_CODES = {"deadline": ExitCode.DEADLINE, "signal": ExitCode.TERMINATED}


class Watchdog:
    """Within the block, ends the process in order when reading has no time left or SIGTERM arrives.

    `on_expire` is called once, from another thread: it submits what is complete and returns the exit code (`None`: 3
    for the deadline, 143 for the signal), with which the process then ends, its children first. Where it has not
    returned when the deadline is over, or 20 s after the signal, the process ends with 1. The block is not left while
    it ends: what follows the block, or is `shielded` in it, never runs beside `on_expire`. A signal is noticed even
    inside a foreign call.

        with Watchdog(deadline, lambda why: show(attempt.interrupt(why))):
            run = attempt.execute()
    """

    def __init__(
        self,
        deadline: Deadline,
        on_expire: Callable[[Why], int | None],
        *,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._deadline, self._on_expire, self._end = deadline, on_expire, end
        self._lock = threading.Lock()
        self._state: Literal["waiting", "left", "ending"] = "waiting"
        self._ended = threading.Event()
        self._shield = threading.Lock()
        self._restore: list[Callable[[], object]] = []
        self._signalled = False

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """What is done in this inner block is done whole before `on_expire` begins; once that has begun, never."""
        with self._shield:
            yield

    def __enter__(self) -> Self:
        self._awake, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        self._listen()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._watch,), name="watchdog", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            if self._state == "waiting":
                self._state = "left"
        if self._state == "ending":
            self._ended.wait()
        self._ring()
        self._thread.join()
        for restore in reversed(self._restore):
            restore()
        self._awake.close()
        self._bell.close()
        if self._signalled and self._state == "left":
            signal.raise_signal(signal.SIGTERM)  # it came too late for this block: whoever listens now shall hear it

    def _heard(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._signalled = True

    def _listen(self) -> None:
        """Have SIGTERM ring the bell. Python's own handlers wait for the main thread; the descriptor does not."""
        if threading.current_thread() is not threading.main_thread():
            return
        old_handler = signal.signal(signal.SIGTERM, self._heard)
        old_descriptor = signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
        self._restore += [
            lambda: signal.signal(signal.SIGTERM, old_handler if old_handler is not None else signal.SIG_DFL),
            lambda: signal.set_wakeup_fd(old_descriptor),
        ]

    def _ring(self) -> None:
        self._bell.send(b"\0")

    def _watch(self) -> None:
        why = self._wait()
        with self._lock:
            if why is None or self._state == "left":
                return
            self._state = "ending"
        if why == "signal":
            self._deadline.hurry()
        self._shield.acquire(timeout=max(0.0, self._deadline.remaining()))
        code: list[int] = []

        def expire() -> None:
            answer = self._on_expire(why)
            code.append(_CODES[why] if answer is None else answer)

        worker = threading.Thread(target=contextvars.copy_context().run, args=(expire,), name="expire", daemon=True)
        worker.start()
        worker.join(max(0.0, self._deadline.remaining()))
        self._finish(code[0] if code else ExitCode.FAILED)

    def _wait(self) -> Why | None:
        """Which comes first: the end of the time for reading, SIGTERM, or (`None`) the end of the block."""
        while (left := self._deadline.for_fetching()) > 0:
            self._awake.settimeout(min(left, _LONGEST_LOOK))
            try:
                heard = self._awake.recv(64)
            except TimeoutError:
                continue
            if signal.SIGTERM in heard:
                return "signal"
            if 0 in heard:
                return None
        return "deadline"

    def _finish(self, code: int) -> None:
        self._deadline.kill_children()
        flusher = threading.Thread(target=_flush, name="flush", daemon=True)
        flusher.start()
        flusher.join(1.0)
        self._end(int(code))
        self._ended.set()
        if self._shield.locked():
            self._shield.release()


def _flush() -> None:
    """Write out what is buffered; a pipe that nobody reads must not hold up the end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
