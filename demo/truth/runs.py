"""Workflow runs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from common.stats import ratio, wilson
from demo import facts

if TYPE_CHECKING:
    from demo.records import Attempt, Run
    from demo.truth.book import Book

FAILURE = {"failure", "timed_out", "startup_failure"}
ACTIVE = {"queued": "queued", "in_progress": "running", "waiting": "waiting"}


def tell_runs(book: Book) -> None:
    """Everything about workflow runs and the default branch's checks."""
    seen = [run for run in book.repository.runs if run.created <= book.at]
    own = [run for run in seen if run.fork is None]
    _tell_active(book, seen)
    done = [(run, last) for run in own if (last := facts.attempts(run, book.at)[-1]).completed <= book.at]
    for run, last in done:
        _count(book, run, last)
    inside = [(run, last) for run, last in done if book.within(last.completed)]
    _tell_ratios(book, inside)
    _tell_newest(book, inside)
    _count_flaky(book, own)
    tip = book.graph.tip(book.at)
    state = facts.rollup(book.graph, tip.sha, book.at) if tip else None
    if state in {"SUCCESS", "FAILURE", "ERROR"}:
        book.tell("github.default_branch.passing", state == "SUCCESS")


def workflow(run: Run) -> str:
    """The base name of the run's file."""
    return run.workflow.rsplit("/", 1)[-1]


def _branch(book: Book, run: Run) -> str:
    return "default" if run.branch == book.repository.default_branch else "other"


def _conclusion(last: Attempt) -> str:
    if last.conclusion in FAILURE:
        return "failure"
    return last.conclusion if last.conclusion in {"success", "cancelled"} else "other"


def _tell_active(book: Book, seen: list[Run]) -> None:
    active = [(run, status) for run in seen if (status := facts.run_state(run, book.at)[0]) != "completed"]
    for status, name in ACTIVE.items():
        book.tell("github.workflow_run.active", sum(status == found for _, found in active), state=name)
    book.tell("github.workflow_run.oldest_active", min((run.created for run, _ in active), default=None))


def _count(book: Book, run: Run, last: Attempt) -> None:
    name, branch, at = workflow(run), _branch(book, run), last.completed
    conclusion = _conclusion(last)
    book.count("github.workflow_run.completed", at, run.id, workflow=name, branch=branch, conclusion=conclusion)
    if last.conclusion in {"success", "failure"}:
        took = last.completed - last.started
        book.count("github.workflow_run.duration", at, run.id, took, workflow=name, branch=branch)
    begun = len(facts.attempts(run, book.at))
    if begun > 1:
        book.count("github.workflow_run.rerun", at, run.id, workflow=name)
    jobs = [job.started for attempt in run.attempts[:begun] for job in attempt.jobs]
    if jobs:
        book.count("github.workflow_run.queue_time", at, run.id, min(jobs) - run.created, workflow=name)


def _tell_ratios(book: Book, inside: list[tuple[Run, Attempt]]) -> None:
    good: Counter[tuple[str, str]] = Counter()
    total: Counter[tuple[str, str]] = Counter()
    for run, last in inside:
        if last.conclusion == "success" or last.conclusion in FAILURE:
            key = workflow(run), _branch(book, run)
            total[key] += 1
            good[key] += last.conclusion == "success"
    for (name, branch), trials in total.items():
        successes = good[name, branch]
        bounds = wilson(successes, trials)
        book.tell("github.workflow_run.success_ratio", ratio(successes, trials), workflow=name, branch=branch)
        lower = bounds[0] if bounds else None
        book.tell("github.workflow_run.success_ratio_lower", lower, workflow=name, branch=branch)


def _tell_newest(book: Book, inside: list[tuple[Run, Attempt]]) -> None:
    verdicts: dict[str, list[bool]] = {}
    for run, last in sorted(inside, key=lambda pair: (pair[0].created, pair[0].id), reverse=True):
        if _branch(book, run) == "default" and _conclusion(last) in {"success", "failure"}:
            verdicts.setdefault(workflow(run), []).append(last.conclusion == "success")
    required = book.settings.required_workflows.get(book.repository.full_name, ())
    for name, newest_first in verdicts.items():
        failures = newest_first.index(True) if True in newest_first else len(newest_first)
        book.tell("github.workflow_run.consecutive_failure", failures, workflow=name)
        if not required or name in required:
            book.tell("github.workflow.passing", newest_first[0], workflow=name)


def _count_flaky(book: Book, own: list[Run]) -> None:
    history: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for run in own:
        for attempt in run.attempts:
            if attempt.completed <= book.at:
                key = workflow(run), run.sha
                history.setdefault(key, []).append((attempt.completed, attempt.conclusion))
    for (name, sha), attempts in history.items():
        failed = False
        for at, conclusion in sorted(attempts):
            if failed and conclusion == "success":
                book.count("github.workflow_run.flaky", at, sha, workflow=name)
                break
            failed = failed or conclusion in FAILURE
