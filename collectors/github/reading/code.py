"""The code: what landed on the default branch, which branches there are, and what lies between two commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from collectors.github import parse
from collectors.github.client.errors import AnswerError
from collectors.github.parse_rest import RawComparison
from collectors.github.raw import Page, Raw, RawBranch, RawCommit, RawSizedCommit, RawTip
from collectors.github.reading.look import MOST, Look, attempted, following, stamp
from collectors.github.reading.memory import Memory
from collectors.github.records import Branch, Commit, Comparison, Unavailable

FILES = 300
"""As many files as GitHub's comparison lists at most."""
PAGES = 10
"""As many pages of a comparison's commits as are read."""
OVERLAP = 10
"""How many branches two pages that are asked for together share, so that new ones fit in."""
_TOGETHER = 50


class _History(Raw, frozen=True):
    history: Page[RawSizedCommit]


class _HistoryOf(Raw, frozen=True):
    object: _History


class _HistoryAnswer(Raw, frozen=True):
    repository: _HistoryOf


class _Refs(Raw, frozen=True):
    refs: Page[RawBranch]


class _RefsAnswer(Raw, frozen=True):
    repository: _Refs


class _BranchPages(Raw, frozen=True):
    repository: dict[str, Page[RawBranch]]


class Branches(msgspec.Struct, frozen=True):
    """Branches, and cursors at which their pages may begin the next time."""

    found: tuple[Branch, ...]
    cursors: tuple[str, ...]


class _Commits(Raw, frozen=True):
    repository: dict[str, RawCommit | None]


def commits(look: Look, tip: RawTip | None, memory: Memory | None) -> tuple[Commit, ...]:
    """The default branch's commits since the wish's start, all from the same head whatever is pushed meanwhile."""
    if tip is None:
        return ()
    start = look.wish.start
    if memory is not None:
        fresh = _listed(look, tip.oid, memory.commits_since, tip.history)
        both = {each.sha: each for each in (*memory.commits, *fresh) if each.committed >= start}
        kept_head = memory.head in {*both, None} or memory.head == tip.oid
        if len(both) == tip.total.total_count and kept_head and tip.oid in {*both, memory.head}:
            return tuple(both.values())
    page = tip.history if memory is None else None
    found = _listed(look, tip.oid, start, page)
    if len(found) < tip.total.total_count:
        raise AnswerError(f"GitHub listed {len(found)} of {tip.total.total_count} commits")
    return found


def _listed(look: Look, head: str, since: float, page: Page[RawSizedCommit] | None) -> tuple[Commit, ...]:
    def ask(first: int, after: str | None) -> Page[RawSizedCommit]:
        answer = look.ask("history", _HistoryAnswer, head=head, since=stamp(since), first=first, after=after)
        return answer.repository.object.history

    raws = {raw.oid: raw for each in following(ask, MOST, page) for raw in each.nodes}
    for raw in raws.values():
        look.present(raw.associated_pull_requests, "associated_pulls")
    return tuple(parse.commit(raw) for raw in raws.values())


def branches(look: Look, first_page: Page[RawBranch], memory: Memory | None) -> Branches:
    """Every branch, by name; where the pages began the last time is where they are asked for together."""

    def ask(first: int, after: str | None) -> Page[RawBranch]:
        return look.ask("branches", _RefsAnswer, first=first, after=after).repository.refs

    pages = [first_page]
    if memory is not None and memory.branch_cursors and first_page.page_info.has_next_page:
        pages = _together(look, first_page, memory.branch_cursors)
    pages += list(following(ask, MOST, pages.pop()))
    every = list(dict.fromkeys(edge.cursor for page in pages for edge in page.edges))
    cursors = tuple(every[MOST - OVERLAP - 1 : -1 : MOST - OVERLAP]) if len(every) > MOST else ()
    found = {one.name: one for page in pages for raw in page.nodes if (one := parse.branch(raw))}
    return Branches(tuple(found[name] for name in sorted(found)), cursors)


