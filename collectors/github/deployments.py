"""What each deployment delivered: the commits that no success before it had, and whether it went back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from collectors.github.graph import Graph, Reach
from collectors.github.ids import commit_id
from collectors.github.messages import has_label, is_revert, is_reverting
from collectors.github.records import Commit, Comparison, PullRequest, known
from collectors.github.sources import chosen
from common.delivery import Change, Delivery, Deployment, Track, in_order
from common.errors import MetricError

if TYPE_CHECKING:
    from collectors.github.snapshot import GitHubSnapshot


class Wanted(msgspec.Struct, frozen=True):
    """What must still be read before changes can be told: comparisons (base, head), and pull requests by number."""

    comparisons: tuple[tuple[str, str], ...] = ()
    pulls: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.comparisons or self.pulls)


def delivery_of(snapshot: GitHubSnapshot) -> Delivery:
    """The tracks of the snapshot's one source; raises `MetricError` where that could not be read."""
    delivery, lacking = snapshot.settled
    if not lacking:
        return delivery
    reason = f"{len(lacking.comparisons)} comparisons and {len(lacking.pulls)} pull requests could not be read"
    return msgspec.structs.replace(delivery, unknown=f"what was deployed is not known: {reason}")


def wanted(snapshot: GitHubSnapshot) -> Wanted:
    """What to read next; asked again with the answer in the snapshot, it is empty unless more turned up.

    Pull requests come first: their commits may make a comparison needless. Empty also where the source of deployments
    could not be read.
    """
    try:
        lacking = snapshot.settled[1]
    except MetricError:
        return Wanted()
    return Wanted(pulls=lacking.pulls) if lacking.pulls else lacking


def settle(snapshot: GitHubSnapshot) -> tuple[Delivery, Wanted]:
    """The tracks as far as they can be told, and what is lacking; raises `MetricError` as `delivery_of` does."""
    source = chosen(snapshot)
    if source is None:
        return Delivery(snapshot.delivery_window), Wanted()
    snapshot.need("associated_pulls", "pull_commits")
    proxy, ended = source
    book = _Book(snapshot, frozenset(each.commit for track in ended.values() for each in track))
    tracks = tuple(
        Track(environment, proxy, tuple(_filled(in_order(each, snapshot.window.end), book)))
        for environment, each in sorted(ended.items())
    )
    lacking = Wanted(tuple(dict.fromkeys(book.lacking_comparisons)), tuple(sorted(book.lacking_pulls)))
    return Delivery(snapshot.delivery_window, tracks), lacking


def _filled(ordered: Iterable[Deployment], book: _Book) -> Iterator[Deployment]:
    running: Deployment | None = None
    delivered: set[str] = set()
    for each in ordered:
        if not each.succeeded:
            yield each
            continue
        if running is None:
            reach = book.graph.reach(each.commit)
            filled = each
        else:
            reach, returns = book.step(running.commit, each.commit, delivered)
            changes = tuple(change for sha in sorted(reach.commits - delivered) for change in book.changes(sha))
            filled = msgspec.structs.replace(each, returns=returns, changes=changes)
        delivered |= reach.commits | reach.ends
        running = each
        yield filled


def _joined(pull: PullRequest, commits: Mapping[str, Commit], deployed: frozenset[str]) -> dict[str, Commit]:
    """The merge and what it brought, without the ways into the branch that it was merged into.

    GitHub lists as a pull request's own what its branch had and its base had not: all else is behind the merge's first
    parent, however old the commit that the branch began at.
    """
    own = {commit.sha for commit in pull.commits}
    merge = commits.get(pull.merge_commit or "")
    if merge is None or pull.merge_parents < 2 or not own or own & deployed:
        return {}
    brought = {sha: msgspec.structs.replace(commits[sha], parents=()) for sha in own}
    return {**brought, merge.sha: msgspec.structs.replace(merge, parents=(merge.parents[0], *sorted(own)))}


