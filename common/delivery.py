"""DORA's five numbers over deployments, whatever stands for a deployment: a real one, a release, a merge, a tag.

A collector offers a `Delivery` in its snapshot and names this module among its own. All of it is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, Protocol

import msgspec

from common.errors import MetricError
from common.metric import Kind, Point, metric, point
from common.stats import ratio
from common.window import Window

Proxy = Literal["deployment", "release", "workflow", "merge", "tag"]
TAGS = {"environment": None, "proxy": ("deployment", "release", "workflow", "merge", "tag")}


class Change(msgspec.Struct, frozen=True, gc=False):
    """One commit that a deployment delivers: when it was written, and whether it is marked as revert or hotfix."""

    id: str
    authored: float | None = None
    merge: bool = False
    marked: bool = False
    title: str = ""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment that has ended.

    `changes` are the commits that no success before it contained. `returns` says whether its commit is an ancestor of
    the commit that ran before it. Neither is looked at for the first known success.
    """

    id: str
    commit: str
    finished: float
    succeeded: bool = True
    returns: bool = False
    changes: tuple[Change, ...] = ()
    title: str = ""
    url: str | None = None


class Track(msgspec.Struct, frozen=True):
    """The deployments of one environment, as told by its one proxy.

    It holds those of the window, of what sinks are still owed, and all since the last success before them where one is
    known. `reaches_back`: a failure that lasts into those is known from its beginning; where not, a recovery that
    starts with the first deployment is a lower bound.
    """

    environment: str
    proxy: Proxy
    deployments: tuple[Deployment, ...] = ()
    reaches_back: bool = False


class Delivery(msgspec.Struct, frozen=True):
    """What a snapshot offers to the metrics below.

    `unknown` says why the deployments could not be known; with tracks, why only what they delivered could not.
    """

    window: Window
    tracks: tuple[Track, ...] = ()
    unknown: str | None = None


class Delivers(Protocol):
    """A snapshot with deployments."""

    @property
    def delivery(self) -> Delivery: ...


class Verdict(msgspec.Struct, frozen=True):
    """A deployment and what its neighbours make of it; `before` is the success before it, `None` for the first."""

    deployment: Deployment
    before: Deployment | None
    remedial: bool
    failed: bool


def in_order(deployments: Iterable[Deployment], end: float = float("inf")) -> tuple[Deployment, ...]:
    """Those finished before `end`, by finish, without successes of the commit that ran already.

    Deployments that finished at the same time keep the order in which they came.
    """
    kept: list[Deployment] = []
    running: str | None = None
    for each in sorted(deployments, key=lambda each: each.finished):
        if each.finished >= end or (each.succeeded and each.commit == running):
            continue
        if each.succeeded:
            running = each.commit
        kept.append(each)
    return tuple(kept)


def judge(deployments: Iterable[Deployment], end: float = float("inf")) -> tuple[Verdict, ...]:
    """The verdict on each deployment finished before `end`, in order; the newest is judged as it stands.

    Remedial: a success that returns to an ancestor of the running commit, or delivers a change marked as revert or
    hotfix. Failed: its result is failure, or the next success is remedial and it is not itself a rollback.
    """
    ordered = in_order(deployments, end)
    before: list[Deployment | None] = []
    remedial: list[bool] = []
    running: Deployment | None = None
    for each in ordered:
        before.append(running)
        mends = each.returns or any(change.marked for change in each.changes)
        remedial.append(running is not None and each.succeeded and mends)
        running = each if each.succeeded else running
    verdicts = []
    next_is_remedial = False
    for each, earlier, mends in zip(reversed(ordered), reversed(before), reversed(remedial), strict=True):
        rollback = earlier is not None and each.returns
        verdicts.append(Verdict(each, earlier, mends, not each.succeeded or (next_is_remedial and not rollback)))
        next_is_remedial = mends if each.succeeded else next_is_remedial
    return tuple(reversed(verdicts))


def _verdicts(snapshot: Delivers, *, of_changes: bool = True) -> Iterator[tuple[Track, tuple[Verdict, ...]]]:
    """The verdicts on each track; without `of_changes` only times and results count, and those may be known alone."""
    delivery = snapshot.delivery
    if delivery.unknown is not None and (of_changes or not delivery.tracks):
        raise MetricError(delivery.unknown)
    for track in delivery.tracks:
        yield track, judge(track.deployments, delivery.window.end)


@metric(
    "delivery.deployment.completed",
    unit="{deployment}",
    kind=Kind.COUNT,
    tags={**TAGS, "result": ("success", "failure")},
    better="higher",
)
def completed(snapshot: Delivers) -> Iterator[Point]:
    """Deployments that ended, by result.

    By finish. A success with the same commit as the success before it is left out.
    """
    for track, verdicts in _verdicts(snapshot, of_changes=False):
        for each in verdicts:
            done = each.deployment
            yield point(
                1,
                at=done.finished,
                id=done.id,
                result="success" if done.succeeded else "failure",
                environment=track.environment,
                proxy=track.proxy,
            )


