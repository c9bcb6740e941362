"""Workflow runs: what pushes, pull requests, the merge queue and the clock set off, with their attempts and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from demo.chance import around, chance, pick, sha
from demo.history import people
from demo.history.shape import CI, DEPLOY, E2E, LINT, NIGHTLY
from demo.records import NEVER, Attempt, Job, Run, Status

if TYPE_CHECKING:
    from random import Random

    from demo.history.arrivals import Span
    from demo.history.line import Line
    from demo.history.plan import Plan

State = Literal["SUCCESS", "FAILURE", "ERROR", "PENDING", "EXPECTED"]
MINUTE, HOUR, DAY = 60, 3_600, 86_400
LENGTH = {CI: 9 * MINUTE, LINT: 2 * MINUTE, DEPLOY: 4 * MINUTE, NIGHTLY: 40 * MINUTE, E2E: 25 * MINUTE}
ENDS = {
    "success": 0.80,
    "failure": 0.11,
    "cancelled": 0.04,
    "skipped": 0.02,
    "timed_out": 0.01,
    "startup_failure": 0.005,
    "neutral": 0.005,
    "action_required": 0.01,
}


class Cause(msgspec.Struct, frozen=True):
    """What sets a run off."""

    workflow: str
    event: str
    branch: str
    sha: str
    at: int
    actor: str | None = None
    pull: int | None = None
    fork: str | None = None


def write_runs(line: Line, plans: list[Plan], span: Span, first_id: int) -> tuple[Run, ...]:
    """Every run, by creation; ids ascend with it."""
    causes = [cause for cause in _causes(line, plans, span) if cause.workflow in line.shape.workflows]
    causes.sort(key=lambda cause: (cause.at, cause.workflow, cause.branch, cause.sha))
    numbers = dict.fromkeys(line.shape.workflows, 0)
    runs = []
    for index, cause in enumerate(causes):
        numbers[cause.workflow] += 1
        runs.append(_run(line.key, cause, first_id + 8 * index, numbers[cause.workflow]))
    return tuple(runs)


def write_statuses(line: Line, plans: list[Plan]) -> tuple[Status, ...]:
    """What an outside service says of some pull requests' commits."""
    found = []
    for plan in plans:
        random = chance(plan.key, "status")
        if random.random() < 0.15:
            push = line.pushes[plan.key][-1]
            found.append(Status(push.sha, "simulated/preview", "PENDING", push.at + 3))
            state: State = random.choice(("SUCCESS", "SUCCESS", "ERROR", "FAILURE", "EXPECTED"))
            found.append(Status(push.sha, "simulated/preview", state, push.at + around(random, 5 * MINUTE)))
    return tuple(found)


def _causes(line: Line, plans: list[Plan], span: Span) -> list[Cause]:
    default = line.shape.default_branch
    found = []
    for landing, following in zip(line.landings, [*line.landings[1:], None], strict=True):
        if following is None or following.at != landing.at:
            actor = line.commits[landing.sha].author
            found += [Cause(file, "push", default, landing.sha, landing.at, actor) for file in (CI, LINT)]
            if chance(line.key, "release", landing.sha).random() < 0.3:
                found.append(Cause(DEPLOY, "workflow_dispatch", default, landing.sha, landing.at + HOUR, actor))
    for plan in plans:
        found += _pull_causes(line, plan)
    tips = iter([*line.landings, None])
    tip, coming = None, next(tips)
    for night in range(span.start - span.start % DAY + DAY + 3 * HOUR, span.last, DAY):
        while coming is not None and coming.at <= night:
            tip, coming = coming, next(tips)
        if tip is not None and night - tip.at < DAY:
            found.append(Cause(NIGHTLY, "schedule", default, tip.sha, night))
    return found


def _pull_causes(line: Line, plan: Plan) -> list[Cause]:
    newest = {push.at: push.sha for push in line.pushes[plan.key]}
    fork = f"{people.OUTSIDER}/{line.shape.name}" if plan.fork else None
    slow = (E2E,) if chance(plan.key, "e2e").random() < 0.95 else ()
    files = (CI, LINT, *slow) if fork is None else (CI,)
    found = [
        Cause(file, "pull_request", plan.branch, name, at + 2, plan.author, plan.number, fork)
        for at, name in newest.items()
        for file in files
    ]
    for event in plan.events:
        if event.kind == "added_to_merge_queue":
            queue = f"gh-readonly-queue/{line.shape.default_branch}/pr-{plan.number}"
            head, name = line.pushes[plan.key][-1].sha, sha(line.key, plan.key, "queue", event.at)
            message = f"Merge pull request #{plan.number} in the queue"
            line.commit(name, (event.at, event.at), event.actor, message, (head,), ())
            found.append(Cause(CI, "merge_group", queue, name, event.at + 1, event.actor))
    return found


def _run(key: str, cause: Cause, number: int, sequence: int) -> Run:
    random = chance(key, "run", cause.workflow, cause.event, cause.branch, cause.sha, cause.at)
    start, waits = cause.at, 0
    if cause.workflow == DEPLOY and random.random() < 0.15:
        waits = start + (NEVER if random.random() < 0.01 else around(random, 2 * HOUR, 0.3))
    end = pick(random, ENDS)
    attempts = [_attempt(random, cause, number, 0, (start, max(start, waits), end))]
    while end in {"failure", "timed_out", "success"} and waits < NEVER and len(attempts) < 3:
        if random.random() > (0.5 if end != "success" else 0.01):
            break
        end = pick(random, {"success": 0.75, "failure": 0.2, "cancelled": 0.05})
        again = attempts[-1].completed + min(around(random, HOUR), 8 * HOUR)
        attempts.append(_attempt(random, cause, number, len(attempts), (again, again, end)))
    return Run(
        number, sequence, cause.workflow, cause.event, cause.branch, cause.sha, cause.at, tuple(attempts),
        cause.actor, cause.pull, cause.fork, waits,
    )  # fmt: skip


def _attempt(random: Random, cause: Cause, run: int, index: int, when: tuple[int, int, str]) -> Attempt:
    start, free, end = when
    if free >= NEVER:
        return Attempt(start, NEVER, end)
    if end in {"startup_failure", "action_required"}:
        return Attempt(start, free + 2, end)
    if end == "skipped":
        return Attempt(start, free + 4, end, (Job(run + 2 * index, "build", free + 3, free + 4, end),))
    begun = free + min(around(random, 12), 20 * MINUTE)
    length = 6 * HOUR if end == "timed_out" else min(around(random, LENGTH[cause.workflow], 0.35), 4 * HOUR)
    done = begun + (length // 2 if end == "cancelled" else length)
    other = done - max(1, length // 5)
    jobs = (
        Job(run + 2 * index, "build", begun, other, "success" if end in {"failure", "timed_out"} else end),
        Job(run + 2 * index + 1, "test", begun + 1, done, end),
    )
    return Attempt(start, done, end, jobs)
