"""What a backfill brings to Prometheus and Datadog, and of GitHub, equals what happened."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from functools import partial

import pytest

from collectors.git.collector import GitCollector, GitSettings
from common.collector import Context
from common.deadline import Deadline
from common.meter import Meter
from common.plan import Plan
from common.run import Attempt
from common.settings import PushgatewaySettings
from common.sinks import RunKey
from common.sinks.pushgateway.sink import build
from common.window import BUCKET, DAY, HOUR, WEEK, Window, window_ending
from demo import Organisation, Rates, serve
from tests.cli.conftest import Collect, git
from tests.cli.past import LANDED, last_values
from tests.parts import prometheus as prometheus_part
from tests.servers import datadog_store
from tests.servers.datadog import API_KEY

pytestmark = pytest.mark.slow


def push(folder, gateway, end):
    """A run at that time, as the CronJob would have made it."""
    context = Context(Deadline(60), Meter(), {})
    sink = build(PushgatewaySettings(url=gateway.url), None, context.deadline, context.meter)
    plan = Plan(key=RunKey("default", "git"), window=window_ending(end, WEEK), dry=False)
    run = Attempt(
        GitCollector(GitSettings(paths=(str(folder),)), context), [sink], plan, context, lambda: end
    ).execute()
    assert run.outcome == "success"


def test_history_and_live_totals_are_one_truth_in_prometheus(
    collect_there, history, quarter, pushgateway, tmp_path, promtool
):
    """Seven hours ago the first push; then the history before it; then a push with what happened since."""
    began = quarter - 7 * HOUR
    text, data = tmp_path / "h.txt", tmp_path / "prometheus"
    push(history, pushgateway, began + 130)
    answer = collect_there(
        "backfill", "git", "--since", str(quarter - 5 * DAY), "--output", str(text), PUSHGATEWAY_URL=pushgateway.url
    )
    assert answer.code == 0
    command = (promtool.path, "tsdb", "create-blocks-from", "--max-block-duration=744h", "openmetrics", text, data)
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0

    with prometheus_part.running(tmp_path, [pushgateway.url]) as prometheus:
        prometheus.scraped()
        push(history, pushgateway, quarter + 130)
        prometheus.scraped()
        now = time.time()
        span = f"[{round(now - (quarter - 5 * DAY))}s]"

        def increase(name, at=now, over=span):
            return round(sum(each.value for each in prometheus.query(f"increase({name}{over})", at)), 3)

        truth = Counter(git(history, "log", "--format=%H").split())
        assert increase(LANDED) == len(truth) == 8
        assert increase("git_commit_time_to_land_seconds_count") == 8
        # Two of the releases lie before the first push, and one after it: a series that appears with its first event.
        assert increase("delivery_deployment_completed_total") == increase("git_release_tagged_total") == 3
        resets = [each.value for each in prometheus.query(f"resets({LANDED}{span})", now)]
        assert max(resets) == 1
        assert len(prometheus.query(f"count by (__name__) ({LANDED})", now)) == 1
        assert prometheus.value(f"count(count_over_time({LANDED}{span}))", now) == 4
        # A day in the past, on its own.
        day = quarter - 30 * HOUR
        assert increase(LANDED, day, "[1d]") == 3
        assert prometheus.value(f"max({LANDED})", began) == 6

    again = collect_there("backfill", "git", "--since", "5d", "--output", str(text), PUSHGATEWAY_URL=pushgateway.url)
    assert again.code == 2
    assert "--until is missing: the Pushgateway has counted events of shop already" in again.err
    assert (
        'min_over_time(quarterdeck_counted_until_timestamp_seconds{job="quarterdeck",instance="default",' in again.err
    )


HISTORICAL = "sinks:\n  datadog: {{historical: {}, url: '{}', compression: deflate}}\n"


def test_datadog_gets_history_only_where_the_account_takes_it(collect_there, history, datadog_server):
    (history / "quarterdeck.yaml").write_text(HISTORICAL.format("false", datadog_server.url))
    answer = collect_there("backfill", "git", "--since", "9d", "--push", "datadog", DD_API_KEY=API_KEY)

    assert answer.code == 2
    assert answer.err.startswith("collect: sinks.datadog.historical is false, and without Historical Metrics")
    assert datadog_server.requests == Counter()


def test_datadog_gets_each_count_in_its_own_quarter(collect_there, history, datadog_server, monkeypatch):
    monkeypatch.setattr(datadog_store, "PAST", 15 * DAY)  # an account with Historical Metrics
    server = datadog_server
    (history / "quarterdeck.yaml").write_text(HISTORICAL.format("true", server.url))
    arguments = ("backfill", "git", "--since", "9d", "--push", "datadog")
    dry = collect_there(*arguments, "--dry-run", DD_API_KEY=API_KEY)
    assert server.requests == Counter()
    answers = [collect_there(*arguments, DD_API_KEY=API_KEY) for _ in range(2)]

    assert (dry.code, *(each.code for each in answers)) == (0, 0, 0)
    assert "datadog: a submission would send 16 points" in dry.out
    assert "datadog: took 16 points" in answers[0].out
    times = [int(each) for each in git(history, "log", "--format=%ct").split()]
    truth = Counter(at // BUCKET * BUCKET for at in times)
    held = {key.timestamp: value for key, value in server.values("git.commit.landed").items()}
    assert held == truth


PLENTY = Rates(core=10**6, graphql=10**6, core_a_minute=10**6, graphql_a_minute=10**6)
REPOSITORIES = ["simulated-acme/web", "simulated-acme/api"]
GITHUB = """
ledger: {ledger}
collectors:
  github:
    repositories: [simulated-acme/web, simulated-acme/api]
    bots: {bots}
    issue_classes: {{bug: [bug], feature: [feature]}}
