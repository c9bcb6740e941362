"""What counts as a deployment: one proxy for each environment, transient ones and repetitions dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from demo import facts
from demo.truth.runs import FAILURE, workflow

if TYPE_CHECKING:
    from demo.truth.book import Book

FINAL = {"success", "failure", "error"}


class Done(msgspec.Struct, frozen=True, order=True):
    """A finished deployment."""

    at: int
    id: str
    sha: str
    success: bool


def deployments(book: Book) -> dict[tuple[str, str], list[Done]]:
    """(environment, proxy) → what was finished by now, in order of finish, without repetitions."""
    wanted = book.settings.proxies.get(book.repository.full_name)
    found = _by_proxy(book, wanted) if wanted else _best(book)
    return {key: _without_repetitions(sorted(done)) for key, done in found.items() if done}


def _best(book: Book) -> dict[tuple[str, str], list[Done]]:
    for proxy in ("deployment", "release", "merge"):
        found = _by_proxy(book, proxy)
        if any(found.values()):
            return found
    return {}


def _by_proxy(book: Book, proxy: str) -> dict[tuple[str, str], list[Done]]:
    environment = book.settings.production[0]
    if proxy == "deployment":
        return {(name, proxy): done for name, done in _deployed(book).items()}
    if proxy == "release":
        return {(environment, proxy): _released(book)}
    if proxy == "merge":
        return {(environment, proxy): _merges(book)}
    kind, _, file = proxy.partition(":")
    return {(environment, kind): _workflow_runs(book, file)}


def _deployed(book: Book) -> dict[str, list[Done]]:
    production = {name.lower() for name in book.settings.production}
    found: dict[str, list[Done]] = {}
    for one in book.repository.deployments:
        name = one.environment.lower()
        final = next((status for status in one.statuses if status.state in FINAL and status.at <= book.at), None)
        if name in production and final is not None and not one.transient:
            found.setdefault(name, []).append(Done(final.at, str(one.id), one.sha, final.state == "success"))
    return found


def _released(book: Book) -> list[Done]:
    return [
        Done(release.published, release.tag, release.sha, success=True)
        for release in book.repository.releases
        if release.published is not None and release.published <= book.at and not release.prerelease
    ]


def _merges(book: Book) -> list[Done]:
    found = []
    for pull in book.repository.pulls:
        merged = facts.merged_at(pull, book.at)
        if merged is not None and pull.base == book.repository.default_branch and pull.merge_commit:
            found.append(Done(merged, str(pull.number), pull.merge_commit, success=True))
    return found


def _workflow_runs(book: Book, file: str) -> list[Done]:
    found = []
    for run in book.repository.runs:
        default = run.fork is None and run.branch == book.repository.default_branch
        if default and run.created <= book.at and workflow(run) == file:
            last = facts.attempts(run, book.at)[-1]
            if last.completed <= book.at and last.conclusion in {"success", *FAILURE}:
                found.append(Done(last.completed, str(run.id), run.sha, last.conclusion == "success"))
    return found


def _without_repetitions(done: list[Done]) -> list[Done]:
    kept: list[Done] = []
    running: str | None = None
    for one in done:
        if one.success and one.sha == running:
            continue
        kept.append(one)
        running = one.sha if one.success else running
    return kept