class _Book:
    """What the snapshot knows of commits and their pull requests, and what it turned out to lack."""

    def __init__(self, snapshot: GitHubSnapshot, deployed: frozenset[str]) -> None:
        self.lacking_comparisons: list[tuple[str, str]] = []
        self.lacking_pulls: set[int] = set()
        self._mending: dict[int, bool] = {}
        self._hotfix_labels = snapshot.rules.hotfix_labels
        self._history = known(snapshot.commits)
        self._merged = snapshot.merged
        self._compared = {(each.base, each.head): each for each in snapshot.comparisons if each.complete}
        known_commits = {
            commit.sha: commit
            for commits in (
                *(pull.commits for pull in self._merged),
                *(each.commits for each in snapshot.comparisons),
                self._history,
            )
            for commit in commits
        }
        for pull in self._merged:
            known_commits |= _joined(pull, known_commits, deployed)
        self.graph = Graph(known_commits.values())

    @cached_property
    def _by_number(self) -> dict[int, PullRequest]:
        return {pull.number: pull for pull in self._merged}

    @cached_property
    def _by_commit(self) -> dict[str, PullRequest]:
        found = {}
        for pull in self._merged:
            for commit in pull.commits if pull.merge_parents > 1 else ():
                found[commit.sha] = pull
            if pull.merge_commit:
                found[pull.merge_commit] = pull
        return found

    @cached_property
    def _copies(self) -> dict[int, int]:
        """How many commits of the default branch came from each pull request."""
        counts: dict[int, int] = {}
        for commit in self.graph.commits.values():
            for each in commit.pulls:
                counts[each.number] = counts.get(each.number, 0) + 1
        return counts

    def step(self, running: str, head: str, delivered: set[str]) -> tuple[Reach, bool]:
        """What `head` has beyond what was delivered, and whether it is an ancestor of the running commit."""
        reach = self.graph.reach(head, delivered)
        back = self.graph.reach(running) if head in delivered else Reach(frozenset(), frozenset())
        returns = head in back.commits or head in back.ends
        if not reach.ends and (returns or not back.ends):
            return reach, returns
        compared: Comparison | None = self._compared.get((running, head))
        if compared is None:
            self.lacking_comparisons.append((running, head))
            return reach, False
        return Reach(frozenset(commit.sha for commit in compared.commits), reach.ends), compared.status == "behind"

    def changes(self, sha: str) -> Iterator[Change]:
        """The commit as a change; of a squashed pull request, its own commits instead."""
        commit = self.graph.commits[sha]
        pulls = self._pulls(commit)
        if untold := next((pull for pull in pulls if not pull.merge_commit), None):
            raise MetricError(f"GitHub does not tell with which commit pull request {untold.number} was merged")
        marked = is_revert(commit) or any(self._mends(pull) for pull in pulls)
        squashed = next((pull for pull in pulls if self._is_squash(pull, sha)), None)
        for each in squashed.commits if squashed else (commit,):
            yield Change(commit_id(each), each.authored, each.merge, marked, each.subject)

    def _mends(self, pull: PullRequest) -> bool:
        found = self._mending.get(pull.number)
        if found is None:
            found = self._mending[pull.number] = is_reverting(pull) or has_label(pull.labels, self._hotfix_labels)
        return found

    def _pulls(self, commit: Commit) -> list[PullRequest]:
        numbers = {each.number for each in commit.pulls if each.merged is not None}
        if own := self._by_commit.get(commit.sha):
            numbers.add(own.number)
        by_number = self._by_number
        self.lacking_pulls.update(number for number in numbers if number not in by_number)
        return [by_number[number] for number in sorted(numbers) if number in by_number]

    def _is_squash(self, pull: PullRequest, sha: str) -> bool:
        """A rebase leaves each commit on the default branch, a squash only one that stands for all."""
        single = pull.merge_commit == sha and pull.merge_parents < 2 and bool(pull.commits)
        return single and (len(pull.commits) == 1 or self._copies.get(pull.number, 0) < 2)
