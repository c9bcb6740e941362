"""How much of its population each number that leaves some out is made of. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from collectors.github.lifecycle import cycle
from collectors.github.records import WorkflowRun, known
from collectors.github.snapshot import GitHubSnapshot
from common.delivery import judge
from common.errors import MetricError


class Coverage(NamedTuple):
    """Of `population` records in the window a metric used `used`."""

    metric: str
    used: int
    population: int


def coverage(snapshot: GitHubSnapshot) -> tuple[Coverage, ...]:
    """The metrics that may leave records out, but those without a population or whose section could not be read."""
    return tuple(found for each in _COUNTS.values() for found in _readable(each, snapshot) if found.population)


def coverage_of(metric: str, snapshot: GitHubSnapshot) -> tuple[int, int] | None:
    """Of how many records the metric used how many; `None` for one that leaves none out, or could not be read."""
    count = _COUNTS.get(metric)
    found = next(_readable(count, snapshot), None) if count else None
    return (found.used, found.population) if found else None


def _readable(count: Callable[[GitHubSnapshot], Coverage], snapshot: GitHubSnapshot) -> Iterator[Coverage]:
    try:
        yield count(snapshot)
    except MetricError:
        return  # the metric itself names the reason


def _cycle_time(snapshot: GitHubSnapshot) -> Coverage:
    pulls = [pull for pull in snapshot.merged if pull.merged is not None and pull.merged in snapshot.window]
    used = sum(cycle(pull) is not None for pull in pulls)
    return Coverage("github.pull_request.cycle_time", used, len(pulls))


def _queue_time(snapshot: GitHubSnapshot) -> Coverage:
    runs = _ended(snapshot) if snapshot.rules.jobs else []
    return Coverage("github.workflow_run.queue_time", sum(run.first_job is not None for run in runs), len(runs))


def _flaky(snapshot: GitHubSnapshot) -> Coverage:
    runs = _ended(snapshot)
    return Coverage("github.workflow_run.flaky", sum(run.earlier is not None for run in runs), len(runs))


def _lead_time(snapshot: GitHubSnapshot) -> Coverage:
    delivery = snapshot.delivery
    if delivery.unknown is not None:
        raise MetricError(delivery.unknown)
    verdicts = (each for track in delivery.tracks for each in judge(track.deployments, delivery.window.end))
    ended = [each.deployment for each in verdicts if each.before is not None and each.deployment.succeeded]
    spans = [
        None if change.authored is None else done.finished - change.authored
        for done in ended
        if done.finished in delivery.window
        for change in done.changes
        if not change.merge
    ]
    return Coverage("delivery.lead_time", sum(span is not None and span >= 0 for span in spans), len(spans))


def _ended(snapshot: GitHubSnapshot) -> list[WorkflowRun]:
    own = (run for run in known(snapshot.runs) if run.own)
    return [run for run in own if run.completed is not None and run.completed in snapshot.window]


_COUNTS: dict[str, Callable[[GitHubSnapshot], Coverage]] = {
    "github.pull_request.cycle_time": _cycle_time,
    "github.workflow_run.queue_time": _queue_time,
    "github.workflow_run.flaky": _flaky,
    "delivery.lead_time": _lead_time,
}
