"""The first request about a repository: its facts, and the first page of everything that is usually short."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import msgspec
from msgspec import UNSET, UnsetType

from collectors.github import parse
from collectors.github.client.errors import AnswerError, RefusedError
from collectors.github.raw import Count, Page, Raw, RawBranch, RawIssue, RawLabel, RawRelease, RawTip
from collectors.github.reading.look import MOST, Look, stamp
from collectors.github.reading.memory import Memory
from collectors.github.records import Repository
from collectors.github.snapshot import Fact
from collectors.github.sources import is_production

FIRST_ISSUES, FIRST_RELEASES = 50, 20
_FACTS = frozenset(get_args(Fact))


class RawDefault(Raw, frozen=True):
    name: str
    target: RawTip


class Start(Raw, frozen=True):
    """What the answer must hold."""

    database_id: int
    name_with_owner: str
    url: str
    pushed_at: datetime | None
    disk_usage: int | None
    stargazer_count: int
    fork_count: int
    watchers: Count
    pull_requests: Count | UnsetType = UNSET
    default_branch_ref: RawDefault | UnsetType | None = UNSET
    vulnerability_alerts: Count | UnsetType | None = UNSET
    environments: Page[RawLabel] | UnsetType | None = UNSET
    refs: Page[RawBranch] | UnsetType | None = UNSET
    open_total: Count | UnsetType = UNSET
    open_issues: Page[RawIssue] | UnsetType = UNSET
    closed_issues: Page[RawIssue] | UnsetType = UNSET
    releases: Page[RawRelease] | UnsetType = UNSET


class _Answer(Raw, frozen=True):
    repository: Start


class _Named(msgspec.Struct, frozen=True):
    """A repository as REST tells of it."""

    default_branch: str


def start(look: Look, memory: Memory | None) -> Start:
    """The answer, with what is withheld added to the look's `lacking`; of lists only what is new since the memory."""
    since = memory.commits_since if memory else look.wish.start
    opened, updated = (memory.issues_since,) * 2 if memory else (0.0, look.wish.since)
    found = look.ask(
        "start",
        _Answer,
        start=stamp(look.wish.start),
        since=stamp(since),
        opened=stamp(opened),
        updated=stamp(updated),
        branches=MOST,
        issues=FIRST_ISSUES,
        releases=FIRST_RELEASES,
        commits=MOST,
    ).repository
    parts = {"branches": found.refs, "issues": found.open_issues, "releases": found.releases}
    for part, page in {**parts, "environments": found.environments}.items():
        look.present(page, part)
    look.present(found.open_total, "issues")
    look.present(found.closed_issues, "issues")
    if look.present(found.vulnerability_alerts, "vulnerability_alerts") is None:
        look.lacking.setdefault("vulnerability_alerts", "GitHub does not show vulnerability alerts to this token")
    look.present(found.pull_requests, "pull_requests")
    default = look.present(found.default_branch_ref, "default_branch")
    if isinstance(found.default_branch_ref, UnsetType):
        look.lacking.setdefault("head_checks", look.lacking["default_branch"])
    elif default is not None:
        look.present(default.target.status_check_rollup, "head_checks")
    elif isinstance(found.refs, Page) and found.refs.nodes:
        raise AnswerError("GitHub names no default branch, though there are branches")
    return found


def tip(found: Start, look: Look) -> RawTip | None:
    """The default branch's head; `None` without one. Raises `RefusedError` where it is withheld."""
    if isinstance(found.default_branch_ref, UnsetType):
        raise RefusedError(look.lacking["default_branch"])
    return found.default_branch_ref.target if found.default_branch_ref else None


def named_branch(look: Look) -> str:
    """The default branch's name, which REST tells also where the branch itself is withheld, or has no commits."""
    return look.get("", _Named).default_branch


def facts(found: Start) -> Repository:
    """The repository's own facts."""
    default = found.default_branch_ref or None
    rollup = (default.target.status_check_rollup or None) if default else None
    alerts = found.vulnerability_alerts or None
    if found.disk_usage is None:
        raise AnswerError("GitHub does not tell the repository's size")
    if found.pushed_at is None and default is not None:
        raise AnswerError("GitHub does not tell when the repository was pushed to")
    return Repository(
        stars=found.stargazer_count,
        forks=found.fork_count,
        watchers=found.watchers.total_count,
        vulnerability_alerts=alerts.total_count if alerts else 0,
        size=found.disk_usage,
        pushed=parse.maybe(found.pushed_at),
        head=default.target.oid if default else None,
        head_checks=rollup.state if rollup else None,
    )


def production_environments(found: Start, look: Look) -> list[str] | None:
    """The names of the environments that the settings call production; `None` where only all deployments show them.

    Where a repository has more environments than GitHub lists at once, as previews make them, names without wildcards
    are still known: GitHub tells them apart in no case, so the usual ways of writing them are asked for.
    """
    page = found.environments
    if not isinstance(page, Page):
        return None
    named = {each.name for each in page.nodes if is_production(each.name, look.wish.rules)}
    if not page.cut:
        return sorted(named)
    production = look.wish.rules.production
    if any(wildcard in pattern for pattern in production for wildcard in "*?"):
        return None
    return sorted(named | {form for each in production for form in (each, each.lower(), each.title(), each.upper())})


def missing(look: Look) -> dict[Fact, str]:
    """The facts that could not be read, and why."""
    return {part: reason for part, reason in look.lacking.items() if part in _FACTS}  # type: ignore[misc]
