"""Runs of GitHub Actions. A workflow is known by its file's name; a run's own branch is one of this repository."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from collectors.github.attempts import Flake, UnknownAttempts, flakes
from collectors.github.ids import run_id
from collectors.github.records import WorkflowRun, known
from collectors.github.snapshot import GitHubSnapshot
from collectors.github.workflows import CONCLUSION, branch_of, ends_as, file_name
from common.errors import MetricError
from common.metric import Kind, Point, metric, point
from common.stats import ratio, wilson

BRANCH = ("default", "other")
_STATE = {
    "queued": "queued",
    "requested": "queued",
    "pending": "queued",
    "in_progress": "running",
    "waiting": "waiting",
}


def _completed(snapshot: GitHubSnapshot) -> Iterator[tuple[WorkflowRun, float]]:
    for run in known(snapshot.runs):
        if run.own and run.completed is not None:
            yield run, run.completed


@metric(
    "github.workflow_run.completed",
    unit="{run}",
    kind=Kind.COUNT,
    tags={"workflow": None, "branch": BRANCH, "conclusion": CONCLUSION},
)
def completed(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Workflow runs that ended.

    The last attempt of each run for a branch of this repository, not a fork's, by the time at which it was first seen
    complete. `failure` is also a timeout or a broken start-up, `other` whatever else GitHub says (skipped, neutral,
    action required, stale).
    """
    for run, at in _completed(snapshot):
        yield point(
            1,
            at=at,
            id=run_id(run),
            workflow=file_name(run.workflow),
            branch=branch_of(run, snapshot.default_branch),
            conclusion=ends_as(run.conclusion),
        )


