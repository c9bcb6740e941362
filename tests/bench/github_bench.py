"""The github collector against the simulated organisation: requests, time, memory, and how many numbers are right.

    python tests/bench/github_bench.py [--rounds N] [--wide] [--plain] [--as-it-comes]

One repository with 120 open pull requests, 170 closed ones, 300 commits, 900 branches and 1,400 runs in 7 days, and
50 ms for each request. Targets: a first run in 70 requests and 5 s, a steady one 15 minutes later in 12 requests (a 304
is not counted) and 1.5 s, below 120 MiB. `--plain`: a plain PyGithub loop over the same work. `--wide`: 500
repositories, of which 25 or none have changed; 250 requests and 30 s.

Each run is a process of its own, from the same ledger; the best of N rounds is printed as Markdown. The first,
unmeasured one prepares the server's answers, so that 50 ms are what a request takes and the simulation's own work is
left out; `--as-it-comes` leaves it in.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from collectors.github.collector import GitHubCollector
from common.collector import Context
from common.deadline import Deadline
from common.ledger import open_ledger
from common.meter import Meter
from common.window import WEEK
from demo import OWNER, Organisation, parse_traffic
from demo.process import Remote, serving
from tests.bench.github_once import Took
from tests.collectors.github.looking import TOKEN, differences, look, settings_for, truth

LATENCY = "0.05"
MONOLITH = f"{OWNER}/monolith"
QUARTER, HOUR = 900, 3_600
BUSY = ("--pace", "2500", "--traffic", "15m-3d:0%")
"""In the first quarter of an hour each repository that is alive gets something, and nothing new begins afterwards."""
HEAD = ("", "requests", "304", "time", "of it CPU", "memory", "numbers right")


class Bench:
    """An organisation on a server, and the ledger that the runs leave to each other."""

    def __init__(
        self, organisation: Organisation, server: Remote, folder: Path, names: Sequence[str], rounds: int
    ) -> None:
        self._organisation, self._server, self._names, self._rounds = organisation, server, list(names), rounds
        self._ledger, self._own = folder / "ledger.db", folder / "one.db"

    def row(self, name: str, at: float) -> tuple[str, ...]:
        """Measure runs at that time; the last one's ledger is what the next row begins with."""
        self._server.move(at)
        right = self._rehearsal(at)
        found = [self._run(at) for _ in range(self._rounds)]
        shutil.copy(self._own, self._ledger)
        took, asked, confirmed = min(found, key=lambda each: each[0].seconds)
        if took.failures:
            raise SystemExit(f"{name}: {took.failures[:3]}")
        times = f"{took.seconds:.2f} s", f"{took.processor:.2f} s", f"{max(each[0].peak for each in found):.0f} MiB"
        return (name, str(asked), str(confirmed), *times, right)

    def skip(self, at: float) -> None:
        """A run that is not measured."""
        self._server.move(at)
        self._run(at)
        shutil.copy(self._own, self._ledger)

    def _rehearsal(self, at: float) -> str:
        """Has the server make its answers; how many numbers equal the organisation's truth, of all."""
        ledger = open_ledger(str(self._fresh()))
        patterns = [] if len(self._names) != 1 or "*" in self._names[0] else self._names
        settings = settings_for(self._organisation, self._server.url, *patterns, jobs=False, runners=False)
        context = Context(Deadline(600), Meter(), {"GITHUB_TOKEN": TOKEN})
        seen = look(GitHubCollector(settings, context, ledger=ledger, clock=lambda: at), at)
        ledger.close()
        left_out = ("github.workflow_run.queue_time", "github.runner.registered")
        whole = truth(self._organisation, at, patterns or None)
        true = {key: one for key, one in whole.items() if key[0] not in left_out}
        return f"{len(true) - len(differences(seen, true))} of {len(true)}"

    def _run(self, at: float) -> tuple[Took, int, int]:
        command = [sys.executable, str(Path(__file__).with_name("github_once.py"))]
        self._server.reset()
        done = subprocess.run(
            [*command, self._server.url, str(at), str(self._fresh()), *self._names], capture_output=True, check=True
        )
        answers = [one.status for one in self._server.requests()]
        confirmed = answers.count(304)
        return msgspec.json.decode(done.stdout, type=Took), len(answers) - confirmed, confirmed

    def _fresh(self) -> Path:
        for old in self._own.parent.glob("one.db*"):
            old.unlink()
        if self._ledger.exists():
            shutil.copy(self._ledger, self._own)
        return self._own


