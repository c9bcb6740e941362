"""What it takes to render all dashboards, each time in a process of its own, beside a process that only starts."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
LIMIT = 2.0
"""Seconds that `collect dashboards build` may take."""


def took(*arguments: str) -> float:
    """Seconds of one call of the command line."""
    started = time.perf_counter()
    subprocess.run((sys.executable, "-m", "run_collector", *arguments), cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        build = [took("dashboards", "build", "--out", folder) for _ in range(ROUNDS)]
    start = [took("--help") for _ in range(ROUNDS)]
    built, started = statistics.median(build), statistics.median(start)
    print(f"median of {ROUNDS}, ratio to `collect --help`; the build may take {LIMIT:g} s")
    print(f"collect --help             {started:8.3f} s {1:8.2f} ×")
    print(f"collect dashboards build   {built:8.3f} s {built / started:8.2f} ×")


if __name__ == "__main__":
    main()
