"""Walks over a commit graph, children first: when each commit landed, and which release has it first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

PATIENCE = 2_000
"""First-parent commits in a row that must be too old before the walk back believes that all before them are."""


class Landings:
    """Tells when commits landed, given children before parents, in memory of the open ends only.

    A commit lands with the oldest first-parent commit of the default branch that reaches it: itself if it is one, else
    the oldest that any of its children landed with.
    """

    def __init__(self, tip: bytes) -> None:
        self._next = tip
        self._times: list[int] = []
        self._reached: dict[bytes, int] = {}

    def place(self, sha: bytes, parents: Iterable[bytes], committed: int) -> int:
        """When the commit landed; raises `KeyError` for one that came before its children."""
        if sha == self._next:
            self._reached.pop(sha, None)
            self._next = next(iter(parents), b"")
            position = len(self._times)
            self._times.append(committed)
        else:
            position = self._reached.pop(sha)
        for parent in parents:
            if self._reached.get(parent, -1) < position:
                self._reached[parent] = position
        return self._times[position]


class Owners:
    """Tells which of the releases, ordered by time, contains a commit first, given children before parents."""

    def __init__(self, commits: Sequence[bytes]) -> None:
        self._first: dict[bytes, int] = {}
        for index, sha in enumerate(commits):
            self._first.setdefault(sha, index)

    def place(self, sha: bytes, parents: Iterable[bytes]) -> int:
        """The index of the first release that contains the commit."""
        owner = self._first.pop(sha)
        for parent in parents:
            if self._first.get(parent, owner + 1) > owner:
                self._first[parent] = owner
        return owner


def boundaries(chain: Iterable[tuple[bytes, int]], times: Iterable[float]) -> Mapping[float, bytes | None]:
    """For each time, the newest first-parent commit behind which every one is older; `None` where there is none.

    `chain` gives the first-parent commits with their dates, newest first. Dates may go back and forth, so the walk goes
    on until `PATIENCE` commits in a row are older than the earliest time.
    """
    found: dict[float, bytes | None] = dict.fromkeys(times)
    earliest = min(found)
    older = 0
    for sha, committed in chain:
        for time, boundary in found.items():
            if committed >= time:
                found[time] = None
            elif boundary is None:
                found[time] = sha
        older = older + 1 if committed < earliest else 0
        if older >= PATIENCE:
            break
    return found
