"""Check suites, check runs, statuses and what GraphQL knows of workflow runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.connections import Connection
from demo.graphql.fields.people import SITE
from demo.graphql.items import Item, node_id
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import Job


def _suite_state(item: Item) -> tuple[str, str | None]:
    status, conclusion = facts.run_state(item.record, item.view.now)
    return status.upper(), conclusion.upper() if conclusion else None


def _check_runs(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    wanted = args.get("filterBy") or {}
    attempts = facts.attempts(item.record, item.view.now)
    if wanted.get("checkType") != "ALL":
        attempts = attempts[-1:]
    jobs = [job for attempt in attempts for job in attempt.jobs if job.started <= item.view.now]
    names, ends = wanted.get("checkName"), wanted.get("conclusions")
    seen = [
        item.other("CheckRun", (item.record, job))
        for job in jobs
        if names in {None, job.name} and (not ends or _job_end(item, job) in ends)
    ]
    statuses = wanted.get("statuses") or ([wanted["status"]] if wanted.get("status") else None)
    return Connection([one for one in seen if not statuses or _job_status(one) in statuses], lambda one: one, args)


def _job_end(item: Item, job: Job) -> str | None:
    return job.conclusion.upper() if job.completed <= item.view.now else None


def _job_status(item: Item) -> str:
    return "COMPLETED" if item.record[1].completed <= item.view.now else "IN_PROGRESS"


def _newest_statuses(item: Item, sha: str) -> list[Item]:
    seen = [one for one in item.graph.statuses_of.get(sha, ()) if one.at <= item.view.now]
    return [item.other("StatusContext", one) for one in {one.context: one for one in seen}.values()]


def _contexts(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    runs = [run for run in item.graph.runs_of.get(item.record, ()) if run.created <= item.view.now]
    jobs = [
        item.other("CheckRun", (run, job))
        for run in runs
        for job in facts.attempts(run, item.view.now)[-1].jobs
        if job.started <= item.view.now
    ]
    return Connection([*jobs, *_newest_statuses(item, item.record)], lambda one: one, args)


def _branch(item: Item) -> Item | None:
    found = [one for one in item.view.branches(item.repository) if one.name == item.record.branch]
    return item.other("Ref", found[0]) if found and item.record.fork is None else None


def _workflow_runs(item: Item, **args: Any) -> Connection:  # noqa: ANN401
    seen = [one for one in item.repository.runs if one.workflow == item.record and one.created <= item.view.now]
    return Connection(seen[::-1], lambda run: item.other("WorkflowRun", run), args)


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "CheckSuite": {
        "id": lambda one: node_id("CheckSuite", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "status": lambda one: _suite_state(one)[0],
        "conclusion": lambda one: _suite_state(one)[1],
        "createdAt": lambda one: stamp(one.record.created),
        "updatedAt": lambda one: stamp(facts.run_updated(one.record, one.view.now)),
        "commit": lambda one: one.other("Commit", one.repository.commits[one.record.sha]),
        "branch": _branch,
        "checkRuns": _check_runs,
        "workflowRun": lambda one: one.other("WorkflowRun", one.record),
        "url": lambda one: f"{SITE}/{one.repository.full_name}/suites/{one.record.id}",
    },
    "CheckRun": {
        "id": lambda one: node_id("CheckRun", one.repository.id, one.record[1].id),
        "databaseId": lambda one: one.record[1].id,
        "name": lambda one: one.record[1].name,
        "status": _job_status,
        "conclusion": lambda one: _job_end(one, one.record[1]),
        "startedAt": lambda one: stamp(one.record[1].started),
        "completedAt": lambda one: maybe(one.record[1].completed if one.record[1].completed <= one.view.now else None),
        "checkSuite": lambda one: one.other("CheckSuite", one.record[0]),
        "url": lambda one: f"{SITE}/{one.repository.full_name}/runs/{one.record[1].id}",
    },
    "WorkflowRun": {
        "id": lambda one: node_id("WorkflowRun", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "event": lambda one: one.record.event,
        "runNumber": lambda one: one.record.number,
        "createdAt": lambda one: stamp(one.record.created),
        "updatedAt": lambda one: stamp(facts.run_updated(one.record, one.view.now)),
        "workflow": lambda one: one.other("Workflow", one.record.workflow),
        "checkSuite": lambda one: one.other("CheckSuite", one.record),
        "url": lambda one: f"{SITE}/{one.repository.full_name}/actions/runs/{one.record.id}",
    },
    "Workflow": {
        "id": lambda one: node_id("Workflow", one.repository.id, one.record),
        "databaseId": lambda one: facts.workflow_id(one.repository, one.record),
        "name": lambda one: one.record.rsplit("/", 1)[-1].removesuffix(".yml"),
        "createdAt": lambda one: stamp(one.repository.created),
        "updatedAt": lambda one: stamp(one.repository.created),
        "state": lambda _one: "ACTIVE",
        "runs": _workflow_runs,
        "url": lambda one: f"{SITE}/{one.repository.full_name}/actions/workflows/{one.record}",
    },
    "StatusCheckRollup": {
        "id": lambda one: node_id("StatusCheckRollup", one.repository.id, one.record),
        "state": lambda one: facts.rollup(one.graph, one.record, one.view.now),
        "commit": lambda one: one.other("Commit", one.repository.commits[one.record]),
        "contexts": _contexts,
    },
    "Status": {
        "id": lambda one: node_id("Status", one.repository.id, one.record),
        "state": lambda one: facts.rollup(one.graph, one.record, one.view.now) or "EXPECTED",
        "contexts": lambda one: _newest_statuses(one, one.record),
    },
    "StatusContext": {
        "id": lambda one: node_id("StatusContext", one.repository.id, one.record.sha, one.record.context),
        "createdAt": lambda one: stamp(one.record.at),
        "description": lambda _one: "SIMULATED",
    },
}
