"""Reads one repository: every section at the same time, and what delivery turns out to need after them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import TypeVar

import msgspec

from collectors.github.client.api import Api, Lacking
from collectors.github.client.errors import AnswerError, CredentialsError
from collectors.github.reading import code, events, pulls, runs
from collectors.github.reading.delivery import settled
from collectors.github.reading.look import Look, Wish, attempted, page_of
from collectors.github.reading.memory import Memory, Store, answer, recall
from collectors.github.reading.probe import unchanged
from collectors.github.reading.remember import remember
from collectors.github.reading.start import Start, facts, missing, production_environments, start
from collectors.github.records import Comparison, PullRequest, Repository, Runner, Unavailable, WorkflowRun
from collectors.github.snapshot import GitHubSnapshot
from common.errors import DeadlineError, FetchError
from common.ledger import LedgerError

log = logging.getLogger(__name__)

T = TypeVar("T")
NO_RUNNERS = Unavailable("the setting `runners` is off")


class Reader:
    """Reads repositories; `sections` and `pages` are where requests run, each for one level of them."""

    def __init__(self, api: Api, store: Store, sections: Executor, pages: Executor) -> None:
        self._api, self._store, self._sections, self._pages = api, store, sections, pages

    def read(self, wish: Wish, seen: bytes | None = None) -> GitHubSnapshot:
        """One snapshot; `seen` is what a probe says of the repository now.

        Raises `FetchError` where not even the repository itself can be read.
        """
        memory = self._memory(wish)
        owner, _, name = wish.scope.partition("/")
        cached = partial(answer, self._store, wish.scope)
        look = Look(self._api, wish, owner, name, Lacking(self._api.unknown), self._pages, cached, {})
        if memory is not None and (still := unchanged(memory, seen, wish)) is not None:
            return self._as_it_was(look, memory, still)
        found = start(look, memory)
        owner, _, name = found.name_with_owner.partition("/")
        look = msgspec.structs.replace(look, owner=owner, name=name)
        whole, cursors = self._sections_of(look, found, memory)
        view = settled(look, msgspec.structs.replace(whole, missing=missing(look)))
        if self._store.ledger.keeps:
            try:
                remember(self._store, look, memory, whole, view, cursors, production_environments(found, look), seen)
            except LedgerError as error:
                log.warning("%s: nothing is kept for the next run: %s", wish.scope, error)
        return view

    def _as_it_was(self, look: Look, memory: Memory, still: GitHubSnapshot) -> GitHubSnapshot:
        """The snapshot of a repository of which nothing changed: only the window moved."""
        changed = attempted(lambda: _changed_files(look, still.commits, memory.head, still.default_branch, memory))
        return settled(look, msgspec.structs.replace(still, changed_files=changed))

    def _memory(self, wish: Wish) -> Memory | None:
        """Without the ledger every number is the same, only dearer."""
        try:
            return recall(self._store, wish)
        except LedgerError as error:
            log.warning("%s: read anew: %s", wish.scope, error)
            return None

    def _sections_of(self, look: Look, found: Start, memory: Memory | None) -> tuple[GitHubSnapshot, tuple[str, ...]]:
        default = found.default_branch_ref
        tip, branch = (default.target, default.name) if default else (None, "")
        begin = self._begin
        pulls_read = begin(lambda: _pulls(look, found.pull_requests.total_count, memory))
        recent, active = begin(lambda: runs.recent(look, memory)), begin(lambda: runs.active(look))
        commits = begin(lambda: code.commits(look, tip, memory))
        branches = begin(lambda: code.branches(look, page_of(look, found.refs, "branches"), memory))
        issues = begin(lambda: _issues(look, found, memory))
        releases = begin(lambda: events.releases(look, page_of(look, found.releases, "releases")))
        deployed = begin(lambda: events.deployments(look, production_environments(found, look), memory))
        runners: Future[tuple[Runner, ...]] | None = None
        if look.wish.rules.runners:
            runners = begin(lambda: runs.runners(look))
        known_commits = _settled(commits)
        changed = begin(lambda: _changed_files(look, known_commits, tip.oid if tip else None, branch, memory))
        recent_runs, active_runs = _settled(recent), _settled(active)
        both_runs = _settled(begin(lambda: _runs(look, recent_runs, active_runs, memory)))
        both_pulls = _settled(pulls_read)
        completed, unfinished = (both_runs, both_runs) if isinstance(both_runs, Unavailable) else both_runs
        opened, closed = (both_pulls, both_pulls) if isinstance(both_pulls, Unavailable) else both_pulls
        changed_files, all_branches = _settled(changed), _settled(branches)
        all_issues = _settled(issues)
        published, ended = _settled(releases), _settled(deployed)
        registered = NO_RUNNERS if runners is None else attempted(runners.result)
        snapshot = GitHubSnapshot(
            scope=look.wish.scope,
            url=found.url,
            default_branch=branch,
            window=look.wish.window,
            delivery_window=look.wish.delivery_window,
            since=look.wish.since,
            rules=look.wish.rules,
            environment=look.wish.environment,
            repository=_facts(found),
            open_pulls=opened,
            closed_pulls=closed,
            commits=known_commits,
            changed_files=changed_files,
            branches=all_branches if isinstance(all_branches, Unavailable) else all_branches.found,
            runs=completed,
            active_runs=unfinished,
            open_issues=all_issues if isinstance(all_issues, Unavailable) else all_issues.open,
            closed_issues=all_issues if isinstance(all_issues, Unavailable) else all_issues.closed,
            releases=published,
            deployments=ended,
            comparisons=memory.state.comparisons if memory else (),
            runners=registered,
        )
        return snapshot, () if isinstance(all_branches, Unavailable) else all_branches.cursors

    def _begin(self, read: Callable[[], T]) -> Future[T]:
        return self._sections.submit(read)


def _settled(future: Future[T]) -> T | Unavailable:
    """What was read, or why it could not be; what ends the whole run is raised."""
    try:
        return future.result()
    except (DeadlineError, CredentialsError):
        raise
    except FetchError as error:
        return Unavailable(str(error))


def _facts(found: Start) -> Repository | Unavailable:
    try:
        return facts(found)
    except AnswerError as error:
        return Unavailable(str(error))


Pulls = tuple[PullRequest, ...]
Runs = tuple[WorkflowRun, ...]


def _pulls(look: Look, count: int, memory: Memory | None) -> tuple[Pulls | Unavailable, Pulls | Unavailable]:
    """The open ones first: one that is closed in between is among the closed ones, and counts as that."""
    opened = attempted(lambda: pulls.open_pulls(look, count))
    closed = attempted(lambda: pulls.closed_pulls(look, look.wish.start, memory))
    if isinstance(opened, Unavailable) or isinstance(closed, Unavailable):
        return opened, closed
    if memory is not None:
        closed = pulls.joined(memory.state.singles, closed)
    closings, openings = ({pull.number: pull.updated for pull in both} for both in (closed, opened))
    return (
        tuple(pull for pull in opened if pull.updated > closings.get(pull.number, 0.0)),
        tuple(pull for pull in closed if pull.updated >= openings.get(pull.number, 0.0)),
    )


def _issues(look: Look, found: Start, memory: Memory | None) -> events.Issues:
    opened, closed = page_of(look, found.open_issues, "issues"), page_of(look, found.closed_issues, "issues")
    return events.issues(look, opened, closed, page_of(look, found.open_total, "issues").total_count, memory)


def _runs(
    look: Look, recent: object, active: object, memory: Memory | None
) -> tuple[Runs | Unavailable, Runs | Unavailable]:
    """Completed and unfinished runs; one that ended in between counts as completed."""
    done = recent if isinstance(recent, tuple) else ()
    unfinished = active if isinstance(active, tuple) else ()
    raws = {raw.id: raw for raw in (*unfinished, *done)}
    if memory is not None and isinstance(recent, tuple) and isinstance(active, tuple):
        raws |= {raw.id: raw for raw in runs.ended_since(look, memory, raws)}
    if strange := runs.strange(raws.values()):
        return strange, strange
    told = {run.id: run for run in runs.told(look, raws.values(), memory)}
    completed = tuple(run for run in told.values() if run.completed is not None)
    ended = {run.id for run in completed}
    waiting = tuple(told[raw.id] for raw in unfinished if raw.id not in ended)
    return (
        recent if isinstance(recent, Unavailable) else completed,
        active if isinstance(active, Unavailable) else waiting,
    )


def _changed_files(
    look: Look, commits: object, head: str | None, branch: str, memory: Memory | None
) -> Comparison | None:
    """`None` where there is nothing to compare with: no commits, or none from before the window."""
    if isinstance(commits, Unavailable):
        raise FetchError(commits.reason)
    if head is None or not isinstance(commits, tuple):
        return None
    base = code.base_of(commits, head, branch, look.wish.window.start)
    if base is None:
        return None
    known = memory.state.changed_files if memory else None
    return known if known and (known.base, known.head) == (base, head) else code.changed_files(look, base, head)
