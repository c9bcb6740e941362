"""What surrounds the code: issues, branches, stars, alerts, runners, size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.chance import around, chance, pick, sha
from demo.history import people
from demo.records import NEVER, Alert, Branch, Event, Issue, Push, Runner

if TYPE_CHECKING:
    from demo.history.arrivals import Span
    from demo.history.line import Line
    from demo.history.plan import Plan

HOUR, DAY = 3_600, 86_400
LABELS = {"bug": 0.35, "incident": 0.05, "feature": 0.3, "": 0.3}


def write_issue(key: str, number: int, first_id: int, at: int) -> Issue:
    """An issue's life: mostly closed in the end, sometimes opened and closed again."""
    random = chance(key, "issue")
    label, closer, events = pick(random, LABELS), people.human(key, "closer"), []
    if random.random() < 0.85:
        time = at + around(random, 3 * DAY)
        events.append(Event("closed", time, closer))
        if random.random() < 0.06:
            time += around(random, DAY)
            events.append(Event("reopened", time, closer))
            if random.random() < 0.7:
                events.append(Event("closed", time + around(random, DAY), closer))
    labels = (label,) if label else ()
    return Issue(number, first_id + number, f"Simulated issue {number}", people.author(key), at, labels, tuple(events))


def write_branches(line: Line, plans: list[Plan], span: Span) -> tuple[Branch, ...]:
    """The default branch, the heads of pull requests until they are deleted, and what nobody ever deleted."""
    shape = line.shape
    found = [Branch(shape.default_branch, tuple(Push(landing.sha, landing.at) for landing in line.landings))]
    if line.side:
        found.append(Branch("release/1.x", tuple(line.side)))
    for plan in plans:
        over = next((e.at for e in reversed(plan.events) if e.kind in {"merged", "closed"}), NEVER)
        kept = chance(plan.key, "kept").random() < (0.03 if plan.merged else 0.4)
        if not plan.fork:
            deleted = NEVER if kept or over == NEVER else over + 40
            found.append(Branch(plan.branch, line.pushes[plan.key], deleted))
    found += [_forgotten(line, number, span) for number in range(shape.branches)]
    return tuple(found)


def _forgotten(line: Line, number: int, span: Span) -> Branch:
    random, name = chance(line.key, "forgotten", number), sha(line.key, "forgotten", number)
    made = random.randint(line.created + HOUR, span.end - HOUR)
    base = max((landing for landing in line.landings if landing.at <= made), key=lambda landing: landing.at)
    line.commit(name, (made - 60, made - 60), people.human(line.key, number), "Try something", (base.sha,), ())
    return Branch(f"try/{number}", (Push(name, made),))


def write_alerts(key: str, span: Span, first_id: int) -> tuple[Alert, ...]:
    """Vulnerability alerts, most of them closed in time."""
    random = chance(key, "alerts")
    found = []
    for index in range(random.randint(2, 8)):
        opened = random.randint(span.start, span.end)
        closed = NEVER if random.random() < 0.3 else opened + around(random, 10 * DAY)
        found.append(Alert(first_id + index, opened, closed))
    return tuple(found)


def write_runners(key: str, count: int, span: Span) -> tuple[Runner, ...]:
    """Self-hosted runners: one that is always away, others busy for some minutes in every hour."""
    found = []
    for index in range(count):
        random = chance(key, "runner", index)
        hours = range(span.end - DAY, span.last, HOUR)
        busy = [(at, at + random.randint(60, 3_500)) for at in hours if random.random() < 0.7]
        away = ((span.start, NEVER),) if index == 0 else ()
        found.append(Runner(index + 1, f"simulated-runner-{index}", tuple(busy), away))
    return tuple(found)


def growth(key: str, span: Span, least: int) -> tuple[tuple[int, int], ...]:
    """The size in kB, a step a day."""
    random, size, found = chance(key, "size"), least, []
    for day in range(span.start, span.last, DAY):
        size += random.randint(0, 40)
        found.append((day, size))
    return tuple(found)
