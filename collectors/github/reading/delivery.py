"""What delivery needs besides the sections: comparisons, single pull requests, and as much of the past as decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from collectors.github import deployments
from collectors.github.reading import code, pulls
from collectors.github.reading.look import Look, attempted
from collectors.github.reading.start import missing
from collectors.github.records import Comparison, Deployment, PullRequest, Release, Unavailable, WorkflowRun
from collectors.github.snapshot import GitHubSnapshot
from collectors.github.sources import finish
from collectors.github.workflows import file_name
from common.delivery import judge
from common.errors import MetricError

T = TypeVar("T")
ROUNDS = 3
"""How often one view of the deployments may ask for more."""
COMPARISONS = 40
"""As many comparisons as are asked for in one run of one repository."""
FEWEST, MOST = 2, 6
"""How many successes from before the time that is asked for are looked at: more where they were failures themselves."""


def settled(look: Look, whole: GitHubSnapshot) -> GitHubSnapshot:
    """The snapshot with what its deployments need, and without deployments from before that decide nothing."""
    view = whole
    for count in range(FEWEST, MOST + 1):
        trimmed = _trimmed(whole, look.wish.start, count)
        known = msgspec.structs.replace(trimmed, comparisons=view.comparisons, missing=view.missing)
        view = _completed(look, known, whole)
        if not _begins_in_doubt(view) or trimmed == whole:
            break
    return view


def _begins_in_doubt(snapshot: GitHubSnapshot) -> bool:
    """Whether what came before the first deployments would change what is said of them."""
    try:
        delivery = snapshot.delivery
    except MetricError:
        return False
    for track in delivery.tracks:
        first = [each for each in judge(track.deployments, delivery.window.end) if each.deployment.succeeded][:2]
        if first and (first[0].failed or first[-1].deployment.returns):
            return True
    return False


def _trimmed(snapshot: GitHubSnapshot, start: float, count: int) -> GitHubSnapshot:
    return msgspec.structs.replace(
        snapshot,
        deployments=_if_known(snapshot.deployments, lambda found: _of_deployments(found, start, count)),
        releases=_if_known(snapshot.releases, lambda found: _of_releases(found, start, count)),
        closed_pulls=_if_known(snapshot.closed_pulls, lambda found: _of_merges(found, start, count)),
        runs=_if_known(snapshot.runs, lambda found: _of_runs(found, snapshot.rules.deployment_workflow, start, count)),
    )


def _if_known(section: T | Unavailable, change: Callable[[T], Iterator[object]]) -> T | Unavailable:
    return section if isinstance(section, Unavailable) else tuple(change(section))  # type: ignore[return-value]


def _limits(successes: Iterable[tuple[str, float]], start: float, count: int) -> dict[str, float]:
    """Of each key the time of the last success but `count - 1` before `start`."""
    times: dict[str, list[float]] = {}
    for key, time in successes:
        if time < start:
            times.setdefault(key, []).append(time)
    return {key: sorted(each)[-count:][0] for key, each in times.items()}


def _of_deployments(found: tuple[Deployment, ...], start: float, count: int) -> Iterator[Deployment]:
    ends = [(each, each.environment.casefold(), finish(each)) for each in found]
    limits = _limits(((name, end[0]) for _, name, end in ends if end and end[1]), start, count)
    return (each for each, name, end in ends if end is None or end[0] >= limits.get(name, 0.0))


def _of_releases(found: tuple[Release, ...], start: float, count: int) -> Iterator[Release]:
    full = (("", each.published) for each in found if each.published is not None and not each.prerelease)
    limit = _limits(full, start, count).get("", 0.0)
    return (each for each in found if each.published is not None and each.published >= limit)


def _of_merges(found: tuple[PullRequest, ...], start: float, count: int) -> Iterator[PullRequest]:
    limits = _limits(((each.base, each.merged) for each in found if each.merged is not None), start, count)
    for each in found:
        if each.updated >= start or (each.merged is not None and each.merged >= limits.get(each.base, 0.0)):
            yield each


def _of_runs(found: tuple[WorkflowRun, ...], workflow: str | None, start: float, count: int) -> Iterator[WorkflowRun]:
    deploying = {each.id for each in found if file_name(each.workflow) == workflow}
    good = (
        (each.branch or "", each.completed) for each in found if each.id in deploying and each.completed is not None
    )
    limit = min(_limits(good, start, count).values(), default=0.0)
    for each in found:
        if each.id not in deploying or (each.completed is not None and each.completed >= limit):
            yield each


def _completed(look: Look, snapshot: GitHubSnapshot, whole: GitHubSnapshot) -> GitHubSnapshot:
    """The snapshot with what its deployments need; pull requests that the whole has are not asked for."""
    asked: set[object] = set()
    there = {pull.number: pull for pull in whole.closed_pulls} if isinstance(whole.closed_pulls, tuple) else {}
    for _ in range(ROUNDS):
        try:
            lacking = deployments.wanted(snapshot)
        except MetricError:
            return snapshot
        room = COMPARISONS - len(snapshot.comparisons)
        pairs = [pair for pair in lacking.comparisons if pair not in asked][: max(0, room)]
        numbers = [number for number in lacking.pulls if number not in asked]
        if not pairs and not numbers:
            return snapshot
        asked |= {*pairs, *numbers}
        snapshot = _answered(look, snapshot, pairs, [number for number in numbers if number not in there])
        snapshot = _joined(snapshot, [there[number] for number in numbers if number in there])
    return snapshot


def _answered(look: Look, snapshot: GitHubSnapshot, pairs: list[tuple[str, str]], numbers: list[int]) -> GitHubSnapshot:
    commits = snapshot.commits if isinstance(snapshot.commits, tuple) else ()
    compared = [each for each in code.comparisons(look, pairs, commits) if isinstance(each, Comparison)]
    singles = attempted(lambda: pulls.single_pulls(look, numbers)) if numbers else ()
    snapshot = msgspec.structs.replace(snapshot, comparisons=(*snapshot.comparisons, *compared), missing=missing(look))
    return _joined(snapshot, () if isinstance(singles, Unavailable) else singles)


def _joined(snapshot: GitHubSnapshot, more: Iterable[PullRequest]) -> GitHubSnapshot:
    if isinstance(snapshot.closed_pulls, Unavailable):
        return snapshot
    closed = (*snapshot.closed_pulls, *(pull for pull in more if pull.state != "OPEN"))
    return msgspec.structs.replace(snapshot, closed_pulls=closed)
