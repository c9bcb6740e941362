"""Pull requests that are open now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.github.ids import pull_id
from collectors.github.people import AUTHOR, kind_of
from collectors.github.records import PullRequest, known
from collectors.github.snapshot import GitHubSnapshot
from common.errors import MetricError
from common.metric import Basis, Point, metric, point
from common.stats import median

_REVIEW = {
    "REVIEW_REQUIRED": "awaiting",
    "CHANGES_REQUESTED": "changes_requested",
    "APPROVED": "approved",
    None: "not_required",
}
_CHECKS = {
    "SUCCESS": "success",
    "FAILURE": "failure",
    "ERROR": "failure",
    "PENDING": "pending",
    "EXPECTED": "pending",
    None: "none",
}


def _ready(snapshot: GitHubSnapshot) -> list[PullRequest]:
    return [pull for pull in known(snapshot.open_pulls) if not pull.draft]


def _ids(pulls: list[PullRequest]) -> tuple[str, ...]:
    return tuple(pull_id(pull) for pull in pulls)


def _meaning(word: str | None, words: dict[str | None, str]) -> str:
    if word not in words:
        raise MetricError(f"GitHub says {word}, which this release does not know")
    return words[word]


@metric(
    "github.pull_request.open",
    unit="{pull_request}",
    tags={"draft": ("true", "false"), "author": AUTHOR},
    semconv="vcs.change.count",
)
def open_pull_requests(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Pull requests that are open now.

    By whether they are drafts, and by whether a person or a bot opened them.
    """
    pulls = known(snapshot.open_pulls)
    for draft in (True, False):
        for author in AUTHOR:
            these = [pull for pull in pulls if pull.draft is draft and kind_of(pull.author, snapshot.rules) == author]
            yield point(len(these), of=_ids(these), draft=str(draft).lower(), author=author)


def _first_ready(snapshot: GitHubSnapshot) -> Iterator[tuple[float, int, str]]:
    """Creation, number and id of the oldest."""
    oldest = min(_ready(snapshot), key=lambda pull: (pull.created, pull.number), default=None)
    if oldest is not None:
        yield oldest.created, oldest.number, pull_id(oldest)


@metric("github.pull_request.oldest_open", unit="unix", better="higher", facts=_first_ready)
def oldest_open(oldest: Iterable[tuple[float, int, str]]) -> Iterator[Point]:
    """When the oldest open pull request was created.

    Of open ones that are no drafts; none: no point.
    """
    for created, _, pull in sorted(oldest)[:1]:
        yield point(created, of=(pull,))


def _ages(snapshot: GitHubSnapshot) -> Iterator[tuple[float, str]]:
    return ((max(0.0, snapshot.window.end - pull.created), pull_id(pull)) for pull in _ready(snapshot))


@metric("github.pull_request.median_open_age", unit="s", better="lower", facts=_ages)
def median_open_age(ages: Iterable[tuple[float, str]]) -> Iterator[Point]:
    """Median age of open pull requests.

    Of open ones that are no drafts, from creation to now; none: no point.
    """
    known = tuple(ages)
    age = median(age for age, _ in known)
    if age is not None:
        yield point(age, of=(pull for _, pull in known))


@metric("github.pull_request.stale", unit="{pull_request}", better="lower")
def stale(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Open pull requests that nothing has happened to for a while.

    Drafts included. Stale: GitHub's last update is longer ago than the setting `stale_after`, 14 days by default.
    """
    oldest = snapshot.window.end - snapshot.rules.stale_after
    pulls = [pull for pull in known(snapshot.open_pulls) if pull.updated < oldest]
    yield point(len(pulls), of=_ids(pulls))


@metric(
    "github.pull_request.review_state", unit="{pull_request}", tags={"state": tuple(dict.fromkeys(_REVIEW.values()))}
)
def review_state(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Open pull requests by what reviewers have decided.

    Those that are no drafts, each in one state, by GitHub's review decision: `not_required` where the branch asks for
    no review and there is no decision.
    """
    snapshot.need("review_decision")
    yield from _by_state([(pull, _meaning(pull.review_decision, _REVIEW)) for pull in _ready(snapshot)], _REVIEW)


@metric(
    "github.pull_request.check_state", unit="{pull_request}", tags={"state": tuple(dict.fromkeys(_CHECKS.values()))}
)
def check_state(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Open pull requests by how the checks of their head commit stand.

    Drafts included, each in one state, by GitHub's roll-up: `failure` also for an error, `pending` also for an expected
    status, `none` without any check.
    """
    snapshot.need("checks")
    yield from _by_state(
        [(pull, _meaning(pull.checks, _CHECKS)) for pull in known(snapshot.open_pulls)], _CHECKS, snapshot.basis
    )


def _by_state(
    pulls: list[tuple[PullRequest, str]], words: dict[str | None, str], basis: Basis = "measured"
) -> Iterator[Point]:
    for state in dict.fromkeys(words.values()):
        these = [pull for pull, its in pulls if its == state]
        yield point(len(these), of=_ids(these), basis=basis, state=state)


def _conflicts(pull: PullRequest) -> bool:
    if pull.mergeable not in ("MERGEABLE", "CONFLICTING", "UNKNOWN", None):
        raise MetricError(f"GitHub says that a pull request is {pull.mergeable}, which this release does not know")
    return pull.mergeable == "CONFLICTING"


@metric("github.pull_request.conflicting", unit="{pull_request}", better="lower")
def conflicting(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Open pull requests that conflict with their base.

    Those of which GitHub says CONFLICTING. While it has not yet worked it out (UNKNOWN), a pull request is not counted.
    """
    snapshot.need("mergeable")
    pulls = [pull for pull in known(snapshot.open_pulls) if _conflicts(pull)]
    yield point(len(pulls), of=_ids(pulls), basis=snapshot.basis)


@metric("github.pull_request.queued", unit="{pull_request}")
def queued(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Pull requests that are in the merge queue now."""
    snapshot.need("merge_queue")
    pulls = [pull for pull in known(snapshot.open_pulls) if pull.queued]
    yield point(len(pulls), of=_ids(pulls))