def _together(look: Look, first_page: Page[RawBranch], cursors: Sequence[str]) -> list[Page[RawBranch]]:
    """As many pages as surely have nothing between them: each begins with something of the one before."""
    wanted: dict[str, Any] = {f"after{index}": cursor for index, cursor in enumerate(cursors)}
    answer = look.ask("branch_pages", _BranchPages, times=len(cursors), **wanted).repository
    pages = [first_page]
    for index in range(len(cursors)):
        page = answer[f"page{index}"]
        if not page.nodes or page.nodes[0].name not in {each.name for each in pages[-1].nodes}:
            break
        pages.append(page)
    return pages


def base_of(known: Iterable[Commit], head: str, default_branch: str, start: float) -> str | None:
    """The default branch's commit before `start`, told along first parents; `None` where the branch is younger."""
    by_sha = {commit.sha: commit for commit in known}
    sha: str | None = head
    while sha is not None and (commit := by_sha.get(sha)) is not None:
        if _landed(commit, default_branch) < start:
            return sha
        sha = commit.parents[0] if commit.parents else None
    return sha


def _landed(commit: Commit, default_branch: str) -> float:
    merges = (each.merged for each in commit.pulls if each.base == default_branch and each.merged is not None)
    return min(merges, default=commit.committed)


def changed_files(look: Look, base: str, head: str) -> Comparison:
    """How many files differ between two commits of the default branch."""
    if base == head:
        return Comparison(base, head, "identical")
    raw = look.get(f"/compare/{base}...{head}", RawComparison, {"per_page": "1", "page": "1"})
    names = {each.filename for each in raw.files}
    return Comparison(base, head, raw.status, (), complete=False, files=len(names), all_files=len(raw.files) < FILES)


def comparisons(
    look: Look, pairs: Sequence[tuple[str, str]], known: Iterable[Commit]
) -> list[Comparison | Unavailable]:
    """What each `head` has that its `base` has not, with everything that is told of those commits; or why not.

    Three rounds of requests, however many comparisons and pages there are.
    """

    def page(wanted: tuple[tuple[str, str], int]) -> RawComparison | Unavailable:
        (base, head), number = wanted
        params = {"per_page": str(MOST), "page": str(number)}
        return attempted(lambda: look.get(f"/compare/{base}...{head}", RawComparison, params))

    first = dict(zip(pairs, look.at_once(page, [(pair, 1) for pair in pairs]), strict=True))
    rest = [(pair, number) for pair, one in first.items() for number in range(2, _last(one) + 1)]
    pages = [*first.items(), *zip((pair for pair, _ in rest), look.at_once(page, rest), strict=True)]
    whole = {pair: [one for each, one in pages if each == pair] for pair in pairs}
    by_sha = {commit.sha: commit for commit in known}
    shas = {each.sha: None for _, one in pages if isinstance(one, RawComparison) for each in one.commits}
    fresh = attempted(lambda: _named(look, [sha for sha in shas if sha not in by_sha]))
    if isinstance(fresh, Unavailable):
        return [fresh for _ in pairs]
    by_sha |= {commit.sha: commit for commit in fresh}
    return [_comparison(pair, whole[pair], by_sha) for pair in pairs]


def _last(first: RawComparison | Unavailable) -> int:
    return 1 if isinstance(first, Unavailable) else min(PAGES, -(-first.total_commits // MOST))


def _comparison(
    pair: tuple[str, str], pages: Sequence[RawComparison | Unavailable], known: Mapping[str, Commit]
) -> Comparison | Unavailable:
    told: list[RawComparison] = []
    for page in pages:
        if isinstance(page, Unavailable):
            return page
        told.append(page)
    shas = dict.fromkeys(each.sha for one in told for each in one.commits)
    found = tuple(known[sha] for sha in shas if sha in known)
    first = told[0]
    return Comparison(
        *pair,
        first.status,
        found,
        complete=len(found) == first.total_commits,
        files=len(first.files),
        all_files=len(first.files) < FILES,
    )


def _named(look: Look, shas: Sequence[str]) -> list[Commit]:
    parts = [shas[index : index + _TOGETHER] for index in range(0, len(shas), _TOGETHER)]

    def read(part: Sequence[str]) -> list[Commit]:
        wanted = {f"oid{index}": sha for index, sha in enumerate(part)}
        raws = look.ask("commits", _Commits, times=len(part), some=True, **wanted).repository
        return [parse.commit(raw) for raw in raws.values() if raw is not None]

    return [commit for found in look.at_once(read, parts) for commit in found]
