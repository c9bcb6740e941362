"""`collect [NAME]...`: run the collectors one after the other and show or submit what they found."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from common.cli.ledgering import opened
from common.cli.objectives_binding import judged_by, refuse_unknown_metrics
from common.cli.output import output, write_json
from common.cli.wiring import (
    AnyCollector,
    Loaded,
    blocks,
    build_collector,
    build_sinks,
    load,
    option_duration,
    release,
    rollups_of,
)
from common.collector import Context
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode
from common.ledger import Ledger
from common.meter import Meter
from common.objectives import OBJECTIVES
from common.outcome import Run
from common.plan import Plan
from common.run import Attempt, health_samples
from common.settings import ledger_settings
from common.shard import parse_shard
from common.sinks import RunKey, Sink
from common.sinks.console import report, write
from common.telemetry import run_fields
from common.watchdog import Watchdog
from common.window import window_ending

log = logging.getLogger(__name__)


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for."""

    names: tuple[str, ...] = ()
    dry_run: bool = False
    push: bool = False
    window: str | None = None
    as_json: bool = False
    config: Path | None = None
    only: str = "*"
    shard: str | None = None
    deadline: str | None = None
    strict: bool = False
    verbose: bool = False


class Job(msgspec.Struct, frozen=True):
    """One collector of this call, ready to run."""

    collector: AnyCollector
    sinks: Sequence[Sink]
    plan: Plan
    context: Context


def run_collectors(collectors: Mapping[str, str], options: RunOptions) -> int:
    """The exit code, after everything has been printed; raises `ConfigError`."""
    if options.dry_run and options.push:
        raise ConfigError("--dry-run and --push exclude each other")
    now = time.time()
    loaded = load(options.config, verbose=options.verbose)
    deadline = Deadline(option_duration(options.deadline, "--deadline") or loaded.settings.deadline)
    with opened(loaded, deadline, read_only=not options.push) as ledger:
        jobs = jobs_of(collectors, options, loaded, deadline, now, ledger)
        _refuse_unknown_glob(jobs, options.only)
        return _Session(jobs, deadline, options).run()


def jobs_of(
    collectors: Mapping[str, str],
    options: RunOptions,
    loaded: Loaded,
    deadline: Deadline,
    now: float,
    ledger: Ledger,
) -> list[Job]:
    """What a call has to run, by the settings; raises `ConfigError`."""
    refuse_unknown_metrics(collectors, loaded.settings)
    return [
        _job(collectors, name, block, options, loaded, deadline, now, ledger)
        for name, block in blocks(loaded.settings, options.names).items()
    ]


def _job(
    collectors: Mapping[str, str],
    name: str,
    block: Mapping[str, object],
    options: RunOptions,
    loaded: Loaded,
    deadline: Deadline,
    now: float,
    ledger: Ledger,
) -> Job:
    settings = loaded.settings
    context = Context(deadline, Meter(), loaded.environ, ledger, name)
    override = option_duration(options.window, "--window")
    collector = build_collector(collectors, name, block, override, context)
    sinks = build_sinks(loaded, deadline, context.meter, dry=not options.push)
    if options.push and not sinks:
        raise ConfigError("--push needs a sink: set PUSHGATEWAY_URL or DD_API_KEY, or a `sinks` block in the settings")
    shard = parse_shard(options.shard, loaded.environ)
    plan = Plan(
        key=RunKey(settings.instance, name, str(shard.index)),
        window=window_ending(now, collector.settings.window or settings.window),
        dry=not options.push,
        release=release(),
        settle=settings.settle,
        catch_up=settings.catch_up,
        schedule_interval=settings.schedule_interval,
        only=options.only,
        exclude=settings.metrics.exclude,
        drop_tags=frozenset(settings.metrics.drop_tags),
        tags=settings.tags,
        shard=shard,
        objectives=judged_by(name, collector, settings, shortened=override is not None),
        rollups=rollups_of(settings),
        keep=given.keep if (given := ledger_settings(settings.ledger)) else 0.0,
    )
    return Job(collector, sinks, plan, context)


