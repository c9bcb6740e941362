"""Whole runs of the real collector over the simulated organisation, and what they submit beside the truth."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from collectors.github.collector import GitHubCollector
from common.collector import Context
from common.deadline import Deadline
from common.ledger import NullLedger
from common.meter import Meter
from common.metric import Kind
from common.plan import Plan
from common.run import Attempt
from common.shard import Shard
from common.sinks import Owed, RunKey
from common.stats import summarise
from common.window import BUCKET, bucket_start
from tests.collectors.github.looking import TOKEN, settings_for, truth, windows
from tests.common.fakes import FakeSink

if TYPE_CHECKING:
    from collections.abc import Iterable

    from common.ledger import Ledger
    from common.outcome import Run
    from common.sample import Sample
    from demo import Organisation, Server

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class Ran(msgspec.Struct, frozen=True):
    """A run, and the samples that it submitted."""

    run: Run
    samples: tuple[Sample, ...]
    owed_from: float


def run_at(
    organisation: Organisation,
    server: Server,
    at: float,
    *only: str,
    ledger: Ledger | None = None,
    shard: Shard | None = None,
    owed_from: float | None = None,
    clock: float | None = None,
    **settings: Any,
) -> Ran:
    """A run at that time, to a sink that is owed what is closed from `owed_from` on, by default the whole window.

    `clock` is what this machine takes for the time.
    """
    now = at if clock is None else clock
    kept = ledger or NullLedger()
    context = Context(Deadline(600), Meter(), {"GITHUB_TOKEN": TOKEN}, kept, "github")
    chosen = settings_for(organisation, server.url, *only, **settings)
    collector = GitHubCollector(chosen, context, clock=lambda: now, sleep=lambda _: None)
    part = shard or Shard()
    plan = Plan(key=RunKey("test", "github", str(part.index)), window=windows(now)[0], dry=False, shard=part)
    owed = plan.earliest if owed_from is None else owed_from
    sink = FakeSink(owed=Owed(default=owed), carries_totals=True)
    run = Attempt(collector, [sink], plan, context, lambda: now).execute()
    batch = sink.batches.get("submit")
    return Ran(run, batch.samples if batch else (), owed)


def wrong(
    ran: Ran,
    organisation: Organisation,
    at: float,
    repositories: Iterable[str] | None = None,
    known_at: float | None = None,
) -> dict[Any, Any]:
    """Each number submitted that is not the truth at that time, and each that is true and was not submitted.

    What the run says is missing is left out. `known_at` is when the truth was asked for, by default now.
    """
    known = truth(organisation, at, list(repositories) if repositories is not None else None, known_at)
    missing = {(each.scope, each.metric) for each in ran.run.failures}
    found = dict(_found(each, closed(at)) for each in ran.samples)
    kinds = {metric.name: metric.kind for metric in GitHubCollector.metrics()}
    wanted = {
        key: _wanted(kinds[key[0]], value, ran.owed_from, closed(at))
        for key, value in known.items()
        if (key[1], key[0]) not in missing and (key[1], None) not in missing
    }
    return {
        key: (found.get(key), wanted.get(key))
        for key in found.keys() | wanted.keys()
        if not _equal(found.get(key), wanted.get(key))
    }


def closed(at: float) -> int:
    """The end of the newest bucket that is closed at that time."""
    return bucket_start(at - 120)


def _found(sample: Sample, until: int) -> tuple[Key, Any]:
    tags = dict(sample.tags)
    key = (sample.metric.name, tags.pop("repo"), tuple(sorted(tags.items())))
    if not sample.metric.kind.of_events:
        return key, sample.value
    assert all(bucket.start + BUCKET <= until for bucket in sample.buckets)
    buckets = {bucket.start: (bucket.events, round(bucket.total, 6)) for bucket in sample.buckets}
    return key, (sample.value, sample.values, sample.summary, buckets)


def _wanted(kind: Kind, value: Any, owed_from: float, until: int) -> Any:
    """The same of the truth."""
    if not kind.of_events:
        return value
    events, totals = Counter[int](), Counter[int]()
    for each in value:
        if owed_from <= each.at < until and (each.value or kind is Kind.DISTRIBUTION):
            events[bucket_start(each.at)] += 1
            totals[bucket_start(each.at)] += each.value
    buckets = {start: (number, round(totals[start], 6)) for start, number in events.items()}
    if kind is Kind.COUNT:
        return float(sum(each.value for each in value)), (), None, buckets
    values = tuple(sorted(each.value for each in value))
    return float(len(values)), values, summarise(values), buckets


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(other))
    nothing = (0.0, (), None, {})
    return (one or nothing) == (other or nothing)