def large(rounds: int, *more: str) -> Iterator[tuple[str, ...]]:
    """One large repository."""
    organisation = Organisation(1, "large")
    end = organisation.end
    with tempfile.TemporaryDirectory() as folder, serving("--size", "large", *more) as server:
        bench = Bench(organisation, server, Path(folder), [MONOLITH], rounds)
        yield bench.row("first run", end)
        yield bench.row("15 minutes later", end + QUARTER)
        yield bench.row("30 minutes later, all runs of the window again", end + 2 * QUARTER)
        yield bench.row("45 minutes later", end + 3 * QUARTER)
        yield bench.row("60 minutes later, all runs of the window again", end + 4 * QUARTER)
        yield bench.row("2 days later", end + 48 * HOUR)


def wide(rounds: int, *more: str) -> Iterator[tuple[str, ...]]:
    """Five hundred repositories, of which 25 are alive."""
    traffic = parse_traffic(BUSY[3])
    organisation = Organisation(1, "wide", traffic=traffic, pace=float(BUSY[1]))
    end = organisation.end
    with tempfile.TemporaryDirectory() as folder, serving("--size", "wide", *BUSY, *more) as server:
        bench = Bench(organisation, server, Path(folder), [f"{OWNER}/*"], rounds)
        yield bench.row("500 repositories, first run", end)
        at = end + QUARTER
        yield bench.row(f"15 minutes later, {len(changed(organisation, end, at))} changed", at)
        quiet = end + 60 * HOUR
        for before in range(4):
            bench.skip(quiet + before * QUARTER)
        at = quiet + 4 * QUARTER
        yield bench.row(f"15 minutes later, {len(changed(organisation, at - QUARTER, at))} changed", at)


def changed(organisation: Organisation, start: float, end: float) -> list[str]:
    """The repositories in which anything has a time in between."""
    return [name for name, each in organisation.repositories.items() if any(start < t <= end for t in _times(each))]


def _times(found: object) -> Iterator[float]:
    """Every number within the record that may be a time."""
    if isinstance(found, msgspec.Struct):
        for field in found.__struct_fields__:
            yield from _times(getattr(found, field))
    elif isinstance(found, dict):
        for each in found.values():
            yield from _times(each)
    elif isinstance(found, tuple | list):
        for each in found:
            yield from _times(each)
    elif isinstance(found, int | float):
        yield found


def plain(end: float, *more: str) -> Iterator[tuple[str, ...]]:
    """What a first script does: every pull request, its reviews and commits, every branch's tip, every run."""
    from datetime import UTC, datetime

    from github import Auth, Github

    with serving("--size", "large", *more) as server:
        server.move(end)
        begun, since = time.perf_counter(), datetime.fromtimestamp(end - WEEK, UTC)
        github = Github(auth=Auth.Token(TOKEN), base_url=server.url, seconds_between_requests=None, per_page=100)
        repository = github.get_repo(MONOLITH)
        for pull in repository.get_pulls(state="open"):
            _ = (pull.additions, pull.mergeable, list(pull.get_reviews()))
        for pull in repository.get_pulls(state="closed", sort="updated", direction="desc"):
            if pull.updated_at < since:
                break
            _ = (pull.additions, list(pull.get_reviews()), list(pull.get_commits()))
        for commit in repository.get_commits(since=since):
            _ = commit.stats.additions
        for branch in repository.get_branches():
            _ = branch.commit.commit.committer.date
        _ = [each.conclusion for each in repository.get_workflow_runs(created=f">={since:%Y-%m-%dT%H:%M:%SZ}")]
        took = f"{time.perf_counter() - begun:.0f} s"
        yield ("plain PyGithub loop", str(len(server.requests())), "0", took, "", "", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    for flag in ("--wide", "--plain", "--as-it-comes"):
        parser.add_argument(flag, action="store_true")
    asked = parser.parse_args()
    more = ("--latency", LATENCY, "--unlimited", *(() if asked.as_it_comes else ("--prepared",)))
    rows = wide(asked.rounds, *more) if asked.wide else large(asked.rounds, *more)
    print_row(HEAD)
    print_row(["---", *["---:"] * (len(HEAD) - 1)])
    for row in rows:
        print_row(row)
    for row in plain(Organisation(1, "small").end, *more) if asked.plain else ():
        print_row(row)
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    sys.stdout.write(f"\nBest of {asked.rounds}; {os.cpu_count()} cores, load average {load}.\n")


def print_row(cells: Sequence[str]) -> None:
    """A row of Markdown, at once."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
