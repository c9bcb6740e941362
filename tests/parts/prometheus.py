"""A real Prometheus that scrapes what a test names, and promtool."""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import requests

from tests.parts.process import Process, free_port, part, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Promtool:
    """The promtool binary."""

    path: Path

    def check_metrics(self, text: str) -> list[str]:
        """What `promtool check metrics` complains about in an exposition text; empty if nothing."""
        done = subprocess.run([self.path, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return lines or ([f"promtool ended with {done.returncode}"] if done.returncode else [])


@dataclass(frozen=True)
class Queried:
    """One series of an instant query: its labels with `__name__`, and the value."""

    labels: Mapping[str, str]
    value: float


def instant_query(url: str, promql: str, at: float | None) -> list[Queried]:
    """The vector (or scalar) that the query API at `url` answers, in Unix seconds `at` or now."""
    parameters: dict[str, str | float] = {"query": promql} if at is None else {"query": promql, "time": at}
    answer = requests.get(f"{url}/api/v1/query", params=parameters, timeout=10)
    assert answer.ok, answer.text
    found: dict[str, Any] = answer.json()["data"]
    if found["resultType"] == "scalar":
        return [Queried({}, float(found["result"][1]))]
    return [Queried(row["metric"], float(row["value"][1])) for row in found["result"]]


def single(rows: Sequence[Queried], promql: str) -> float:
    """The value of the only row; fails the test if there is none or more than one."""
    assert len(rows) == 1, f"{promql} gives {len(rows)} series: {rows}"
    return rows[0].value


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str
    process: Process

    def query(self, promql: str, at: float | None = None) -> list[Queried]:
        """The rows of an instant query."""
        return instant_query(self.url, promql, at)

    def value(self, promql: str, at: float | None = None) -> float:
        """The only value of an instant query."""
        return single(self.query(promql, at), promql)

    def scraped(self) -> None:
        """Returns once every target was scraped successfully from beginning to end after this call."""
        called = time.time()
        until(lambda: True if all(self._is_fresh(target, called) for target in self._targets()) else None)

    def forget(self) -> None:
        """Deletes every sample taken so far."""
        everything = {"match[]": '{__name__=~".+"}'}
        answer = requests.post(f"{self.url}/api/v1/admin/tsdb/delete_series", params=everything, timeout=10)
        answer.raise_for_status()

    def metadata(self) -> dict[str, str]:
        """The type of every metric that the scraped targets showed."""
        shown = requests.get(f"{self.url}/api/v1/metadata", timeout=10).json()["data"]
        return {name: entries[0]["type"] for name, entries in shown.items()}

    def _targets(self) -> list[dict[str, Any]]:
        found = requests.get(f"{self.url}/api/v1/targets", timeout=10).json()["data"]["activeTargets"]
        return found or [{"health": "unknown"}]

    def _is_fresh(self, target: Mapping[str, Any], moment: float) -> bool:
        return target["health"] == "up" and _unix(target["lastScrape"]) > moment


@contextmanager
def running(
    folder: Path,
    targets: Sequence[str],
    *,
    honor_labels: bool = True,
    interval: str = "100ms",
    rules: Sequence[Path] = (),
) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `targets` (host:port or URLs) as job `scrape`, with its files in `folder`.

    The first scrape comes after five seconds: that is how slowly it discovers even fixed targets.
    """
    with free_port() as port:
        url = f"http://127.0.0.1:{port}"
        config = folder / "prometheus.yml"
        settings = _config(targets, honor_labels=honor_labels, interval=interval)
        settings["rule_files"] = [str(each) for each in rules]
        config.write_text(json.dumps(settings), encoding="utf-8")
        command = [
            str(part("prometheus")),
            f"--web.listen-address=127.0.0.1:{port}",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            "--web.enable-admin-api",
        ]
        process = Process(command, folder / "prometheus.log", lambda: is_ready(f"{url}/-/ready"))
        try:
            process.start()
            yield Prometheus(url, process)
        finally:
            process.stop()


def is_ready(url: str) -> bool:
    """Whether `url` answers with success by now."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _config(targets: Sequence[str], *, honor_labels: bool, interval: str) -> dict[str, object]:
    scrape = {
        "job_name": "scrape",
        "honor_labels": honor_labels,
        "scrape_interval": interval,
        "scrape_timeout": interval,
        "static_configs": [{"targets": [target.removeprefix("http://") for target in targets]}],
    }
    return {"scrape_configs": [scrape]}


def _unix(stamp: str) -> float:
    # Go writes up to nine digits of a second, fromisoformat of Python 3.11 reads six.
    return datetime.fromisoformat(re.sub(r"(\.\d{1,6})\d*", r"\1", stamp)).timestamp()
