"""What comes, goes and stays: collectors, shards, releases, a gateway, Secrets that are late."""

import pytest

from tests.cli.conftest import git as run_git
from tests.e2e.team import Exit, verdict
from tests.e2e.values import SECRET, TOKEN, git, github, whole

pytestmark = pytest.mark.slow

KINDS = (
    *("cronjobs", "jobs", "pods", "configmaps", "secrets", "serviceaccounts", "roles", "rolebindings"),
    *("networkpolicies", "deployments", "poddisruptionbudgets"),
)
OWN_TO_EVERY_NAMESPACE = {("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")}


@pytest.fixture
def ready(team):
    team.secret(SECRET, GITHUB_TOKEN=TOKEN)
    return team


@pytest.fixture
def shop(tmp_path):
    """A real repository that anybody may read, with a merge of nothing and three commits."""
    folder = tmp_path / "shop"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "main")
    for name in ("a", "b", "c"):
        (folder / name).write_text("one line\n")
        run_git(folder, "add", ".")
        run_git(folder, "commit", "-q", "-m", name)
    return folder


def collectors(gateway, job="quarterdeck"):
    """Who has groups in the gateway: (instance, collector, shard)."""
    labels = [group["labels"] for group in gateway.groups() if group["labels"]["job"] == job]
    return {(each["instance"].split("/")[-1], each["collector"], each["shard"]) for each in labels}


def shown(gateway, name, **wanted):
    """The values of a metric in the gateway whose labels include these."""
    samples = (sample for group in gateway.groups() for sample in group.get(name, {"metrics": []})["metrics"])
    return [float(each["value"]) for each in samples if wanted.items() <= each["labels"].items()]


def test_a_real_repository_is_read_from_a_volume_by_nobody_in_particular(team, shop, pushgateway):
    team.volume("shop", shop)
    team.install("pilot", whole(pushgateway.url, secret="", git=git("shop")))
    assert verdict(team.run("pilot-quarterdeck-git", "now")) == ("Complete", "CompletionsReached")
    assert team.exits("now") == [Exit(0, "Succeeded")]
    assert collectors(pushgateway) == {("pilot", "git", "0")}


def test_an_upgrade_that_removes_a_collector_takes_its_objects_and_series(ready, shop, github_server, pushgateway):
    ready.volume("shop", shop)
    both = {"git": git("shop"), "github": github(github_server.url, ("simulated-acme/web",))}
    ready.install("pilot", whole(pushgateway.url, **both))
    ready.run("pilot-quarterdeck-git", "one")
    ready.run("pilot-quarterdeck-github", "two")
    assert collectors(pushgateway) == {("pilot", "git", "0"), ("pilot", "github", "0")}
    ready.upgrade("pilot", whole(pushgateway.url, git=both["git"]))
    gone = {("pilot", "git", "0")}
    ready.soon(lambda: True if collectors(pushgateway) == gone else None, "the end of its series")
    assert collectors(pushgateway, "quarterdeck-health") == gone
    names = {each["metadata"]["name"] for each in ready.cluster.api.list("cronjobs", ready.namespace)}
    assert names == {"pilot-quarterdeck-git", "pilot-quarterdeck-sinks-prune"}
    assert ready.cluster.api.find("configmaps", "pilot-quarterdeck-github", ready.namespace) is None


def test_shards_divide_the_repositories_and_fewer_of_them_leave_none_behind(ready, github_server, pushgateway):
    two = github(github_server.url, shards=2)
    ready.install("pilot", whole(pushgateway.url, github=two))
    assert verdict(ready.run("pilot-quarterdeck-github", "now")) == ("Complete", "CompletionsReached")
    assert sorted(ready.exits("now"), key=lambda each: each.index) == [
        Exit(0, "Succeeded", "0"),
        Exit(0, "Succeeded", "1"),
    ]
    seen = {
        shard: {
            sample["labels"]["repo"]
            for group in pushgateway.groups()
            if group["labels"]["shard"] == shard and "github_pull_request_open" in group
            for sample in group["github_pull_request_open"]["metrics"]
        }
        for shard in ("0", "1")
    }
    assert seen["0"] & seen["1"] == set()
    assert {"simulated-acme/web", "simulated-acme/api", "simulated-acme/tools"} <= seen["0"] | seen["1"]
    ready.upgrade("pilot", whole(pushgateway.url, github={**two, "shards": 1}))
    ready.soon(lambda: None if ("pilot", "github", "1") in collectors(pushgateway) else True, "the end of shard 1")
    assert collectors(pushgateway) == {("pilot", "github", "0")}


