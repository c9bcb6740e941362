"""What happened to pull requests: opened, merged, closed, and how long and large they were."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.github.ids import pull_id
from collectors.github.lifecycle import closes, cycle, in_draft, reopens, waited_in_queue
from collectors.github.messages import is_reverting
from collectors.github.people import AUTHOR, kind_of
from collectors.github.records import PullRequest
from collectors.github.snapshot import GitHubSnapshot
from common.metric import Basis, Kind, Point, metric, point

COUNT, DISTRIBUTION = Kind.COUNT, Kind.DISTRIBUTION


def _merged(snapshot: GitHubSnapshot) -> Iterator[tuple[PullRequest, float]]:
    return ((pull, pull.merged) for pull in snapshot.merged if pull.merged is not None)


@metric("github.pull_request.opened", unit="{pull_request}", kind=COUNT, tags={"author": AUTHOR})
def opened(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Pull requests that were opened.

    By creation, drafts included, whatever became of them.
    """
    for pull in snapshot.pulls:
        yield point(1, at=pull.created, id=pull_id(pull), author=kind_of(pull.author, snapshot.rules))


@metric(
    "github.pull_request.merged",
    unit="{pull_request}",
    kind=COUNT,
    tags={"author": AUTHOR, "method": ("merge", "single")},
    better="higher",
)
def merged(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Pull requests that were merged.

    By merge, into any branch. The method is `merge` if the merge commit has two parents, else `single`: squashed or
    rebased. Derived where GitHub does not tell the merge commit.
    """
    for pull, at in _merged(snapshot):
        method = "merge" if pull.merge_parents > 1 else "single"
        author, basis = kind_of(pull.author, snapshot.rules), _basis(pull)
        yield point(1, at=at, id=pull_id(pull), basis=basis, author=author, method=method)


def _basis(pull: PullRequest) -> Basis:
    return "measured" if pull.merge_commit else "derived"


@metric("github.pull_request.closed", unit="{pull_request}", kind=COUNT, tags={"author": AUTHOR})
def closed(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Closes of pull requests that were not merged by it.

    Each close at its own time, also of those that were reopened, or merged, later.
    """
    snapshot.need("timeline")
    for pull in snapshot.pulls:
        for at in closes(pull):
            yield point(1, at=at, id=pull_id(pull, at), author=kind_of(pull.author, snapshot.rules))


@metric("github.pull_request.reopened", unit="{pull_request}", kind=COUNT, better="lower")
def reopened(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Reopenings of closed pull requests.

    Each at its own time.
    """
    snapshot.need("timeline")
    for pull in snapshot.pulls:
        for at in reopens(pull):
            yield point(1, at=at, id=pull_id(pull, at))


@metric("github.pull_request.reverting", unit="{pull_request}", kind=COUNT, better="lower")
def reverting(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Merged pull requests that revert another.

    By merge. The title begins with `Revert "`, the branch with `revert-N-`, or a line of the body with `Reverts
    owner/name#N`. A revert of a revert is one more.
    """
    for pull, at in _merged(snapshot):
        if is_reverting(pull):
            yield point(1, at=at, id=pull_id(pull))


@metric(
    "github.pull_request.time_to_merge",
    unit="s",
    kind=DISTRIBUTION,
    tags={"author": AUTHOR},
    better="lower",
    semconv="vcs.change.time_to_merge",
)
def time_to_merge(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long pull requests take from creation to merge.

    Population: merged ones. Start: creation, also of a draft. End and event time: merge.
    """
    for pull, at in _merged(snapshot):
        yield point(at - pull.created, at=at, id=pull_id(pull), author=kind_of(pull.author, snapshot.rules))


@metric("github.pull_request.cycle_time", unit="s", kind=DISTRIBUTION, tags={"author": AUTHOR}, better="lower")
def cycle_time(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long changes take from their first commit to the merge.

    Population: merged pull requests. Start: earliest author date of their own commits. End and event time: merge. A
    span below zero or over 365 days (a wrong clock, an old commit picked up again) is left out.
    """
    snapshot.need("pull_commits")
    for pull, at in _merged(snapshot):
        span = cycle(pull)
        if span is not None:
            yield point(span, at=at, id=pull_id(pull), author=kind_of(pull.author, snapshot.rules))


@metric("github.pull_request.time_in_draft", unit="s", kind=DISTRIBUTION)
def time_in_draft(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long merged pull requests were drafts.

    Population: merged ones that ever were a draft. Value: the sum of their spans as a draft before the merge. Event
    time: merge.
    """
    snapshot.need("timeline")
    for pull, at in _merged(snapshot):
        span = in_draft(pull)
        if span is not None:
            yield point(span, at=at, id=pull_id(pull))


@metric("github.pull_request.merge_queue_wait", unit="s", kind=DISTRIBUTION, better="lower")
def merge_queue_wait(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """How long pull requests wait in the merge queue.

    Population: those merged from the queue. Start: their last entry into it. End and event time: merge.
    """
    snapshot.need("timeline", "merge_queue")
    for pull, at in _merged(snapshot):
        wait = waited_in_queue(pull)
        if wait is not None:
            yield point(wait, at=at, id=pull_id(pull))


@metric("github.pull_request.size", unit="{line}", kind=DISTRIBUTION, better="lower")
def size(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Lines that merged pull requests add and delete.

    Population: merged ones. Value: additions and deletions at the merge. Event time: merge.
    """
    snapshot.need("sizes")
    for pull, at in _merged(snapshot):
        yield point(pull.additions + pull.deletions, at=at, id=pull_id(pull))


@metric("github.pull_request.file", unit="{file}", kind=DISTRIBUTION, better="lower")
def files(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Files that merged pull requests change.

    Population: merged ones. Value: changed files at the merge. Event time: merge.
    """
    snapshot.need("sizes")
    for pull, at in _merged(snapshot):
        yield point(pull.files, at=at, id=pull_id(pull))


@metric("github.pull_request.comment", unit="{comment}", kind=DISTRIBUTION)
def comments(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Comments on merged pull requests.

    Population: merged ones. Value: issue and inline comments by anybody before the merge. Event time: merge.
    """
    snapshot.need("comments")
    for pull, at in _merged(snapshot):
        yield point(sum(time < at for time in pull.comments), at=at, id=pull_id(pull))
