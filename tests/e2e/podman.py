"""One container of one Pod, run by podman in the foreground so that its output is ours."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.parts.containers import CONTAINER_LIMITS, podman_command
from tests.parts.process import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.translate import Call

AGAIN = 0.2
START_WITHIN = 120.0
PODMANS_OWN = 125
MESSAGE_BYTES = 4096


class PodmanError(AssertionError):
    """Podman could not run the container; the text is what it said."""


@dataclass(frozen=True)
class Ended:
    """How a container ended: its exit code, Kubernetes' reason, its ID and its times as podman tells them."""

    code: int
    reason: str
    container: str
    started: str
    finished: str


class Container:
    """A container to be: `run` returns when it has ended, `stop` makes it end from another thread."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._ended = threading.Event()

    def run(self, call: Call, begun: Callable[[], None]) -> Ended:
        """Runs it to its end, and calls `begun` when its process is there; raises `PodmanError` if it never was."""
        there = self.log.with_suffix(".pid")
        options = ["run", f"--name={self.name}", f"--pidfile={there}", "--network=host", "--log-driver=none"]
        command = [*podman_command(), *options, "--pull=never", *CONTAINER_LIMITS, *call.command]
        try:
            with self.log.open("ab") as log:
                process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **call.environment})
                until(lambda: process.poll() is not None or there.exists() or None, within=START_WITHIN, what=self.name)
                begun()
                code = process.wait()
        finally:
            self._ended.set()
        try:
            return self._ended_as(code)
        finally:
            _podman("rm", "--force", self.name)

    def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds, also to one that is only being made."""
        while not self._ended.is_set() and _podman("stop", f"--time={int(grace)}", self.name).returncode:
            self._ended.wait(AGAIN)

    def words(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def _ended_as(self, code: int) -> Ended:
        said = _podman("inspect", "--type=container", self.name)
        state: dict[str, Any] = json.loads(said.stdout)[0] if said.returncode == 0 else {}
        if not state or code == PODMANS_OWN or state["State"]["Status"] not in {"exited", "stopped"}:
            raise PodmanError(f"{self.name}: podman ended with {code}: {self.words()[-2000:]}")
        ended = state["State"]
        reason = "OOMKilled" if ended.get("OOMKilled") else "Completed" if ended["ExitCode"] == 0 else "Error"
        return Ended(ended["ExitCode"], reason, state["Id"], ended["StartedAt"], ended["FinishedAt"])


def _podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*podman_command(), *arguments], capture_output=True, text=True, check=False)
