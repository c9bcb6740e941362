"""What a workflow run's words mean. Pure."""

from __future__ import annotations

from functools import lru_cache

from collectors.github.records import WorkflowRun

CONCLUSION = ("success", "failure", "cancelled", "other")
FAILURES = frozenset(["failure", "timed_out", "startup_failure"])
KNOWN_ENDS = FAILURES | {"success", "cancelled", "skipped", "neutral", "action_required", "stale"}
"""GitHub's words for how a run ended; a new one counts as `other`, and in no ratio."""


@lru_cache(maxsize=4_096)
def file_name(path: str) -> str:
    """The name of a workflow's file, without folder and ref: `ci.yml`."""
    return path.partition("@")[0].rpartition("/")[2]


def ends_as(conclusion: str | None) -> str:
    """The value of the tag `conclusion`: timeouts and broken start-ups are failures; skipped and the like are other."""
    if conclusion in FAILURES:
        return "failure"
    return conclusion if conclusion in ("success", "cancelled") else "other"


def branch_of(run: WorkflowRun, default_branch: str) -> str:
    """The value of the tag `branch`; a fork's branch of the same name is another."""
    return "default" if run.own and run.branch == default_branch else "other"
