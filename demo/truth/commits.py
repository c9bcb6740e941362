"""Commits of the default branch, branches, and the people behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from common.stats import ratio

if TYPE_CHECKING:
    from demo.records import Commit
    from demo.truth.book import Book

FILE_CAP = 300
REVERT_SUBJECT = re.compile(r'^Revert ".*"')
REVERT_BODY = re.compile(r"\bThis reverts commit [0-9a-f]{7,40}")


def says_revert(commit: Commit) -> bool:
    """Whether the message says that it reverts another commit."""
    return REVERT_SUBJECT.match(commit.subject) is not None or REVERT_BODY.search(commit.body) is not None


def landed(book: Book) -> list[tuple[int, Commit]]:
    """What landed on the default branch in the window: (when, commit)."""
    found = [(_landed_at(book, sha), book.graph.commits[sha]) for sha in book.graph.on_default(book.at)]
    return [(at, commit) for at, commit in found if book.within(at)]


def tell_commits(book: Book) -> None:
    """Everything about commits, branches and contributors."""
    commits = landed(book)
    for at, commit in commits:
        _count(book, at, commit)
    if book.repository.landings:
        base, tip = book.graph.tip_before(book.window.start), book.graph.tip(book.at)
        if base and tip:
            files = book.graph.changed_files(base.sha, tip.sha)
            book.tell("github.code.files_changed", min(len(files), FILE_CAP))
    humans = [commit for _, commit in commits if _kind(book, commit) == "human"]
    people = {commit.author or commit.email for commit in humans}
    book.tell("github.contributor.commits_each", ratio(len(humans), len(people)))
    _tell_branches(book)
    _tell_contributors(book, {commit.author for _, commit in commits if commit.author})


def _landed_at(book: Book, sha: str) -> int:
    """The merge of its pull request into the default branch, else its committer date."""
    landing = book.repository.landings[book.graph.landed_at[sha]]
    return book.graph.commits[sha].committed if landing.pull is None else landing.at


def _kind(book: Book, commit: Commit) -> str:
    return book.kind(commit.author or commit.name)


def _count(book: Book, at: int, commit: Commit) -> None:
    author = _kind(book, commit)
    book.count("github.commit.landed", at, commit.sha, author=author)
    if says_revert(commit):
        book.count("github.commit.revert", at, commit.sha)
    if book.settings.is_hotfix(commit.subject):
        book.count("github.commit.hotfix", at, commit.sha)
    landing = book.repository.landings[book.graph.landed_at[commit.sha]]
    if author == "human" and landing.pull is None:
        book.count("github.commit.unreviewed", at, commit.sha)
    if len(commit.parents) < 2:
        book.count("github.code.lines", at, commit.sha, commit.additions, change="added")
        book.count("github.code.lines", at, commit.sha, commit.deletions, change="deleted")


def _tell_branches(book: Book) -> None:
    before = book.at - book.settings.branch_stale_after
    stale = active = 0
    for branch in book.repository.branches:
        tips = [push.sha for push in branch.tips if push.at <= book.at]
        if tips and book.at < branch.deleted and branch.name != book.repository.default_branch:
            old = book.graph.commits[tips[-1]].committed < before
            stale, active = stale + old, active + (not old)
    book.tell("github.branch.existing", active, activity="active")
    book.tell("github.branch.existing", stale, activity="stale")


def _tell_contributors(book: Book, authors: set[str]) -> None:
    reviewers: set[str] = set()
    for pull in book.repository.pulls:
        merged = next((e.at for e in pull.events if e.kind == "merged" and e.at <= book.at), None)
        if merged is not None and book.within(merged) and pull.author:
            authors.add(pull.author)
        reviews = [review for review in pull.reviews if merged is None or review.at < merged]
        reviewers |= {r.author for r in reviews if r.author and r.author != pull.author and book.within(r.at)}
    groups = {"author": authors - reviewers, "reviewer": reviewers - authors, "both": authors & reviewers}
    for role, logins in groups.items():
        for kind in ("human", "bot"):
            those = [login for login in logins if book.kind(login) == kind]
            book.tell("github.contributor.active", len(those), role=role, author=kind)
