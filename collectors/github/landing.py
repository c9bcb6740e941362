"""When each commit reached the default branch: at the merge of its pull request, else at its committer date. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from collectors.github.records import Commit, PullRequest


class Landed(NamedTuple):
    """A commit of the default branch and when it got there."""

    commit: Commit
    at: float


def landings(commits: Iterable[Commit], closed: Iterable[PullRequest], default_branch: str) -> tuple[Landed, ...]:
    """Each commit of the branch once, by time.

    GitHub lists a branch's history by committer date, so the commits of a branch merged today may be missing from it:
    those of a pull request merged with a merge commit are taken from the pull request, if the merge is still there: a
    forced push may have taken it away.
    """
    found = {commit.sha: commit for commit in commits}
    listed = frozenset(found)
    merges: dict[str, float] = {}
    for pull in closed:
        if pull.merged is None or pull.base != default_branch:
            continue
        there = pull.merge_commit is None or pull.merge_commit in listed
        brought = pull.commits if pull.merge_parents > 1 and there else ()
        for commit in brought:
            found.setdefault(commit.sha, commit)
        for sha in (*(commit.sha for commit in brought), *filter(None, (pull.merge_commit,))):
            merges[sha] = min(pull.merged, merges.get(sha, pull.merged))
    placed = (Landed(commit, _landed(commit, merges.get(commit.sha), default_branch)) for commit in found.values())
    return tuple(sorted(placed, key=lambda each: (each.at, each.commit.sha)))


def _landed(commit: Commit, merged: float | None, default_branch: str) -> float:
    told = (pull.merged for pull in commit.pulls if pull.base == default_branch)
    times = [at for at in (merged, *told) if at is not None]
    return min(times, default=commit.committed)
