"""Timelines of pull requests and issues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.graphql.connections import Connection
from demo.graphql.fields.issues import FIELDS as ISSUES
from demo.graphql.fields.pulls import FIELDS as PULLS
from demo.graphql.fields.pulls import merge_commit
from demo.graphql.items import Item, actor, node_id, person
from demo.records import NEVER
from demo.stamp import parse, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

TYPES = {
    "ready_for_review": "ReadyForReviewEvent",
    "convert_to_draft": "ConvertToDraftEvent",
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "merged": "MergedEvent",
    "review_requested": "ReviewRequestedEvent",
    "added_to_merge_queue": "AddedToMergeQueueEvent",
    "removed_from_merge_queue": "RemovedFromMergeQueueEvent",
}


class Step:
    """Something in a timeline: a record, and the pull request or issue it belongs to."""

    def __init__(self, at: int, kind: str, record: Any, subject: Any) -> None:  # noqa: ANN401
        self.at, self.kind, self.record, self.subject = at, kind, record, subject
        self.number = subject.number


def _enum(kind: str) -> str:
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in kind)
    return words.lstrip("_").upper()


def steps(item: Item) -> list[Step]:
    """Everything so far, oldest first; a merge closes, too, and GitHub lists both."""
    subject = item.record
    found = [Step(event.at, TYPES[event.kind], event, subject) for event in subject.events]
    found += [Step(event.at, "ClosedEvent", event, subject) for event in subject.events if event.kind == "merged"]
    found += [Step(comment.at, "IssueComment", comment, subject) for comment in subject.comments]
    for review in getattr(subject, "reviews", ()):
        found.append(Step(review.at, "PullRequestReview", review, subject))
        if review.dismissed < NEVER:
            found.append(Step(review.dismissed, "ReviewDismissedEvent", review, subject))
    return sorted((one for one in found if one.at <= item.view.now), key=lambda one: one.at)


def _timeline(
    item: Item, *, itemTypes: list[str] | None = None, since: str | None = None, skip: int | None = None, **args: Any  # noqa: N803, ANN401
) -> Connection:  # fmt: skip
    seen = [
        one
        for one in steps(item)
        if (itemTypes is None or _enum(one.kind) in itemTypes) and (since is None or one.at >= parse(since))
    ]
    return Connection(seen[skip or 0 :], lambda one: _make(item, one), args)


def _make(item: Item, step: Step) -> Item:
    plain = step.kind in {"IssueComment", "PullRequestReview"}
    return item.other(step.kind, step.record if plain else step)


def _requested(item: Item) -> Item | None:
    others = [login for login in item.view.accounts if login != item.record.subject.author]
    return actor(item, others[0])


def _event(kind: str) -> dict[str, Callable[..., Any]]:
    return {
        "id": lambda one: node_id(kind, one.repository.id, one.record.number, one.record.at),
        "actor": lambda one: actor(one, one.record.record.actor),
        "createdAt": lambda one: stamp(one.record.at),
        "enqueuer": lambda one: person(one, one.record.record.actor),
        "reason": lambda one: one.record.record.reason,
        "requestedReviewer": _requested,
        "mergeRefName": lambda one: one.record.subject.base,
        "commit": lambda one: merge_commit(one.other("PullRequest", one.record.subject)),
    }


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {kind: _event(kind) for kind in TYPES.values()}
FIELDS["ReviewDismissedEvent"] = {
    "id": lambda one: node_id("ReviewDismissedEvent", one.repository.id, one.record.record.id),
    "actor": lambda one: actor(one, one.record.record.author),
    "createdAt": lambda one: stamp(one.record.at),
    "previousReviewState": lambda one: one.record.record.state,
    "review": lambda one: one.other("PullRequestReview", one.record.record),
}
PULLS["PullRequest"]["timelineItems"] = _timeline
ISSUES["Issue"]["timelineItems"] = _timeline