@metric(
    "github.workflow_run.duration",
    unit="s",
    kind=Kind.DISTRIBUTION,
    tags={"workflow": None, "branch": BRANCH},
    better="lower",
    semconv="cicd.pipeline.run.duration",
)
def duration(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long workflow runs take.

    Population: last attempts of the runs for own branches that ended as success or failure. Start: the attempt's own
    start, without earlier attempts. End and event time: its completion.
    """
    for run, at in _completed(snapshot):
        if run.conclusion not in ("success", "failure"):
            continue
        if run.started is None:
            raise MetricError(f"GitHub does not tell when workflow run {run.id} started")
        if run.started <= at:
            branch = branch_of(run, snapshot.default_branch)
            yield point(at - run.started, at=at, id=run_id(run), workflow=file_name(run.workflow), branch=branch)


@metric("github.workflow_run.queue_time", unit="s", kind=Kind.DISTRIBUTION, tags={"workflow": None}, better="lower")
def queue_time(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long workflow runs wait for their first job to start.

    Population: completed runs for own branches whose jobs were read, where the setting `jobs` is on. Start: creation.
    End: the start of the first attempt's first job. Event time: completion.
    """
    if not snapshot.rules.jobs:
        return
    snapshot.need("jobs")
    for run, at in _completed(snapshot):
        if run.first_job is not None and run.first_job >= run.created:
            yield point(run.first_job - run.created, at=at, id=run_id(run), workflow=file_name(run.workflow))


@metric(
    "github.workflow_run.active",
    unit="{run}",
    tags={"state": ("queued", "running", "waiting")},
    semconv="cicd.pipeline.run.active",
)
def active(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Workflow runs that have not ended.

    Every run of the repository, forks' too. `queued` is also a run that waits for its turn in a concurrency group,
    `waiting` one that waits for a person or a rule that protects an environment.
    """
    runs = known(snapshot.active_runs)
    for run in runs:
        if run.status not in _STATE:
            raise MetricError(f"GitHub says that a run is {run.status}, which this release does not know")
    for state in ("queued", "running", "waiting"):
        these = [run_id(run) for run in runs if _STATE[run.status] == state]
        yield point(len(these), of=these, basis=snapshot.basis, state=state)


def _first_active(snapshot: GitHubSnapshot) -> Iterator[tuple[float, int, str]]:
    """Creation, id and record of the oldest."""
    oldest = min(known(snapshot.active_runs), key=lambda run: (run.created, run.id), default=None)
    if oldest is not None:
        yield oldest.created, oldest.id, run_id(oldest)


@metric("github.workflow_run.oldest_active", unit="unix", better="higher", facts=_first_active)
def oldest_active(oldest: Iterable[tuple[float, int, str]]) -> Iterator[Point]:
    """When the oldest workflow run that has not ended was created.

    Every run of the repository, forks' too; none: no point.
    """
    for created, _, run in sorted(oldest)[:1]:
        yield point(created, of=(run,))


def _judged(snapshot: GitHubSnapshot) -> dict[tuple[str, str], list[WorkflowRun]]:
    """Successes and failures in the window by workflow and branch."""
    found: dict[tuple[str, str], list[WorkflowRun]] = {}
    for run, at in _completed(snapshot):
        if at in snapshot.window and ends_as(run.conclusion) in ("success", "failure"):
            key = (file_name(run.workflow), branch_of(run, snapshot.default_branch))
            found.setdefault(key, []).append(run)
    return found


class _End(NamedTuple):
    """How one run ended."""

    workflow: str
    branch: str
    passed: bool
    record: str


def _ends(snapshot: GitHubSnapshot) -> Iterator[_End]:
    for (workflow, branch), runs in _judged(snapshot).items():
        for run in runs:
            yield _End(workflow, branch, ends_as(run.conclusion) == "success", run_id(run))


def _shares(ends: Iterable[_End], share: Callable[[int, int], float | None]) -> Iterator[Point]:
    """What `share` makes of successes and all, for each workflow and branch."""
    found: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for each in ends:
        failed, passed = found.setdefault((each.workflow, each.branch), ([], []))
        (passed if each.passed else failed).append(each.record)
    for (workflow, branch), (failed, passed) in sorted(found.items()):
        value = share(len(passed), len(passed) + len(failed))
        if value is not None:
            yield point(value, of=(*failed, *passed), workflow=workflow, branch=branch)


@metric(
    "github.workflow_run.success_ratio",
    unit="1",
    tags={"workflow": None, "branch": BRANCH},
    better="higher",
    facts=_ends,
)
def success_ratio(ends: Iterable[_End]) -> Iterator[Point]:
    """Share of workflow runs that succeeded.

    Successes / (successes and failures) of last attempts for own branches that completed in the window. A timeout or
    broken start-up is a failure; cancelled, skipped and other ends are left out. Neither: no point.
    """
    return _shares(ends, ratio)


def _lower(successes: int, total: int) -> float | None:
    interval = wilson(successes, total)
    return interval[0] if interval else None


@metric(
    "github.workflow_run.success_ratio_lower",
    unit="1",
    tags={"workflow": None, "branch": BRANCH},
    better="higher",
    facts=_ends,
)
def success_ratio_lower(ends: Iterable[_End]) -> Iterator[Point]:
    """What the share of successful workflow runs is at least, with 95 % confidence.

    The lower bound of Wilson's score interval for `github.workflow_run.success_ratio`: few runs make it low.
    """
    return _shares(ends, _lower)


@metric("github.workflow_run.rerun", unit="{run}", kind=Kind.COUNT, tags={"workflow": None}, better="lower")
def rerun(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Workflow runs that were run again.

    Runs for own branches whose last attempt is not their first, by its completion.
    """
    for run, at in _completed(snapshot):
        if run.attempt > 1:
            yield point(1, at=at, id=run_id(run), workflow=file_name(run.workflow))


@metric("github.workflow_run.flaky", unit="{run}", kind=Kind.COUNT, tags={"workflow": None}, better="lower")
def flaky(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Commits on which a workflow failed and then succeeded.

    For each workflow and commit, over all attempts of its runs for own branches: the first success after a failure, by
    its completion. Where earlier attempts are not known, a lower bound.
    """
    for found in flakes((*known(snapshot.runs), *known(snapshot.active_runs))):
        match found:
            case Flake(workflow, record, at):
                yield point(1, at=at, id=record, workflow=workflow)
            case UnknownAttempts(workflow, record, at):
                yield point(0, at=at, id=record, workflow=workflow, basis="lower_bound")


def _newest_first(snapshot: GitHubSnapshot) -> dict[str, list[WorkflowRun]]:
    """Successes and failures of the default branch in the window by workflow, newest creation first."""
    found = {workflow: runs for (workflow, branch), runs in _judged(snapshot).items() if branch == "default"}
    return {name: sorted(runs, key=lambda run: (-run.created, -run.id)) for name, runs in sorted(found.items())}


@metric("github.workflow_run.consecutive_failure", unit="{run}", tags={"workflow": None}, better="lower")
def consecutive_failures(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How often in a row a workflow failed last on the default branch.

    Runs completed in the window, newest creation first, until the first success; ends that are neither success nor
    failure are skipped. No run of either: no point.
    """
    for workflow, runs in _newest_first(snapshot).items():
        streak = []
        for run in runs:
            if ends_as(run.conclusion) == "success":
                break
            streak.append(run_id(run))
        yield point(len(streak), of=streak, workflow=workflow)


@metric("github.workflow.passing", unit="bool", tags={"workflow": None}, better="higher")
def passing(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Whether a workflow passes on the default branch.

    The newest by creation of the runs completed in the window with success or failure; of the workflows in the setting
    `required_workflows`, by default of all. No run of either: no point.
    """
    required = snapshot.rules.required_workflows
    for workflow, runs in _newest_first(snapshot).items():
        if not required or workflow in required:
            passed = ends_as(runs[0].conclusion) == "success"
            yield point(float(passed), of=(run_id(runs[0]),), workflow=workflow)


@metric("github.default_branch.passing", unit="bool", better="higher")
def default_branch_passing(snapshot: GitHubSnapshot) -> float | None:
    """Whether the checks of the default branch's head pass.

    By GitHub's roll-up of them. Pending, or no checks: no point.
    """
    snapshot.need("head_checks")
    checks = known(snapshot.repository).head_checks
    if checks not in ("SUCCESS", "FAILURE", "ERROR", "PENDING", "EXPECTED", None):
        raise MetricError(f"GitHub says that checks are {checks}, which this release does not know")
    return None if checks in ("PENDING", "EXPECTED", None) else float(checks == "SUCCESS")
