"""What GitHub cannot mean, or nobody can understand: then nothing is taken from the answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from collectors.github.parse_rest import RawRun
from collectors.github.raw import RawDeployment, RawPull, RawRelease, RawReviewed, RawStep

_STATUSES = frozenset(["ERROR", "FAILURE", "INACTIVE", "IN_PROGRESS", "PENDING", "QUEUED", "SUCCESS", "WAITING"])


def of_pull(raw: RawPull, steps: Iterable[RawStep] = ()) -> str | None:
    """What is missing of the pull request or its reviews."""
    if raw.state == "MERGED" and raw.merged_at is None:
        return f"pull request {raw.number} was merged, but GitHub does not say when"
    if raw.state == "CLOSED" and raw.closed_at is None:
        return f"pull request {raw.number} was closed, but GitHub does not say when"
    if any(isinstance(each, RawReviewed) and each.state != "PENDING" and each.submitted_at is None for each in steps):
        return f"pull request {raw.number} has a review of which GitHub does not say when it was submitted"
    return None


def of_deployment(raw: RawDeployment) -> str | None:
    """Which of its statuses nobody understands: one that is new may be an end."""
    strange = next((each.state for each in raw.statuses.nodes if each.state not in _STATUSES), None)
    return f"GitHub says that a deployment is {strange}, which this release does not know" if strange else None


def of_release(raw: RawRelease) -> str | None:
    """What is missing of the release."""
    if not raw.is_draft and raw.published_at is None:
        return f"release {raw.tag_name} was published, but GitHub does not say when"
    return None


def of_run(raw: RawRun) -> str | None:
    """What is missing of the workflow run."""
    if raw.status == "completed" and not raw.conclusion:
        return f"workflow run {raw.id} was completed, but GitHub does not say how it ended"
    return None
