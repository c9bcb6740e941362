"""The whole way, from a real repository through the command line into real sinks."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.window import BUCKET
from tests.cli.conftest import git
from tests.servers.datadog import API_KEY
from tests.servers.faults import ResetAfterUpstream, ResetBeforeBody, Silence, status

TOTAL = re.compile(r'^git_commit_landed_total\{[^}]*author="human"[^}]*shape="single"[^}]*\} (\S+)$', re.MULTILINE)


def landed(text):
    """The total of commits that a gateway's page tells."""
    (found,) = TOTAL.findall(text)
    return float(found)


def commit_at(folder, when, name):
    """Commit something at that time."""
    (folder / name).write_text(f"{when}\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", name, GIT_AUTHOR_DATE=f"{when} +0000", GIT_COMMITTER_DATE=f"{when} +0000")


def closed_quarter():
    """A time in the newest closed quarter of an hour."""
    return int((time.time() - 120) // BUCKET * BUCKET - BUCKET / 2)


def set_back(pushgateway, repository, collect):
    """Let the gateway know a watermark of one hour ago, as an earlier run would have left it."""
    assert collect("--push", PUSHGATEWAY_URL=pushgateway.url).code == 0
    import requests

    group = f"{pushgateway.url}/metrics/job/quarterdeck/instance/default/collector/git/shard/0"
    then = closed_quarter() // BUCKET * BUCKET - 4 * BUCKET
    lines = [
        line
        for line in pushgateway.metrics().splitlines()
        if "_total{" in line or line.startswith("# TYPE git_commit_landed")
    ]
    kept = [re.sub(r'(collector|instance|job|shard)="[^"]*",?', "", line) for line in lines]
    kept = [line for line in kept if line.startswith(("git_commit_landed_total", "# TYPE git_commit_landed_total"))]
    mark = f'quarterdeck_counted_until_timestamp_seconds{{repo="shop"}} {then}'
    body = "\n".join([*kept, "# TYPE quarterdeck_counted_until_timestamp_seconds gauge", mark]) + "\n"
    assert requests.put(group, data=body, timeout=5).status_code == 200


def test_a_push_says_what_was_taken_and_the_gateway_holds_it(collect, pushgateway):
    answer = collect("--push", PUSHGATEWAY_URL=pushgateway.url)

    assert (answer.code, answer.out) == (0, "")
    assert "pushgateway took" in answer.err
    assert landed(pushgateway.metrics()) == 0
    assert "collector_run_outcome{" in pushgateway.metrics()


def test_events_after_the_watermark_are_counted_once_however_often_it_runs(collect, repository, pushgateway):
    set_back(pushgateway, repository, collect)
    commit_at(repository, closed_quarter(), "d")
    totals = []
    for _ in range(10):
        assert collect("--push", PUSHGATEWAY_URL=pushgateway.url).code == 0
        totals.append(landed(pushgateway.metrics()))

    assert totals == [1.0] * 10


@pytest.mark.slow
def test_killed_at_random_points_the_next_run_makes_it_exact(collect, repository, pushgateway):
    set_back(pushgateway, repository, collect)
    commit_at(repository, closed_quarter(), "d")
    commit_at(repository, closed_quarter() + 1, "e")
    chance = random.Random(7)
    seen = [0.0]
    for _ in range(25):
        process = subprocess.Popen(
            (collect.python, "-m", "run_collector", "--push"),
            cwd=collect.folder,
            env=collect.environment(PUSHGATEWAY_URL=pushgateway.url),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(timeout=chance.uniform(0.05, 0.9))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        seen.append(landed(pushgateway.metrics()))
    assert collect("--push", PUSHGATEWAY_URL=pushgateway.url).code == 0
    seen.append(landed(pushgateway.metrics()))

    assert seen == sorted(seen)
    assert set(seen) <= {0.0, 2.0}
    assert seen[-1] == 2.0


@pytest.mark.slow
def test_runs_at_once_leave_exact_points_in_datadog(collect, repository, datadog_server):
    commit_at(repository, closed_quarter(), "d")
    environ = {"DD_API_KEY": API_KEY, "DD_URL": datadog_server.url}
    with ThreadPoolExecutor(3) as pool:
        codes = [each.code for each in pool.map(lambda _: collect("--push", **environ), range(6))]

    assert codes == [0] * 6
    points = datadog_server.values("git.commit.landed")
    assert sum(points.values()) == 1
    assert datadog_server.unsteady() == {} or not datadog_server.unsteady()


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [status(429, retry_after=0), status(500), status(503), status(408), ResetBeforeBody(), ResetAfterUpstream()],
    ids=repr,
)
def test_a_passing_fault_of_a_sink_changes_no_number(collect, repository, pushgateway, fault_proxy, fault):
    set_back(pushgateway, repository, collect)
    commit_at(repository, closed_quarter(), "d")
    proxy = fault_proxy(pushgateway.url, [fault, fault])

    assert collect("--push", PUSHGATEWAY_URL=proxy.url).code == 0
    assert landed(pushgateway.metrics()) == 1


def test_a_silent_sink_ends_with_the_deadline_and_1(collect, pushgateway, fault_proxy):
    proxy = fault_proxy(pushgateway.url, lambda request: Silence(20))
    started = time.monotonic()
    answer = collect("--push", "--deadline", "3s", PUSHGATEWAY_URL=proxy.url)

    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert time.monotonic() - started < 10


def test_a_refused_key_names_its_variable_and_never_its_value(collect, datadog_server):
    answer = collect("--push", DD_API_KEY="canary-0123456789abcdef", DD_URL=datadog_server.url)

    assert answer.code == 1
    assert "DD_API_KEY" in answer.err
    assert "canary-0123456789abcdef" not in answer.err + answer.out
    assert datadog_server.requests["POST /api/v2/series"] == 2  # the data and the health, each once


def test_prune_deletes_what_a_retired_collector_left(collect, repository, pushgateway):
    (repository / "quarterdeck.yaml").write_text("collectors:\n  git: {}\n  old: {type: git}\n")
    assert collect("--push", PUSHGATEWAY_URL=pushgateway.url).code == 0
    (repository / "quarterdeck.yaml").write_text("collectors:\n  git: {}\n")

    dry = collect("sinks", "prune", "--dry-run", PUSHGATEWAY_URL=pushgateway.url)
    done = collect("sinks", "prune", PUSHGATEWAY_URL=pushgateway.url)
    again = collect("sinks", "prune", PUSHGATEWAY_URL=pushgateway.url)

    assert dry.out.count("would delete") == 2
    assert done.out.count("deleted job=quarterdeck") == 2
    assert again.out == "nothing to delete\n"
    assert 'collector="git"' in pushgateway.metrics()
    assert 'collector="old"' not in pushgateway.metrics()


def test_prune_told_how_many_shards_there_are_deletes_what_the_others_left(collect, repository, pushgateway):
    (repository / "quarterdeck.yaml").write_text("collectors:\n  git: {}\n")
    for shard in ("0/3", "1/3", "2/3"):
        assert collect("--push", "--shard", shard, PUSHGATEWAY_URL=pushgateway.url).code in {0, 1}

    untold = collect("sinks", "prune", PUSHGATEWAY_URL=pushgateway.url)
    told = collect("sinks", "prune", "--shards", "git=1", PUSHGATEWAY_URL=pushgateway.url)

    assert untold.out == "nothing to delete\n"
    assert told.out.count(" shard=1\n") == told.out.count(" shard=2\n") > 0
    assert " shard=0\n" not in told.out
    assert {each["labels"]["shard"] for each in pushgateway.groups()} == {"0"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--shards", "git"), "--shards 'git': write NAME=N, such as github=4"),
        (("--shards", "git=0"), "--shards 'git=0': write NAME=N, such as github=4"),
        (("--shards", "old=2"), "with the name of a collector (git) and into how many shards it is cut"),
        (("--shards", "git=2", "--shards", "git=3"), "--shards 'git=3': git is given twice"),
        (("--shards", "git=2", "--instance", "old"), "--shards and --instance exclude each other"),
    ],
)
def test_prune_says_what_is_wrong_with_shards(collect, repository, closed_url, given, said):
    (repository / "quarterdeck.yaml").write_text("collectors:\n  git: {}\n")

    answer = collect("sinks", "prune", *given, PUSHGATEWAY_URL=closed_url)

    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_clone_that_cannot_be_read_for_one_run_keeps_its_totals(collect, repository, pushgateway, tmp_path):
    other, away = tmp_path / "other", tmp_path / "away"
    git(tmp_path, "clone", "-q", str(repository), str(other))
    git(other, "remote", "set-url", "origin", "https://example.org/acme/pay.git")
    (repository / "quarterdeck.yaml").write_text(f"collectors: {{git: {{paths: [., {other}]}}}}\n")

    def watermark():
        return re.search(
            r'^quarterdeck_counted_until\S*\{[^}]*repo="acme/pay"[^}]*\}', pushgateway.metrics(), re.MULTILINE
        )

    assert collect("--push", PUSHGATEWAY_URL=pushgateway.url).code == 0
    assert watermark()
    other.rename(away)
    answer = collect("--push", PUSHGATEWAY_URL=pushgateway.url)

    assert "missing: " in answer.err
    assert watermark()
