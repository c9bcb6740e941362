"""What the default branch's files hold while its history is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.records import Change

if TYPE_CHECKING:
    from random import Random

FOLDERS = ("src", "src/core", "src/pages", "tests", "docs", "deploy")
STEMS = ("cart", "login", "cache", "index", "upload", "time", "limit", "retry", "page", "store", "queue", "theme")


class Tree:
    """The content of each file, by name; empty for one that does not exist."""

    def __init__(self) -> None:
        self.blobs: dict[str, str] = {}

    def apply(self, changes: tuple[Change, ...]) -> None:
        """The default branch takes these changes."""
        self.blobs.update({change.path: change.blob for change in changes})

    def undo(self, changes: tuple[Change, ...], before: dict[str, str], sha: str) -> tuple[Change, ...]:
        """Changes that take others back: a file nobody touched since is as it was before, others are new."""
        return tuple(
            Change(
                change.path,
                change.deleted,
                change.added,
                before[change.path] if self.blobs.get(change.path) == change.blob else sha[:12],
            )
            for change in changes
        )


def some_changes(random: Random, sha: str, wide: float = 0.01) -> tuple[Change, ...]:
    """What a commit does to a few files, seldom to very many."""
    count = random.randint(320, 340) if random.random() < wide else random.choice((1, 1, 2, 3, 5))
    found: dict[str, Change] = {}
    for number in range(count):
        part = f"{random.choice(STEMS)}{number if count > 5 else random.randint(1, 40)}"
        path = f"{random.choice(FOLDERS)}/{part}.py"
        found[path] = Change(path, random.randint(0, 80), random.randint(0, 30), sha[:12])
    return tuple(found.values())


def joined(changes: list[tuple[Change, ...]]) -> tuple[Change, ...]:
    """Several commits' changes as one's: the lines added up, the last content."""
    found: dict[str, Change] = {}
    for one in (change for group in changes for change in group):
        before = found.get(one.path)
        added = one.added + (before.added if before else 0)
        deleted = one.deleted + (before.deleted if before else 0)
        found[one.path] = Change(one.path, added, deleted, one.blob)
    return tuple(found.values())
