"""Pull requests and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo import facts
from demo.graphql.connections import Connection
from demo.graphql.fields.issues import comments, labels, subjects
from demo.graphql.fields.people import SITE
from demo.graphql.items import Item, actor, node_id
from demo.stamp import maybe, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import Commit, Review


def own_commits(item: Item) -> list[Commit]:
    """The commits pushed so far, oldest first."""
    return [item.repository.commits[push.sha] for push in item.record.pushes if push.at <= item.view.now]


def lines(item: Item) -> tuple[int, int, dict[str, tuple[int, int]]]:
    """Additions, deletions, and both for each file."""
    files: dict[str, tuple[int, int]] = {}
    for commit in own_commits(item):
        for change in commit.changes if len(commit.parents) < 2 else ():
            added, deleted = files.get(change.path, (0, 0))
            files[change.path] = (added + change.added, deleted + change.deleted)
    return sum(a for a, _ in files.values()), sum(d for _, d in files.values()), files


def review_state(item: Item) -> str:
    """A review's state: DISMISSED once it was."""
    return "DISMISSED" if item.record.dismissed <= item.view.now else str(item.record.state)


def seen_reviews(item: Item) -> list[Item]:
    """The reviews submitted so far."""
    return [item.other("PullRequestReview", one) for one in item.record.reviews if one.at <= item.view.now]


def comment_count(item: Item) -> int:
    """Issue and inline comments so far."""
    inline = [one for review in item.record.reviews for one in review.comments]
    return sum(one.at <= item.view.now for one in [*item.record.comments, *inline])


def _reviews(item: Item, *, states: list[str] | None = None, author: str | None = None, **args: Any) -> Connection:  # noqa: ANN401
    seen = [
        one
        for one in seen_reviews(item)
        if (not states or review_state(one) in states) and author in {None, one.record.author}
    ]
    return Connection(seen, lambda one: one, args)


def _latest(item: Item, args: dict[str, Any], *, opinions: bool) -> Connection:
    newest: dict[str | None, Item] = {}
    for one in seen_reviews(item):
        if not opinions or review_state(one) in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
            newest[one.record.author] = one
    return Connection(list(newest.values()), lambda one: one, args)


def _inline(item: Item, **args: object) -> Connection:
    review: Review = item.record
    seen = [one for one in review.comments if one.at <= item.view.now]
    return Connection(seen, lambda one: item.other("PullRequestReviewComment", one), args)


def _threads(item: Item, **args: object) -> Connection:
    seen = [one for review in item.record.reviews for one in review.comments if one.at <= item.view.now]
    return Connection(seen, lambda one: item.other("PullRequestReviewThread", one), args)


def _files(item: Item, **args: object) -> Connection:
    def make(pair: tuple[str, tuple[int, int]]) -> Item:
        path, (added, deleted) = pair
        return item.other("PullRequestChangedFile", {"path": path, "additions": added, "deletions": deleted})

    return Connection(list(lines(item)[2].items()), make, args)


def _commits(item: Item, **args: object) -> Connection:
    return Connection(own_commits(item), lambda one: item.other("PullRequestCommit", one), args)


def _requested(item: Item, **args: object) -> Connection:
    asked = any(event.kind == "review_requested" and event.at <= item.view.now for event in item.record.events)
    people = [login for login in list(item.view.accounts)[:3] if login != item.record.author][:1] if asked else []
    done = {one.author for one in item.record.reviews if one.at <= item.view.now}
    waiting = [login for login in people if login not in done]
    return Connection(waiting, lambda login: item.other("ReviewRequest", (item.record.number, login)), args)


def merge_commit(item: Item) -> Item | None:
    """What the merge made, once it is merged."""
    merged = facts.merged_at(item.record, item.view.now)
    return None if merged is None else item.other("Commit", item.repository.commits[item.record.merge_commit])


def _merged_by(item: Item) -> Item | None:
    event = next((one for one in item.record.events if one.kind == "merged" and one.at <= item.view.now), None)
    return None if event is None else actor(item, event.actor)


def _entry(item: Item) -> Item | None:
    queued = facts.queue_entry(item.record, item.view.now)
    return None if queued is None else item.other("MergeQueueEntry", item.record)


def _rollup(item: Item) -> Item | None:
    head = facts.head(item.record, item.view.now)
    found = facts.rollup(item.graph, head, item.view.now)
    return None if found is None else item.other("StatusCheckRollup", head)


def _pull(item: Item, *, number: int) -> Item | None:
    found = item.graph.pulls.get(number) if item.repository.pulls else None
    return None if found is None or found.created > item.view.now else item.other("PullRequest", found)


def enqueuer(item: Item) -> str | None:
    """Who put a pull request into the queue."""
    found = [e.actor for e in item.record.events if e.kind == "added_to_merge_queue" and e.at <= item.view.now]
    return found[-1] if found else None


