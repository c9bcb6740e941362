"""Flaky workflows: a commit on which a workflow failed and then succeeded without a change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from collectors.github.ids import run_id
from collectors.github.records import WorkflowRun
from collectors.github.workflows import ends_as, file_name


class Flake(NamedTuple):
    """The first success of a workflow after a failure on the same commit."""

    workflow: str
    record: str
    at: float


class UnknownAttempts(NamedTuple):
    """A run whose earlier attempts are not known, so that a flake may be missing."""

    workflow: str
    record: str
    at: float


class _Try(NamedTuple):
    at: float
    number: int
    record: str
    end: str


def flakes(runs: Iterable[WorkflowRun]) -> Iterator[Flake | UnknownAttempts]:
    """One flake at most for each workflow and commit, and the runs that are not fully known."""
    tries: dict[tuple[str, str], list[_Try]] = {}
    for run in runs:
        if not run.own:
            continue
        tries.setdefault((run.workflow, run.sha), []).extend(_tries(run))
        if run.earlier is None and run.completed is not None:
            yield UnknownAttempts(file_name(run.workflow), f"{run_id(run)}:unknown", run.completed)
    for (workflow, _), each in tries.items():
        flake = _first_recovery(sorted(each))
        if flake is not None:
            yield Flake(file_name(workflow), flake.record, flake.at)


def _tries(run: WorkflowRun) -> Iterator[_Try]:
    for each in run.earlier or ():
        yield _Try(each.completed, each.number, run_id(run, each.number), ends_as(each.conclusion))
    if run.completed is not None:
        yield _Try(run.completed, run.attempt, run_id(run), ends_as(run.conclusion))


def _first_recovery(ordered: Iterable[_Try]) -> _Try | None:
    failed = False
    for each in ordered:
        if failed and each.end == "success":
            return each
        failed = failed or each.end == "failure"
    return None
