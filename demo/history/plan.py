"""The life of a pull request, before it has a number or commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from demo.chance import around, chance, pick
from demo.history import people
from demo.history.words import body, branch, labels, title
from demo.records import NEVER, Comment, Event, Review

if TYPE_CHECKING:
    from random import Random

    from demo.history.shape import Shape

MINUTE, HOUR, DAY = 60, 3_600, 86_400
State = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]


@dataclass
class Plan:
    """What will happen to a pull request."""

    key: str
    random: Random
    author: str | None
    created: int
    reverts: Plan | None = None
    title: str = ""
    body: str = ""
    branch: str = ""
    base: str | None = None
    fork: bool = False
    labels: tuple[str, ...] = ()
    draft: bool = False
    method: str = "squash"
    pushes: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    merged: int | None = None
    number: int = 0
    used: set[int] = field(default_factory=set)

    def at(self, time: float) -> int:
        """A second of its own at or after `time`, so that nothing happens to it twice at once."""
        moment = round(time)
        while moment in self.used:
            moment += 1
        self.used.add(moment)
        return moment

    def happen(self, kind: str, at: float, actor: str | None = None, reason: str | None = None) -> int:
        """Adds an event; its time."""
        moment = self.at(at)
        self.events.append(Event(kind, moment, actor, reason))  # type: ignore[arg-type]
        return moment

    def review(self, who: str | None, at: float, state: State, remarks: int = 0) -> int:
        """Adds a review with inline comments; its time."""
        moment = self.at(at)
        inline = tuple(Comment(0, who, moment) for _ in range(remarks))
        self.reviews.append(Review(0, who, moment, state, NEVER, inline))
        return moment


def plan_pull(shape: Shape, key: str, created: int, reverts: Plan | None = None) -> Plan:
    """Everything that will happen to the pull request with this key."""
    random = chance(key, "life")
    plan = Plan(key, random, people.author(key), created, reverts)
    plan.at(created)
    plan.title, plan.body = title(key), body(key)
    plan.branch, plan.labels = branch(key), labels(key, plan.title, plan.author)
    plan.method = pick(random, shape.methods)
    plan.fork = plan.author == people.OUTSIDER
    plan.base = "release/1.x" if shape.release_branch and random.random() < 0.05 else None
    plan.pushes = [created] * random.choice((1, 1, 2, 3, 4))
    ready = _drafts(plan)
    decided = _reviews(plan, ready)
    _end(plan, shape, decided)
    _afterwards(plan)
    plan.events.sort(key=lambda event: event.at)
    plan.reviews.sort(key=lambda review: review.at)
    plan.comments.sort(key=lambda comment: comment.at)
    return plan


def _drafts(plan: Plan) -> int:
    random, ready = plan.random, plan.created
    plan.draft = random.random() < 0.2 and plan.author not in people.BOT_ACCOUNTS
    if plan.draft:
        ready = plan.happen("ready_for_review", plan.created + around(random, 5 * HOUR), plan.author)
    if random.random() < 0.06:
        if random.random() < 0.5:
            plan.review(people.human(plan.key, "early", but=plan.author), ready + 10 * MINUTE, "COMMENTED")
            ready += 11 * MINUTE
        back = plan.happen("convert_to_draft", ready + around(random, HOUR), plan.author)
        ready = plan.happen("ready_for_review", back + around(random, 6 * HOUR), plan.author)
    if random.random() < 0.6:
        plan.happen("review_requested", ready + 5, plan.author)
    return ready


def _reviews(plan: Plan, ready: int) -> int:
    """Adds the reviews; when the last was done."""
    random, decided = plan.random, ready
    if random.random() < 0.3:
        plan.review(people.CRITIC, ready + 60, "COMMENTED", random.randint(0, 3))
    if random.random() < 0.1 and plan.author:
        plan.review(plan.author, ready + 20 * MINUTE, "COMMENTED", 1)
    for _ in range(random.randint(0, 4) if random.random() < 0.5 else 0):
        who = random.choice((plan.author, people.human(plan.key, "talk"), people.CRITIC))
        plan.comments.append(Comment(0, who, plan.at(ready + around(random, 2 * HOUR))))
    for turn in range(random.choice((0, 1, 1, 1, 2))):
        who = people.human(plan.key, "reviewer", turn, but=plan.author)
        decided = max(decided, _one_reviewer(plan, who if random.random() > 0.01 else None, ready))
    return decided


def _one_reviewer(plan: Plan, who: str | None, ready: int) -> int:
    random, at = plan.random, ready + around(plan.random, 3 * HOUR)
    for _ in range(4):
        state = pick(random, {"APPROVED": 0.55, "CHANGES_REQUESTED": 0.27, "COMMENTED": 0.18})
        at = plan.review(who, at, state, random.randint(0, 3))  # type: ignore[arg-type]
        if state == "APPROVED" and random.random() > 0.06:
            return at
        pushed = at + around(random, 2 * HOUR)
        plan.pushes.append(plan.at(pushed))
        if random.random() < 0.3:
            _dismiss(plan, pushed + 1)
        at = pushed + around(random, 2 * HOUR)
    return at


def _dismiss(plan: Plan, at: int) -> None:
    newest = plan.reviews[-1]
    if newest.state != "COMMENTED":
        plan.reviews[-1] = Review(0, newest.author, newest.at, newest.state, plan.at(at), newest.comments)


def _end(plan: Plan, shape: Shape, decided: int) -> None:
    random = plan.random
    fates = {"merged": 0.8 - shape.forever, "closed": 0.12, "again": 0.05, "reclosed": 0.03, "open": shape.forever}
    fate = pick(random, fates)
    at = decided + around(random, 1.5 * HOUR)
    if fate == "open":
        for _ in range(random.randint(0, 2)):
            plan.comments.append(Comment(0, plan.author, plan.at(at + random.randint(0, 60) * DAY)))
        return
    if fate != "merged":
        at = plan.happen("closed", at, people.human(plan.key, "closer"))
    if fate in {"again", "reclosed"}:
        at = plan.happen("reopened", at + around(random, 8 * HOUR), plan.author)
        at += around(random, 4 * HOUR)
    if fate == "reclosed":
        plan.happen("closed", at, plan.author)
    if fate in {"merged", "again"}:
        _merge(plan, at, queue=shape.queue and plan.base is None)


def _merge(plan: Plan, at: int, *, queue: bool) -> None:
    random = plan.random
    last = max([at, *plan.pushes, *(event.at for event in plan.events)]) + 30
    actor = people.human(plan.key, "merger")
    if queue and random.random() < 0.85:
        last = plan.happen("added_to_merge_queue", last, actor)
        if random.random() < 0.15:
            last = plan.happen("removed_from_merge_queue", last + around(random, 15 * MINUTE), actor, "failed_checks")
            last = plan.happen("added_to_merge_queue", last + around(random, HOUR), actor)
        last += around(random, 15 * MINUTE, 0.5)
    plan.merged = plan.happen("merged", last, actor)


def _afterwards(plan: Plan) -> None:
    if plan.merged is None:
        return
    if plan.random.random() < 0.1:
        late = plan.at(plan.merged + around(plan.random, 4 * HOUR))
        plan.comments.append(Comment(0, people.human(plan.key, "late"), late))
    if plan.random.random() < 0.05:
        who = people.human(plan.key, "late", but=plan.author)
        plan.review(who, plan.merged + around(plan.random, 5 * HOUR), "APPROVED", 1)
