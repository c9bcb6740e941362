"""One run of one collector: ask the sinks, read each scope once, compute, submit, report."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Literal

from msgspec.structs import replace

from common import health
from common.collector import BaseCollector, Context, Failure, Scope
from common.computing import Computed, Task, compute
from common.delivering import Outlets, prepared
from common.errors import DeadlineError, FetchError
from common.gathered import Gathered
from common.history import history
from common.ledger import Change, LedgerBusyError, LedgerError
from common.ledger.upkeep import tend
from common.metric import metrics_in
from common.objectives.watching import watch_of
from common.outcome import Run, Submission
from common.plan import Plan
from common.recall import Resending, Sightings, begun
from common.rollup import Union, unions_of
from common.sample import Sample, Span, reduce_points
from common.sinks import Batch, Sink
from common.telemetry import MASKER
from common.window import CLOCKS_APART, agreed

log = logging.getLogger(__name__)
Why = Literal["deadline", "signal"]


class Attempt:
    """A run under way. `execute` does it all; `interrupt`, from another thread, ends it with what is complete."""

    def __init__(
        self,
        collector: BaseCollector[Any, Any],
        sinks: Sequence[Sink],
        plan: Plan,
        context: Context,
        clock: Callable[[], float],
        on_scope: Callable[[int, int], object] = max,
    ) -> None:
        self._collector, self._plan, self._context = collector, plan, context
        self._ledger = context.ledger
        self._outlets = Outlets(sinks, clock, dry=plan.dry)
        self._clock, self._on_scope = clock, on_scope
        self._started = clock()
        own = collector.metrics()
        self._watch = watch_of(collector, plan, self._ledger)
        self._all_metrics = (*own, *self._watch.metrics)
        self._metrics = tuple(filter(plan.selects, own))
        self._names = frozenset(each.name for each in self._metrics)
        self._lock = threading.RLock()
        self._scopes: tuple[Scope, ...] | None = None
        self._all_known = False
        self._since: dict[str, float] = {}
        self._unions: tuple[Union, ...] = ()
        self._gathered = Gathered()
        self._changes: list[Change] = []
        self._late: set[tuple[str, str]] = set()
        self._begun: float | None = None
        self._closed = self._locked_out = False
        self._stopped: Why | None = None
        self._run: Run | None = None

    def execute(self) -> Run:
        """Do the run; failures of the source, the sinks and the ledger are in what comes back, never raised."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._ledger.lock(self._plan.key.collector, self._plan.key.shard))
                self._ask_sinks()
                self._fetch()
            except DeadlineError:
                self._close("deadline")
            except (FetchError, LedgerError) as error:
                self._locked_out = isinstance(error, LedgerBusyError)
                self._fail(Failure("", str(error)))
            return self.finish()

    def interrupt(self, why: Why) -> Run:
        """Stop reading, then submit the scopes that are complete; what is not read is named as missing."""
        self._close(why)
        self._context.deadline.kill_children()
        return self.finish()

    def finish(self) -> Run:
        """Submit and report, once; a second call waits for the first and returns the same run."""
        with self._lock:
            self._closed = True
            if self._run is None:
                self._run = self._deliver()
            return self._run

    def _close(self, why: Why) -> None:
        """Take nothing in any more; the first reason given is the one that counts."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._stopped = why
                self._gathered.unread(self._scopes, f"not read: {_STOPPED[why]}")

    def _ask_sinks(self) -> None:
        for sink in self._outlets:
            answer = prepared(sink, self._plan.key, self._plan.window.end)
            with self._lock:
                if self._closed:
                    return
                self._outlets.note(sink, answer)

    def _fetch(self) -> None:
        every = tuple(self._collector.discover())
        self._agree_on_now()
        scopes = tuple(scope for scope in every if self._plan.shard.owns(scope.name))
        unions = self._unions_of(every)
        if self._ledger.keeps:
            self._begun, change = begun(self._ledger, self._plan.key.collector, self._plan.window.end)
            self._changes.append(change)
        with self._lock:
            if self._closed:
                return
            self._scopes, self._unions = scopes, unions
            self._watch.begin(unions)
            self._all_known = all(scope.identified for scope in every)
        self._since = {scope.name: min(self._plan.window.start, self._owed_from(scope.name)) for scope in scopes}
        by_name = {scope.name: scope for scope in scopes}
        for done, item in enumerate(self._collector.fetch(self._since, self._plan.window), 1):
            if isinstance(item, Failure):
                self._fail(item)
            else:
                self._compute(by_name[item.scope], item)
            if self._closed:
                return
            self._on_scope(done, len(scopes))
        with self._lock:
            if not self._closed:
                self._gathered.unread(scopes, "not read: the collector said nothing about it")

    def _agree_on_now(self) -> None:
        """Where our clock and the source's differ, the earlier of the two is the end: no quarter closes too soon."""
        ahead = self._context.meter.read().clock_skew
        if ahead is None or abs(ahead) <= CLOCKS_APART:
            return
        log.warning("our clock is %.0f s %s the source's", abs(ahead), "ahead of" if ahead > 0 else "behind")
        self._plan = replace(self._plan, window=agreed(self._plan.window, ahead))
        self._watch = watch_of(self._collector, self._plan, self._ledger)

    def _unions_of(self, scopes: Sequence[Scope]) -> tuple[Union, ...]:
        tags = {**self._plan.tags, **self._collector.settings.tags}
        unions, split = unions_of(self._plan.rollups, [each.name for each in scopes], self._plan.shard.owns, tags)
        for name in split:
            log.warning("rollup %s is left out: its scopes are in several shards", name)
        return tuple(unions)

    def _owed_from(self, scope: str) -> float:
        owed = self._outlets.owed_from(scope, self._names)
        return max(min(owed, default=self._plan.owed_by_default), self._plan.earliest)

    def _compute(self, scope: Scope, snapshot: Any) -> None:  # noqa: ANN401  each collector has its own
        totals, sightings = self._outlets.totals, None
        if totals is not None and self._begun is not None:
            sightings = Sightings(self._ledger, self._plan.key.collector, scope.name, totals, self._begun)
        task = Task(
            scope=scope.name,
            tags={**self._plan.tags, **self._collector.settings.tags, **scope.tags, self._collector.scope: scope.name},
            window=self._plan.window,
            owed_from=self._owed_from(scope.name),
            closed_until=self._plan.closed_until,
            earliest=self._plan.earliest,
            drop_tags=self._plan.drop_tags,
            sightings=sightings,
            in_rollups=any(scope.name in union.scopes for union in self._unions),
        )
        found = compute(self._collector, self._metrics, snapshot, task)
        seen = self._watch.look(scope.name, snapshot, task.tags)
        with self._lock:
            if not self._closed:
                self._take(scope.name, found, sightings)
                self._gathered.judged(self._watch.take(seen))

    def _take(self, scope: str, found: Computed, sightings: Sightings | None) -> None:
        self._gathered.take(scope, found)
        for union in self._unions:
            union.take(scope, found.parts)
        if sightings is not None:
            self._late |= {(scope, event) for event in sightings.late(found.metrics)}
            change = sightings.change(found.metrics, self._since[scope], self._plan.earliest)
            self._changes += [change] if change else []

    def _fail(self, failure: Failure) -> None:
        with self._lock:
            if not self._closed:
                self._gathered.failures.append(failure)

    def _deliver(self) -> Run:
        span = Span(self._plan.window, self._plan.window.end, 0)
        self._gathered.roll_up(self._unions, span, self._plan.drop_tags)
        self._gathered.judged(self._watch.roll_up())
        # An empty shard is submitted, for it retires scopes; where nothing could be read, what the sinks hold stays.
        worth_submitting = bool(self._gathered.read) or self._scopes == ()
        run = self._record(self._submit() if worth_submitting else self._outlets.refusals())
        if self._plan.dry:
            return self._outlets.estimated(run, self._health(run))
        return run if self._locked_out else self._outlets.report(self._remember(run), self._health(run))

    def _submit(self) -> tuple[Submission, ...]:
        batch = Batch(
            key=self._plan.key,
            end=self._plan.window.end,
            closed_until=self._plan.closed_until,
            samples=tuple(self._gathered.samples),
            metrics=self._all_metrics,
            recomputed=frozenset(self._gathered.recomputed),
            scopes=frozenset(scope.name for scope in self._scopes)
            if self._scopes is not None and self._all_known
            else None,
            scope_tag=self._collector.scope,
            ledger=self._begun,
        )
        try:
            resent = self._recalled(batch)
        except (LedgerError, DeadlineError) as error:
            return self._outlets.withheld(str(error))
        return self._outlets.submit(batch, resent)

    def _recalled(self, batch: Batch) -> Batch:
        """The batch for a sink that overwrites buckets, once all that the ledger shall know before is written."""
        oldest, samples = self._outlets.resent_from, batch.samples
        if oldest is not None and self._ledger.keeps:
            resending = Resending(
                self._ledger, batch.key.collector, oldest, self._plan.closed_until, self._plan.window.end
            )
            samples, changes = resending.all(batch.samples, batch.recomputed, self._metrics)
            self._changes += changes
        self._ledger.commit(*self._changes)
        return replace(batch, samples=samples)

    def _remember(self, run: Run) -> Run:
        """The run, kept as history; partial where it could not be."""
        if not self._ledger.keeps:
            return run
        try:
            self._ledger.commit(*history(run, self._plan.key.shard))
            tend(self._ledger, run.collector, run.window.end, self._plan.keep)
        except (LedgerError, DeadlineError) as error:
            return replace(run, failures=(*run.failures, Failure("", f"history: {error}")))
        return run

    def _record(self, submissions: tuple[Submission, ...]) -> Run:
        plan, gathered = self._plan, self._gathered
        scopes = tuple(scope.name for scope in self._scopes or ())
        watched = self._ledger.keeps and self._outlets.totals is not None
        return Run(
            collector=plan.key.collector,
            window=plan.window,
            started=self._started,
            ended=self._clock(),
            dry=plan.dry,
            release=plan.release,
            schedule_interval=plan.schedule_interval,
            scopes=scopes,
            scopes_read=tuple(gathered.read),
            samples=tuple(gathered.samples),
            failures=tuple(replace(each, reason=MASKER.mask(each.reason)) for each in gathered.failures),
            gaps=self._outlets.gaps(scopes, self._names, plan.earliest),
            submissions=submissions,
            usage=self._context.meter.read(),
            late_events=len(self._late) if watched else None,
            coverage=gathered.coverage,
            without_value=gathered.without_value(),
            skipped=tuple(each.name for each in self._all_metrics if not plan.selects(each)),
            verdicts=tuple(gathered.verdicts),
            last_success=self._outlets.last_success,
            stopped=self._stopped,
        )

    def _health(self, run: Run) -> Batch:
        plan = self._plan
        samples = tuple(health_samples(run, {**plan.tags, **self._collector.settings.tags}))
        return Batch(plan.key, plan.window.end, plan.closed_until, samples, HEALTH)


_STOPPED = {"deadline": "the deadline passed", "signal": "the run was told to stop"}
HEALTH = metrics_in(health)


def health_samples(run: Run, tags: Mapping[str, str]) -> list[Sample]:
    """The samples about the run itself, with the settings' tags."""
    span = Span(run.window, run.window.end, 0)
    return [sample for each in HEALTH for sample in reduce_points(each, each.points(run), span, "", tags)]
