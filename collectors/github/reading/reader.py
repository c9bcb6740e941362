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
from collectors.github.former import under_one_name
from collectors.github.reading import code, events, pulls, runs
from collectors.github.reading.delivery import settled
from collectors.github.reading.look import Look, Wish, attempted, page_of
from collectors.github.reading.memory import Finished, Memory, Still, Store, answer, change, recall
from collectors.github.reading.probe import Probes, is_due, rebuilt, refreshed, unchanged
from collectors.github.reading.remember import Places, remember
from collectors.github.reading.start import (
    Start,
    facts,
    missing,
    named_branch,
    production_environments,
    start,
    tip,
)
from collectors.github.records import Comparison, PullRequest, Repository, Runner, Unavailable, WorkflowRun
from collectors.github.snapshot import GitHubSnapshot
from collectors.github.sources import finish
from common.errors import DeadlineError, FetchError
from common.ledger import LedgerError

log = logging.getLogger(__name__)

T = TypeVar("T")
NO_RUNNERS = Unavailable("the setting `runners` is off")


class Reader:
    """Reads repositories; `sections` and `pages` are where requests run, each for one level of them."""

    def __init__(self, api: Api, store: Store, sections: Executor, pages: Executor) -> None:
        self._api, self._store, self._sections, self._pages = api, store, sections, pages

    def read(self, wish: Wish, probes: Probes | None = None) -> GitHubSnapshot:
        """One snapshot; `probes` tell whether anything changed.

        Raises `FetchError` where not even the repository itself can be read.
        """
        memory = self._memory(wish)
        seen = probes.print_of(wish.scope) if probes else None
        owner, _, name = wish.scope.partition("/")
        cached = partial(answer, self._store, wish.scope)
        look = Look(self._api, wish, owner, name, Lacking(self._api.unknown), self._pages, cached, {})
        if (as_it_was := self._as_it_was(look, memory, seen, probes)) is not None:
            return as_it_was
        newest = self._begin(lambda: runs.newest(look, memory))
        found = start(look, memory)
        owner, _, name = found.name_with_owner.partition("/")
        look = msgspec.structs.replace(look, owner=owner, name=name)
        whole, places = self._sections_of(look, found, memory, newest)
        whole = _under_one_name(look, _with_branch(look, whole), memory)
        view = settled(look, msgspec.structs.replace(whole, missing=missing(look), read_at=places.swept))
        environments = production_environments(found, look)
        self._keep(wish, lambda: remember(self._store, look, memory, whole, view, places, environments, seen))
        return view

    def _keep(self, wish: Wish, write: Callable[[], None]) -> None:
        if self._store.ledger.keeps:
            try:
                write()
            except LedgerError as error:
                log.warning("%s: nothing is kept for the next run: %s", wish.scope, error)

    def _as_it_was(
        self, look: Look, memory: Memory | None, seen: bytes | None, probes: Probes | None
    ) -> GitHubSnapshot | None:
        """The snapshot of a repository of which nothing changed; `None` where more than a closer look is needed."""
        wish = look.wish
        still = unchanged(memory, seen, wish)
        if memory is None or probes is None or still is None:
            return None
        read_at = memory.swept
        if is_due(memory, still, wish):
            fresh = self._looked_closer(look, memory, still, probes)
            if fresh is None:
                return None
            still, read_at = fresh, wish.window.end
            state = msgspec.structs.replace(memory.state, still=still, swept=read_at)
            changed = change(self._store, wish.scope, state, memory, Finished((), (), (), ()), look.answers)
            self._keep(wish, lambda: self._store.ledger.commit(changed))
        view = rebuilt(memory, still, wish, read_at)
        differing = attempted(lambda: _changed_files(look, view.commits, memory.head, view.default_branch, memory))
        return settled(look, msgspec.structs.replace(view, changed_files=differing))

    def _looked_closer(self, look: Look, memory: Memory, still: Still, probes: Probes) -> Still | None:
        """What is known of the repository with what no probe sees; `None` where anything of that must be read."""
        newest_deployments = (each for each in memory.deployments if each.created > look.wish.window.end - events.SLACK)
        if any(finish(each) is None for each in newest_deployments):
            return None
        fresh = refreshed(still, probes.unseen_of(look.wish.scope))
        first = attempted(lambda: runs.newest(look, memory)) if fresh else None
        return fresh if isinstance(first, runs.Newest) and runs.as_known(look, memory, first) else None

    def _memory(self, wish: Wish) -> Memory | None:
        """Without the ledger every number is the same, only dearer."""
        try:
            return recall(self._store, wish)
        except LedgerError as error:
            log.warning("%s: read anew: %s", wish.scope, error)
            return None

    def _sections_of(
        self, look: Look, found: Start, memory: Memory | None, newest: Future[runs.Newest]
    ) -> tuple[GitHubSnapshot, Places]:
        branch = found.default_branch_ref.name if found.default_branch_ref else ""
        begin, counted = self._begin, found.pull_requests
        pulls_read = begin(lambda: _pulls(look, page_of(look, counted, "pull_requests").total_count, memory))
        recent = begin(lambda: runs.recent(look, memory, newest.result()))
        active = begin(lambda: runs.active(look, newest.result()))
        commits = begin(lambda: code.commits(look, tip(found, look), memory))
        branches = begin(lambda: code.branches(look, page_of(look, found.refs, "branches"), memory))
        issues = begin(lambda: _issues(look, found, memory))
        releases = begin(lambda: events.releases(look, page_of(look, found.releases, "releases")))
        deployed = begin(lambda: events.deployments(look, production_environments(found, look), memory))
        runners: Future[tuple[Runner, ...]] | None = None
        if look.wish.rules.runners:
            runners = begin(lambda: runs.runners(look))
        known_commits = _settled(commits)
        changed = begin(lambda: _changed_files(look, known_commits, _head(found, look), branch, memory))
        lists, active_runs = _settled(recent), _settled(active)
        recent_runs = lists if isinstance(lists, Unavailable) else lists.runs
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
        cursors = () if isinstance(all_branches, Unavailable) else all_branches.cursors
        spans, swept = ((), look.wish.window.end) if isinstance(lists, Unavailable) else (lists.spans, lists.swept)
        return snapshot, Places(cursors, spans, swept)

    def _begin(self, read: Callable[[], T]) -> Future[T]:
        return self._sections.submit(read)


def _head(found: Start, look: Look) -> str | None:
    default = tip(found, look)
    return default.oid if default else None


def _with_branch(look: Look, whole: GitHubSnapshot) -> GitHubSnapshot:
    """The snapshot of a repository without commits, or without a right to them, with its default branch's name.

    Where there are runs, which branch they ran for must be told.
    """
    needed = isinstance(whole.runs, tuple) and whole.runs
    if whole.default_branch or not needed:
        return whole
    return msgspec.structs.replace(whole, default_branch=named_branch(look))


def _under_one_name(look: Look, whole: GitHubSnapshot, memory: Memory | None) -> GitHubSnapshot:
    """The snapshot as if the default branch had always had its present name."""
    told = under_one_name(whole)
    if told is whole or not isinstance(told.repository, Repository):
        return whole
    log.info("%s: the default branch had another name before", whole.scope)
    head = told.repository.head
    changed = attempted(lambda: _changed_files(look, told.commits, head, told.default_branch, memory))
    return msgspec.structs.replace(told, changed_files=changed)


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
