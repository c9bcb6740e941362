"""The ids by which records are known to sinks and to `explain`: `pr:12`, `run:34:2`, `commit:<sha>`. Pure."""

from __future__ import annotations

from collectors.github.records import Commit, Issue, PullRequest, WorkflowRun


def pull_id(pull: PullRequest, at: float | None = None) -> str:
    """The pull request, or what happened to it at that time, where it may happen more than once."""
    return f"pr:{pull.number}" if at is None else f"pr:{pull.number}:{at:.0f}"


def issue_id(issue: Issue, at: float | None = None) -> str:
    """The issue, or what happened to it at that time."""
    return f"issue:{issue.number}" if at is None else f"issue:{issue.number}:{at:.0f}"


def commit_id(commit: Commit) -> str:
    """The commit."""
    return f"commit:{commit.sha}"


def run_id(run: WorkflowRun, attempt: int | None = None) -> str:
    """An attempt of the run, by default its last."""
    return f"run:{run.id}:{attempt or run.attempt}"
