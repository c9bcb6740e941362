"""Where samples go. A sink says how far it has counted, takes a batch, and reports what it took."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

import msgspec

from common.collector import Check
from common.metric import Metric
from common.sample import Sample


class RunKey(msgspec.Struct, frozen=True):
    """Who submits: at most one run with the same key at a time."""

    instance: str
    collector: str
    shard: str = "0"


class Owed(msgspec.Struct, frozen=True):
    """From when on closed buckets are still owed to a sink, by scope and, where one lags, by (scope, metric).

    A scope that is not named is owed from `default`; `None` means that its totals start with this run.
    """

    default: float | None = None
    scopes: Mapping[str, float] = {}
    metrics: Mapping[tuple[str, str], float] = {}
    last_success: float | None = None
    ledger: float | None = None
    """Which ledger the last run had that changed the totals: when it was begun; `None` for a run without one."""

    def since(self, scope: str, metrics: Collection[str]) -> float | None:
        """The earliest time from which anything of the scope is owed by these metrics, those that the run computes."""
        lagging = (at for (of, name), at in self.metrics.items() if of == scope and name in metrics)
        own = [self.scopes.get(scope, self.default), *lagging]
        return min((at for at in own if at is not None), default=None)

    def counted_until(self, scope: str, metric: str) -> float | None:
        """How far the metric's events of the scope have been counted; `None` where they never were."""
        return self.metrics.get((scope, metric), self.scopes.get(scope, self.default))


class Batch(msgspec.Struct, frozen=True):
    """A run's samples and what a sink must know to carry totals on.

    `recomputed` holds the (scope, metric) pairs that were evaluated, with points or without; `scopes` every scope that
    a complete discovery found, or `None` where it was not complete.
    """

    key: RunKey
    end: float
    closed_until: int
    samples: tuple[Sample, ...]
    metrics: tuple[Metric, ...]
    recomputed: frozenset[tuple[str, str]] = frozenset()
    scopes: frozenset[str] | None = None
    scope_tag: str = "scope"
    ledger: float | None = None
    """Which ledger the run has: when it was begun."""


class Receipt(msgspec.Struct, frozen=True):
    """What a sink took, or would take: series, bytes on the wire, and what it left out, each with its reason."""

    sink: str
    series: int
    payload: int
    requests: int
    rejected: tuple[str, ...] = ()


class Sink(Protocol):
    """The contract of a sink. It retries on its own terms, within the deadline, and keeps no state of its own."""

    name: str
    carries_totals: bool
    """Whether it adds events to totals, and says how far they go; else a bucket sent again overwrites the earlier."""

    def prepare(self, key: RunKey, end: float) -> Owed:
        """How far the sink has counted; raises `SubmitError` when it cannot be read."""

    def submit(self, batch: Batch) -> Receipt:
        """Send the batch; sending it again changes nothing. Raises `SubmitError` when the sink did not take it."""

    def report(self, batch: Batch) -> Receipt:
        """Send health metrics, apart from the data and even when there is none; raises `SubmitError`."""

    def estimate(self, batch: Batch) -> Receipt:
        """What `submit` would send, without any I/O."""

    def check(self) -> Iterator[Check]:
        """Whether the sink's settings, credentials and address work."""