def _refuse_unknown_glob(jobs: Sequence[Job], only: str) -> None:
    theirs = ((*job.collector.metrics(), *(OBJECTIVES if job.plan.objectives else ())) for job in jobs)
    if not any(job.plan.selects(metric) for job, metrics in zip(jobs, theirs, strict=True) for metric in metrics):
        raise ConfigError(f"--only {only!r} matches no metric of these collectors; `collect metrics` lists them")


class _Session:
    """The runs of one call; `stop` may come from the watchdog's thread at any time."""

    def __init__(self, jobs: Sequence[Job], deadline: Deadline, options: RunOptions) -> None:
        self._jobs, self._deadline, self._options = jobs, deadline, options
        self._runs: list[Run] = []
        self._waiting = list(jobs)
        self._attempt: Attempt | None = None
        self._mistake: ConfigError | None = None

    def run(self) -> int:
        """Run every job; one whose settings turn out wrong costs only itself, and is raised at the end."""
        with Watchdog(self._deadline, self._stop) as watchdog:
            while self._waiting:
                job = self._waiting[0]
                self._attempt = self._attempt_at(job)
                try:
                    with run_fields(collector=job.plan.key.collector, instance=job.plan.key.instance):
                        run = self._attempt.execute()
                except ConfigError as error:
                    self._mistake = self._mistake or error
                    del self._waiting[0]
                    continue
                with watchdog.shielded():
                    self._finished(run)
        code = self._end()
        if self._mistake:
            raise self._mistake
        return code

    def _attempt_at(self, job: Job) -> Attempt:
        return Attempt(job.collector, job.sinks, job.plan, job.context, time.time, _Progress(job.plan.key.collector))

    def _finished(self, run: Run) -> None:
        del self._waiting[0]
        self._runs.append(run)
        self._show(run)

    def _stop(self, why: Literal["deadline", "signal"]) -> int:
        """End the run under way with what is complete, and those not begun with nothing; in the watchdog's thread."""
        while self._waiting:
            attempt, self._attempt = self._attempt or self._attempt_at(self._waiting[0]), None
            self._finished(attempt.interrupt(why))
        return self._end()

    def _show(self, run: Run) -> None:
        if not self._options.as_json and (run.dry or self._options.verbose):
            health = health_samples(run, {}) if self._options.verbose else ()
            write(run, output(), verbose=self._options.verbose, health=health)
        if not run.dry:
            _log_run(run)

    def _end(self) -> int:
        if self._options.as_json:
            write_json(report(self._runs))
        codes = [run.exit_code(strict=self._options.strict) for run in self._runs]
        return next((code for code in _GRAVEST_FIRST if code in codes), ExitCode.OK)


_GRAVEST_FIRST = (ExitCode.TERMINATED, ExitCode.DEADLINE, ExitCode.FAILED)


def _log_run(run: Run) -> None:
    for each in run.failures:
        what = " ".join(filter(None, (each.scope, each.metric))) or run.collector
        log.warning("missing: %s: %s", what, each.reason)
    for sent in run.submissions:
        if sent.error:
            log.error("%s: not submitted: %s", sent.sink, sent.error)
        else:
            log.info("%s took %d series, %d bytes in %.1f s", sent.sink, sent.series, sent.payload, sent.seconds)
    log.info(
        "%s: %s, %d of %d scopes, %d samples, %.1f s",
        run.collector, run.outcome, len(run.scopes_read), len(run.scopes), len(run.samples), run.ended - run.started,
    )  # fmt: skip


class _Progress:
    """A line on a terminal's standard error while a run with several scopes goes on."""

    def __init__(self, collector: str) -> None:
        self._collector = collector

    def __call__(self, done: int, of: int) -> None:
        if of > 1 and sys.stderr.isatty():
            text = f"{self._collector}: {done} of {of} scopes"
            sys.stderr.write(f"\r{text}" if done < of else "\r\x1b[K")
            sys.stderr.flush()
