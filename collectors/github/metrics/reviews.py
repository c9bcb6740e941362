"""How pull requests are reviewed. Another human is an account that is known, no bot, and not the author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.github.ids import pull_id
from collectors.github.lifecycle import approves, counted_reviews, first_review, reviews_by_others, rounds, started
from collectors.github.people import is_bot
from collectors.github.records import DISMISSED
from collectors.github.snapshot import GitHubSnapshot
from common.metric import Basis, Kind, Point, metric, point
from common.stats import ratio


@metric("github.pull_request.time_to_first_review", unit="s", kind=Kind.DISTRIBUTION, better="lower")
def time_to_first_review(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long pull requests wait for their first review.

    Population: those of humans, open or merged. Start: the last time it was made ready for review before that review,
    else creation. End and event time: the first submitted review by another human, before the merge; a dismissed one
    was submitted, a comment outside of a review is none.
    """
    snapshot.need("reviews", "timeline")
    for pull in snapshot.pulls:
        review = first_review(pull, snapshot.rules)
        if review is not None:
            yield point(review.at - started(pull, review.at), at=review.at, id=pull_id(pull))


@metric(
    "github.pull_request.time_to_approval",
    unit="s",
    kind=Kind.DISTRIBUTION,
    better="lower",
    semconv="vcs.change.time_to_approval",
)
def time_to_approval(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long pull requests wait for their first approval.

    Population: those of humans, open or merged. Start: the last time it was made ready for review before that approval,
    else creation. End and event time: the first approval by another human, before the merge; a dismissed one is none.
    """
    snapshot.need("reviews", "timeline")
    for pull in snapshot.pulls:
        review = first_review(pull, snapshot.rules, approval=True)
        if review is not None:
            yield point(review.at - started(pull, review.at), at=review.at, id=pull_id(pull))


@metric("github.pull_request.merge_delay", unit="s", kind=Kind.DISTRIBUTION, better="lower")
def merge_delay(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long approved pull requests wait to be merged.

    Population: merged ones with an approval by another human before the merge. Start: the last such approval. End and
    event time: merge.
    """
    snapshot.need("reviews")
    for pull in snapshot.merged:
        approvals = [each.at for each in reviews_by_others(pull, snapshot.rules) if approves(each, pull)]
        if approvals and pull.merged is not None:
            yield point(pull.merged - approvals[-1], at=pull.merged, id=pull_id(pull))


@metric("github.pull_request.review_round", unit="{round}", kind=Kind.DISTRIBUTION, better="lower")
def review_round(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How often merged pull requests went back to their author.

    Population: merged ones, zeros included. Value: reviews that requested changes and were followed by a later review
    of the same person, both before the merge. Event time: merge. A lower bound where GitHub does not tell what a
    dismissed review had been.
    """
    snapshot.need("reviews")
    for pull in snapshot.merged:
        if pull.merged is not None:
            untold = any(each.state == DISMISSED for each in counted_reviews(pull))
            basis: Basis = "lower_bound" if untold else "measured"
            yield point(rounds(pull), at=pull.merged, id=pull_id(pull), basis=basis)


def _reviewed(snapshot: GitHubSnapshot) -> Iterator[tuple[bool, str]]:
    """Of each merged pull request whether it was reviewed, and its id."""
    snapshot.need("reviews")
    for pull in snapshot.merged:
        if pull.merged is not None and pull.merged in snapshot.window and not is_bot(pull.author, snapshot.rules):
            yield bool(reviews_by_others(pull, snapshot.rules)), pull_id(pull)


@metric("github.pull_request.review_coverage", unit="1", better="higher", facts=_reviewed)
def review_coverage(merged: Iterable[tuple[bool, str]]) -> Iterator[Point]:
    """Share of merged pull requests that somebody else had reviewed.

    Of those by humans, merged in the window: with a review submitted by another human before the merge / all. None
    merged: no point.
    """
    reviewed: dict[bool, list[str]] = {False: [], True: []}
    for was, pull in merged:
        reviewed[was].append(pull)
    share = ratio(len(reviewed[True]), len(reviewed[True]) + len(reviewed[False]))
    if share is not None:
        yield point(share, of=(*reviewed[False], *reviewed[True]))
