"""What happened in the simulated organisation: frozen records, their times in Unix seconds."""

from __future__ import annotations

from typing import Literal

import msgspec

NEVER = 1 << 40
"""Later than any time that is asked for."""


class Account(msgspec.Struct, frozen=True):
    """Somebody with a login; `kind` is what GitHub calls the type."""

    login: str
    id: int
    kind: Literal["User", "Bot"]
    name: str
    email: str


class Change(msgspec.Struct, frozen=True):
    """What a commit does to one file; `blob` names the content that it leaves there."""

    path: str
    added: int
    deleted: int
    blob: str


class Commit(msgspec.Struct, frozen=True):
    """A commit; `author` is the linked login, `None` where the e-mail belongs to no account."""

    sha: str
    authored: int
    committed: int
    author: str | None
    name: str
    email: str
    message: str
    parents: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.split("\n", 1)[0]

    @property
    def body(self) -> str:
        """The message after its first line, without the blank line between."""
        return self.message.partition("\n")[2].lstrip("\n")

    @property
    def additions(self) -> int:
        """Lines added, against the first parent."""
        return sum(change.added for change in self.changes)

    @property
    def deletions(self) -> int:
        """Lines deleted, against the first parent."""
        return sum(change.deleted for change in self.changes)


class Landing(msgspec.Struct, frozen=True):
    """One step of the default branch along first parents; `changes` are those against the step before."""

    at: int
    sha: str
    pull: int | None
    changes: tuple[Change, ...]


class Comment(msgspec.Struct, frozen=True):
    """An issue comment, or an inline one of a review."""

    id: int
    author: str | None
    at: int


class Review(msgspec.Struct, frozen=True):
    """A submitted review; from `dismissed` on its state is DISMISSED."""

    id: int
    author: str | None
    at: int
    state: Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]
    dismissed: int = NEVER
    comments: tuple[Comment, ...] = ()


class Event(msgspec.Struct, frozen=True):
    """A step in the life of a pull request or an issue."""

    kind: Literal[
        "ready_for_review",
        "convert_to_draft",
        "closed",
        "reopened",
        "merged",
        "review_requested",
        "added_to_merge_queue",
        "removed_from_merge_queue",
    ]
    at: int
    actor: str | None = None
    reason: str | None = None


class Push(msgspec.Struct, frozen=True):
    """A commit of a pull request and when it was pushed."""

    sha: str
    at: int


class Pull(msgspec.Struct, frozen=True):
    """A pull request with its whole life; `draft` is how it began."""

    number: int
    id: int
    title: str
    body: str
    author: str | None
    created: int
    base: str
    head: str
    pushes: tuple[Push, ...]
    draft: bool = False
    fork: str | None = None
    labels: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    reviews: tuple[Review, ...] = ()
    comments: tuple[Comment, ...] = ()
    merge_commit: str | None = None
    needs_approval: bool = False
    conflicts: tuple[tuple[int, int], ...] = ()
    unknown: tuple[tuple[int, int], ...] = ()
    activity: tuple[int, ...] = ()
    """Every time at which GitHub would move `updatedAt`, ascending."""


class Issue(msgspec.Struct, frozen=True):
    """An issue that is no pull request."""

    number: int
    id: int
    title: str
    author: str | None
    created: int
    labels: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    comments: tuple[Comment, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """A job of a workflow run, which is also a check run."""

    id: int
    name: str
    started: int
    completed: int
    conclusion: str


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of a run: `started` is GitHub's `run_started_at`; unfinished ones complete at `NEVER`."""

    started: int
    completed: int
    conclusion: str
    jobs: tuple[Job, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """A workflow run; `fork` is the repository that it came from if not this one, `waits` until it was approved."""

    id: int
    number: int
    workflow: str
    event: str
    branch: str
    sha: str
    created: int
    attempts: tuple[Attempt, ...]
    actor: str | None = None
    pull: int | None = None
    fork: str | None = None
    waits: int = 0
    touched: int = 0
    """When something else moved `updated_at` after the run was over; 0 for never."""


class Status(msgspec.Struct, frozen=True):
    """A commit status from outside of Actions."""

    sha: str
    context: str
    state: Literal["SUCCESS", "FAILURE", "ERROR", "PENDING", "EXPECTED"]
    at: int


class DeploymentStatus(msgspec.Struct, frozen=True):
    """One status of a deployment; `state` as REST writes it."""

    id: int
    state: Literal["queued", "pending", "in_progress", "success", "failure", "error", "inactive"]
    at: int


class Deployment(msgspec.Struct, frozen=True):
    """A deployment with its statuses, oldest first."""

    id: int
    sha: str
    environment: str
    created: int
    statuses: tuple[DeploymentStatus, ...]
    ref: str = "main"
    task: str = "deploy"
    creator: str | None = None
    transient: bool = False


class Release(msgspec.Struct, frozen=True):
    """A release; a draft has no time of publication."""

    id: int
    tag: str
    sha: str
    created: int
    published: int | None
    prerelease: bool = False
    author: str | None = None


class Branch(msgspec.Struct, frozen=True):
    """A branch with every tip that it had."""

    name: str
    tips: tuple[Push, ...]
    deleted: int = NEVER


class Alert(msgspec.Struct, frozen=True):
    """A vulnerability alert."""

    id: int
    opened: int
    closed: int = NEVER


class Runner(msgspec.Struct, frozen=True):
    """A self-hosted runner with the spans in which it was away or busy."""

    id: int
    name: str
    busy: tuple[tuple[int, int], ...] = ()
    offline: tuple[tuple[int, int], ...] = ()


class Repository(msgspec.Struct, frozen=True):
    """A repository with its whole history, every list in order of time."""

    owner: str
    name: str
    id: int
    created: int
    default_branch: str = "main"
    language: str | None = "Python"
    archived: int = NEVER
    is_fork: bool = False
    private: bool = False
    queue: bool = False
    topics: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()
    commits: dict[str, Commit] = {}
    landings: tuple[Landing, ...] = ()
    pulls: tuple[Pull, ...] = ()
    issues: tuple[Issue, ...] = ()
    runs: tuple[Run, ...] = ()
    statuses: tuple[Status, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    releases: tuple[Release, ...] = ()
    branches: tuple[Branch, ...] = ()
    alerts: tuple[Alert, ...] = ()
    runners: tuple[Runner, ...] = ()
    stars: tuple[int, ...] = ()
    forks: tuple[int, ...] = ()
    watchers: tuple[int, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    """(time, kB from then on)"""

    @property
    def full_name(self) -> str:
        """owner/name."""
        return f"{self.owner}/{self.name}"
