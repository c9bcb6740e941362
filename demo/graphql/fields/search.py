"""Search over issues, pull requests and repositories: the qualifiers that a collector needs, 1,000 results at most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from demo import facts
from demo.stamp import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import Issue, Pull, Repository
    from demo.world import View

MOST = 1_000
QUALIFIER = re.compile(r'(-?)(\w[\w-]*):("[^"]*"|\S+)')
Row = tuple["Repository", str, Any]


def found_by(view: View, query: str, kind: str) -> list[Row]:
    """What the search finds, newest first: (repository, type's name, record)."""
    wanted = [(minus == "-", name, value.strip('"')) for minus, name, value in QUALIFIER.findall(query)]
    rows: list[Row] = []
    for repository in view.repositories():
        if all(_in_repository(repository, view, name, value) is not minus for minus, name, value in wanted):
            rows += _rows(repository, kind, view)
    if kind == "ISSUE":
        rows = [row for row in rows if all(_fits(row, view.now, name, v) is not minus for minus, name, v in wanted)]
    rows.sort(key=lambda row: (row[2].created, row[2].id), reverse=True)
    return rows[:MOST]


def within(at: float | None, text: str) -> bool:
    """Whether a time is in a search's range: `A..B`, `>=A`, `>A`, `<=B`, `<B`, or a whole day or second."""
    if at is None:
        return False
    if ".." in text:
        first, last = text.split("..", 1)
        return (first == "*" or at >= parse(first)) and (last == "*" or at <= _last(last))
    for sign, compare in _COMPARE.items():
        if text.startswith(sign):
            return compare(at, text[len(sign) :])
    return parse(text) <= at <= _last(text)


def _last(text: str) -> float:
    return parse(text) + (86_399 if len(text) == len("2026-01-31") else 0)


_COMPARE: dict[str, Callable[[float, str], bool]] = {
    ">=": lambda at, text: at >= parse(text),
    "<=": lambda at, text: at <= _last(text),
    ">": lambda at, text: at > _last(text),
    "<": lambda at, text: at < parse(text),
}


def _rows(repository: Repository, kind: str, view: View) -> list[Row]:
    if kind == "REPOSITORY":
        return [(repository, "Repository", repository)]
    if kind != "ISSUE":
        return []
    pulls: list[Row] = [(repository, "PullRequest", one) for one in repository.pulls if one.created <= view.now]
    return pulls + [(repository, "Issue", one) for one in repository.issues if one.created <= view.now]


def _in_repository(repository: Repository, view: View, name: str, value: str) -> bool | None:
    found = {
        "repo": repository.full_name.lower() == value.lower(),
        "org": repository.owner.lower() == value.lower(),
        "user": repository.owner.lower() == value.lower(),
        "topic": value in repository.topics,
        "archived": str(repository.archived <= view.now).lower() == value,
        "fork": value in {"true", "only"} or not repository.is_fork,
    }
    return found.get(name)


def _fits(row: Row, now: float, name: str, value: str) -> bool | None:
    _, kind, one = row
    if name in {"is", "state", "type"}:
        return _is(kind, one, now, value)
    if name == "label":
        return value in one.labels
    times: dict[str, Callable[[Pull | Issue], float | None]] = {
        "created": lambda one: one.created,
        "updated": lambda one: facts.updated_at(one, now),
        "closed": lambda one: facts.closed_at(one, now),
        "merged": lambda one: next((e.at for e in one.events if e.kind == "merged" and e.at <= now), None),
    }
    return within(times[name](one), value) if name in times else None


def _is(kind: str, one: Pull | Issue, now: float, value: str) -> bool:
    if value in {"pr", "issue"}:
        return (kind == "PullRequest") == (value == "pr")
    state = facts.state(one, now)
    return state != "OPEN" if value == "closed" else state == value.upper()
