"""Questions about a repository's commits: ancestors, what the default branch held at a time, what lies between two."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from demo.records import Commit, Landing, Pull, Repository, Run, Status


class Graph:
    """Indexes over one repository; they cover its whole history, so each answer names its time."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.commits = repository.commits
        self._ancestors: dict[str, frozenset[str]] = {}
        self._ids: dict[str, dict[int, Any]] = {}

    @cached_property
    def landing_times(self) -> list[int]:
        """When the default branch moved, ascending."""
        return [landing.at for landing in self.repository.landings]

    @cached_property
    def position(self) -> dict[str, int]:
        """The index of each first-parent commit of the default branch."""
        return {landing.sha: index for index, landing in enumerate(self.repository.landings)}

    @cached_property
    def landed_at(self) -> dict[str, int]:
        """For every commit that ever reached the default branch: the index of the step that brought it."""
        found: dict[str, int] = {}
        for index, landing in enumerate(self.repository.landings):
            pending = [landing.sha]
            while pending:
                sha = pending.pop()
                if sha not in found:
                    found[sha] = index
                    pending.extend(self.commits[sha].parents)
        return found

    @cached_property
    def pulls(self) -> dict[int, Pull]:
        """Pull requests by number."""
        return {pull.number: pull for pull in self.repository.pulls}

    @cached_property
    def pulls_of(self) -> dict[str, tuple[Pull, ...]]:
        """The pull requests that a commit belongs to: its own commits, and what its merge made."""
        found: dict[str, dict[int, Pull]] = {}
        for pull in self.repository.pulls:
            for push in pull.pushes:
                found.setdefault(push.sha, {})[pull.number] = pull
            if pull.merge_commit:
                found.setdefault(pull.merge_commit, {})[pull.number] = pull
        for landing in self.repository.landings:
            if landing.pull is not None:
                found.setdefault(landing.sha, {})[landing.pull] = self.pulls[landing.pull]
        return {sha: tuple(pulls.values()) for sha, pulls in found.items()}

    @cached_property
    def steps_of_pull(self) -> Counter[int]:
        """How many steps of the default branch each pull request's merge made: above one, it was rebased."""
        return Counter(landing.pull for landing in self.repository.landings if landing.pull is not None)

    @cached_property
    def runs_of(self) -> dict[str, list[Run]]:
        """Workflow runs by head commit."""
        found: dict[str, list[Run]] = {}
        for run in self.repository.runs:
            found.setdefault(run.sha, []).append(run)
        return found

    @cached_property
    def statuses_of(self) -> dict[str, list[Status]]:
        """Commit statuses by commit, oldest first."""
        found: dict[str, list[Status]] = {}
        for status in self.repository.statuses:
            found.setdefault(status.sha, []).append(status)
        return found

    def by_id(self, kind: str, id: int) -> Any:  # noqa: A002, ANN401
        """A record of one of the repository's lists (`runs`, `pulls` …) by its id."""
        if kind not in self._ids:
            self._ids[kind] = {one.id: one for one in getattr(self.repository, kind)}
        return self._ids[kind].get(id)

    @cached_property
    def pushes(self) -> list[int]:
        """Every time at which a branch moved, ascending."""
        tips = (push.at for branch in self.repository.branches for push in branch.tips)
        return sorted({*self.landing_times, *tips})

    @cached_property
    def by_commit_time(self) -> list[tuple[int, int, str]]:
        """Every commit that ever reached the default branch: (committed, step, sha), newest first."""
        rows = [(self.commits[sha].committed, step, sha) for sha, step in self.landed_at.items()]
        return sorted(rows, reverse=True)

    def tip(self, at: float) -> Landing | None:
        """The newest step of the default branch at that time, itself included."""
        index = bisect_right(self.landing_times, at)
        return self.repository.landings[index - 1] if index else None

    def tip_before(self, at: float) -> Landing | None:
        """The newest step of the default branch before that time."""
        index = bisect_left(self.landing_times, at)
        return self.repository.landings[index - 1] if index else None

    def on_default(self, at: float) -> list[str]:
        """What the default branch reached at that time, by committer date, newest first."""
        steps = bisect_right(self.landing_times, at)
        return [sha for _, step, sha in self.by_commit_time if step < steps]

    def ancestors(self, sha: str) -> frozenset[str]:
        """The commit and everything that it reaches."""
        if sha not in self._ancestors:
            self._ancestors = {sha: frozenset(self._walk([sha]))}
        return self._ancestors[sha]

    def _walk(self, start: Iterable[str], known: Collection[str] = ()) -> set[str]:
        found: set[str] = set()
        pending = list(start)
        while pending:
            sha = pending.pop()
            if sha not in found and sha not in known and sha in self.commits:
                found.add(sha)
                pending.extend(self.commits[sha].parents)
        return found

    def reaches(self, sha: str, other: str) -> bool:
        """Whether `other` is the commit itself or one of its ancestors."""
        if sha in self.position:
            return self.landed_at.get(other, len(self.position)) <= self.position[sha]
        return other in self.ancestors(sha)

    def fresh(self, sha: str, seen: set[str]) -> set[str]:
        """What the commit reaches outside of `seen`, which holds the ancestors of all its members."""
        return self._walk([sha], seen)

    def between(self, base: str, head: str) -> list[Commit]:
        """What `head` reaches and `base` does not, by committer date, oldest first."""
        if base in self.position and head in self.position:
            span = range(self.position[base] + 1, self.position[head] + 1)
            found = {sha for index in span for sha in self._brought[index]}
        else:
            found = self._walk([head]) - self._walk([base])
        return sorted((self.commits[sha] for sha in found), key=lambda commit: (commit.committed, commit.sha))

    @cached_property
    def _brought(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {index: [] for index in range(len(self.repository.landings))}
        for sha, index in self.landed_at.items():
            found[index].append(sha)
        return found

    def merge_base(self, base: str, head: str) -> str | None:
        """The newest commit that both reach."""
        if self.reaches(head, base) or self.reaches(base, head):
            return base if self.reaches(head, base) else head
        both = self._walk([base]) & self._walk([head])
        return max(both, key=lambda sha: (self.commits[sha].committed, sha), default=None)

    def changed_files(self, base: str, head: str) -> dict[str, tuple[int, int]]:
        """Paths whose content differs between the merge base and `head`, with (added, deleted) lines."""
        start = self.merge_base(base, head)
        if start is None or start == head:
            return {}
        if start in self.position and head in self.position:
            return self._along_default(self.position[start] + 1, self.position[head] + 1)
        lines: dict[str, tuple[int, int]] = {}
        for commit in self.between(start, head):
            for change in commit.changes if len(commit.parents) < 2 else ():
                added, deleted = lines.get(change.path, (0, 0))
                lines[change.path] = (added + change.added, deleted + change.deleted)
        return lines

    def _along_default(self, first: int, end: int) -> dict[str, tuple[int, int]]:
        before: dict[str, str] = {}
        after: dict[str, str] = {}
        lines: dict[str, tuple[int, int]] = {}
        for landing in self.repository.landings[first:end]:
            for change in landing.changes:
                if change.path not in before:
                    before[change.path] = self.blob_before(landing, change.path)
                after[change.path] = change.blob
                added, deleted = lines.get(change.path, (0, 0))
                lines[change.path] = (added + change.added, deleted + change.deleted)
        return {path: lines[path] for path, blob in after.items() if blob != before[path]}

    @cached_property
    def _blobs(self) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for index, landing in enumerate(self.repository.landings):
            for change in landing.changes:
                found.setdefault(change.path, []).append((index, change.blob))
        return found

    def blob_before(self, landing: Landing, path: str) -> str:
        """What the file held before that step of the default branch; empty where it did not exist."""
        steps = self._blobs.get(path, [])
        index = bisect_left(steps, (self.position[landing.sha], ""))
        return steps[index - 1][1] if index else ""
