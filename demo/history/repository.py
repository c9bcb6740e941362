"""Puts one repository's history together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from demo.chance import chance
from demo.history import surroundings
from demo.history.arrivals import DAY, Span, arrivals
from demo.history.checks import write_runs, write_statuses
from demo.history.delivery import write_deployments, write_releases
from demo.history.line import Line, write_line
from demo.history.plan import Plan, plan_pull
from demo.history.reverts import name_reverts, with_reverts
from demo.records import NEVER, Comment, Issue, Pull, Repository, Review

if TYPE_CHECKING:
    from demo.history.shape import Shape

IDS = 3_000_000


def write_repository(seed: int, owner: str, index: int, shape: Shape, span: Span) -> Repository:
    """The whole history of one repository; the same arguments give the same records."""
    key, first_id = f"{seed}/{shape.name}", 100_000_000 + index * IDS
    if shape.dormant:
        span = msgspec.structs.replace(span, end=span.end - 60 * DAY, last=span.end - 60 * DAY)
    base = _base(key, owner, index, shape, span)
    if shape.empty:
        return base
    line = Line(key, owner, shape, span.start)
    plans, issues = _numbered(shape, span, key, first_id)
    name_reverts(base.full_name, plans)
    write_line(line, plans, arrivals(span, shape.direct, shape.quiet, key, "direct"))
    branches = surroundings.write_branches(line, plans, span)
    return msgspec.structs.replace(
        base,
        landings=tuple(line.landings),
        pulls=tuple(_pull(line, plan, first_id) for plan in plans),
        issues=issues,
        runs=write_runs(line, plans, span, first_id),
        statuses=write_statuses(line, plans),
        deployments=write_deployments(line, plans, first_id),
        releases=write_releases(line, span, arrivals(span, shape.releases, 1.0, key, "releases"), first_id),
        branches=branches,
        commits=line.commits,
        alerts=surroundings.write_alerts(key, span, first_id),
        runners=surroundings.write_runners(key, shape.runners, span),
    )


def _base(key: str, owner: str, index: int, shape: Shape, span: Span) -> Repository:
    sizes = () if shape.empty else surroundings.growth(key, span, 900 + 37 * index)

    def fans(kind: str, per_week: float) -> tuple[int, ...]:
        return () if shape.empty else tuple(at for _, at in arrivals(span, per_week, 1.0, key, kind))

    return Repository(
        owner, shape.name, 5_000 + index, span.start,
        default_branch=shape.default_branch,
        language=None if shape.empty else "Python",
        archived=span.end + DAY if shape.archived else NEVER,
        is_fork=shape.is_fork,
        private=shape.private,
        queue=shape.queue,
        topics=shape.topics,
        workflows=() if shape.empty else shape.workflows,
        stars=fans("stars", 2.0),
        forks=fans("forks", 0.2),
        watchers=fans("watchers", 0.3),
        sizes=sizes,
    )  # fmt: skip


def _numbered(shape: Shape, span: Span, key: str, first_id: int) -> tuple[list[Plan], tuple[Issue, ...]]:
    """Pull requests and issues share their numbers, in order of creation."""
    begun = arrivals(span, shape.pulls, shape.quiet, key, "pulls")
    plans = with_reverts(shape, span, [plan_pull(shape, f"{key}/{name}", at) for name, at in begun])
    issues = arrivals(span, shape.issues, shape.quiet, key, "issues")
    order = sorted([(plan.created, 0, plan.key) for plan in plans] + [(at, 1, name) for name, at in issues])
    numbers = {(kind, name): number for number, (_, kind, name) in enumerate(order, 1)}
    for plan in plans:
        plan.number = numbers[0, plan.key]
    written = [
        surroundings.write_issue(f"{key}/{name}", numbers[1, name], first_id, at)
        for name, at in sorted(issues, key=lambda pair: pair[1])
    ]
    return plans, tuple(written)


def _pull(line: Line, plan: Plan, first_id: int) -> Pull:
    number = first_id + plan.number * 100
    pushes = line.pushes[plan.key]
    reviews = tuple(_review(review, number + 10 * index) for index, review in enumerate(plan.reviews, 1))
    comments = tuple(Comment(number + index, one.author, one.at) for index, one in enumerate(plan.comments, 1))
    over = plan.merged or NEVER
    activity = {plan.created, *(push.at for push in pushes), *(event.at for event in plan.events)}
    activity |= {comment.at for comment in comments} | {review.at for review in reviews}
    activity |= {review.dismissed for review in reviews if review.dismissed < NEVER}
    random = chance(plan.key, "conflicts")
    conflict = plan.created + random.randint(600, 40 * DAY)
    return Pull(
        plan.number, number, plan.title, plan.body, plan.author, plan.created,
        base=plan.base or line.shape.default_branch,
        head=plan.branch if not plan.fork or random.random() < 0.5 else line.shape.default_branch,
        pushes=pushes,
        draft=plan.draft,
        fork=f"outsider-sim/{line.shape.name}" if plan.fork else None,
        labels=plan.labels,
        events=tuple(plan.events),
        reviews=reviews,
        comments=comments,
        merge_commit=line.merged.get(plan.key),
        needs_approval=line.shape.needs_approval,
        conflicts=((conflict, over),) if random.random() < 0.3 and conflict < over else (),
        unknown=((plan.created, plan.created + 30),),
        activity=tuple(sorted(activity)),
    )  # fmt: skip


def _review(review: Review, number: int) -> Review:
    comments = tuple(Comment(number + index, one.author, one.at) for index, one in enumerate(review.comments, 1))
    return msgspec.structs.replace(review, id=number, comments=comments)