@metric("delivery.lead_time", unit="s", kind=Kind.DISTRIBUTION, tags=TAGS, better="lower")
def lead_time(snapshot: Delivers) -> Iterator[Point]:
    """How long commits take from being written to being deployed.

    Population: the non-merge commits of each success but the first known one. Start: author date. End and event time:
    the finish of the first success that contains the commit. A commit dated after that finish is left out.
    """
    for track, verdicts in _verdicts(snapshot):
        for each in verdicts:
            if each.before is None or not each.deployment.succeeded:
                continue
            finished = each.deployment.finished
            for change in each.deployment.changes:
                if not change.merge and change.authored is not None and change.authored <= finished:
                    yield point(
                        finished - change.authored,
                        at=finished,
                        id=change.id,
                        environment=track.environment,
                        proxy=track.proxy,
                    )


class Judged(NamedTuple):
    """A deployment that finished in the window, and what became of it."""

    environment: str
    proxy: Proxy
    id: str
    succeeded: bool
    failed: bool
    remedial: bool


def _judged(snapshot: Delivers) -> Iterator[Judged]:
    window = snapshot.delivery.window
    for track, verdicts in _verdicts(snapshot):
        for each in verdicts:
            done = each.deployment
            if done.finished in window:
                yield Judged(track.environment, track.proxy, done.id, done.succeeded, each.failed, each.remedial)


def _shares(judged: Iterable[Judged], part: Callable[[Judged], bool]) -> Iterator[Point]:
    """Which share of each environment's deployments are a part."""
    tracks: dict[tuple[str, Proxy], list[Judged]] = {}
    for each in judged:
        tracks.setdefault((each.environment, each.proxy), []).append(each)
    for (environment, proxy), whole in tracks.items():
        found = [each.id for each in whole if part(each)]
        share = ratio(len(found), len(whole))
        if share is not None:
            yield point(share, of=found, environment=environment, proxy=proxy)


@metric("delivery.change_failure_ratio", unit="1", tags=TAGS, better="lower", facts=_judged)
def change_failure_ratio(judged: Iterable[Judged]) -> Iterator[Point]:
    """Share of deployments that failed.

    Failed ones / all that finished in the window; none finished: no point. A deployment failed if its result is
    failure, or if the next success is remedial (a return to an ancestor of the running commit, or one that delivers a
    change marked as revert or hotfix) and it is not itself a rollback. The newest is judged as it stands.
    """
    return _shares(judged, lambda each: each.failed)


@metric("delivery.recovery_time", unit="s", kind=Kind.DISTRIBUTION, tags=TAGS, better="lower")
def recovery_time(snapshot: Delivers) -> Iterator[Point]:
    """How long it takes from a failed deployment to one that works.

    Population: failed deployments whose predecessor had not failed, once there is a later success that did not fail.
    Start: the failed one's finish. End and event time: the finish of the first such success. A lower bound where the
    failed one is the first known deployment and an earlier failure may have led to it.
    """
    window = snapshot.delivery.window
    for track, verdicts in _verdicts(snapshot):
        broken: Verdict | None = None
        for each in verdicts:
            if each.failed:
                broken = broken or each
                continue
            if broken is not None:
                start, end = broken.deployment.finished, each.deployment.finished
                maybe_longer = broken is verdicts[0] and not track.reaches_back and end >= window.start
                yield point(
                    end - start,
                    at=end,
                    id=broken.deployment.id,
                    basis="lower_bound" if maybe_longer else "measured",
                    environment=track.environment,
                    proxy=track.proxy,
                )
            broken = None


@metric("delivery.rework_ratio", unit="1", tags=TAGS, better="lower", facts=_judged)
def rework_ratio(judged: Iterable[Judged]) -> Iterator[Point]:
    """Share of successful deployments that only mend an earlier one.

    Remedial successes / successes in the window; no success: no point. Remedial: a return to an ancestor of the running
    commit, or one that delivers a change marked as revert or hotfix.
    """
    return _shares((each for each in judged if each.succeeded), lambda each: each.remedial)


@metric("delivery.deployment.interval", unit="s", kind=Kind.DISTRIBUTION, tags=TAGS, better="lower")
def interval(snapshot: Delivers) -> Iterator[Point]:
    """Time between one successful deployment and the next.

    Population: successes but the first known one, by finish. Start: the success before, also one before the window.
    """
    for track, verdicts in _verdicts(snapshot, of_changes=False):
        for each in verdicts:
            done = each.deployment
            if each.before is not None and done.succeeded:
                yield point(
                    done.finished - each.before.finished,
                    at=done.finished,
                    id=done.id,
                    environment=track.environment,
                    proxy=track.proxy,
                )