def test_two_releases_in_one_namespace_keep_to_themselves(ready, github_server, pushgateway):
    web = github(github_server.url, ("simulated-acme/web",))
    leaving = {"prune": {"onUninstall": True}}
    ready.install("one", {**whole(pushgateway.url, github=web), **leaving})
    ready.install("two", {**whole(pushgateway.url, github=web), **leaving})
    ready.run("one-quarterdeck-github", "first")
    ready.run("two-quarterdeck-github", "second")
    assert collectors(pushgateway) == {("one", "github", "0"), ("two", "github", "0")}
    ready.helmed("uninstall", "one")
    assert collectors(pushgateway) == collectors(pushgateway, "quarterdeck-health") == {("two", "github", "0")}
    names = {each["metadata"]["name"] for each in ready.cluster.api.list("cronjobs", ready.namespace)}
    assert names == {"two-quarterdeck-github", "two-quarterdeck-sinks-prune"}


def test_a_release_with_the_longest_name_runs(ready, github_server, pushgateway):
    release = "r" * 53
    ready.install(release, whole(pushgateway.url, github=github(github_server.url, ("simulated-acme/web",))))
    names = [each["metadata"]["name"] for each in ready.cluster.api.list("cronjobs", ready.namespace)]
    assert len(names) == len(set(names)) == 2
    (cronjob,) = cronjobs_of(ready, "github")
    assert verdict(ready.run(cronjob, "now")) == ("Complete", "CompletionsReached")
    assert collectors(pushgateway) == {(release, "github", "0")}


def cronjobs_of(team, collector):
    labels = f"app.kubernetes.io/component={collector}"
    return {each["metadata"]["name"] for each in team.cluster.api.list("cronjobs", team.namespace, labels)}


def test_a_gateway_that_was_lost_has_everything_again_after_the_next_run(ready, github_server, pushgateway):
    ready.install("pilot", whole(pushgateway.url, github=github(github_server.url, ("simulated-acme/web",))))
    ready.run("pilot-quarterdeck-github", "before")
    names = {name for group in pushgateway.groups() for name in group}
    open_before = shown(pushgateway, "github_pull_request_open")
    pushgateway.kill()
    assert verdict(ready.run("pilot-quarterdeck-github", "without")) == ("Failed", "BackoffLimitExceeded")
    pushgateway.start()
    assert pushgateway.groups() == []
    assert verdict(ready.run("pilot-quarterdeck-github", "after")) == ("Complete", "CompletionsReached")
    assert {name for group in pushgateway.groups() for name in group} == names
    assert shown(pushgateway, "github_pull_request_open") == open_before
    assert set(shown(pushgateway, "github_pull_request_merged_total")) == {0.0}


@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_uninstalling_leaves_nothing_but_the_ledger(ready, github_server, pushgateway, tmp_path, helm):
    ready = type(ready)(**{**ready.__dict__, "helm": helm})
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    ready.volume("pilot-quarterdeck-github-ledger", ledger, "2Gi", claimed=False)
    kept = github(github_server.url, ("simulated-acme/web",), ledger={"mode": "pvc"})
    before = objects(ready)
    ready.install("pilot", {**whole(pushgateway.url, github=kept), "networkPolicy": {"enabled": True}})
    assert verdict(ready.run("pilot-quarterdeck-github", "now")) == ("Complete", "CompletionsReached")
    assert [path.name for path in ledger.iterdir() if path.suffix == ".db"] == ["ledger.db"]
    ready.helmed("uninstall", "pilot")
    ready.soon(lambda: True if objects(ready) == before else None, "the end of its objects")
    claims = ready.cluster.api.list("persistentvolumeclaims", ready.namespace)
    assert [each["metadata"]["name"] for each in claims] == ["pilot-quarterdeck-github-ledger"]


def objects(team):
    """What there is in the namespace, but for events and volumes."""
    found = {(kind, each["metadata"]["name"]) for kind in KINDS for each in team.cluster.api.list(kind, team.namespace)}
    return found - OWN_TO_EVERY_NAMESPACE


def test_a_run_waits_for_a_secret_that_is_late(team, github_server, pushgateway):
    team.install("pilot", whole(pushgateway.url, github=github(github_server.url, ("simulated-acme/web",))))
    team.begin("pilot-quarterdeck-github", "now")

    def waiting():
        (pod,) = team.pods("now") or [{"status": {}}]
        states = [each["state"].get("waiting", {}) for each in pod["status"].get("containerStatuses", ())]
        return next((each.get("message") for each in states if each.get("reason") == "ContainerCreating"), None)

    assert team.soon(waiting, "a waiting container") == f'secret "{SECRET}" not found'
    team.secret(SECRET, GITHUB_TOKEN=TOKEN)
    assert verdict(team.over("now")) == ("Complete", "CompletionsReached")
    assert team.exits("now") == [Exit(0, "Succeeded")]
