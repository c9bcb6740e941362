"""One run of one collector: ask the sinks, read each scope once, compute, submit, report."""

from __future__ import annotations

import fnmatch
import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from common import health
from common.collector import BaseCollector, Context, Failure, Scope
from common.errors import DeadlineError, FetchError, MetricError, SubmitError
from common.metric import Metric, metrics_in
from common.outcome import Gap, Run, Submission
from common.sample import Sample, Span, reduce_points
from common.shard import Shard
from common.sinks import Batch, Owed, Receipt, RunKey, Sink
from common.window import BUCKET, CATCH_UP, SETTLE, Window, closed_until

log = logging.getLogger(__name__)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do, apart from the collector and the sinks."""

    key: RunKey
    window: Window
    dry: bool
    release: str = "0"
    settle: float = SETTLE
    catch_up: float = CATCH_UP
    schedule_interval: float = 900
    only: str = "*"
    exclude: tuple[str, ...] = ()
    drop_tags: frozenset[str] = frozenset()
    tags: Mapping[str, str] = {}
    shard: Shard = Shard()

    @property
    def closed_until(self) -> int:
        """The end of the newest closed bucket."""
        return closed_until(self.window.end, self.settle)

    @property
    def owed_by_default(self) -> float:
        """Nothing, where no sink says more; in a dry run, which asks none, the hour that Datadog would still take."""
        return self.closed_until - (4 * BUCKET if self.dry else 0)

    @property
    def earliest(self) -> int:
        """The start of the oldest bucket that this run would still count."""
        return math.ceil((self.window.end - self.catch_up) / BUCKET) * BUCKET

    def selects(self, metric: Metric) -> bool:
        """Whether the metric is computed in this run."""
        return fnmatch.fnmatchcase(metric.name, self.only) and not any(
            fnmatch.fnmatchcase(metric.name, glob) for glob in self.exclude
        )


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
        self._collector, self._sinks, self._plan, self._context = collector, sinks, plan, context
        self._clock, self._on_scope = clock, on_scope
        self._started = clock()
        self._all_metrics = collector.metrics()
        self._metrics = tuple(filter(plan.selects, self._all_metrics))
        self._names = frozenset(each.name for each in self._metrics)
        self._lock = threading.RLock()
        self._scopes: tuple[Scope, ...] | None = None
        self._read: list[str] = []
        self._samples: list[Sample] = []
        self._recomputed: set[tuple[str, str]] = set()
        self._failures: list[Failure] = []
        self._owed: dict[str, Owed] = {}
        self._refused: dict[str, str] = {}
        self._closed = False
        self._stopped: Literal["deadline", "signal"] | None = None
        self._run: Run | None = None

    def execute(self) -> Run:
        """Do the run; failures of the source and the sinks are in what comes back, never raised."""
        try:
            self._ask_sinks()
            self._fetch()
        except DeadlineError:
            self._close("deadline")
        except FetchError as error:
            self._fail(Failure("", str(error)))
        return self.finish()

    def interrupt(self, why: Literal["deadline", "signal"]) -> Run:
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

    def _close(self, why: Literal["deadline", "signal"]) -> None:
        """Take nothing in any more; the first reason given is the one that counts."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._stopped = why
                self._failures.extend(self._unread(f"not read: {_STOPPED[why]}"))

    def _ask_sinks(self) -> None:
        for sink in () if self._plan.dry else self._sinks:
            owed, refusal = _prepared(sink, self._plan)
            with self._lock:
                if self._closed:
                    return
                if owed is not None:
                    self._owed[sink.name] = owed
                else:
                    self._refused[sink.name] = refusal

    def _fetch(self) -> None:
        scopes = tuple(self._collector.discover())
        with self._lock:
            if self._closed:
                return
            self._scopes = scopes
        since = {scope.name: min(self._plan.window.start, self._owed_from(scope.name)) for scope in scopes}
        by_name = {scope.name: scope for scope in scopes}
        for done, item in enumerate(self._collector.fetch(since, self._plan.window), 1):
            if isinstance(item, Failure):
                self._fail(item)
            else:
                self._compute(by_name[item.scope], item)
            if self._closed:
                return
            self._on_scope(done, len(scopes))

    def _owed_from(self, scope: str) -> float:
        owed = [at for each in self._owed.values() if (at := each.since(scope, self._names)) is not None]
        return max(min(owed, default=self._plan.owed_by_default), self._plan.earliest)

    def _compute(self, scope: Scope, snapshot: Any) -> None:  # noqa: ANN401  each collector has its own
        samples: list[Sample] = []
        recomputed: set[tuple[str, str]] = set()
        failures: list[Failure] = []
        tags = {**self._plan.tags, **self._collector.settings.tags, **scope.tags, self._collector.scope: scope.name}
        for each in self._metrics:
            try:
                samples += self._reduce(each, snapshot, scope.name, tags)
                recomputed.add((scope.name, each.name))
            except MetricError as error:
                failures.append(Failure(scope.name, str(error), each.name))
            except Exception as error:  # a bug in one metric costs that metric, not the run
                log.warning("metric %s failed on %s", each.name, scope.name, exc_info=True)
                failures.append(Failure(scope.name, f"{type(error).__name__}: {error}", each.name))
        with self._lock:
            if not self._closed:
                self._samples += samples
                self._recomputed |= recomputed
                self._failures += failures
                self._read.append(scope.name)

    def _reduce(self, metric: Metric, snapshot: Any, scope: str, tags: Mapping[str, str]) -> list[Sample]:  # noqa: ANN401
        window = self._collector.window_of(metric, self._plan.window)
        span = Span(window, self._owed_from(scope), self._plan.closed_until)
        return reduce_points(metric, metric.points(snapshot), span, scope, tags, self._plan.drop_tags)

    def _fail(self, failure: Failure) -> None:
        with self._lock:
            if not self._closed:
                self._failures.append(failure)

    def _unread(self, reason: str) -> list[Failure]:
        known = {*self._read, *(failure.scope for failure in self._failures if failure.metric is None)}
        if self._scopes is None:
            return [] if "" in known else [Failure("", reason)]
        return [Failure(scope.name, reason) for scope in self._scopes if scope.name not in known]

    def _deliver(self) -> Run:
        batch = Batch(
            key=self._plan.key,
            end=self._plan.window.end,
            closed_until=self._plan.closed_until,
            samples=tuple(self._samples),
            metrics=self._all_metrics,
            recomputed=frozenset(self._recomputed),
            scopes=frozenset(scope.name for scope in self._scopes) if self._scopes is not None else None,
            scope_tag=self._collector.scope,
        )
        submissions = tuple(self._submit(sink, batch) for sink in self._sinks) if self._worth_submitting else ()
        refused = tuple(Submission(name, error=why) for name, why in self._refused.items()) if not submissions else ()
        run = self._record(submissions + refused)
        return run if self._plan.dry else self._report(run)

    @property
    def _worth_submitting(self) -> bool:
        """Not when nothing could be read: what the sinks hold stays. An empty shard is submitted: it retires scopes."""
        return bool(self._read) or self._scopes == ()

    def _submit(self, sink: Sink, batch: Batch) -> Submission:
        if sink.name in self._refused:
            return Submission(sink.name, error=self._refused[sink.name])
        started = self._clock()
        try:
            receipt = sink.estimate(batch) if self._plan.dry else sink.submit(batch)
        except (SubmitError, DeadlineError) as error:
            return Submission(sink.name, seconds=self._clock() - started, error=str(error))
        return _submission(receipt, self._clock() - started)

    def _record(self, submissions: tuple[Submission, ...]) -> Run:
        plan = self._plan
        return Run(
            collector=plan.key.collector,
            window=plan.window,
            started=self._started,
            ended=self._clock(),
            dry=plan.dry,
            release=plan.release,
            schedule_interval=plan.schedule_interval,
            scopes=tuple(scope.name for scope in self._scopes or ()),
            scopes_read=tuple(self._read),
            samples=tuple(self._samples),
            failures=tuple(self._failures),
            gaps=self._gaps(),
            submissions=submissions,
            usage=self._context.meter.read(),
            without_value=tuple(sorted(self._recomputed - {(each.scope, each.metric.name) for each in self._samples})),
            skipped=tuple(each.name for each in self._all_metrics if each not in self._metrics),
            last_success=max((at for owed in self._owed.values() if (at := owed.last_success)), default=None),
            stopped=self._stopped,
        )

    def _gaps(self) -> tuple[Gap, ...]:
        found = (
            Gap(scope.name, sink, self._plan.earliest - at)
            for sink, owed in self._owed.items()
            for scope in self._scopes or ()
            if (at := owed.since(scope.name, self._names)) is not None and at < self._plan.earliest
        )
        return tuple(found)

    def _report(self, run: Run) -> Run:
        batch = Batch(
            key=self._plan.key,
            end=self._plan.window.end,
            closed_until=self._plan.closed_until,
            samples=tuple(health_samples(run)),
            metrics=HEALTH,
        )
        errors = []
        for sink in self._sinks:
            try:
                sink.report(batch)
            except (SubmitError, DeadlineError) as error:
                errors.append(Submission(sink.name, error=f"health metrics: {error}"))
        known = {each.sink for each in run.submissions if each.error}
        return msgspec.structs.replace(
            run, submissions=(*run.submissions, *(each for each in errors if each.sink not in known))
        )


_STOPPED = {"deadline": "the deadline passed", "signal": "the run was told to stop"}
HEALTH = metrics_in(health)


def health_samples(run: Run) -> list[Sample]:
    """The samples about the run itself."""
    span = Span(run.window, run.window.end, 0)
    return [sample for each in HEALTH for sample in reduce_points(each, each.points(run), span, "", {})]


def _prepared(sink: Sink, plan: Plan) -> tuple[Owed | None, str]:
    try:
        return sink.prepare(plan.key, plan.window.end), ""
    except SubmitError as error:
        return None, str(error)


def _submission(receipt: Receipt, seconds: float) -> Submission:
    return Submission(
        receipt.sink,
        series=receipt.series,
        payload=receipt.payload,
        requests=receipt.requests,
        rejected=len(receipt.rejected),
        notes=receipt.rejected,
        seconds=seconds,
    )
