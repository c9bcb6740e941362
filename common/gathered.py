"""What a run has gathered so far; whoever writes to it holds the run's lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from common.collector import Failure, Scope
from common.computing import Computed, attempted
from common.objectives.record import Verdict
from common.objectives.watching import Found
from common.rollup import Union
from common.sample import Sample, Span


class Gathered:
    """Scopes read, samples, failures and verdicts."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.samples: list[Sample] = []
        self.recomputed: set[tuple[str, str]] = set()
        """(scope, metric) pairs that were evaluated."""
        self.failures: list[Failure] = []
        self.coverage: dict[str, tuple[int, int]] = {}
        self.verdicts: list[Verdict] = []

    def take(self, scope: str, found: Computed) -> None:
        """One scope that was read and computed."""
        self.samples += found.samples
        self.recomputed |= {(scope, name) for name in found.metrics}
        self.failures += found.failures
        self.read.append(scope)
        for name, (read, whole) in found.coverage.items():
            before = self.coverage.get(name, (0, 0))
            self.coverage[name] = (before[0] + read, before[1] + whole)

    def judged(self, found: Found) -> None:
        """How a scope or rollups stand to the objectives."""
        self.verdicts += found.verdicts
        self.samples += found.samples
        self.failures += found.failures

    def roll_up(self, unions: Iterable[Union], span: Span, dropped: frozenset[str]) -> None:
        """The samples of rollups, of each metric that every scope of one has."""
        for union in unions:
            for metric in sorted(union.complete(), key=lambda each: each.name):
                make = partial(union.samples, metric, span, dropped)
                found = attempted(metric, f"rollup {union.rollup.name}", make)
                if isinstance(found, Failure):
                    self.failures.append(found)
                else:
                    self.samples += found

    def unread(self, scopes: Sequence[Scope] | None, reason: str) -> None:
        """Name as missing, for this reason, what was not read; no scopes: they are not known yet."""
        known = {*self.read, *(failure.scope for failure in self.failures if failure.metric is None)}
        names = [""] if scopes is None else [scope.name for scope in scopes]
        self.failures += [Failure(name, reason) for name in names if name not in known]

    def without_value(self) -> tuple[tuple[str, str], ...]:
        """The (scope, metric) pairs that were evaluated and have no number."""
        return tuple(sorted(self.recomputed - {(each.scope, each.metric.name) for each in self.samples}))
