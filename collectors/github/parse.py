"""From GitHub's GraphQL answers to records. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from collectors.github.messages import body_reverts_commit, body_reverts_pull
from collectors.github.raw import (
    Page,
    RawActor,
    RawAuthor,
    RawBranch,
    RawClosed,
    RawCommented,
    RawCommit,
    RawDeployment,
    RawDismissed,
    RawDrafted,
    RawIssue,
    RawLabel,
    RawOwnCommit,
    RawPull,
    RawQueued,
    RawReady,
    RawRelease,
    RawReopened,
    RawReviewed,
    RawStep,
    RawUnqueued,
)
from collectors.github.records import (
    DISMISSED,
    Actor,
    AssociatedPull,
    Author,
    Branch,
    Commit,
    Deployment,
    Event,
    Issue,
    PullRequest,
    Release,
    Review,
    Status,
)

UNKNOWN_PARENT = "unknown:"
"""What a parent is called that was not asked for; it is no commit's id."""


def at(time: datetime) -> float:
    """Unix seconds."""
    return time.timestamp()


def maybe(time: datetime | None) -> float | None:
    """Unix seconds, if there is a time."""
    return None if time is None else time.timestamp()


def actor(raw: RawActor | None) -> Actor | None:
    """An account; `None` for a deleted one."""
    return None if raw is None else Actor(raw.login, raw.typename)


def commit(raw: RawCommit) -> Commit:
    """A commit; parents that were not asked for get names of their own, so that nobody takes it for a first one."""
    subject, _, body = raw.message.partition("\n")
    author = raw.author or RawAuthor(None, None, None)
    parents = [each.oid for each in raw.parents.nodes]
    parents += [f"{UNKNOWN_PARENT}{raw.oid}:{index}" for index in range(len(parents), raw.parents.total_count)]
    pulls = raw.associated_pull_requests or None
    return Commit(
        sha=raw.oid,
        authored=at(raw.authored_date),
        committed=at(raw.committed_date),
        author=Author(author.name or "", author.email or "", author.user.login if author.user else None),
        subject=subject,
        parents=tuple(parents),
        additions=raw.additions,
        deletions=raw.deletions,
        reverts=body_reverts_commit(body),
        pulls=tuple(
            AssociatedPull(each.number, each.base_ref_name, maybe(each.merged_at))
            for each in (pulls.nodes if pulls else ())
        ),
    )


def labels(raw: Page[RawLabel]) -> tuple[str, ...]:
    """The names of labels."""
    return tuple(each.name for each in raw.nodes)


def pull(raw: RawPull, steps: Iterable[RawStep] = (), commits: Iterable[RawOwnCommit] = ()) -> PullRequest:
    """A pull request with its whole timeline and all its commits, which may have come on several pages."""
    walked = tuple(steps)
    merged = maybe(raw.merged_at)
    rollup = raw.status_check_rollup or None
    return PullRequest(
        number=raw.number,
        created=at(raw.created_at),
        updated=at(raw.updated_at),
        state=raw.state,
        title=raw.title,
        author=actor(raw.author),
        base=raw.base_ref_name,
        head=raw.head_ref_name,
        draft=raw.is_draft,
        closed=maybe(raw.closed_at),
        merged=merged,
        merge_commit=raw.merge_commit.oid if raw.merge_commit else None,
        merge_parents=raw.merge_commit.parents.total_count if raw.merge_commit else 0,
        additions=raw.additions or 0,
        deletions=raw.deletions or 0,
        files=raw.changed_files or 0,
        reverts=body_reverts_pull(raw.body),
        labels=labels(raw.labels),
        commits=tuple(commit(each.commit) for each in commits),
        reviews=_reviews(walked),
        events=tuple(_events(walked, merged)),
        comments=_comments(walked),
        review_decision=raw.review_decision or None,
        checks=rollup.state if rollup else None,
        mergeable=raw.mergeable or None,
        queued=raw.is_in_merge_queue or False,
    )


_EVENTS = {
    RawReady: "ready_for_review",
    RawDrafted: "convert_to_draft",
    RawClosed: "closed",
    RawReopened: "reopened",
    RawQueued: "added_to_merge_queue",
    RawUnqueued: "removed_from_merge_queue",
}
_SAME_MOMENT = 5.0


def _events(steps: Iterable[RawStep], merged: float | None) -> Iterable[Event]:
    """What happened, but the closing that GitHub lists for a merge."""
    for step in steps:
        if isinstance(step, RawReviewed | RawDismissed | RawCommented):
            continue
        time = at(step.created_at)
        if not (isinstance(step, RawClosed) and merged is not None and abs(time - merged) <= _SAME_MOMENT):
            yield Event(_EVENTS[type(step)], time, step.reason if isinstance(step, RawUnqueued) else None)


def _reviews(steps: Iterable[RawStep]) -> tuple[Review, ...]:
    gone = {each.review.id: each for each in steps if isinstance(each, RawDismissed) and each.review}
    return tuple(_review(each, gone.get(each.id)) for each in steps if isinstance(each, RawReviewed) and _is_out(each))


def _is_out(step: RawReviewed) -> bool:
    return step.state != "PENDING" and step.submitted_at is not None


def _review(raw: RawReviewed, gone: RawDismissed | None) -> Review:
    submitted = maybe(raw.submitted_at) or 0.0
    if raw.state != DISMISSED or gone is None:
        return Review(actor(raw.author), submitted, raw.state)
    return Review(actor(raw.author), submitted, gone.previous_review_state, at(gone.created_at))


def _comments(steps: Iterable[RawStep]) -> tuple[float, ...]:
    """Issue comments by their own time, inline ones by that of the review that made them visible."""
    times: list[float] = []
    for step in steps:
        if isinstance(step, RawCommented):
            times.append(at(step.created_at))
        elif isinstance(step, RawReviewed) and _is_out(step):
            times += [maybe(step.submitted_at) or 0.0] * step.comments.total_count
    return tuple(sorted(times))


def deployment(raw: RawDeployment) -> Deployment:
    """A deployment with its statuses in order of time."""
    statuses = [Status(each.state.lower(), at(each.created_at)) for each in raw.statuses.nodes]
    return Deployment(
        id=raw.database_id,
        environment=raw.environment,
        sha=raw.commit_oid,
        created=at(raw.created_at),
        statuses=tuple(sorted(statuses, key=lambda each: each.at)),
        task=raw.task or "",
        ref=raw.ref.name if raw.ref else "",
    )


def release(raw: RawRelease) -> Release:
    """A release; a draft's tag may not exist yet."""
    return Release(
        tag=raw.tag_name,
        sha=raw.tag_commit.oid if raw.tag_commit else "",
        published=None if raw.is_draft else maybe(raw.published_at),
        prerelease=raw.is_prerelease,
        name=raw.name or "",
    )


def issue(raw: RawIssue) -> Issue:
    """An issue with every time at which it was closed."""
    return Issue(
        number=raw.number,
        created=at(raw.created_at),
        title=raw.title,
        labels=labels(raw.labels),
        open=raw.state == "OPEN",
        closes=tuple(at(each.created_at) for each in raw.timeline_items.nodes),
    )


def branch(raw: RawBranch) -> Branch | None:
    """A branch; `None` for a ref that points to no commit."""
    tip = raw.target.committed_date if raw.target else None
    return None if tip is None else Branch(raw.name, at(tip))
