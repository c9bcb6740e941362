"""Pull requests: the open ones, those closed since, and single ones that delivery turned out to need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from collectors.github import contradictions, parse
from collectors.github.client.errors import AnswerError
from collectors.github.raw import (
    Page,
    Raw,
    RawClosedPull,
    RawOlderPull,
    RawOpenPull,
    RawOwnCommit,
    RawOwnSizedCommit,
    RawPull,
    RawStep,
)
from collectors.github.reading.look import MOST, Look, even, following
from collectors.github.reading.memory import Memory
from collectors.github.records import PullRequest

FULL = 50
"""How many closed pull requests are asked for at once: each brings its commits, reviews and steps."""
FEW = 25
"""The same where only those since the last run are wanted."""
_TOGETHER = 25


class _OpenPulls(Raw, frozen=True):
    pull_requests: Page[RawOpenPull]


class _Open(Raw, frozen=True):
    repository: _OpenPulls


class _ClosedPulls(Raw, frozen=True):
    pull_requests: Page[RawClosedPull]


class _Closed(Raw, frozen=True):
    repository: _ClosedPulls


class _OlderPulls(Raw, frozen=True):
    pull_requests: Page[RawOlderPull]


class _Older(Raw, frozen=True):
    repository: _OlderPulls


class _Single(Raw, frozen=True):
    repository: dict[str, RawOlderPull | None]


class _Rest(Raw, frozen=True):
    timeline_items: Page[RawStep] | None = None
    commits: Page[RawOwnSizedCommit] | None = None


class _RestOf(Raw, frozen=True):
    pull_request: _Rest


class _RestAnswer(Raw, frozen=True):
    repository: _RestOf


def open_pulls(look: Look, count: int) -> tuple[PullRequest, ...]:
    """The pull requests that are open now; about `count` of them are expected."""

    def ask(first: int, after: str | None) -> Page[RawOpenPull]:
        return look.ask("open_pulls", _Open, first=first, after=after).repository.pull_requests

    if not count:
        return ()
    raws = [raw for page in following(ask, even(count)) for raw in page.nodes]
    return tuple(sorted((_open(look, raw) for raw in raws), key=_by_number))


def _open(look: Look, raw: RawOpenPull) -> PullRequest:
    look.present(raw.review_decision, "review_decision")
    look.present(raw.mergeable, "mergeable")
    look.present(raw.is_in_merge_queue, "merge_queue")
    look.present(raw.status_check_rollup, "checks")
    return _told(raw, _steps(look, raw, raw.timeline_items))


def closed_pulls(look: Look, start: float, memory: Memory | None) -> tuple[PullRequest, ...]:
    """Those not open now and updated since the wish's time; as far as `start` with what delivery needs of them."""
    found: dict[int, PullRequest] = {}
    cursor: str | None = None
    until = memory.pulls_since if memory else look.wish.since
    for page in _closed_pages(look, FULL if memory is None else FEW):
        for raw in page.nodes:
            found.setdefault(raw.number, _closed(look, raw))
        cursor = page.page_info.end_cursor if page.page_info.has_next_page else None
        if page.nodes and parse.at(page.nodes[-1].updated_at) < until:
            break
    if memory is not None:
        found = {**{pull.number: pull for pull in memory.pulls}, **found}
    elif cursor is not None and min((pull.updated for pull in found.values()), default=start) >= start:
        for older in _older_pages(look, cursor):
            for one in older.nodes:
                found.setdefault(one.number, _older(look, one))
            if older.nodes and parse.at(older.nodes[-1].updated_at) < start:
                break
    return tuple(sorted(found.values(), key=_by_number))


def _closed_pages(look: Look, size: int) -> Iterator[Page[RawClosedPull]]:
    def ask(first: int, after: str | None) -> Page[RawClosedPull]:
        return look.ask("closed_pulls", _Closed, first=first, after=after).repository.pull_requests

    return following(ask, size)


def _older_pages(look: Look, cursor: str) -> Iterator[Page[RawOlderPull]]:
    def ask(first: int, after: str | None) -> Page[RawOlderPull]:
        return look.ask("older_pulls", _Older, first=first, after=after or cursor).repository.pull_requests

    return following(ask, MOST)


def _closed(look: Look, raw: RawClosedPull) -> PullRequest:
    for value in (raw.additions, raw.deletions, raw.changed_files):
        look.present(value, "sizes")
    commits = look.present(raw.commits, "pull_commits")
    return _told(raw, _steps(look, raw, raw.timeline_items), _commits(look, raw.number, commits))


def _older(look: Look, raw: RawOlderPull) -> PullRequest:
    return _told(raw, (), _commits(look, raw.number, look.present(raw.commits, "pull_commits")))


def _told(raw: RawPull, steps: Sequence[RawStep], commits: Sequence[RawOwnCommit] = ()) -> PullRequest:
    if wrong := contradictions.of_pull(raw, steps):
        raise AnswerError(wrong)
    return parse.pull(raw, steps, commits)


def single_pulls(look: Look, numbers: Sequence[int]) -> tuple[PullRequest, ...]:
    """The pull requests with these numbers that are there, with what delivery needs of them."""
    parts = [numbers[index : index + _TOGETHER] for index in range(0, len(numbers), _TOGETHER)]

    def read(part: Sequence[int]) -> list[PullRequest]:
        wanted = {f"number{index}": number for index, number in enumerate(part)}
        raws = look.ask("pull", _Single, times=len(part), some=True, **wanted).repository
        return [_older(look, raw) for raw in raws.values() if raw is not None]

    return tuple(pull for found in look.at_once(read, parts) for pull in found)


def joined(one: Iterable[PullRequest], other: Iterable[PullRequest]) -> tuple[PullRequest, ...]:
    """Both, each once; the other's where both have it."""
    both = {pull.number: pull for pull in (*one, *other)}
    return tuple(both[number] for number in sorted(both))


def _steps(look: Look, raw: RawPull, page: Page[RawStep]) -> tuple[RawStep, ...]:
    found = list(page.nodes)
    while page.page_info.has_next_page:
        rest = _rest(look, raw.number, steps=True, stepsAfter=page.page_info.end_cursor, commits=False)
        if rest.timeline_items is None:
            raise AnswerError(f"GitHub's answer has no further steps of pull request {raw.number}")
        page = rest.timeline_items
        found += page.nodes
    return tuple(found)


def _commits(look: Look, number: int, page: Page[Any] | None) -> tuple[RawOwnCommit, ...]:
    found: list[RawOwnCommit] = list(page.nodes) if page else []
    while page is not None and page.page_info.has_next_page:
        rest = _rest(look, number, steps=False, commits=True, commitsAfter=page.page_info.end_cursor)
        if rest.commits is None:
            raise AnswerError(f"GitHub's answer has no further commits of pull request {number}")
        page = rest.commits
        found += page.nodes
    return tuple(found)


def _rest(look: Look, number: int, **variables: Any) -> _Rest:  # noqa: ANN401
    return look.ask("pull_rest", _RestAnswer, number=number, **variables).repository.pull_request


def _by_number(pull: PullRequest) -> int:
    return pull.number
