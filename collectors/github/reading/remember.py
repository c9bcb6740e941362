"""What a run leaves for the next one, if it read everything that the next one would rely on."""

from __future__ import annotations

import msgspec

from collectors.github.reading import pulls
from collectors.github.reading.listing import Span
from collectors.github.reading.look import Look
from collectors.github.reading.memory import Finished, Memory, State, Still, Store, change
from collectors.github.records import Repository, Unavailable
from collectors.github.snapshot import GitHubSnapshot
from common.window import DAY

RELIED_ON = (
    *("closed_pulls", "commits", "runs", "active_runs", "open_issues", "closed_issues", "deployments", "branches"),
    "repository",
)
PARTS = ("sizes", "pull_commits", "associated_pulls", "merge_queue", "jobs")
COMPARISONS = 60
"""As many comparisons as are kept, the newest ones."""


class Places(msgspec.Struct, frozen=True):
    """Where the next run finds what this one listed; `swept` as in `runs.Recent`."""

    branch_cursors: tuple[str, ...]
    spans: tuple[Span, ...]
    swept: float


def remember(
    store: Store,
    look: Look,
    memory: Memory | None,
    whole: GitHubSnapshot,
    view: GitHubSnapshot,
    places: Places,
    environments: list[str] | None,
    seen: bytes | None,
) -> None:
    """Commit what was read. A section that is missing would be missed by every later run, so nothing is kept then."""
    sections = [getattr(whole, name) for name in RELIED_ON]
    if any(isinstance(each, Unavailable) for each in sections) or any(part in look.lacking for part in PARTS):
        return
    closed, commits, completed, active, opened_issues, closed_issues, deployed, _, repository = sections
    every = pulls.joined(view.closed_pulls if isinstance(view.closed_pulls, tuple) else (), closed)
    end = look.wish.window.end
    state = State(
        end=end,
        start=memory.state.start if memory else look.wish.start,
        since=memory.state.since if memory else look.wish.since,
        swept=places.swept,
        jobs=look.wish.rules.jobs,
        head=repository.head if isinstance(repository, Repository) else None,
        environments=environments,
        branch_cursors=places.branch_cursors,
        unfinished=tuple(sorted(active, key=lambda run: run.id)),
        issues=(*opened_issues, *closed_issues),
        comparisons=view.comparisons[-COMPARISONS:],
        changed_files=None if isinstance(view.changed_files, Unavailable) else view.changed_files,
        singles=tuple(pull for pull in every if pull.updated < look.wish.start - 30 * DAY),
        still=_still(whole, view, seen) if seen else None,
        dropped=_dropped(look, memory, frozenset(each.sha for each in commits)),
        look_back=memory.state.look_back if memory else look.wish.look_back,
        spans=places.spans,
    )
    read = Finished([pull for pull in every if pull not in state.singles], completed, commits, deployed)
    store.ledger.commit(change(store, look.wish.scope, state, memory, read, look.answers))


def _dropped(look: Look, memory: Memory | None, there: frozenset[str]) -> tuple[str, ...]:
    """What earlier runs kept and the default branch has no more."""
    if memory is None:
        return ()
    known = {each.sha for each in memory.commits if each.committed >= look.wish.start}
    return tuple(sorted((known | {*memory.state.dropped}) - there))


def _still(whole: GitHubSnapshot, view: GitHubSnapshot, seen: bytes) -> Still | None:
    repository, opened, branches, releases = whole.repository, whole.open_pulls, whole.branches, whole.releases
    if isinstance(repository, Unavailable) or isinstance(opened, Unavailable):
        return None
    if isinstance(branches, Unavailable) or isinstance(releases, Unavailable):
        return None
    return Still(
        seen=seen,
        url=whole.url,
        default_branch=whole.default_branch,
        repository=repository,
        open_pulls=opened,
        branches=branches,
        releases=releases,
        missing={**view.missing},
    )
