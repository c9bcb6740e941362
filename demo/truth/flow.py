"""Pull requests: how long each step took, and what the merged ones were like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.stats import ratio
from demo.truth.pulls import is_open

if TYPE_CHECKING:
    from demo.records import Pull, Review
    from demo.truth.book import Book

YEAR = 365 * 86_400


def tell_flow(book: Book) -> None:
    """Every distribution over pull requests, and the review coverage."""
    covered: list[bool] = []
    for pull in book.repository.pulls:
        if pull.created > book.at:
            continue
        merged = _merged(pull, book.at)
        if book.kind(pull.author) == "human" and (merged is not None or is_open(pull, book.at)):
            _first_review(book, pull, merged)
        if merged is not None and book.within(merged):
            _times(book, pull, merged)
            _queue_wait(book, pull, merged)
            _shape(book, pull, merged)
            if book.kind(pull.author) == "human":
                covered.append(bool(_others(book, pull, merged)))
    book.tell("github.pull_request.review_coverage", ratio(sum(covered), len(covered)))


def _merged(pull: Pull, at: float) -> int | None:
    return next((event.at for event in pull.events if event.kind == "merged" and event.at <= at), None)


def _others(book: Book, pull: Pull, merged: int | None) -> list[Review]:
    """Reviews by another human, those after the merge left out."""
    until = book.at if merged is None else merged - 1
    return [review for review in pull.reviews if review.at <= until and book.other_human(review.author, pull.author)]


def _approvals(book: Book, pull: Pull, merged: int | None) -> list[Review]:
    """Approvals by another human that stood: at the merge, or now."""
    until = book.at if merged is None else merged - 1
    return [r for r in _others(book, pull, merged) if r.state == "APPROVED" and r.dismissed > until]


def _ready_before(pull: Pull, at: int) -> int:
    """The last time before `at` that it became ready for review, else its creation."""
    ready = [event.at for event in pull.events if event.kind == "ready_for_review" and event.at < at]
    return ready[-1] if ready else pull.created


def _first_review(book: Book, pull: Pull, merged: int | None) -> None:
    for metric, reviews in (
        ("github.pull_request.time_to_first_review", _others(book, pull, merged)),
        ("github.pull_request.time_to_approval", _approvals(book, pull, merged)),
    ):
        if reviews:
            first = min(review.at for review in reviews)
            book.count(metric, first, pull.number, first - _ready_before(pull, first))


def _times(book: Book, pull: Pull, merged: int) -> None:
    author = book.kind(pull.author)
    book.count("github.pull_request.time_to_merge", merged, pull.number, merged - pull.created, author=author)
    own = [book.graph.commits[push.sha].authored for push in pull.pushes if push.at < merged]
    cycle = merged - min(own) if own else -1
    if 0 <= cycle <= YEAR:
        book.count("github.pull_request.cycle_time", merged, pull.number, cycle, author=author)
    approvals = _approvals(book, pull, merged)
    if approvals:
        last = max(review.at for review in approvals)
        book.count("github.pull_request.merge_delay", merged, pull.number, merged - last)
    spans = _draft_spans(pull, merged)
    if spans:
        book.count("github.pull_request.time_in_draft", merged, pull.number, sum(spans))


def _draft_spans(pull: Pull, merged: int) -> list[int]:
    since = pull.created if pull.draft else None
    spans = []
    for event in pull.events:
        if event.at < merged and event.kind == "convert_to_draft" and since is None:
            since = event.at
        elif event.at < merged and event.kind == "ready_for_review" and since is not None:
            spans.append(event.at - since)
            since = None
    return spans if since is None else [*spans, merged - since]


def _queue_wait(book: Book, pull: Pull, merged: int) -> None:
    turns = [event for event in pull.events if event.at < merged and event.kind.endswith("_merge_queue")]
    if turns and turns[-1].kind == "added_to_merge_queue":
        book.count("github.pull_request.merge_queue_wait", merged, pull.number, merged - turns[-1].at)


def _shape(book: Book, pull: Pull, merged: int) -> None:
    commits = [book.graph.commits[push.sha] for push in pull.pushes if push.at < merged]
    own = [commit for commit in commits if len(commit.parents) < 2]
    size = sum(commit.additions + commit.deletions for commit in own)
    files = {change.path for commit in own for change in commit.changes}
    said = [*pull.comments, *(comment for review in pull.reviews for comment in review.comments)]
    book.count("github.pull_request.size", merged, pull.number, size)
    book.count("github.pull_request.file", merged, pull.number, len(files))
    comments = sum(comment.at < merged for comment in said)
    book.count("github.pull_request.comment", merged, pull.number, comments)
    book.count("github.pull_request.review_round", merged, pull.number, _rounds(pull, merged))


def _rounds(pull: Pull, merged: int) -> int:
    """Requests for changes after which the same person reviewed again; a dismissed one was made, too."""
    reviews = [review for review in pull.reviews if review.at < merged and review.author is not None]
    asked = [review for review in reviews if review.state == "CHANGES_REQUESTED"]
    return sum(any(later.author == review.author and later.at > review.at for later in reviews) for review in asked)
