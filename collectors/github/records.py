"""What GitHub said about one repository: facts in frozen records, no judgements. Times are Unix seconds.

GitHub's own words (states, conclusions) are kept as they came; what they mean is each metric's business, so that a word
that is new to this release costs only the metrics that would have to understand it. A ledger keeps these records.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from common.errors import MetricError

T = TypeVar("T")
DISMISSED = "DISMISSED"


class Unavailable(msgspec.Struct, frozen=True):
    """What stands for a section that could not be read; the reason names the right or the request."""

    reason: str


def known(section: T | Unavailable) -> T:
    """The section; raises `MetricError` with the reason where it could not be read."""
    if isinstance(section, Unavailable):
        raise MetricError(section.reason)
    return section


class Actor(msgspec.Struct, frozen=True, gc=False):
    """An account; `kind` is GitHub's `__typename`. A deleted account is `None` wherever an actor stands."""

    login: str
    kind: str = "User"


class Author(msgspec.Struct, frozen=True, gc=False):
    """Who a commit says wrote it; `login` is the linked account's, which apps and strangers do not have."""

    name: str
    email: str
    login: str | None = None


class AssociatedPull(msgspec.Struct, frozen=True, gc=False):
    """A pull request that GitHub associates with a commit, the branch it was opened against, and its merge."""

    number: int
    base: str
    merged: float | None = None


class Commit(msgspec.Struct, frozen=True):
    """One commit; `reverts` tells that the message's body says `This reverts commit <sha>`."""

    sha: str
    authored: float
    committed: float
    author: Author
    subject: str = ""
    parents: tuple[str, ...] = ()
    additions: int = 0
    deletions: int = 0
    reverts: bool = False
    pulls: tuple[AssociatedPull, ...] = ()

    @property
    def merge(self) -> bool:
        """Whether it has two or more parents."""
        return len(self.parents) > 1


class Review(msgspec.Struct, frozen=True):
    """A submitted review (never a pending one).

    `state` is the one it was submitted with where the dismissal's event tells it, else `DISMISSED`; `dismissed` is when
    it was dismissed, where that is known.
    """

    author: Actor | None
    at: float
    state: str
    dismissed: float | None = None


class Event(msgspec.Struct, frozen=True, gc=False):
    """A step in a pull request's life.

    `kind`: ready_for_review, convert_to_draft, closed, reopened, added_to_merge_queue, removed_from_merge_queue.
    """

    kind: str
    at: float
    reason: str | None = None


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One pull request.

    `state` is OPEN, CLOSED or MERGED. `comments` are the times at which issue and inline comments became visible,
    `commits` all of its own. `merge_parents` counts the parents of the merge commit; 0: not known. `reverts` tells that
    the body says `Reverts owner/name#N`. The last four are GitHub's view of an open one.
    """

    number: int
    created: float
    updated: float
    state: str = "OPEN"
    title: str = ""
    author: Actor | None = None
    base: str = ""
    head: str = ""
    draft: bool = False
    closed: float | None = None
    merged: float | None = None
    merge_commit: str | None = None
    merge_parents: int = 0
    additions: int = 0
    deletions: int = 0
    files: int = 0
    reverts: bool = False
    labels: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    reviews: tuple[Review, ...] = ()
    events: tuple[Event, ...] = ()
    comments: tuple[float, ...] = ()
    review_decision: str | None = None
    checks: str | None = None
    mergeable: str | None = None
    queued: bool = False


class Branch(msgspec.Struct, frozen=True, gc=False):
    """A branch's short name and its tip's committer date."""

    name: str
    tip_time: float


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """An earlier attempt of a workflow run that ended."""

    number: int
    conclusion: str
    completed: float


class WorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow run as its last attempt stands.

    `workflow` is the path of its file. `own` tells that it ran for a branch of this repository, not a fork's. `started`
    is GitHub's `run_started_at`; `completed` the time at which this attempt was first seen complete. `earlier` are the
    attempts before; `None`: not known. `first_job` is the start of the first attempt's first job, where jobs were read.
    """

    id: int
    workflow: str
    created: float
    status: str = "completed"
    event: str = "push"
    branch: str | None = None
    sha: str = ""
    own: bool = True
    attempt: int = 1
    conclusion: str | None = None
    started: float | None = None
    completed: float | None = None
    earlier: tuple[Attempt, ...] | None = ()
    first_job: float | None = None
    title: str = ""


class Status(msgspec.Struct, frozen=True, gc=False):
    """A deployment's status in GitHub's word, lower case, and its time."""

    state: str
    at: float


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment with every status that it had, in order of time."""

    id: int
    environment: str
    sha: str
    created: float
    statuses: tuple[Status, ...] = ()
    transient: bool = False
    task: str = "deploy"
    ref: str = ""


class Issue(msgspec.Struct, frozen=True):
    """An issue that is no pull request, and each time at which it was closed."""

    number: int
    created: float
    title: str = ""
    labels: tuple[str, ...] = ()
    open: bool = True
    closes: tuple[float, ...] = ()


class Release(msgspec.Struct, frozen=True):
    """A release and its tag's commit; a draft has no time of publication."""

    tag: str
    sha: str
    published: float | None
    prerelease: bool = False
    name: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """GitHub's comparison of two commits.

    `status` is ahead, behind, identical or diverged; `commits` those of `base..head`, `files` how many files differ.
    `complete` tells that all commits are here, `all_files` that GitHub's 300-file cap was not met.
    """

    base: str
    head: str
    status: str = "ahead"
    commits: tuple[Commit, ...] = ()
    complete: bool = True
    files: int = 0
    all_files: bool = True


class Runner(msgspec.Struct, frozen=True, gc=False):
    """A self-hosted runner."""

    id: int
    name: str
    status: str
    busy: bool


class Repository(msgspec.Struct, frozen=True, kw_only=True):
    """The repository's own facts; `size` is in GitHub's kB, `head_checks` the default branch's head's roll-up."""

    stars: int = 0
    forks: int = 0
    watchers: int = 0
    vulnerability_alerts: int = 0
    size: int = 0
    pushed: float | None = None
    head: str | None = None
    head_checks: str | None = None
