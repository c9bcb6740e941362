"""From GitHub's REST answers to records. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from collectors.github.parse import at, maybe
from collectors.github.raw import RawCheckRun
from collectors.github.records import Attempt, Runner, WorkflowRun


class RawOwner(msgspec.Struct, frozen=True, gc=False):
    id: int


class RawRun(msgspec.Struct, frozen=True, gc=False):
    """A workflow run of which nothing is read that is not used."""

    id: int
    path: str
    event: str
    status: str | None
    conclusion: str | None
    head_branch: str | None
    head_sha: str
    created_at: datetime
    updated_at: datetime
    repository: RawOwner
    head_repository: RawOwner | None
    check_suite_node_id: str = ""
    run_attempt: int = 1
    run_started_at: datetime | None = None
    display_title: str = ""


class Runs(msgspec.Struct, frozen=True):
    """A page of runs; with `listed`, only the last of so many that are as they were."""

    total_count: int
    workflow_runs: tuple[RawRun, ...]
    listed: int | None = None

    @property
    def count(self) -> int:
        """How many runs GitHub listed on the page."""
        return len(self.workflow_runs) if self.listed is None else self.listed


class RawRunner(msgspec.Struct, frozen=True, gc=False):
    id: int
    name: str
    status: str
    busy: bool


class Runners(msgspec.Struct, frozen=True):
    """A page of runners."""

    total_count: int
    runners: tuple[RawRunner, ...]


class RawParent(msgspec.Struct, frozen=True, gc=False):
    sha: str


class RawFile(msgspec.Struct, frozen=True, gc=False):
    filename: str


class RawComparison(msgspec.Struct, frozen=True):
    """A page of a comparison; the files are all on the first one."""

    status: str
    total_commits: int
    commits: tuple[RawParent, ...]
    files: tuple[RawFile, ...] = ()


class RawRepository(msgspec.Struct, frozen=True, gc=False):
    """What decides whether a repository is looked at."""

    full_name: str
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()


def run(raw: RawRun) -> WorkflowRun:
    """A run; `updated_at` of a completed one is when it was completed."""
    done = raw.status == "completed"
    return WorkflowRun(
        id=raw.id,
        workflow=raw.path,
        created=at(raw.created_at),
        status=raw.status or "",
        event=raw.event,
        branch=raw.head_branch,
        sha=raw.head_sha,
        own=raw.head_repository is not None and raw.head_repository.id == raw.repository.id,
        attempt=raw.run_attempt,
        conclusion=raw.conclusion if done else None,
        started=maybe(raw.run_started_at),
        completed=at(raw.updated_at) if done else None,
        earlier=() if raw.run_attempt == 1 else None,
        title=raw.display_title,
    )


def runner(raw: RawRunner) -> Runner:
    """A self-hosted runner."""
    return Runner(raw.id, raw.name, raw.status, raw.busy)


def attempts(checks: Collection[RawCheckRun], number: int, last_started: float | None) -> tuple[Attempt, ...] | None:
    """The attempts before the last, told from all check runs of a run's suite; `None` where they cannot be told.

    A job that comes again begins another attempt, and no attempt begins before the one before it has ended.
    """
    if any(each.started_at is None and each.status == "COMPLETED" for each in checks):
        return None
    begun = [each for each in checks if each.started_at is not None]
    if last_started is not None:
        begun = [each for each in begun if each.started_at is not None and at(each.started_at) < last_started]
    begun.sort(key=lambda each: (maybe(each.started_at) or 0.0, each.name))
    groups: list[list[RawCheckRun]] = []
    for each in begun:
        if not groups or any(each.name == known.name for known in groups[-1]):
            groups.append([])
        groups[-1].append(each)
    ended = [each.completed_at is not None and each.conclusion is not None for group in groups for each in group]
    if len(groups) != number - 1 or not all(ended):
        return None
    return tuple(_attempt(index, group) for index, group in enumerate(groups, 1))


_GRAVEST_FIRST = ("FAILURE", "TIMED_OUT", "STARTUP_FAILURE", "CANCELLED", "ACTION_REQUIRED", "STALE")


def _attempt(number: int, group: list[RawCheckRun]) -> Attempt:
    ends = {each.conclusion for each in group}
    worst = next((end for end in _GRAVEST_FIRST if end in ends), None)
    end = worst or ("SKIPPED" if ends == {"SKIPPED"} else "SUCCESS")
    return Attempt(number, end.lower(), max(maybe(each.completed_at) or 0.0 for each in group))


def first_job(checks: Collection[RawCheckRun]) -> float | None:
    """When the first attempt's first job started; `None` where it is not known of all that ended."""
    if any(each.started_at is None and each.status == "COMPLETED" for each in checks):
        return None
    return min((at(each.started_at) for each in checks if each.started_at is not None), default=None)
