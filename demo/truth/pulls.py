"""Pull requests: what is open, and what happened to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from common.stats import median
from demo import facts

if TYPE_CHECKING:
    from demo.records import Pull
    from demo.truth.book import Book

REVIEW_STATES = {"REVIEW_REQUIRED": "awaiting", "CHANGES_REQUESTED": "changes_requested", "APPROVED": "approved"}
CHECK_STATES = {"FAILURE": "failure", "ERROR": "failure", "PENDING": "pending", "EXPECTED": "pending"}
FLAGS = {True: "true", False: "false"}


def tell_pulls(book: Book) -> None:
    """Everything about pull requests but their distributions."""
    seen = [pull for pull in book.repository.pulls if pull.created <= book.at]
    now_open = [pull for pull in seen if is_open(pull, book.at)]
    _tell_open(book, now_open)
    _tell_states(book, now_open)
    for pull in seen:
        _count(book, pull)


def is_open(pull: Pull, at: float) -> bool:
    """Neither merged, nor closed without being reopened."""
    turns = [event.kind for event in pull.events if event.at <= at and event.kind in {"merged", "closed", "reopened"}]
    return not turns or turns[-1] == "reopened"


def in_draft(pull: Pull, at: float) -> bool:
    """Whether the last turn made it a draft."""
    turns = [
        event.kind for event in pull.events if event.at <= at and event.kind in {"ready_for_review", "convert_to_draft"}
    ]
    return turns[-1] == "convert_to_draft" if turns else pull.draft


def is_reverting(pull: Pull) -> bool:
    """Whether it says that it reverts another: by title, branch or body."""
    return (
        pull.title.startswith('Revert "')
        or re.match(r"revert-\d+-", pull.head) is not None
        or re.search(r"\bReverts [\w.-]+/[\w.-]+#\d+", pull.body) is not None
    )


def _tell_open(book: Book, now_open: list[Pull]) -> None:
    for draft in (True, False):
        for author in ("human", "bot"):
            those = [p for p in now_open if in_draft(p, book.at) is draft and book.kind(p.author) == author]
            book.tell("github.pull_request.open", len(those), draft=FLAGS[draft], author=author)
    ready = [pull.created for pull in now_open if not in_draft(pull, book.at)]
    book.tell("github.pull_request.oldest_open", min(ready, default=None))
    book.tell("github.pull_request.median_open_age", median(book.at - created for created in ready))
    before = book.at - book.settings.stale_after
    stale = [pull for pull in now_open if facts.updated_at(pull, book.at) <= before]
    book.tell("github.pull_request.stale", len(stale))


def _tell_states(book: Book, now_open: list[Pull]) -> None:
    ready = [pull for pull in now_open if not in_draft(pull, book.at)]
    reviews = [REVIEW_STATES.get(facts.decision(pull, book.at) or "", "not_required") for pull in ready]
    for state in (*REVIEW_STATES.values(), "not_required"):
        book.tell("github.pull_request.review_state", reviews.count(state), state=state)
    rollups = [facts.rollup(book.graph, facts.head(pull, book.at), book.at) for pull in now_open]
    checks = ["none" if rollup is None else CHECK_STATES.get(rollup, "success") for rollup in rollups]
    for state in ("success", "failure", "pending", "none"):
        book.tell("github.pull_request.check_state", checks.count(state), state=state)
    conflicting = [pull for pull in now_open if facts.mergeable(pull, book.at) == "CONFLICTING"]
    book.tell("github.pull_request.conflicting", len(conflicting))
    queued = [pull for pull in now_open if facts.queue_entry(pull, book.at) is not None]
    book.tell("github.pull_request.queued", len(queued))


def _count(book: Book, pull: Pull) -> None:
    author = book.kind(pull.author)
    book.count("github.pull_request.opened", pull.created, pull.number, author=author)
    for event in pull.events:
        mark = f"{pull.number}@{event.at}"
        if event.kind == "closed":
            book.count("github.pull_request.closed", event.at, mark, author=author)
        elif event.kind == "reopened":
            book.count("github.pull_request.reopened", event.at, mark)
        elif event.kind == "merged":
            method = "merge" if len(book.graph.commits[pull.merge_commit or ""].parents) > 1 else "single"
            book.count("github.pull_request.merged", event.at, pull.number, author=author, method=method)
            if is_reverting(pull):
                book.count("github.pull_request.reverting", event.at, pull.number)