"""


@pytest.mark.parametrize("kept", [False, True], ids=["anew", "with a ledger of one week"])
def test_github_is_filled_in_as_its_history_has_it(tmp_path, pushgateway, kept):
    end = int(time.time())
    organisation = Organisation(seed=3, size="small", end=end)
    since, until = (at // BUCKET * BUCKET for at in (end - 20 * DAY, end - HOUR))
    bots = list(organisation.settings.bots)
    (tmp_path / "quarterdeck.yaml").write_text(GITHUB.format(ledger="ledger.db" if kept else "null", bots=bots))
    with serve(organisation, time.time, rates=PLENTY) as server:
        collect = partial(Collect(tmp_path), GITHUB_API_URL=server.url, GITHUB_TOKEN="simulated-token")
        if kept:
            assert collect("github", "--push", PUSHGATEWAY_URL=pushgateway.url).code == 0
            assert (tmp_path / "ledger.db").stat().st_size > 10_000
        span = ("--since", str(since), "--until", str(until), "--step", "1d")
        answer = collect("backfill", "github", *span, "--output", "h.txt")
    assert (answer.code, answer.err) == (0, "")
    told = organisation.truth(Window(since, until), end, repositories=REPOSITORIES)
    text = (tmp_path / "h.txt").read_text("utf-8")

    assert _by_metric(text, "github_pull_request_merged_total") == _events(told, "github.pull_request.merged")
    assert _by_metric(text, "github_workflow_run_completed_total") == _events(told, "github.workflow_run.completed")
    assert _by_metric(text, "delivery_lead_time_seconds_count") == _events(told, "delivery.lead_time")
    assert _by_metric(text, "github_commit_landed_total") == _events(told, "github.commit.landed")


def test_one_that_runs_out_of_time_leaves_no_file(tmp_path):
    organisation = Organisation(seed=3, size="small", end=int(time.time()))
    (tmp_path / "quarterdeck.yaml").write_text(GITHUB.format(ledger="null", bots=[]))
    with serve(organisation, time.time, rates=PLENTY, latency=1.0) as server:
        answer = Collect(tmp_path)(
            *("backfill", "github", "--since", "90d", "--output", "h.txt", "--deadline", "4s"),
            GITHUB_API_URL=server.url,
            GITHUB_TOKEN="simulated-token",
        )

    assert (answer.code, answer.out) == (3, "")
    assert "deadline" in answer.err
    assert [each.name for each in tmp_path.iterdir()] == ["quarterdeck.yaml"]


def _by_metric(text, name):
    own = {"job", "instance", "collector", "shard"}
    return {
        frozenset(pair for pair in labels if pair[0] not in own): value
        for labels, value in last_values(text, name).items()
        if value
    }


def _events(told, name):
    return {
        frozenset((("repo", repo), *tags)): len(found)
        for (metric, repo, tags), found in told.items()
        if metric == name and found
    }
