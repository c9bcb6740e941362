"""Which releases came before the reach, and how many of them it takes to judge those within it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from collectors.git.parse import Ref
from common.delivery import Deployment, judge

Dated = tuple[float, Ref]
"""A tag, and when its release was made."""
TRIES = 10
"""How many old lightweight tags are asked whether they ever landed, to find the releases before the reach."""


class Earlier:
    """The releases before the reach, newest first, as far as they are asked for.

    `dated` are known; a `loose` one, a lightweight tag, counts by its commit's date if `has_landed` says so.
    """

    def __init__(self, dated: Sequence[Dated], loose: Sequence[Ref], has_landed: Callable[[Ref], bool]) -> None:
        self.exhausted = False
        """Whether there is none before those that were given."""
        self._has_landed = has_landed
        found = [(at, True, ref) for at, ref in dated] + [(ref.time, False, ref) for ref in loose]
        self._all = sorted(found, key=lambda each: (each[0], version(each[2].name)), reverse=True)
        self._walk = self._found()

    def next(self, count: int) -> list[Dated]:
        """The next `count`, oldest first; fewer where there are no more."""
        return list(islice(self._walk, count))[::-1]

    def _found(self) -> Iterator[Dated]:
        asked = 0
        for at, known, ref in self._all:
            asked += not known
            if known or (asked <= TRIES and self._has_landed(ref)):
                yield at, ref
        self.exhausted = asked <= TRIES


def settled(deployments: Sequence[Deployment], reach: float) -> bool:
    """Whether one before the reach did not fail, so that no failure from before it lasts into the reach."""
    return any(not each.failed for each in judge(deployments) if each.deployment.finished < reach)


def short(tag: str) -> str:
    """The tag's name as people know it."""
    return tag.removeprefix("refs/tags/")


def version(name: str) -> tuple[tuple[int, ...], str]:
    """Sorts v1.9 before v1.10; only for tags of the same second."""
    return tuple(int(part) for part in re.findall(r"\d+", name)), name
