"""What a patient client counts of commits, runs, deployments and branches is what the history says."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
import requests

from common.window import Window
from demo.history.people import MACHINE
from demo.stamp import stamp
from tests.demo.build import DAY
from tests.demo.patient import NAMES, TOKEN, ask, seconds, true_values

COMMITS = """query($name:String!,$after:String){repository(owner:"simulated-acme",name:$name){defaultBranchRef{target{
  ... on Commit{history(first:100,after:$after){pageInfo{hasNextPage endCursor} nodes{oid committedDate
    author{name user{login}} parents{totalCount} associatedPullRequests(first:5){nodes{mergedAt baseRefName}}}}}}}}}"""
SUITES = """query($ids:[ID!]!){nodes(ids:$ids){... on CheckSuite{id checkRuns(first:20,filterBy:{checkType:ALL}){
  nodes{name conclusion startedAt completedAt}}}}}"""


def all_commits(patient_server, name):
    found, after = [], None
    while True:
        branch = ask(patient_server, COMMITS, name=name, after=after)["repository"]["defaultBranchRef"]
        if branch is None:
            return found
        page = branch["target"]["history"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


@pytest.mark.parametrize("name", NAMES)
def test_commits(patient_server, organisation, seen, name):
    _, week, truth = seen
    default = organisation.repositories[f"simulated-acme/{name}"].default_branch
    landed, unreviewed = Counter(), 0
    for commit in all_commits(patient_server, name):
        merges = [one["mergedAt"] for one in commit["associatedPullRequests"]["nodes"] if one["baseRefName"] == default]
        at = seconds(merges[0] if merges else commit["committedDate"])
        user = commit["author"]["user"]
        bot = bool(user) and (user["login"].endswith("[bot]") or user["login"] == MACHINE)
        landed["bot" if bot else "human"] += at in week
        unreviewed += at in week and not merges and not bot
    for author in ("human", "bot"):
        key = ("github.commit.landed", f"simulated-acme/{name}", (("author", author),))
        assert landed[author] == len(truth.get(key, ()))
    assert unreviewed == len(truth.get(("github.commit.unreviewed", f"simulated-acme/{name}", ()), ()))


@cache
def recent_runs(patient_server, name, now):
    """Those created in the window or the 36 hours before it, which is as long as one lives."""
    created = stamp(now - 7 * DAY - 1.5 * DAY)
    url = f"{patient_server.url}/repos/simulated-acme/{name}/actions/runs?per_page=100&created=>={created}"
    found = []
    while url:
        answer = requests.get(url, headers=TOKEN, timeout=30)
        found += answer.json()["workflow_runs"]
        url = answer.links.get("next", {}).get("url")
    return found


@pytest.mark.parametrize("name", ["web", "api"])
def test_runs(patient_server, organisation, seen, name):
    now, week, truth = seen
    full, default = f"simulated-acme/{name}", organisation.repositories[f"simulated-acme/{name}"].default_branch
    runs = [one for one in recent_runs(patient_server, name, now) if one["head_repository"]["full_name"] == full]
    completed, durations = Counter(), []
    for run in runs:
        at = seconds(run["updated_at"])
        if run["status"] == "completed" and at in week:
            branch = "default" if run["head_branch"] == default else "other"
            completed[run["path"].rsplit("/", 1)[-1], branch, run["conclusion"]] += 1
            if run["conclusion"] in {"success", "failure"}:
                durations.append(at - seconds(run["run_started_at"]))
    told = Counter()
    for key, events in truth.items():
        if key[:2] == ("github.workflow_run.completed", full):
            tags = dict(key[2])
            told[tags["workflow"], tags["branch"], tags["conclusion"]] += len(events)
    assert normal(completed) == told
    assert sorted(durations) == true_values(truth, name, "github.workflow_run.duration")
    states = [truth["github.workflow_run.active", full, (("state", one),)] for one in ("queued", "running", "waiting")]
    assert [count_of(patient_server, name, one) for one in ("queued", "in_progress", "waiting")] == states


def count_of(patient_server, name, status):
    url = f"{patient_server.url}/repos/simulated-acme/{name}/actions/runs?per_page=1&status={status}"
    return requests.get(url, headers=TOKEN, timeout=30).json()["total_count"]


def normal(completed):
    found = Counter()
    for (workflow, branch, conclusion), count in completed.items():
        failed = conclusion in {"failure", "timed_out", "startup_failure"}
        known = conclusion if conclusion in {"success", "cancelled"} else "other"
        found[workflow, branch, "failure" if failed else known] += count
    return found


@pytest.mark.parametrize("name", ["web", "api"])
def test_flaky_commits_through_check_suites(patient_server, seen, name):
    now, week, truth = seen
    full = f"simulated-acme/{name}"
    runs = [one for one in recent_runs(patient_server, name, now) if one["head_repository"]["full_name"] == full]
    attempts = {}
    for start in range(0, len(runs), 100):
        ids = [one["check_suite_node_id"] for one in runs[start : start + 100]]
        for run, suite in zip(runs[start:], ask(patient_server, SUITES, ids=ids)["nodes"], strict=False):
            jobs = [one for one in suite["checkRuns"]["nodes"] if one["name"] == "test" and one["completedAt"]]
            key = run["path"].rsplit("/", 1)[-1], run["head_sha"]
            attempts.setdefault(key, []).extend((seconds(one["completedAt"]), one["conclusion"]) for one in jobs)
    flaky = []
    for found in attempts.values():
        failures = [at for at, conclusion in found if conclusion in {"FAILURE", "TIMED_OUT"}]
        later = sorted(at for at, conclusion in found if conclusion == "SUCCESS" and failures and at > min(failures))
        flaky += [at for at in later[:1] if at in week]
    told = [one.at for key, events in truth.items() if key[:2] == ("github.workflow_run.flaky", full) for one in events]
    assert sorted(flaky) == sorted(told)


def test_files_changed_through_one_compare(patient_server, organisation, seen):
    now, week, truth = seen
    for name in ("web", "tools"):
        graph = organisation.graphs[f"simulated-acme/{name}"]
        base, tip = graph.tip_before(week.start), graph.tip(now)
        url = f"{patient_server.url}/repos/simulated-acme/{name}/compare/{base.sha}...{tip.sha}"
        body = requests.get(url, headers=TOKEN, timeout=30).json()
        assert len(body["files"]) == truth["github.code.files_changed", f"simulated-acme/{name}", ()]


def test_deployments_by_their_statuses(patient_server, seen):
    now, _, _ = seen
    month = Window(now - 30 * DAY, now)
    url, found = f"{patient_server.url}/repos/simulated-acme/web/deployments?environment=production&per_page=100", []
    for one in requests.get(url, headers=TOKEN, timeout=30).json():
        statuses = requests.get(one["statuses_url"], headers=TOKEN, timeout=30).json()[::-1]
        final = next((each for each in statuses if each["state"] in {"success", "failure", "error"}), None)
        if final:
            found.append((seconds(final["created_at"]), one["sha"], final["state"] == "success"))
    kept, running = [], None
    for at, sha, good in sorted(found):
        if not (good and sha == running):
            kept.append((at, good))
            running = sha if good else running
    truth = patient_server.organisation.truth(month, now)
    key = (("environment", "production"), ("proxy", "deployment"))
    for good, result in ((True, "success"), (False, "failure")):
        tags = tuple(sorted((*key, ("result", result))))
        told = truth.get(("delivery.deployment.completed", "simulated-acme/web", tags), ())
        assert [at for at, each in kept if each is good and at in month] == [one.at for one in told]


def test_branches_and_their_age(patient_server, seen):
    now, _, truth = seen
    text = """query($after:String){repository(owner:"simulated-acme",name:"web"){refs(refPrefix:"refs/heads/",first:100,
      after:$after){pageInfo{hasNextPage endCursor} nodes{name target{... on Commit{committedDate}}}}}}"""
    refs = ask(patient_server, text)["repository"]["refs"]
    assert refs["pageInfo"]["hasNextPage"] is False
    ages = [now - seconds(one["target"]["committedDate"]) for one in refs["nodes"] if one["name"] != "main"]
    stale = sum(age > 30 * DAY for age in ages)
    told = [truth["github.branch.existing", "simulated-acme/web", (("activity", one),)] for one in ("stale", "active")]
    assert [stale, len(ages) - stale] == told
