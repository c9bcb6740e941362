"""The github collector against the simulated organisation: requests, time, memory, and how many numbers are right.

    python tests/bench/github_bench.py [--wide] [--no-plain]

One repository with 120 open pull requests, 170 closed ones, 900 branches and 1,400 runs in 7 days, and 50 ms for each
request: a first run (at most 70 requests, 5 s), a steady run 15 minutes later (12, a 304 not counted; 1.5 s), below
120 MiB, beside a plain PyGithub loop over the same work. `--wide`: 500 repositories (250 requests, 30 s).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from collectors.github.collector import GitHubCollector
from common.collector import Context
from common.deadline import Deadline
from common.ledger import Ledger, open_ledger
from common.meter import Meter
from common.window import WEEK
from demo import OWNER, Organisation
from demo.process import Remote, serving
from tests.collectors.github.looking import TOKEN, Seen, differences, look, settings_for, truth

LATENCY = "0.05"
MONOLITH = f"{OWNER}/monolith"
ROW = "{:<34} {:>9} {:>5} {:>8} {:>9}"


def peak() -> float:
    """This process's own peak memory in MiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def reset_peak() -> None:
    """Forget the peak so far."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


@contextmanager
def measured(server: Remote, name: str) -> Iterator[None]:
    """Print a row about the block."""
    server.reset()
    reset_peak()
    before = time.perf_counter()
    yield
    took = time.perf_counter() - before
    answers = [one.status for one in server.requests()]
    confirmed = answers.count(304)
    row = (name, len(answers) - confirmed, confirmed, f"{took:.2f} s", f"{peak():.0f} MiB")
    sys.stdout.write(ROW.format(*row) + "\n")
    sys.stdout.flush()


def run(organisation: Organisation, server: Remote, at: float, ledger: Ledger, *names: str) -> Seen:
    """What one run of the collector sees."""
    settings = settings_for(organisation, server.url, *names, jobs=False, runners=False)
    context = Context(Deadline(600), Meter(), {"GITHUB_TOKEN": TOKEN})
    return look(GitHubCollector(settings, context, ledger=ledger, clock=lambda: at), at)


def score(organisation: Organisation, seen: Seen, at: float, *names: str) -> str:
    """Numbers that equal the organisation's truth, of all."""
    left_out = ("github.workflow_run.queue_time", "github.runner.registered")
    true = {key: one for key, one in truth(organisation, at, list(names) or None).items() if key[0] not in left_out}
    wrong = differences(seen, true)
    return f"{len(true) - len(wrong)}/{len(true)}"


def plain(server: Remote, at: float) -> None:
    """What a first script does: every pull request, its reviews and commits, every branch's tip, every run."""
    from datetime import UTC, datetime

    from github import Auth, Github

    since = datetime.fromtimestamp(at - WEEK, UTC)
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


def one(*, with_plain: bool) -> None:
    """One large repository."""
    organisation = Organisation(1, "large")
    end = organisation.end
    with tempfile.TemporaryDirectory() as folder, _serving("large") as server:
        ledger = open_ledger(str(Path(folder) / "ledger.db"))
        for name, at in (("first run", end), ("steady run, 15 min later", end + 900), ("after 2 days", end + 173_700)):
            server.move(at)
            with measured(server, name):
                seen = run(organisation, server, at, ledger, MONOLITH)
            sys.stdout.write(f"{'':<34} numbers right: {score(organisation, seen, at, MONOLITH)}\n")
        if with_plain:
            server.move(end)
            with measured(server, "plain PyGithub loop"):
                plain(server, end)


def wide() -> None:
    """Five hundred repositories."""
    organisation = Organisation(1, "wide")
    end = organisation.end
    with tempfile.TemporaryDirectory() as folder, _serving("wide") as server:
        ledger = open_ledger(str(Path(folder) / "ledger.db"))
        for name, at in (("500 repositories, first run", end), ("500 repositories, 45 min later", end + 2_700)):
            server.move(at)
            with measured(server, name):
                seen = run(organisation, server, at, ledger)
            sys.stdout.write(f"{'':<34} numbers right: {score(organisation, seen, at)}\n")


def _serving(size: str):
    return serving("--size", size, "--latency", LATENCY, "--unlimited")


if __name__ == "__main__":
    sys.stdout.write(ROW.format("", "requests", "304", "time", "memory") + "\n")
    if "--wide" in sys.argv:
        wide()
    else:
        one(with_plain="--no-plain" not in sys.argv)
