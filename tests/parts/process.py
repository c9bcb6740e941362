"""Starting, awaiting and ending one real program on a free loopback port."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pytest

from tests.parts.install import parts_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
READY_WITHIN = 15.0
POLL = 0.01


class NotReadyError(AssertionError):
    """A program or a value did not come in time; the text holds what the program said last."""


def part(name: str) -> Path:
    """The installed binary; skips the test without it, or fails it where QUARTERDECK_REQUIRE_PARTS=1."""
    binary = parts_folder() / "bin" / name
    if not binary.is_file():
        absent(f"{name} is not in {binary.parent}: run `python tests/parts/install.py {name}`")
    return binary


def absent(reason: str) -> NoReturn:
    """Skips the test, or fails it where QUARTERDECK_REQUIRE_PARTS=1."""
    if os.environ.get("QUARTERDECK_REQUIRE_PARTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def until(
    probe: Callable[[], T | None], *, within: float = READY_WITHIN, what: str = "the answer", poll: float = POLL
) -> T:
    """The first value of `probe`, asked every `poll` seconds, that is not None; `NotReadyError` after `within`."""
    never = threading.Event()
    end = time.monotonic() + within
    while (found := probe()) is None:
        if time.monotonic() > end:
            raise NotReadyError(f"{what} did not come within {within:g} s")
        never.wait(poll)
    return found


@contextmanager
def free_port() -> Iterator[int]:
    """A loopback port that nobody listens on; no other test process is given it while the block lasts."""
    locks = Path(tempfile.gettempdir()) / f"quarterdeck-test-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        path = locks / str(port)
        with path.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            try:
                yield port
            finally:
                path.unlink(missing_ok=True)
            return


class Process:
    """One program that can be stopped, killed and started again on the same port."""

    def __init__(
        self, command: Sequence[str], log: Path, ready: Callable[[], bool], within: float = READY_WITHIN
    ) -> None:
        self._command = list(command)
        self._log = log
        self._ready = ready
        self._within = within
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the program unless it runs, and returns once it answers."""
        if self._child is not None:
            return
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)
        try:
            until(self._answers, within=self._within, what=self._command[0])
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends the program with SIGTERM, with SIGKILL where that takes more than five seconds."""
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
            self._child = None

    def kill(self) -> None:
        """Ends the program with SIGKILL: nothing is saved."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _answers(self) -> bool | None:
        if self._child is not None and self._child.poll() is not None:
            raise NotReadyError(f"{self._command[0]} ended with {self._child.returncode}:\n{self.last_words()}")
        return self._ready() or None

    def last_words(self) -> str:
        """The end of what the program logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]
