"""Small makers of records. Times are offsets from `NOON`, which is now; the default author is a person called ann."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from collectors.github.records import (
    Actor,
    AssociatedPull,
    Author,
    Commit,
    Comparison,
    Deployment,
    Event,
    Issue,
    PullRequest,
    Repository,
    Review,
    Status,
    WorkflowRun,
)
from collectors.github.rules import Rules
from collectors.github.settings import GitHubSettings, rules_for
from collectors.github.snapshot import GitHubSnapshot
from common.window import DAY, HOUR, MINUTE, WEEK, Window

__all__ = ["DAY", "HOUR", "MINUTE", "NOON", "WEEK"]
NOON = 1_768_478_400
"""2026-01-15 12:00 UTC"""
BOT = Actor("dependabot", "Bot")
WINDOW = Window(NOON - WEEK, NOON)


def actor(who: str | Actor | None) -> Actor | None:
    return Actor(who) if isinstance(who, str) else who


def when(offset: float | None) -> float | None:
    return None if offset is None else NOON + offset


def review(
    at: float, by: str | Actor | None = "bob", state: str = "APPROVED", dismissed: float | None = None
) -> Review:
    return Review(actor(by), NOON + at, state, when(dismissed))


def event(kind: str, at: float, reason: str | None = None) -> Event:
    return Event(kind, NOON + at, reason)


def pr(
    number: int = 1,
    *,
    created: float = -DAY,
    merged: float | None = None,
    closed: float | None = None,
    updated: float = -MINUTE,
    author: str | Actor | None = "ann",
    reviews: Iterable[Review] = (),
    events: Iterable[Event] = (),
    comments: Iterable[float] = (),
    commits: Iterable[Commit] = (),
    **facts: Any,
) -> PullRequest:
    state = "MERGED" if merged is not None else "CLOSED" if closed is not None else "OPEN"
    return PullRequest(
        number=number,
        created=NOON + created,
        merged=when(merged),
        closed=when(merged if closed is None else closed),
        updated=NOON + updated,
        state=state,
        author=actor(author),
        reviews=tuple(reviews),
        events=tuple(events),
        comments=tuple(NOON + at for at in comments),
        commits=tuple(commits),
        **{"base": "main", "head": "feature", "merge_parents": 2 if merged is not None else 0, **facts},
    )


def commit(
    sha: str = "c1",
    at: float = -HOUR,
    *,
    authored: float | None = None,
    author: str | Author = "ann",
    parents: Iterable[str] = ("before",),
    pulls: Iterable[AssociatedPull] = (),
    **facts: Any,
) -> Commit:
    who = author if isinstance(author, Author) else Author(author, f"{author}@example.org", author)
    start = NOON + (at if authored is None else authored)
    return Commit(sha, start, NOON + at, who, parents=tuple(parents), pulls=tuple(pulls), **facts)


def associated(number: int, merged: float | None = -HOUR, base: str = "main") -> AssociatedPull:
    return AssociatedPull(number, base, when(merged))


def run(
    number: int = 1,
    end: str | None = "success",
    at: float = -HOUR,
    *,
    took: float = 5 * MINUTE,
    created: float | None = None,
    file: str = "ci.yml",
    **facts: Any,
) -> WorkflowRun:
    return WorkflowRun(
        id=number,
        workflow=f".github/workflows/{file}",
        created=NOON + (at - took if created is None else created),
        completed=NOON + at,
        conclusion=end,
        **{"started": NOON + at - took, "branch": "main", "sha": "abc", **facts},
    )


def active(number: int, status: str, created: float, **facts: Any) -> WorkflowRun:
    return WorkflowRun(id=number, workflow=".github/workflows/ci.yml", created=NOON + created, status=status, **facts)


def issue(number: int, created: float = -DAY, closes: Iterable[float] = (), **facts: Any) -> Issue:
    return Issue(number, NOON + created, closes=tuple(NOON + at for at in closes), **facts)


def deployment(
    number: int, sha: str, at: float, *states: str, environment: str = "production", **facts: Any
) -> Deployment:
    """Its statuses, by default one success, come a second after another, the first at `at`."""
    statuses = tuple(Status(state, NOON + at + step) for step, state in enumerate(states or ("success",)))
    return Deployment(
        id=number, environment=environment, sha=sha, created=NOON + at - MINUTE, statuses=statuses, **facts
    )


def rules(**given: Any) -> Rules:
    return rules_for(GitHubSettings(**given), "acme/api")


def snapshot(**given: Any) -> GitHubSnapshot:
    """Everything was read, and there is nothing but what is given; lists become tuples."""
    empty = dict.fromkeys(
        ("open_pulls", "closed_pulls", "commits", "branches", "runs", "active_runs", "open_issues", "closed_issues"), ()
    )
    sections = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    return GitHubSnapshot(
        scope="acme/api",
        url="https://github.com/acme/api",
        default_branch="main",
        window=WINDOW,
        delivery_window=Window(NOON - 30 * DAY, NOON),
        since=NOON - WEEK,
        **{
            **empty,
            "releases": (),
            "deployments": (),
            "runners": (),
            "repository": Repository(),
            "changed_files": Comparison("a", "b"),
            "rules": rules(),
            **sections,
        },
    )


def empty_snapshot() -> GitHubSnapshot:
    """A repository in which there is nothing."""
    return snapshot()
