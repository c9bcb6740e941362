"""Workflow runs, attempts, jobs, workflows and runners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.fields.search import within
from demo.graphql.items import node_id
from demo.records import NEVER
from demo.rest.call import Call, Refused, Reply, paged
from demo.rest.commits import git_person
from demo.rest.shapes import SITE, minimal_repository, owner, somebody
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from demo.records import Attempt, Job, Run, Runner

CAP = 1_000
DEEPEST = 40_000
FILTERS = ("actor", "branch", "event", "status", "created", "head_sha", "check_suite_id")


def runs(call: Call) -> Reply:
    """GET runs, newest first; any filter but those of the page caps what can be reached at 1,000."""
    if call.number("page", 1, 10**9) * call.number("per_page", 30, 100) > DEEPEST:
        raise Refused(422, "In order to keep the API fast for everyone, pagination is limited for this resource.")
    found = [run for run in reversed(call.repository.runs) if run.created <= call.view.now and _fits(call, run)]
    filtered = any(call.query.get(name) for name in FILTERS)
    return paged(call, found, lambda run: shape(call, run), under="workflow_runs", shown=CAP if filtered else None)


def _fits(call: Call, run: Run) -> bool:
    query, wanted = call.query, call.query.get("status")
    try:
        return (
            query.get("branch") in {None, "", run.branch}
            and query.get("event") in {None, "", run.event}
            and query.get("actor") in {None, "", run.actor}
            and query.get("head_sha") in {None, "", run.sha}
            and query.get("check_suite_id") in {None, "", str(run.id)}
            and (not wanted or wanted in facts.run_state(run, call.view.now))
            and (not query.get("created") or within(run.created, query["created"]))
        )
    except ValueError as error:
        raise Refused(422, "Validation Failed") from error


def run(call: Call) -> Reply:
    """GET one run."""
    return Reply(200, shape(call, _run(call)))


def attempt(call: Call) -> Reply:
    """GET one attempt of a run."""
    found = _run(call)
    begun, number = facts.attempts(found, call.view.now), call.parts["attempt_number"]
    if not number.isdigit() or not 1 <= int(number) <= len(begun):
        raise Refused(404, "Not Found")
    return Reply(200, shape(call, found, int(number)))


def jobs(call: Call) -> Reply:
    """GET the jobs of a run: of its newest attempt, or with `filter=all` of every one."""
    found = _run(call)
    begun = list(enumerate(facts.attempts(found, call.view.now), 1))
    return _jobs(call, found, begun if call.query.get("filter") == "all" else begun[-1:])


def attempt_jobs(call: Call) -> Reply:
    """GET the jobs of one attempt."""
    found = _run(call)
    begun = list(enumerate(facts.attempts(found, call.view.now), 1))
    wanted = [pair for pair in begun if str(pair[0]) == call.parts["attempt_number"]]
    if not wanted:
        raise Refused(404, "Not Found")
    return _jobs(call, found, wanted)


def _jobs(call: Call, found: Run, begun: list[tuple[int, Attempt]]) -> Reply:
    rows = [(number, one) for number, each in begun for one in each.jobs if one.started <= call.view.now]
    return paged(call, rows, lambda row: _job(call, found, *row), under="jobs")


def _run(call: Call) -> Run:
    text = call.parts["run_id"]
    found: Run | None = call.view.record(call.repository, "runs", int(text)) if text.isdigit() else None
    if found is None:
        raise Refused(404, "Not Found")
    return found


def shape(call: Call, one: Run, number: int | None = None) -> dict[str, Any]:
    """A run as it is now, or as one of its attempts."""
    now, begun = call.view.now, facts.attempts(one, call.view.now)
    newest = number is None or number == len(begun)
    at = begun[(number or len(begun)) - 1]
    status, conclusion = facts.run_state(one, now) if newest else ("completed", at.conclusion)
    name = one.workflow.rsplit("/", 1)[-1].removesuffix(".yml")
    actor = somebody(call, one.actor) or owner(call.base, call.repository.owner)
    return {
        "id": one.id,
        "name": name,
        "node_id": node_id("WorkflowRun", call.repository.id, one.id),
        **_run_head(call, one),
        "display_title": f"SIMULATED {name} {one.number}",
        "run_number": one.number,
        "run_attempt": number or len(begun),
        "event": one.event,
        "status": status,
        "conclusion": conclusion,
        "actor": actor,
        "triggering_actor": actor,
        "created_at": stamp(one.created),
        "updated_at": stamp(facts.run_updated(one, now) if newest else at.completed),
        "run_started_at": stamp(at.started),
        **_run_links(call, one),
    }


def _run_head(call: Call, one: Run) -> dict[str, Any]:
    return {
        "check_suite_id": one.id,
        "check_suite_node_id": node_id("CheckSuite", call.repository.id, one.id),
        "head_branch": one.branch,
        "head_sha": one.sha,
        "path": one.workflow,
        "pull_requests": [],
        "head_commit": _head_commit(call, one),
        "repository": minimal_repository(call, call.repository),
        "head_repository": _head_repository(call, one),
    }


def _run_links(call: Call, one: Run) -> dict[str, Any]:
    home, page = f"{call.home}/actions/runs/{one.id}", f"{SITE}/{call.repository.full_name}/actions/runs/{one.id}"
    workflow_id = facts.workflow_id(call.repository, one.workflow)
    return {
        "workflow_id": workflow_id,
        "url": home,
        "html_url": page,
        "jobs_url": f"{home}/jobs",
        "logs_url": f"{home}/logs",
        "check_suite_url": f"{call.home}/check-suites/{one.id}",
        "artifacts_url": f"{home}/artifacts",
        "cancel_url": f"{home}/cancel",
        "rerun_url": f"{home}/rerun",
        "previous_attempt_url": None,
        "workflow_url": f"{call.home}/actions/workflows/{workflow_id}",
    }


def _head_commit(call: Call, one: Run) -> dict[str, Any] | None:
    commit = call.repository.commits.get(one.sha)
    if commit is None:
        return None
    who = {key: value for key, value in git_person(commit, commit.authored).items() if key != "date"}
    return {
        "id": commit.sha,
        "tree_id": commit.sha[::-1],
        "message": commit.message,
        "timestamp": stamp(commit.committed),
        "author": who,
        "committer": who,
    }


def _head_repository(call: Call, one: Run) -> dict[str, Any]:
    whole = minimal_repository(call, call.repository)
    if one.fork is None:
        return whole
    login, name = one.fork.split("/", 1)
    moved = {"id": call.repository.id + 500_000, "name": name, "full_name": one.fork, "fork": True}
    return {**whole, **moved, "owner": somebody(call, login) or owner(call.base, login)}


def _job(call: Call, of: Run, number: int, one: Job) -> dict[str, Any]:
    done = one.completed <= call.view.now
    return {
        "id": one.id,
        "run_id": of.id,
        "run_attempt": number,
        "node_id": node_id("CheckRun", call.repository.id, one.id),
        "head_sha": of.sha,
        "head_branch": of.branch,
        "workflow_name": of.workflow.rsplit("/", 1)[-1].removesuffix(".yml"),
        "name": one.name,
        "status": "completed" if done else "in_progress",
        "conclusion": one.conclusion if done else None,
        "created_at": stamp(max(of.created, one.started - 1)),
        "started_at": stamp(one.started),
        "completed_at": maybe(one.completed if done else None),
        "url": f"{call.home}/actions/jobs/{one.id}",
        "run_url": f"{call.home}/actions/runs/{of.id}",
        "html_url": f"{SITE}/{call.repository.full_name}/actions/runs/{of.id}/job/{one.id}",
        "check_run_url": f"{call.home}/check-runs/{one.id}",
        "steps": [],
        "labels": ["simulated"],
        "runner_id": 1,
        "runner_name": "simulated-runner",
        "runner_group_id": 1,
        "runner_group_name": "Default",
    }


def workflows(call: Call) -> Reply:
    """GET workflows."""

    def make(path: str) -> dict[str, Any]:
        name = path.rsplit("/", 1)[-1]
        number = facts.workflow_id(call.repository, path)
        return {
            "id": number,
            "node_id": node_id("Workflow", call.repository.id, path),
            "name": name.removesuffix(".yml"),
            "path": path,
            "state": "active",
            "created_at": stamp(call.repository.created),
            "updated_at": stamp(call.repository.created),
            "url": f"{call.home}/actions/workflows/{number}",
            "html_url": f"{SITE}/{call.repository.full_name}/blob/{call.repository.default_branch}/{path}",
            "badge_url": f"{SITE}/{call.repository.full_name}/workflows/{name}/badge.svg",
        }

    return paged(call, call.repository.workflows, make, under="workflows")


def runners(call: Call) -> Reply:
    """GET self-hosted runners."""
    return paged(call, call.repository.runners, lambda one: _runner(one, call.view.now), under="runners")


def _runner(one: Runner, now: int) -> dict[str, Any]:
    away = any(start <= now < end for start, end in one.offline)
    busy = not away and any(start <= now < min(end, NEVER) for start, end in one.busy)
    labels = [{"id": 1, "name": "self-hosted", "type": "read-only"}]
    status = "offline" if away else "online"
    return {"id": one.id, "name": one.name, "os": "linux", "status": status, "busy": busy, "labels": labels}
