"""From a run to what the ledger keeps of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from common.ledger.records import Change, RunEntry, SampleEntry
from common.metric import Kind
from common.outcome import Run
from common.sample import Sample

STATISTICS = ("count", "p50", "p95")
"""What is kept of a distribution: its quantiles cannot be computed from kept ones later."""


def history(run: Run, shard: str) -> list[Change]:
    """The run, and the samples of every scope, each to be committed whole."""
    by_scope: dict[str, list[SampleEntry]] = {}
    for sample in run.samples:
        by_scope.setdefault(sample.scope, []).extend(_entries(sample, run.window.end))
    changes = [
        Change(collector=run.collector, scope=scope, samples=tuple(entries)) for scope, entries in by_scope.items()
    ]
    return [*changes, Change(collector=run.collector, runs=(_run_entry(run, shard),))]


def _entries(sample: Sample, at: float) -> Iterator[SampleEntry]:
    name, tags, basis = sample.metric.name, sample.tags, sample.basis
    if sample.metric.kind is not Kind.DISTRIBUTION:
        yield SampleEntry(name, tags, at, sample.value, basis=basis)
        return
    yield SampleEntry(name, tags, at, sample.value, "count", basis)
    for statistic in STATISTICS[1:] if sample.summary is not None else ():
        yield SampleEntry(name, tags, at, getattr(sample.summary, statistic), statistic, basis)


def _run_entry(run: Run, shard: str) -> RunEntry:
    return RunEntry(
        shard=shard,
        started=run.started,
        ended=run.ended,
        start=run.window.start,
        end=run.window.end,
        outcome=run.outcome,
        release=run.release,
        scopes=len(run.scopes),
        scopes_read=len(run.scopes_read),
        samples=len(run.samples),
        failures=tuple((each.scope, each.reason, each.metric) for each in run.failures),
        gap=max((each.seconds for each in run.gaps), default=0.0),
        late=run.late_events,
        requests=sum(run.usage.requests.values()),
    )
