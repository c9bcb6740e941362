"""Issues, releases and deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from collectors.github import contradictions, parse
from collectors.github.client.errors import AnswerError
from collectors.github.raw import Page, Raw, RawDeployment, RawIssue, RawRelease
from collectors.github.reading.look import MOST, Look, following, stamp
from collectors.github.reading.memory import Memory
from collectors.github.reading.runs import lists_all
from collectors.github.records import Deployment, Issue, Release
from collectors.github.sources import finish
from common.window import DAY, HOUR

SLACK = 7 * DAY
"""How much later than it was made a deployment may end, or a release be published, and still be found."""
BEYOND = 90 * DAY
"""How far before the time that is asked for the last success is looked for."""


class Issues(msgspec.Struct, frozen=True):
    """Open and closed ones."""

    open: tuple[Issue, ...]
    closed: tuple[Issue, ...]


class _Issues(Raw, frozen=True):
    issues: Page[RawIssue]


class _IssuesAnswer(Raw, frozen=True):
    repository: _Issues


class _Releases(Raw, frozen=True):
    releases: Page[RawRelease]


class _ReleasesAnswer(Raw, frozen=True):
    repository: _Releases


class _Deployments(Raw, frozen=True):
    deployments: Page[RawDeployment]


class _DeploymentsAnswer(Raw, frozen=True):
    repository: _Deployments


def issues(look: Look, opened: Page[RawIssue], closed: Page[RawIssue], total: int, memory: Memory | None) -> Issues:
    """The issues that are open now, and those closed now and updated since the wish's time."""
    found = {each.number: each for each in memory.issues} if memory else {}
    fresh_open = _read(look, "open_issues", memory.issues_since if memory else 0.0, opened)
    fresh_closed = _read(look, "closed_issues", memory.issues_since if memory else look.wish.since, closed)
    found |= {each.number: each for each in (*fresh_open, *fresh_closed)}
    if memory is not None and sum(each.open for each in found.values()) != total:
        found = {number: each for number, each in found.items() if not each.open}
        found |= {each.number: each for each in _read(look, "open_issues", 0.0, None)}
    return Issues(
        tuple(found[number] for number in sorted(found) if found[number].open),
        tuple(found[number] for number in sorted(found) if not found[number].open),
    )


def _read(look: Look, query: str, since: float, first_page: Page[RawIssue] | None) -> tuple[Issue, ...]:
    time: dict[str, Any] = {"opened" if query == "open_issues" else "updated": stamp(since)}

    def ask(first: int, after: str | None) -> Page[RawIssue]:
        return look.ask(query, _IssuesAnswer, **time, first=first, after=after).repository.issues

    return _issues(list(following(ask, MOST, first_page)))


def _issues(pages: Sequence[Page[RawIssue]]) -> tuple[Issue, ...]:
    found = {raw.number: raw for page in pages for raw in page.nodes}
    if strange := sorted({raw.state for raw in found.values()} - {"OPEN", "CLOSED"}):
        raise AnswerError(f"GitHub says that an issue is {strange[0]}, which this release does not know")
    if any(raw.timeline_items.cut for raw in found.values()):
        raise AnswerError("an issue was closed more than a hundred times")
    return tuple(parse.issue(found[number]) for number in sorted(found))


def releases(look: Look, first_page: Page[RawRelease]) -> tuple[Release, ...]:
    """Releases as far back as the wish's start, and the last full one published before it."""

    def ask(first: int, after: str | None) -> Page[RawRelease]:
        return look.ask("releases", _ReleasesAnswer, first=first, after=after).repository.releases

    found: list[RawRelease] = []
    for page in following(ask, MOST, first_page):
        found += page.nodes
        oldest = min((parse.at(raw.created_at) for raw in page.nodes), default=0.0)
        if oldest < look.wish.start - BEYOND or (oldest < look.wish.start - SLACK and _has_older(found, look)):
            break
    if wrong := next(filter(None, map(contradictions.of_release, found)), None):
        raise AnswerError(wrong)
    return tuple(parse.release(raw) for raw in found)


def _has_older(found: Sequence[RawRelease], look: Look) -> bool:
    full = (parse.maybe(raw.published_at) for raw in found if not raw.is_draft and not raw.is_prerelease)
    return any(published is not None and published < look.wish.start for published in full)


def deployments(look: Look, environments: Sequence[str] | None, memory: Memory | None) -> tuple[Deployment, ...]:
    """Deployments to these environments as far back as the wish's start, and the last success of each before it."""

    def ask(first: int, after: str | None) -> Page[RawDeployment]:
        wanted = None if environments is None else list(environments)
        answer = look.ask("deployments", _DeploymentsAnswer, environments=wanted, first=first, after=after)
        return answer.repository.deployments

    if environments is not None and not environments:
        return ()
    found: list[Deployment] = []
    known = memory.deployments if memory is not None and memory.environments == environments else ()
    until = _until(known, memory, look.wish.window.end) if memory else 0.0
    near = known and until > look.wish.window.end - DAY
    for page in following(ask, 50 if environments is not None and near else MOST):
        if any(raw.statuses.cut for raw in page.nodes):
            raise AnswerError("a deployment has more than a hundred statuses")
        if wrong := next(filter(None, map(contradictions.of_deployment, page.nodes)), None):
            raise AnswerError(wrong)
        found += [parse.deployment(raw) for raw in page.nodes]
        if _far_enough(found, look.wish.start) or (known and min(each.created for each in found) < until):
            break
    both = {each.id: each for each in (*known, *found)}
    return tuple(both[number] for number in sorted(both, reverse=True))


def _until(known: Sequence[Deployment], memory: Memory, now: float) -> float:
    """From when on deployments may have changed: those of the last hours, and with all runs all that have not ended."""
    every = lists_all(memory, now)
    unfinished = (each.created for each in known if finish(each) is None and (every or each.created > now - DAY))
    return min((memory.end - 6 * HOUR, *unfinished))


def _far_enough(found: Sequence[Deployment], start: float) -> bool:
    oldest = min((each.created for each in found), default=0.0)
    if oldest >= start - SLACK:
        return False
    succeeded = {each.environment for each in found if (end := finish(each)) and end[1] and end[0] < start}
    return oldest < start - BEYOND or succeeded >= {each.environment for each in found}
