"""From `helm install` to numbers: the CronJob controller starts a run, and both sinks hold its samples as they are."""

from collections import defaultdict

import pytest

from common.window import DAY, Window
from tests.e2e.team import ROOT, Exit, made_by, verdict
from tests.e2e.values import EVERY_MINUTE, SECRET, TOKEN, github, whole
from tests.servers.datadog import API_KEY

pytestmark = pytest.mark.slow

REPOSITORIES = ("simulated-acme/web", "simulated-acme/api", "simulated-acme/tools")
GAUGES = ("github.pull_request.open", "github.branch.existing", "github.pull_request.stale", "github.issue.open")


def true_of(organisation):
    """Each gauge's sum over its tags, by repository, as the organisation's history has it."""
    window = Window(organisation.end - 7 * DAY, organisation.end)
    found = defaultdict(float)
    for (metric, repository, _), value in organisation.truth(window, organisation.end).items():
        if metric in GAUGES and repository in REPOSITORIES:
            found[metric, repository] += value
    return dict(found)


def in_prometheus(prometheus, instance):
    rows = [
        (metric, f'sum by (repo) ({metric.replace(".", "_")}{{job="quarterdeck",instance="{instance}"}})')
        for metric in GAUGES
    ]
    return {(metric, row.labels["repo"]): row.value for metric, promql in rows for row in prometheus.query(promql)}


def scraped(team, prometheus, keys):
    """What Prometheus has once it has these; a scrape that is late on a busy machine hides them all for a moment."""

    def found():
        held = in_prometheus(prometheus, f"{team.namespace}/pilot")
        return held if held.keys() == keys else None

    return team.soon(found, "what was pushed, in Prometheus")


def in_datadog(server):
    found = defaultdict(float)
    for metric in GAUGES:
        for key, held in server.values(metric).items():
            found[metric, next(tag for tag in key.tags if tag.startswith("repo:")).removeprefix("repo:")] += held
    return dict(found)


def test_a_run_that_the_schedule_started_is_in_prometheus_and_datadog(
    team, github_server, pushgateway, prometheus, datadog_server
):
    team.secret(SECRET, GITHUB_TOKEN=TOKEN, DD_API_KEY=API_KEY)
    collector = github(github_server.url, REPOSITORIES, **EVERY_MINUTE, activeDeadlineSeconds=54)
    team.install("pilot", whole(pushgateway.url, datadog_server, github=collector), ROOT / "cronjobs" / "github.yaml")
    job = team.scheduled("pilot-quarterdeck-github")[0]
    assert made_by(job) == "pilot-quarterdeck-github"
    assert verdict(team.over(job["metadata"]["name"])) == ("Complete", "CompletionsReached")
    assert team.exits(job["metadata"]["name"]) == [Exit(0, "Succeeded")]
    truth = true_of(github_server.organisation)
    assert len(truth) == len(GAUGES) * len(REPOSITORIES)
    assert scraped(team, prometheus, truth.keys()) == truth
    assert in_datadog(datadog_server) == truth
    health = f'job="quarterdeck-health",instance="{team.namespace}/pilot",collector="github"'
    rows = team.soon(lambda: prometheus.query(f"collector_run_outcome{{{health}}} == 1") or None, "the run's outcome")
    assert [row.labels["outcome"] for row in rows] == ["success"]
    assert TOKEN not in team.words(job["metadata"]["name"]) + pushgateway.metrics()
