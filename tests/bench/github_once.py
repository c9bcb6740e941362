"""One run of the github collector in a process of its own: what it took, as JSON.

python tests/bench/github_once.py URL END LEDGER REPOSITORY... (names in full or patterns)
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from collectors.github.collector import GitHubCollector
from collectors.github.settings import GitHubSettings
from common.collector import Context, Failure
from common.deadline import Deadline
from common.ledger import open_ledger
from common.meter import Meter
from common.window import WEEK, Window


class Took(msgspec.Struct, frozen=True):
    """Seconds of the run without start-up, and of processor time in it; the process's peak in MiB."""

    seconds: float
    processor: float
    peak: float
    points: int
    failures: list[str]


def peak() -> float:
    """This process's own peak memory in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def once(url: str, end: float, ledger: str, names: list[str]) -> Took:
    """Discover, read, compute every metric, remember."""
    begun, busy = time.perf_counter(), time.process_time()
    settings = GitHubSettings(
        repositories=tuple(names), api_url=url, archived=True, forks=True, bots=("simulated-release",), reserve=0.0
    )
    kept = open_ledger(ledger)
    context = Context(Deadline(600), Meter(), {"GITHUB_TOKEN": "ghp_" + "secret0token" * 3}, kept)
    collector = GitHubCollector(settings, context, clock=lambda: end)
    window, points, failures = Window(end - WEEK, end), 0, []
    for item in collector.fetch({each.name: window.start for each in collector.discover()}, window):
        if isinstance(item, Failure):
            failures.append(f"{item.scope}: {item.reason}")
            continue
        points += sum(1 for metric in collector.metrics() for _ in metric.points(item))
    kept.close()
    done = time.perf_counter()
    return Took(done - begun, time.process_time() - busy, peak(), points, failures)


if __name__ == "__main__":
    took = once(sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:])
    sys.stdout.buffer.write(msgspec.json.encode(took))
