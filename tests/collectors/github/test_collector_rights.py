"""A missing right, or a field that an older server lacks, costs the metrics that need it, and is named."""

from __future__ import annotations

import pytest

from collectors.github.collector import GitHubCollector
from demo import Organisation, faults
from tests.collectors.github.looking import TOKEN, collector_for, look, looking, settings_for, surprises

REPO = "simulated-acme/web"
NAMES = [metric.name for metric in GitHubCollector.metrics()]


def _of(*beginnings):
    return {name for name in NAMES if name.startswith(beginnings)}


COMMITS = _of("github.commit.", "github.code.lines", "github.contributor.", "delivery.")
COSTS = {
    "actions": _of("github.workflow"),
    "administration": {"github.runner.registered"},
    "checks": {
        "github.default_branch.passing",
        "github.pull_request.check_state",
        "github.workflow_run.queue_time",
    },
    "contents": COMMITS | _of("github.code.", "github.branch.", "github.release.", "github.default_branch."),
    "deployments": _of("delivery."),
    "issues": _of("github.issue."),
    "pull_requests": COMMITS | _of("github.pull_request."),
    "vulnerability_alerts": {"github.repository.vulnerability_alert"},
}


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="small")


@pytest.fixture(scope="module")
def undisturbed(organisation):
    with looking(organisation, REPO) as (_, collector):
        return look(collector, organisation.end)


@pytest.mark.parametrize("right", COSTS)
def test_a_missing_right_costs_only_its_metrics(organisation, undisturbed, right):
    with looking(organisation, REPO, denied=[right]) as (_, collector):
        seen = look(collector, organisation.end)
    assert seen.failures == {}
    assert {metric for metric, _ in seen.unknown} == COSTS[right]
    assert all("Resource not accessible by integration" in why for why in seen.unknown.values())
    assert seen.numbers == {key: value for key, value in undisturbed.numbers.items() if key[:2] not in seen.unknown}
    assert TOKEN not in seen.words


def test_a_right_to_checks_that_is_lost_in_the_answer_costs_the_same(organisation, undisturbed):
    """Partial data with an error at the roll-up of one pull request."""
    hole = faults.partial("repository", "pullRequests", "nodes", 0, "statusCheckRollup")
    with looking(organisation, REPO) as (server, collector):
        server.faults.add(hole, query="query OpenPulls", times=100)
        seen = look(collector, organisation.end)
    assert {metric for metric, _ in seen.unknown} >= {"github.pull_request.check_state"}
    assert surprises(seen, undisturbed) == {}


def test_the_doctor_names_each_missing_right_and_what_to_give(organisation):
    rights = ["actions", "checks", "contents", "deployments", "issues", "pull_requests", "vulnerability_alerts"]
    with looking(organisation, REPO, denied=rights) as (server, _):
        chosen = settings_for(organisation, server.url, REPO, runners=False)
        checks = list(collector_for(chosen, organisation.end).check())
    remedies = {each.remedy for each in checks if each.state == "warning"}
    words = (
        *("Pull requests: read", "Contents: read", "Actions: read", "Issues: read", "Deployments: read"),
        *("Checks: read and Commit statuses: read", "Dependabot alerts: read"),
    )
    assert {f"give the token {word}" for word in words} <= remedies
    assert not any(each.state == "failed" for each in checks)
    assert TOKEN not in repr(checks)


def test_an_older_server_costs_only_the_metrics_of_the_fields_that_it_lacks(organisation, undisturbed):
    lacking = ["PullRequest.isInMergeQueue", "AddedToMergeQueueEvent.createdAt", "Repository.environments"]
    with looking(organisation, REPO, without=lacking) as (_, collector):
        seen = look(collector, organisation.end)
    assert {metric for metric, _ in seen.unknown} == {
        "github.pull_request.merge_queue_wait",
        "github.pull_request.queued",
    }
    assert seen.numbers == {key: value for key, value in undisturbed.numbers.items() if key[:2] not in seen.unknown}
