"""What was read of one clone: facts in frozen records. A time that git cannot tell is `None`."""

from __future__ import annotations

from functools import cached_property

import msgspec

from common.delivery import Change, Delivery
from common.window import Window


class Person(msgspec.Struct, frozen=True, gc=False):
    """Somebody after `.mailmap`; `key` (the e-mail, else the name) tells people apart and is never shown."""

    key: str
    name: str
    bot: bool


class Commit(msgspec.Struct, frozen=True, gc=False):
    """One commit that landed on the default branch.

    `reverts` and `hotfix` say what its message says; lines are those of files that people write.
    """

    sha: str
    landed: int
    authored: int | None
    author: Person
    subject: str
    merge: bool = False
    reverts: bool = False
    hotfix: bool = False
    added: int = 0
    deleted: int = 0
    coauthors: tuple[Person, ...] = ()


class Branch(msgspec.Struct, frozen=True):
    """A branch but the default one, and its tip's committer date: the newest, where it is here and on the remote."""

    name: str
    tip_time: int


class Release(msgspec.Struct, frozen=True):
    """A version tag that points to a commit, and its own date: an annotated tag's, else its commit's landing."""

    name: str
    commit: str
    at: int


class Origin(msgspec.Struct, frozen=True):
    """Where a clone came from: the repository's full name there, and the start of a commit's address."""

    name: str
    commit_url: str | None = None


class GitSnapshot(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """One clone at one moment. `window.end` is now; commits and releases reach back to what sinks are still owed.

    `cut` says why landed commits and releases cannot be known: a shallow clone whose history ends inside the window.
    `untagged` says why releases cannot: a shallow clone without any.
    """

    scope: str
    window: Window
    stale_after: float
    delivery: Delivery
    commits: tuple[Commit, ...] = ()
    branches: tuple[Branch, ...] = ()
    releases: tuple[Release, ...] = ()
    files: int = 0
    cut: str | None = None
    untagged: str | None = None
    origin: Origin | None = None

    @cached_property
    def commits_by_sha(self) -> dict[str, Commit]:
        """The landed commits by their id."""
        return {commit.sha: commit for commit in self.commits}

    @cached_property
    def changes_by_sha(self) -> dict[str, Change]:
        """The deployed commits by their id."""
        return {
            change.id: change
            for track in self.delivery.tracks
            for deployment in track.deployments
            for change in deployment.changes
        }
