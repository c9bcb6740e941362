"""The real collector over the simulated organisation, and what it found beside the organisation's own truth."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from collectors.github.collector import GitHubCollector
from collectors.github.settings import GitHubSettings, RepositoryRule
from common.collector import Context, Failure
from common.deadline import Deadline
from common.errors import FetchError, MetricError
from common.meter import Meter, Usage
from common.window import DAY, WEEK, Window
from demo import serve
from demo.history.people import MACHINE
from demo.server import Rates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo import Organisation, Server

TOKEN = "ghp_" + "secret0token" * 3
PLENTY = Rates(core=10**6, graphql=10**6, core_a_minute=10**6, graphql_a_minute=10**6)
Found = dict[tuple[str, str, tuple[tuple[str, str], ...]], Any]


class Seen(msgspec.Struct, frozen=True):
    """What a look brought: numbers by metric, repository and tags, metrics without one and why, and failures."""

    numbers: Found
    unknown: dict[tuple[str, str], str]
    failures: dict[str, str]
    usage: Usage
    source_failure: str = ""
    bounded: frozenset[tuple[str, str]] = frozenset()
    """Metrics that say of themselves that they are lower bounds."""
    in_part: frozenset[tuple[str, str]] = frozenset()
    """Metrics of which the coverage says that they leave records out."""

    @property
    def words(self) -> str:
        """Everything that a person could read."""
        return f"{self.unknown} {self.failures} {self.source_failure}"


def settings_for(organisation: Organisation, url: str, *only: str, **more: Any) -> GitHubSettings:
    """The settings under which the organisation tells its truth."""
    required = organisation.settings.required_workflows
    rules = (RepositoryRule(match=name, required_workflows=files) for name, files in required.items())
    names = only or (f"{organisation.owner}/*",)
    block: dict[str, Any] = {
        "repositories": (*names, *(rule for rule in rules if rule.match in (only or organisation.repositories))),
        "api_url": url,
        "archived": True,
        "forks": True,
        "bots": (MACHINE,),
        "issue_classes": {"bug": ("bug",), "feature": ("feature",)},
        "jobs": True,
        "runners": True,
        "reserve": 0.0,
    }
    return GitHubSettings(**{**block, **more})


def windows(end: float) -> tuple[Window, Window]:
    """The run's and delivery's."""
    return Window(end - WEEK, end), Window(end - 30 * DAY, end)


def collector_for(settings: GitHubSettings, end: float, *, deadline: float = 600.0, **more: Any) -> GitHubCollector:
    """A collector that waits for nothing."""
    context = Context(Deadline(deadline), Meter(), {"GITHUB_TOKEN": TOKEN}, **more)
    return GitHubCollector(settings, context, clock=lambda: end, sleep=lambda _: None)


def look(collector: GitHubCollector, end: float) -> Seen:
    """One run's worth of reading and computing."""
    window, delivery = windows(end)
    numbers: Found = {}
    unknown: dict[tuple[str, str], str] = {}
    failures: dict[str, str] = {}
    bounded: set[tuple[str, str]] = set()
    in_part: set[tuple[str, str]] = set()
    problem = ""
    try:
        for item in collector.fetch({each.name: window.start for each in collector.discover()}, window):
            if isinstance(item, Failure):
                failures[item.scope] = item.reason
            else:
                _compute(collector, item, (window, delivery), numbers, unknown, bounded)
                in_part |= set(_in_part(collector, item))
    except FetchError as error:
        problem = str(error)
    usage = collector.context.meter.read()
    return Seen(numbers, unknown, failures, usage, problem, frozenset(bounded), frozenset(in_part))


def _in_part(collector, snapshot):
    for metric in collector.metrics():
        used, population = collector.coverage_of(metric, snapshot) or (0, 0)
        if used < population:
            yield metric.name, snapshot.scope


def _compute(collector, snapshot, spans, numbers, unknown, bounded) -> None:
    for metric in collector.metrics():
        span = spans[metric.name.startswith("delivery.")]
        try:
            points = list(metric.points(snapshot))
        except MetricError as error:
            unknown[metric.name, snapshot.scope] = str(error)
            continue
        if any(point.basis == "lower_bound" for point in points):
            bounded.add((metric.name, snapshot.scope))
        for point in points:
            key = (metric.name, snapshot.scope, tuple(sorted(point.tags.items())))
            if not metric.kind.of_events:
                numbers[key] = float(point.value)
            elif point.at in span and point.value:
                numbers.setdefault(key, {})[point.id] = (point.at, float(point.value))


def truth(
    organisation: Organisation, end: float, repositories: list[str] | None = None, known_at: float | None = None
) -> Found:
    """The same of the organisation's own history, as it was known at that time, by default the end."""
    window, delivery = windows(end)
    at = end if known_at is None else known_at
    told = organisation.truth(window, at, repositories=repositories)
    later = organisation.truth(delivery, at, repositories=repositories)
    both = {key: found for key, found in told.items() if not key[0].startswith("delivery.")}
    return both | {key: found for key, found in later.items() if key[0].startswith("delivery.")}


def differences(seen: Seen, true: Found) -> dict[Any, tuple[Any, Any]]:
    """What was found beside what is true, where they differ; metrics whose number is not known are left out."""
    found = {key: _plain(value) for key, value in seen.numbers.items()}
    wanted = {key: _plain(value) for key, value in true.items()}
    return {
        key: (found.get(key), wanted.get(key))
        for key in found.keys() | wanted.keys()
        if key[:2] not in seen.unknown and key[1] not in seen.failures and not _same(found.get(key), wanted.get(key))
    }


def surprises(seen: Seen, *expected: Seen) -> Found:
    """Numbers that are in none of these looks and are not reported as missing, or as a lower bound."""
    if not seen.numbers:
        assert seen.failures or seen.source_failure
        return {}
    named = seen.unknown.keys() | seen.bounded | (seen.in_part - expected[0].in_part)
    return {
        key: seen.numbers.get(key)
        for key in {*seen.numbers}.union(*(each.numbers for each in expected))
        if key[:2] not in named
        and key[1] not in seen.failures
        and all(seen.numbers.get(key) != each.numbers.get(key) for each in expected)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted(value.values())
    if isinstance(value, tuple):
        return sorted((one.at, one.value) for one in value if one.value)
    return float(value)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-9 * max(1.0, abs(other))
    return one == other or ({type(one), type(other)} <= {list, type(None)} and (one or []) == (other or []))


def _below(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one <= other
    return set(one or []) <= set(other or [])


@contextmanager
def looking(
    organisation: Organisation, *only: str, rates: Rates = PLENTY, settings: dict[str, Any] | None = None, **more: Any
) -> Iterator[tuple[Server, GitHubCollector]]:
    """A server and a collector for it."""
    with serve(organisation, rates=rates, **more) as server:
        chosen = settings_for(organisation, server.url, *only, **(settings or {}))
        yield server, collector_for(chosen, organisation.end)
