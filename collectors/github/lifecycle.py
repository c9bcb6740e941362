"""The life of one pull request, from its events: closes, drafts, the merge queue, its reviews. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.github.people import is_another_human, is_bot
from collectors.github.records import DISMISSED, Event, PullRequest, Review
from collectors.github.rules import Rules
from common.errors import MetricError
from common.window import DAY

LONGEST_CYCLE = 365 * DAY
_REVIEWS = frozenset(["APPROVED", "CHANGES_REQUESTED", "COMMENTED", DISMISSED])
_MERGED_FROM_QUEUE = frozenset(["merge", "merged"])


def _events(pull: PullRequest, *kinds: str) -> list[Event]:
    return sorted((each for each in pull.events if each.kind in kinds), key=lambda each: each.at)


def closes(pull: PullRequest) -> Iterator[float]:
    """When it was closed without being merged by it.

    GitHub tells a merge as a close too: the last one of a merged pull request, which nothing can reopen.
    """
    told = _events(pull, "closed", "reopened")
    for position, each in enumerate(told):
        reopened = any(later.kind == "reopened" for later in told[position + 1 :])
        if each.kind == "closed" and (pull.merged is None or reopened):
            yield each.at
    if pull.state == "CLOSED" and pull.closed is not None and not any(each.kind == "closed" for each in told):
        yield pull.closed


def reopens(pull: PullRequest) -> Iterator[float]:
    """When it was reopened."""
    return (each.at for each in _events(pull, "reopened"))


def cycle(pull: PullRequest) -> float | None:
    """Seconds from the earliest author date to the merge; `None` for a span that cannot be believed, or without one."""
    if pull.merged is None or not pull.commits:
        return None
    span = pull.merged - min(commit.authored for commit in pull.commits)
    return span if 0 <= span <= LONGEST_CYCLE else None


def in_draft(pull: PullRequest) -> float | None:
    """Seconds as a draft before the merge; `None` if it never was one.

    How it began is told by its first change: one that was made ready began as a draft.
    """
    if pull.merged is None:
        return None
    turns = _events(pull, "ready_for_review", "convert_to_draft")
    began = turns[0].kind == "ready_for_review" if turns else pull.draft
    since, spans = (pull.created if began else None), [0.0] if began else []
    for each in turns:
        if each.at >= pull.merged:
            break
        if each.kind == "convert_to_draft" and since is None:
            since = each.at
        elif each.kind == "ready_for_review" and since is not None:
            spans.append(each.at - since)
            since = None
    if since is not None:
        spans.append(pull.merged - since)
    return sum(spans) if spans else None


def waited_in_queue(pull: PullRequest) -> float | None:
    """Seconds from the last entry into the merge queue to the merge; `None` if it was not merged from there."""
    if pull.merged is None:
        return None
    entered: float | None = None
    for each in _events(pull, "added_to_merge_queue", "removed_from_merge_queue"):
        if each.at >= pull.merged:
            break
        if each.kind == "added_to_merge_queue":
            entered = each.at
        elif (each.reason or "").casefold() not in _MERGED_FROM_QUEUE:
            entered = None
    return None if entered is None else pull.merged - entered


def counted_reviews(pull: PullRequest) -> list[Review]:
    """Its reviews by time; of a merged one only those before the merge."""
    reviews = (each for each in pull.reviews if pull.merged is None or each.at < pull.merged)
    return sorted(reviews, key=lambda each: each.at)


def reviews_by_others(pull: PullRequest, rules: Rules) -> list[Review]:
    """Those of other humans."""
    return [each for each in counted_reviews(pull) if is_another_human(each.author, pull, rules)]


def _understood(review: Review) -> Review:
    if review.state not in _REVIEWS:
        raise MetricError(f"GitHub says that a review is {review.state}, which this release does not know")
    return review


def approves(review: Review, pull: PullRequest) -> bool:
    """Whether it is an approval that was not dismissed; after the merge no dismissal counts. Raises `MetricError`."""
    _understood(review)
    dismissed = review.dismissed is not None and (pull.merged is None or review.dismissed < pull.merged)
    return review.state == "APPROVED" and not dismissed


def started(pull: PullRequest, before: float) -> float:
    """When it was last made ready for review before that time, else its creation."""
    ready = [each.at for each in _events(pull, "ready_for_review") if each.at < before]
    return ready[-1] if ready else pull.created


def first_review(pull: PullRequest, rules: Rules, *, approval: bool = False) -> Review | None:
    """The first review, or approval, by another human on an open or merged pull request of a human."""
    abandoned = pull.merged is None and pull.state != "OPEN"
    if abandoned or is_bot(pull.author, rules):
        return None
    return next((each for each in reviews_by_others(pull, rules) if not approval or approves(each, pull)), None)


def rounds(pull: PullRequest) -> int:
    """How many reviews that requested changes were followed by a later one of the same person. Raises `MetricError`."""
    reviews = [_understood(each) for each in counted_reviews(pull)]
    last = {each.author.login: each.at for each in reviews if each.author is not None}
    return sum(
        each.state == "CHANGES_REQUESTED" and each.author is not None and last[each.author.login] > each.at
        for each in reviews
    )