ON_REPOSITORY: dict[str, Callable[..., Any]] = {
    "pullRequests": lambda item, **args: subjects(item, "PullRequest", item.repository.pulls, args),
    "pullRequest": _pull,
}
FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "PullRequest": {
        "id": lambda one: node_id("PullRequest", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "fullDatabaseId": lambda one: str(one.record.id),
        "url": lambda one: f"{SITE}/{one.repository.full_name}/pull/{one.record.number}",
        "state": lambda one: facts.state(one.record, one.view.now),
        "createdAt": lambda one: stamp(one.record.created),
        "publishedAt": lambda one: stamp(one.record.created),
        "updatedAt": lambda one: stamp(facts.updated_at(one.record, one.view.now)),
        "closedAt": lambda one: maybe(facts.closed_at(one.record, one.view.now)),
        "mergedAt": lambda one: maybe(facts.merged_at(one.record, one.view.now)),
        "closed": lambda one: facts.state(one.record, one.view.now) != "OPEN",
        "merged": lambda one: facts.merged_at(one.record, one.view.now) is not None,
        "isDraft": lambda one: facts.is_draft(one.record, one.view.now),
        "isCrossRepository": lambda one: one.record.fork is not None,
        "isInMergeQueue": lambda one: facts.queue_entry(one.record, one.view.now) is not None,
        "isMergeQueueEnabled": lambda one: one.repository.queue,
        "mergeQueueEntry": _entry,
        "additions": lambda one: lines(one)[0],
        "deletions": lambda one: lines(one)[1],
        "changedFiles": lambda one: len(lines(one)[2]),
        "baseRefName": lambda one: one.record.base,
        "headRefName": lambda one: one.record.head,
        "baseRefOid": lambda one: facts.base_commit(one.repository, one.record),
        "headRefOid": lambda one: facts.head(one.record, one.view.now),
        "headRepository": lambda one: None if one.record.fork else one.other("Repository", one.repository),
        "repository": lambda one: one.other("Repository", one.repository),
        "author": lambda one: actor(one, one.record.author),
        "mergedBy": _merged_by,
        "mergeCommit": merge_commit,
        "mergeable": lambda one: facts.mergeable(one.record, one.view.now),
        "reviewDecision": lambda one: facts.decision(one.record, one.view.now),
        "statusCheckRollup": _rollup,
        "totalCommentsCount": comment_count,
        "labels": labels,
        "commits": _commits,
        "reviews": _reviews,
        "latestReviews": lambda one, **args: _latest(one, args, opinions=False),
        "latestOpinionatedReviews": lambda one, **args: _latest(one, args, opinions=True),
        "comments": comments,
        "reviewThreads": _threads,
        "reviewRequests": _requested,
        "files": _files,
    },
    "PullRequestCommit": {
        "id": lambda one: node_id("PullRequestCommit", one.repository.id, one.record.sha),
        "commit": lambda one: one.other("Commit", one.record),
        "url": lambda one: f"{SITE}/{one.repository.full_name}/commit/{one.record.sha}",
    },
    "PullRequestReview": {
        "id": lambda one: node_id("PullRequestReview", one.repository.id, one.record.id),
        "databaseId": lambda one: one.record.id,
        "fullDatabaseId": lambda one: str(one.record.id),
        "state": review_state,
        "submittedAt": lambda one: stamp(one.record.at),
        "createdAt": lambda one: stamp(one.record.at),
        "updatedAt": lambda one: stamp(one.record.dismissed if one.record.dismissed <= one.view.now else one.record.at),
        "author": lambda one: actor(one, one.record.author),
        "body": lambda _one: "SIMULATED",
        "url": lambda one: f"{SITE}/{one.repository.full_name}#review-{one.record.id}",
        "comments": _inline,
    },
    "PullRequestReviewThread": {
        "id": lambda one: node_id("PullRequestReviewThread", one.repository.id, one.record.id),
        "isResolved": lambda _one: False,
        "comments": lambda one, **args: Connection(
            [one.record], lambda comment: one.other("PullRequestReviewComment", comment), args
        ),
    },
    "ReviewRequest": {
        "id": lambda one: node_id("ReviewRequest", one.repository.id, *one.record),
        "requestedReviewer": lambda one: actor(one, one.record[1]),
    },
    "MergeQueueEntry": {
        "id": lambda one: node_id("MergeQueueEntry", one.repository.id, one.record.id),
        "enqueuedAt": lambda one: maybe(facts.queue_entry(one.record, one.view.now)),
        "enqueuer": lambda one: actor(one, enqueuer(one)),
        "estimatedTimeToMerge": lambda _one: 900,
        "position": lambda _one: 1,
        "pullRequest": lambda one: one.other("PullRequest", one.record),
        "state": lambda _one: "AWAITING_CHECKS",
    },
}
