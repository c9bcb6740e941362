"""A default branch that was renamed: what still bears its former name is told apart from other branches. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from collectors.github.records import (
    AssociatedPull,
    Commit,
    PullRequest,
    Repository,
    WorkflowRun,
)
from collectors.github.snapshot import GitHubSnapshot


class _Sign(NamedTuple):
    """Something that happened to a branch of that name, and whether it left a commit on the default branch."""

    name: str
    at: float
    on_default: bool


def under_one_name(snapshot: GitHubSnapshot) -> GitHubSnapshot:
    """The snapshot with runs, merges and commits under the default branch's present name.

    GitHub leaves the old name in what is past. The snapshot itself where there is none, or a section is missing.
    """
    closed, completed, history = snapshot.closed_pulls, snapshot.runs, snapshot.commits
    if not (isinstance(closed, tuple) and isinstance(completed, tuple) and isinstance(history, tuple)):
        return snapshot
    former = former_names(snapshot)
    if not former:
        return snapshot
    now = snapshot.default_branch
    active = snapshot.active_runs
    return msgspec.structs.replace(
        snapshot,
        closed_pulls=tuple(_pull(each, former, now) for each in closed),
        runs=tuple(_run(each, former, now) for each in completed),
        active_runs=tuple(_run(each, former, now) for each in active) if isinstance(active, tuple) else active,
        commits=tuple(_commit(each, former, now) for each in history),
    )


def former_names(snapshot: GitHubSnapshot) -> frozenset[str]:
    """The names that the default branch had before, as far as what was read shows it.

    Such a branch is gone, its merges and pushes lie on the default branch's first parents, and nothing happened to it
    after the first that happened under the present name: a branch that was merged by fast-forward lived beside it.
    """
    branches, closed, completed = snapshot.branches, snapshot.closed_pulls, snapshot.runs
    if not (isinstance(branches, tuple) and isinstance(closed, tuple) and isinstance(completed, tuple)):
        return frozenset()
    line = _first_parents(snapshot)
    gone: dict[str, list[_Sign]] = {}
    existing, began = {each.name for each in branches}, float("inf")
    for sign in _signs(closed, completed, line):
        if sign.name == snapshot.default_branch:
            began = min(began, sign.at)
        elif sign.name not in existing:
            gone.setdefault(sign.name, []).append(sign)
    return frozenset(
        name
        for name, signs in gone.items()
        if any(each.on_default for each in signs) and max(each.at for each in signs) <= began
    )


def _signs(closed: Iterable[PullRequest], completed: Iterable[WorkflowRun], line: frozenset[str]) -> Iterator[_Sign]:
    for pull in closed:
        if pull.merged is not None:
            yield _Sign(pull.base, pull.merged, pull.merge_commit in line)
    for run in completed:
        if run.own and run.branch is not None and run.event == "push":
            yield _Sign(run.branch, run.created, run.sha in line)


def _first_parents(snapshot: GitHubSnapshot) -> frozenset[str]:
    """The default branch's own commits, back to where what is known stops."""
    repository, history = snapshot.repository, snapshot.commits
    if not isinstance(repository, Repository) or not isinstance(history, tuple):
        return frozenset()
    by_sha = {commit.sha: commit for commit in history}
    line: set[str] = set()
    sha = repository.head
    while sha is not None and sha not in line and (commit := by_sha.get(sha)) is not None:
        line.add(sha)
        sha = commit.parents[0] if commit.parents else None
    return frozenset(line)


def _pull(pull: PullRequest, former: frozenset[str], now: str) -> PullRequest:
    return msgspec.structs.replace(pull, base=now) if pull.base in former else pull


def _run(run: WorkflowRun, former: frozenset[str], now: str) -> WorkflowRun:
    return msgspec.structs.replace(run, branch=now) if run.own and run.branch in former else run


def _commit(commit: Commit, former: frozenset[str], now: str) -> Commit:
    if not any(each.base in former for each in commit.pulls):
        return commit
    pulls = (
        AssociatedPull(each.number, now if each.base in former else each.base, each.merged) for each in commit.pulls
    )
    return msgspec.structs.replace(commit, pulls=tuple(pulls))
