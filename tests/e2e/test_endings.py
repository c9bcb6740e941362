"""However a run ends, its Job ends as the chart promises: what may help is tried again, what cannot is not."""

import subprocess

import pytest

from demo import faults
from tests.e2e.team import Exit, verdict
from tests.e2e.values import EVERY_MINUTE, SECRET, TOKEN, github, whole
from tests.parts.containers import podman_command

pytestmark = pytest.mark.slow

CRONJOB = "pilot-quarterdeck-github"
WEB = ("simulated-acme/web",)


@pytest.fixture
def ready(team):
    team.secret(SECRET, GITHUB_TOKEN=TOKEN)
    return team


def silent(server):
    """GitHub takes every request and answers none."""
    server.faults.add(faults.Silence(600), times=10_000)


def under_way(team, server):
    """The Pod of a run that has begun to ask."""
    pod = team.running("now")
    team.soon(lambda: server.arrived or None, "the run's first request")
    return pod


def container_of(pod):
    return f"quarterdeck-{pod['metadata']['uid']}-collect"


def sent(signal, pod):
    """Sends the run a signal that Kubernetes knows nothing of."""
    subprocess.run(
        [*podman_command(), "kill", f"--signal={signal}", container_of(pod)], check=True, capture_output=True
    )


def test_a_run_whose_sink_is_away_is_tried_once_more(ready, github_server, closed_url):
    ready.install("pilot", whole(closed_url, github=github(github_server.url, WEB)))
    job = ready.run(CRONJOB, "now")
    assert ready.exits("now") == [Exit(1, "Failed"), Exit(1, "Failed")]
    assert verdict(job) == ("Failed", "BackoffLimitExceeded")


def test_a_run_with_wrong_settings_is_not_tried_again(ready, github_server, pushgateway):
    wrong = github(github_server.url, WEB, extraArgs=["--window=soon"])
    ready.install("pilot", whole(pushgateway.url, github=wrong))
    job = ready.run(CRONJOB, "now")
    assert ready.exits("now") == [Exit(2, "Failed")]
    assert verdict(job) == ("Failed", "PodFailurePolicy")
    (pod,) = ready.pods("now")
    said = pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    assert "--window" in said
    assert "soon" in said
    assert pushgateway.groups() == []


def test_a_run_that_reaches_its_deadline_is_not_tried_again(ready, github_server, pushgateway):
    silent(github_server)
    ready.install("pilot", whole(pushgateway.url, github=github(github_server.url, WEB)))
    job = ready.run(CRONJOB, "now")
    assert ready.exits("now") == [Exit(3, "Failed")]
    assert verdict(job) == ("Failed", "PodFailurePolicy")
    assert {group["labels"]["job"] for group in pushgateway.groups()} <= {"quarterdeck-health"}


def test_a_run_that_cannot_end_itself_is_ended_by_kubernetes(ready, github_server, pushgateway):
    silent(github_server)
    stuck = github(github_server.url, WEB, activeDeadlineSeconds=45)
    ready.install("pilot", whole(pushgateway.url, github=stuck))
    ready.begin(CRONJOB, "now")
    # Stopped where it is, it cannot keep a deadline of its own.
    sent("STOP", under_way(ready, github_server))
    job = ready.over("now")
    assert verdict(job) == ("Failed", "DeadlineExceeded")
    ready.soon(lambda: None if ready.pods("now") else True, "the end of the pod")
    assert job["status"].get("succeeded", 0) == 0


@pytest.mark.parametrize("by", ["api", "node"])
def test_an_evicted_run_is_made_again_and_does_not_count_as_failed(ready, github_server, pushgateway, by):
    silent(github_server)
    once = github(github_server.url, WEB, retries=0)
    ready.install("pilot", whole(pushgateway.url, github=once))
    ready.begin(CRONJOB, "now")
    first = under_way(ready, github_server)["metadata"]["name"]
    if by == "api":
        path = ready.cluster.api.path("pods", ready.namespace, f"{first}/eviction")
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": first}}
        ready.cluster.api.send("POST", path, eviction)
    else:
        ready.node.evict(first, ready.namespace)
    github_server.faults.clear()
    job = ready.over("now")
    assert verdict(job) == ("Complete", "CompletionsReached")
    assert (job["status"].get("failed", 0), job["status"]["succeeded"]) == (0, 1)
    assert Exit(0, "Succeeded") in ready.exits("now")


def test_a_run_that_is_killed_counts_as_failed(ready, github_server, pushgateway):
    silent(github_server)
    once = github(github_server.url, WEB, retries=0)
    ready.install("pilot", whole(pushgateway.url, github=once))
    ready.begin(CRONJOB, "now")
    sent("KILL", under_way(ready, github_server))
    assert verdict(ready.over("now")) == ("Failed", "BackoffLimitExceeded")
    assert ready.exits("now") == [Exit(137, "Failed")]


def test_a_run_that_is_due_while_one_goes_on_is_skipped(ready, github_server, pushgateway):
    silent(github_server)
    long = {**EVERY_MINUTE, "interval": "10m", "deadline": "5m", "activeDeadlineSeconds": 500}
    ready.install("pilot", whole(pushgateway.url, github={**github(github_server.url, WEB), **long}))
    (first,) = ready.scheduled(CRONJOB)

    def skipped():
        events = ready.cluster.api.list("events", ready.namespace)
        return next((event for event in events if event["reason"] == "JobAlreadyActive"), None)

    event = ready.soon(skipped, "the second run's turn", 100)
    assert event["involvedObject"]["name"] == CRONJOB
    assert [job["metadata"]["name"] for job in ready.scheduled(CRONJOB)] == [first["metadata"]["name"]]
