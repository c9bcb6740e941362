"""What GitHub itself would say of a record at a time: states, roll-ups, decisions; the API and the truth read it."""

from __future__ import annotations

import zlib
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from demo.graph import Graph
    from demo.records import Attempt, Issue, Pull, Repository, Run

QUEUE = ("added_to_merge_queue", "removed_from_merge_queue")
FAILED_CHECKS = {"failure", "timed_out", "startup_failure", "cancelled", "action_required"}


def merged_at(pull: Pull, at: float) -> int | None:
    """When the pull request was merged, if it was by then."""
    return next((event.at for event in pull.events if event.kind == "merged" and event.at <= at), None)


def state(subject: Pull | Issue, at: float) -> str:
    """OPEN, CLOSED or MERGED."""
    now = "OPEN"
    for event in subject.events:
        if event.at <= at and event.kind in {"closed", "reopened", "merged"}:
            now = {"closed": "CLOSED", "reopened": "OPEN", "merged": "MERGED"}[event.kind]
    return now


def closed_at(subject: Pull | Issue, at: float) -> int | None:
    """When it was last closed or merged; `None` while open."""
    if state(subject, at) == "OPEN":
        return None
    return max(event.at for event in subject.events if event.at <= at and event.kind in {"closed", "merged"})


def is_draft(pull: Pull, at: float) -> bool:
    """Whether it is a draft."""
    draft = pull.draft
    for event in pull.events:
        if event.at <= at and event.kind in {"ready_for_review", "convert_to_draft"}:
            draft = event.kind == "convert_to_draft"
    return draft


def updated_at(subject: Pull | Issue, at: float) -> int:
    """The newest activity on it."""
    if hasattr(subject, "activity"):
        index = bisect_right(subject.activity, at)
        return subject.activity[index - 1] if index else subject.created
    times = [event.at for event in subject.events] + [comment.at for comment in subject.comments]
    return max([subject.created, *(time for time in times if time <= at)])


def queue_entry(pull: Pull, at: float) -> int | None:
    """When it entered the merge queue, if it is in it."""
    newest = [event for event in pull.events if event.kind in QUEUE and event.at <= at]
    waiting = bool(newest) and newest[-1].kind == QUEUE[0] and state(pull, at) == "OPEN"
    return newest[-1].at if waiting else None


def mergeable(pull: Pull, at: float) -> str:
    """MERGEABLE, CONFLICTING, or UNKNOWN while GitHub has not worked it out."""
    if state(pull, at) != "OPEN" or _within(pull.unknown, at):
        return "UNKNOWN"
    return "CONFLICTING" if _within(pull.conflicts, at) else "MERGEABLE"


def decision(pull: Pull, at: float) -> str | None:
    """GitHub's review decision: of each reviewer the newest approval or request for changes that was not dismissed."""
    newest: dict[str, str] = {}
    for review in pull.reviews:
        if review.author and review.author != pull.author and review.at <= at < review.dismissed:
            newest[review.author] = review.state if review.state != "COMMENTED" else newest.get(review.author, "")
    if "CHANGES_REQUESTED" in newest.values():
        return "CHANGES_REQUESTED"
    if "APPROVED" in newest.values():
        return "APPROVED"
    return "REVIEW_REQUIRED" if pull.needs_approval else None


def head(pull: Pull, at: float) -> str:
    """The newest commit pushed to it."""
    return next(push.sha for push in reversed(pull.pushes) if push.at <= max(at, pull.created))


def base_commit(repository: Repository, pull: Pull) -> str:
    """What its base branch pointed to when it was opened."""
    first = repository.commits[pull.pushes[0].sha]
    return first.parents[0] if first.parents else first.sha


def attempts(run: Run, at: float) -> Sequence[Attempt]:
    """The attempts that have begun."""
    return [attempt for attempt in run.attempts if attempt.started <= at] or run.attempts[:1]


def run_state(run: Run, at: float) -> tuple[str, str | None]:
    """Status and conclusion of the newest attempt, as REST writes them."""
    newest = attempts(run, at)[-1]
    if newest.completed <= at:
        return "completed", newest.conclusion
    if at < run.waits:
        return "waiting", None
    started = min((job.started for job in newest.jobs), default=newest.completed)
    return ("in_progress" if started <= at else "queued"), None


def run_updated(run: Run, at: float) -> int:
    """`updated_at` of a run."""
    newest = attempts(run, at)[-1]
    times = [newest.started, newest.completed, run.touched, *(job.started for job in newest.jobs)]
    return max(time for time in [run.created, *times] if time <= max(at, run.created))


def workflow_id(repository: Repository, path: str) -> int:
    """The id of a workflow's file."""
    return zlib.crc32(f"{repository.id}/{path}".encode()) >> 1


def rollup(graph: Graph, sha: str, at: float) -> str | None:
    """The state of a commit's checks and statuses together; `None` without any."""
    found: list[str] = []
    for run in graph.runs_of.get(sha, ()):
        if run.created <= at:
            status, conclusion = run_state(run, at)
            found.append(_check(conclusion) if status == "completed" else "PENDING")
    newest = {status.context: status.state for status in graph.statuses_of.get(sha, ()) if status.at <= at}
    found.extend(newest.values())
    order = ("FAILURE", "ERROR", "PENDING", "EXPECTED", "SUCCESS")
    return next((state for state in order if state in found), None)


def _check(conclusion: str | None) -> str:
    return "FAILURE" if conclusion in FAILED_CHECKS else "SUCCESS"


def _within(spans: Iterable[tuple[int, int]], at: float) -> bool:
    return any(start <= at < end for start, end in spans)
