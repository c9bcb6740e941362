"""The part of the commit graph that is known, and what one commit has that others do not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import NamedTuple

from collectors.github.records import Commit


class Reach(NamedTuple):
    """What a walk back met: commits that are known, and the ends where what is known stops."""

    commits: frozenset[str]
    ends: frozenset[str]


class Graph:
    """Known commits by id."""

    def __init__(self, commits: Iterable[Commit]) -> None:
        self.commits = {commit.sha: commit for commit in commits}

    def reach(self, sha: str, beyond: Set[str] = frozenset()) -> Reach:
        """The commit and its ancestors, but those in `beyond` and theirs."""
        met: set[str] = set()
        ends: set[str] = set()
        todo = [sha]
        while todo:
            one = todo.pop()
            if one in met or one in ends or one in beyond:
                continue
            commit = self.commits.get(one)
            if commit is None:
                ends.add(one)
            else:
                met.add(one)
                todo += commit.parents
        return Reach(frozenset(met), frozenset(ends))
