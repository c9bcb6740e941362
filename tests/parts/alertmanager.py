"""A real Alertmanager with the configuration that a test names, and amtool."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.parts.process import Process, free_port, part
from tests.parts.prometheus import is_ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager."""

    url: str

    def post(self, *alerts: Mapping[str, str]) -> None:
        """Tells it that alerts with these labels fire."""
        body = [{"labels": labels} for labels in alerts]
        requests.post(f"{self.url}/api/v2/alerts", json=body, timeout=10).raise_for_status()

    def alerts(self) -> dict[str, dict[str, Any]]:
        """The alerts it holds, by name."""
        answer = requests.get(f"{self.url}/api/v2/alerts", timeout=10)
        answer.raise_for_status()
        return {each["labels"]["alertname"]: each for each in answer.json()}


@contextmanager
def running(folder: Path, config: Path) -> Iterator[Alertmanager]:
    """An Alertmanager that keeps its files in `folder` and ends with the block."""
    with free_port() as port:
        url = f"http://127.0.0.1:{port}"
        command = [
            str(part("alertmanager")),
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
            f"--config.file={config}",
            f"--storage.path={folder / 'alertmanager'}",
        ]
        process = Process(command, folder / "alertmanager.log", lambda: is_ready(f"{url}/-/ready"))
        try:
            process.start()
            yield Alertmanager(url)
        finally:
            process.stop()


def amtool(*arguments: str) -> tuple[int, str]:
    """The exit code of one call of amtool, and all that it printed."""
    done = _run([str(part("amtool")), *arguments])
    return done.returncode, done.stdout + done.stderr


def promtool(*arguments: str) -> tuple[int, str]:
    """The exit code of one call of promtool, and all that it printed."""
    done = _run([str(part("promtool")), *arguments])
    return done.returncode, done.stdout + done.stderr


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
