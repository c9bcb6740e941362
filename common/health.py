"""Metrics about ourselves: gauges over the finished `Run`, measured by the runner. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from common.metric import Point, metric, point
from common.outcome import OUTCOMES, Run
from common.stats import ratio


@metric("collector.run.duration", unit="s", better="lower")
def duration(run: Run) -> float:
    """Time the last run took, from its start until its data was submitted."""
    return max(0.0, run.ended - run.started)


@metric("collector.run.outcome", unit="bool", tags={"outcome": OUTCOMES})
def outcome(run: Run) -> Iterator[Point]:
    """The last run's outcome: 1 for what it was, 0 for the others.

    Success: everything was read, computed and taken. Partial: something is missing and named. Failed: no scope was
    read, or a sink did not take the data.
    """
    for each in OUTCOMES:
        yield point(int(each == run.outcome), outcome=each)


@metric("collector.run.last_success", unit="unix", better="higher")
def last_success(run: Run) -> float | None:
    """When a run last delivered data; nothing is said where that is not known."""
    return run.ended if run.outcome != "failed" else run.last_success


@metric("collector.run.last_run", unit="unix", better="higher")
def last_run(run: Run) -> float:
    """When the last run ended, whatever its outcome."""
    return run.ended


@metric("collector.run.sample", unit="{sample}")
def sample(run: Run) -> float:
    """Samples that the last run computed."""
    return len(run.samples)


@metric("collector.run.coverage", unit="1", better="higher")
def coverage(run: Run) -> float | None:
    """Share of the discovered scopes that the last run read; nothing where discovery failed or found none."""
    return len(run.scopes_read) / len(run.scopes) if run.scopes else None


@metric("collector.run.gap", unit="s", better="lower")
def gap(run: Run) -> float:
    """The longest time whose events no run will count any more, because it lies behind the catch-up."""
    return max((each.seconds for each in run.gaps), default=0.0)


@metric("collector.run.window", unit="s")
def window(run: Run) -> float:
    """Length of the window that statistics look back over."""
    return run.window.length


@metric("collector.run.schedule_interval", unit="s")
def schedule_interval(run: Run) -> float:
    """How often the job is meant to run."""
    return run.schedule_interval


@metric("collector.source.newest_event", unit="unix")
def newest_event(run: Run) -> float | None:
    """When something last happened at the source; a quiet source is no fault."""
    return run.usage.newest_event


@metric("collector.source.oldest_reading", unit="unix", better="higher")
def oldest_reading(run: Run) -> float | None:
    """When the oldest of what the last run tells was read in full.

    A quick look does not see everything, such as a re-run of an old workflow run: that may be so much older.
    """
    return run.usage.oldest_reading


@metric("collector.clock.skew", unit="s")
def clock_skew(run: Run) -> float | None:
    """How far our clock is ahead of the source's."""
    return run.usage.clock_skew


@metric("collector.metric.failed", unit="{metric}", better="lower")
def failed_metrics(run: Run) -> float:
    """Metrics that the last run could not compute for at least one scope."""
    return len({failure.metric for failure in run.failures if failure.metric})


@metric("collector.metric.coverage", unit="1", tags={"metric": None}, better="higher")
def metric_coverage(run: Run) -> Iterator[Point]:
    """Share of the records that a metric is about which it is made of.

    Of metrics that had to leave some out, over all scopes that were read: 1 means that nothing is missing.
    """
    for name, (read, whole) in sorted(run.coverage.items()):
        share = ratio(read, whole)
        if share is not None:
            yield point(share, metric=name)


@metric("collector.event.late", unit="{event}")
def late_events(run: Run) -> float | None:
    """Events first seen after their bucket had been counted, and added now.

    Each once, however many metrics count it. Unknown without a ledger, and where no sink carries totals.
    """
    return run.late_events


@metric("collector.api.request", unit="{request}", tags={"api": None, "result": None}, better="lower")
def api_requests(run: Run) -> Iterator[Point]:
    """Requests of the last run by interface and result."""
    for (api, result), count in run.usage.requests.items():
        yield point(count, api=api, result=result)


@metric("collector.api.budget_remaining", unit="1", tags={"api": None}, better="higher")
def api_budget(run: Run) -> Iterator[Point]:
    """Share of a rate limit that remained when it was last seen."""
    for api, remaining in run.usage.budgets.items():
        yield point(remaining, api=api)


@metric("collector.cache.hit", unit="1", better="higher")
def cache_hit(run: Run) -> float | None:
    """Share of the last run's requests that cost the source nothing."""
    asked = sum(run.usage.requests.values())
    return run.usage.cache_hits / asked if asked else None


@metric("collector.retry", unit="{retry}", tags={"target": None}, better="lower")
def retries(run: Run) -> Iterator[Point]:
    """Requests that the last run had to send again."""
    for target, count in run.usage.retries.items():
        yield point(count, target=target)


@metric("collector.submit.duration", unit="s", tags={"sink": None}, better="lower")
def submit_duration(run: Run) -> Iterator[Point]:
    """Time a sink needed to take the last run's data."""
    for each in run.submissions:
        yield point(each.seconds, sink=each.sink)


@metric("collector.submit.series", unit="{series}", tags={"sink": None})
def submit_series(run: Run) -> Iterator[Point]:
    """Series that a sink took from the last run."""
    for each in run.submissions:
        yield point(each.series, sink=each.sink)


@metric("collector.submit.payload", unit="By", tags={"sink": None}, better="lower")
def submit_payload(run: Run) -> Iterator[Point]:
    """Bytes sent to a sink by the last run."""
    for each in run.submissions:
        yield point(each.payload, sink=each.sink)


@metric("collector.submit.rejected", unit="{series}", tags={"sink": None}, better="lower")
def submit_rejected(run: Run) -> Iterator[Point]:
    """Series of the last run that could not be sent as they were."""
    for each in run.submissions:
        yield point(each.rejected, sink=each.sink)


@metric("collector.build.info", unit="bool", tags={"release": None})
def build_info(run: Run) -> Iterator[Point]:
    """The release that ran, always 1."""
    yield point(1, release=run.release)
