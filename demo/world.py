"""The organisation as GitHub shows it at one moment, with what was done to it while it was served."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.graph import Graph
    from demo.organisation import Organisation
    from demo.records import Account, Branch, Release, Repository


class Changes(msgspec.Struct):
    """What was done to repositories while they were served, by owner/name."""

    renamed: dict[str, str] = {}
    """old → new owner/name"""
    gone: set[str] = set()
    hidden: set[str] = set()
    archived: set[str] = set()
    emptied: set[str] = set()
    default_branches: dict[str, str] = {}
    rewound: dict[str, float] = {}
    """when the default branch was as it was forced to be again"""


class View:
    """One moment; `now` is in whole seconds, `denied` names what the token may not see."""

    def __init__(
        self,
        organisation: Organisation,
        now: float,
        changes: Changes | None = None,
        denied: frozenset[str] = frozenset(),
    ) -> None:
        self.organisation, self.now, self.denied = organisation, int(now), denied
        self.changes = changes or Changes()
        self.made: dict[Any, Any] = {}

    @property
    def accounts(self) -> Mapping[str, Account]:
        """Everybody with a login."""
        return self.organisation.accounts

    def repositories(self) -> list[Repository]:
        """What can be seen, in order of creation and name."""
        return [one for name in self.organisation.repositories if (one := self.repository(name))]

    def graph(self, repository: Repository) -> Graph:
        """The commits of a repository of this view."""
        return self.organisation.graphs[self.original(repository.full_name)]

    def record(self, repository: Repository, kind: str, id: int) -> Any:  # noqa: A002, ANN401
        """A run, pull request and so on by its id; `None` while it does not exist."""
        found = self.graph(repository).by_id(kind, id) if getattr(repository, kind) else None
        return found if found is not None and found.created <= self.now else None

    def branches(self, repository: Repository) -> list[Branch]:
        """The branches that exist."""
        return [one for one in repository.branches if one.tips[0].at <= self.now < one.deleted]

    def tip(self, repository: Repository, branch: Branch) -> str:
        """The commit that a branch points to."""
        at = min(self.now, self.changes.rewound.get(self.original(repository.full_name), self.now))
        landing = self.graph(repository).tip(at) if branch.name == repository.default_branch else None
        if landing is not None:
            return landing.sha
        return next(push.sha for push in reversed(branch.tips) if push.at <= self.now)

    def releases(self, repository: Repository) -> list[Release]:
        """The releases that exist, drafts too."""
        return [one for one in repository.releases if one.created <= self.now]

    def pushed_at(self, repository: Repository) -> int | None:
        """When a branch last moved."""
        moves = self.graph(repository).pushes if repository.branches else []
        index = bisect_right(moves, self.now)
        return moves[index - 1] if index else None

    def size(self, repository: Repository) -> int:
        """The size in kB."""
        index = bisect_right(repository.sizes, (self.now, 1 << 40))
        return repository.sizes[index - 1][1] if index else 0

    def original(self, full_name: str) -> str:
        """The name that a repository had in the history."""
        return next((old for old, new in self.changes.renamed.items() if new.lower() == full_name.lower()), full_name)

    def moved(self, full_name: str) -> str | None:
        """Where a renamed repository went."""
        wanted = full_name.lower()
        return next((new for old, new in self.changes.renamed.items() if old.lower() == wanted), None)

    def repository(self, full_name: str) -> Repository | None:
        """By its name in the history or since it was renamed; `None` where it is gone, hidden or never was."""
        name = self.original(full_name)
        found = self._named(name)
        if found is None or found.full_name in self.changes.gone | self.changes.hidden or found.created > self.now:
            return None
        return self._changed(found)

    def _named(self, name: str) -> Repository | None:
        known = self.organisation.repositories
        return known.get(name) or next((one for each, one in known.items() if each.lower() == name.lower()), None)

    def _changed(self, found: Repository) -> Repository:
        name, changes = found.full_name, self.changes
        if name in changes.emptied:
            found = msgspec.structs.replace(found, landings=(), branches=(), statuses=())
        if name in changes.archived:
            found = msgspec.structs.replace(found, archived=0)
        if name in changes.default_branches:
            found = _with_default(found, changes.default_branches[name])
        if name in changes.renamed:
            owner, new = changes.renamed[name].split("/", 1)
            found = msgspec.structs.replace(found, owner=owner, name=new)
        return found


def _with_default(found: Repository, name: str) -> Repository:
    replace = msgspec.structs.replace
    branches = tuple(replace(one, name=name) if one.name == found.default_branch else one for one in found.branches)
    return replace(found, default_branch=name, branches=branches)
