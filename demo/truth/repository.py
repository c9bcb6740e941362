"""The repository itself: issues, releases, stars, size, runners."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from demo.truth.pulls import FLAGS

if TYPE_CHECKING:
    from demo.records import Issue
    from demo.truth.book import Book


def tell_repository(book: Book) -> None:
    """Everything that is not about code, pull requests or runs."""
    _tell_issues(book)
    for release in book.repository.releases:
        if release.published is not None:
            flag = FLAGS[release.prerelease]
            book.count("github.release.published", release.published, release.tag, prerelease=flag)
    _tell_numbers(book)
    _tell_runners(book)


def last_push(book: Book) -> int | None:
    """When any branch last moved or was created."""
    moves = [landing.at for landing in book.repository.landings]
    moves += [push.at for branch in book.repository.branches for push in branch.tips]
    return max((at for at in moves if at <= book.at), default=None)


def _is_open(issue: Issue, at: float) -> bool:
    turns = [event.kind for event in issue.events if event.at <= at]
    return not turns or turns[-1] == "reopened"


def _tell_issues(book: Book) -> None:
    settings = book.settings
    still: Counter[str] = Counter()
    for issue in book.repository.issues:
        name = settings.issue_class(issue.labels)
        if issue.created <= book.at and _is_open(issue, book.at):
            still[name] += 1
        book.count("github.issue.opened", issue.created, issue.number, 1.0, **{"class": name})
        for event in issue.events:
            if event.kind == "closed":
                book.count("github.issue.closed", event.at, f"{issue.number}@{event.at}", 1.0, **{"class": name})
    for name in dict.fromkeys([*(name for _, name in settings.issue_classes), "other"]):
        book.tell("github.issue.open", still[name], **{"class": name})


def _tell_numbers(book: Book) -> None:
    repository, at = book.repository, book.at
    book.tell("github.repository.star", sum(time <= at for time in repository.stars))
    book.tell("github.repository.fork", sum(time <= at for time in repository.forks))
    book.tell("github.repository.watcher", sum(time <= at for time in repository.watchers))
    alerts = sum(alert.opened <= at < alert.closed for alert in repository.alerts)
    book.tell("github.repository.vulnerability_alert", alerts)
    sizes = [size for since, size in repository.sizes if since <= at]
    book.tell("github.repository.size", (sizes[-1] if sizes else 0) * 1024)
    book.tell("github.repository.last_push", last_push(book))


def _tell_runners(book: Book) -> None:
    states: Counter[str] = Counter()
    for runner in book.repository.runners:
        if any(start <= book.at < end for start, end in runner.offline):
            states["offline"] += 1
        else:
            busy = any(start <= book.at < end for start, end in runner.busy)
            states["busy" if busy else "idle"] += 1
    for state in ("busy", "idle", "offline"):
        book.tell("github.runner.registered", states[state], state=state)
