"""The server in a process of its own, so that a client's time and memory are measured without it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import msgspec

from demo.answers import Served
from demo.control import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]


class Remote:
    """A server elsewhere, at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def graphql_url(self) -> str:
        """Where queries go."""
        return f"{self.url}/graphql"

    def requests(self) -> list[Served]:
        """What was answered since the start or the last `reset`."""
        return msgspec.json.decode(self._send("GET", "requests"), type=list[Served])

    def reset(self) -> None:
        """Forgets the requests."""
        self._send("POST", "reset")

    def move(self, at: float) -> None:
        """Sets the organisation's clock."""
        self._send("PUT", "clock", msgspec.json.encode(at))

    def _send(self, method: str, name: str, body: bytes = b"") -> bytes:
        request = Request(f"{self.url}{PREFIX}{name}", data=body or None, method=method)  # noqa: S310
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            found: bytes = answer.read()
        return found


@contextmanager
def serving(*arguments: str) -> Iterator[Remote]:
    """A server started with the command line of `python -m demo`, for the length of the block."""
    command = [sys.executable, "-m", "demo", *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
    )
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            raise RuntimeError(f"the simulated organisation did not start: {' '.join(command)}")
        yield Remote(url)
    finally:
        process.communicate()
