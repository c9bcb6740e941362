"""DORA's five, over the deployments that `demo.truth.deployments` lists."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from common.stats import ratio
from demo.truth.commits import says_revert
from demo.truth.deployments import Done, deployments
from demo.truth.pulls import is_reverting

if TYPE_CHECKING:
    from demo.records import Commit
    from demo.truth.book import Book


class Judged:
    """One deployment with what is said of it; `delivered` is what no success before it contained."""

    def __init__(self, done: Done, delivered: list[Commit], rollback: bool, remedial: bool) -> None:
        self.done, self.delivered, self.rollback, self.remedial = done, delivered, rollback, remedial
        self.failed = not done.success


def tell_delivery(book: Book) -> None:
    """Every delivery metric, for each environment."""
    for (environment, proxy), done in deployments(book).items():
        judged = judge(book, done)
        tags = {"environment": environment, "proxy": proxy}
        for one in judged:
            result = "success" if one.done.success else "failure"
            book.count("delivery.deployment.completed", one.done.at, one.done.id, 1.0, result=result, **tags)
        inside = [one for one in judged if book.within(one.done.at)]
        good = [one for one in inside if one.done.success]
        book.tell("delivery.change_failure_ratio", ratio(sum(one.failed for one in inside), len(inside)), **tags)
        book.tell("delivery.rework_ratio", ratio(sum(one.remedial for one in good), len(good)), **tags)
        _count_recoveries(book, judged, tags)
        _count_successes(book, [one for one in judged if one.done.success], tags)


def judge(book: Book, done: list[Done]) -> list[Judged]:
    """What each deployment was, in order of finish."""
    judged: list[Judged] = []
    running: str | None = None
    seen: set[str] = set()
    for one in done:
        judged.append(_judge_one(book, one, running, seen))
        if one.success:
            running = one.sha
            seen |= book.graph.fresh(one.sha, seen)
    successes = [one for one in judged if one.done.success]
    for success, following in pairwise(successes):
        success.failed = following.remedial and not success.rollback
    return judged


def _judge_one(book: Book, one: Done, running: str | None, seen: set[str]) -> Judged:
    if running is None or one.sha == running:
        return Judged(one, [], rollback=False, remedial=False)
    rollback = book.graph.reaches(running, one.sha)
    delivered = [book.graph.commits[sha] for sha in book.graph.fresh(one.sha, seen)]
    marked = any(_is_marked(book, commit, one.at) for commit in delivered)
    return Judged(one, delivered, rollback=rollback, remedial=rollback or marked)


def _is_marked(book: Book, commit: Commit, at: float) -> bool:
    """A revert by its message, of a reverting pull request, or of one with the hotfix label."""
    pulls = [
        pull
        for pull in book.graph.pulls_of.get(commit.sha, ())
        if any(event.kind == "merged" and event.at <= at for event in pull.events)
    ]
    labels = {label.lower() for pull in pulls for label in pull.labels}
    hotfix = {label.lower() for label in book.settings.hotfix_labels}
    return says_revert(commit) or any(is_reverting(pull) for pull in pulls) or bool(labels & hotfix)


def _count_recoveries(book: Book, judged: list[Judged], tags: dict[str, str]) -> None:
    for index, one in enumerate(judged):
        if one.failed and not (index and judged[index - 1].failed):
            back = next((later for later in judged[index + 1 :] if later.done.success and not later.failed), None)
            if back is not None:
                took = back.done.at - one.done.at
                book.count("delivery.recovery_time", back.done.at, one.done.id, took, **tags)


def _count_successes(book: Book, successes: list[Judged], tags: dict[str, str]) -> None:
    seen: set[str] = set()
    for index, one in enumerate(successes):
        unseen = book.graph.fresh(one.done.sha, seen)
        if index:
            before = successes[index - 1].done.at
            book.count("delivery.deployment.interval", one.done.at, one.done.id, one.done.at - before, **tags)
            fresh = sorted(unseen, key=lambda sha: (book.graph.commits[sha].committed, sha))
            for authored, sha in _authored(book, fresh):
                if authored > one.done.at:
                    continue  # a clock of its author's that cannot have been right
                book.count("delivery.lead_time", one.done.at, sha, one.done.at - authored, **tags)
        seen |= unseen


def _authored(book: Book, fresh: list[str]) -> list[tuple[int, str]]:
    """Author dates of the non-merge commits; of a squashed pull request, those of its own."""
    found: dict[str, int] = {}
    for sha in fresh:
        commit = book.graph.commits[sha]
        squashed = next((p for p in book.graph.pulls_of.get(sha, ()) if p.merge_commit == sha), None)
        if squashed is None or len(commit.parents) > 1 or book.graph.steps_of_pull[squashed.number] > 1:
            own = [commit]
        else:
            own = [book.graph.commits[push.sha] for push in squashed.pushes]
        found.update({one.sha: one.authored for one in own if len(one.parents) < 2})
    return [(authored, sha) for sha, authored in found.items()]
