"""`collect backfill NAME`: the event metrics of the past, with their true times, for Prometheus or Datadog."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from common.backfill import Begun, Filled, Reach, begun, reach_of, series_of
from common.cli.backfill_targets import STDOUT, Datadog, Nowhere, OpenMetricsFile, Target
from common.cli.backfill_words import Findings, Story, progress
from common.cli.ledgering import opened
from common.cli.output import output, write_json
from common.cli.wiring import AnyCollector, Loaded, blocks, build_collector, load, option_duration, pushgateway_sink
from common.collector import Context, Failure, Scope
from common.computing import attempted
from common.deadline import Deadline
from common.duration import parse_duration
from common.errors import ConfigError, ExitCode
from common.meter import Meter
from common.metric import Metric
from common.plan import Plan
from common.sample import Sample, Span, reduce_points
from common.secrets import Secrets
from common.shard import parse_shard
from common.sinks import RunKey
from common.sinks.console import rfc3339
from common.sinks.datadog.sink import build as datadog_sink
from common.sinks.pushgateway.stored import WATERMARK, group_labels
from common.watchdog import Watchdog
from common.window import Window, window_ending


class BackfillOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asked for."""

    name: str
    since: str
    until: str | None = None
    output: Path | None = None
    push: str | None = None
    step: str = "15m"
    scopes: tuple[str, ...] = ()
    only: str = "*"
    shard: str | None = None
    deadline: str = "1h"
    dry_run: bool = False
    strict: bool = False
    as_json: bool = False
    config: Path | None = None
    verbose: bool = False


def run_backfill(collectors: Mapping[str, str], options: BackfillOptions) -> int:
    """Print what there is and where it went; raises `ConfigError`, `FetchError` or `SubmitError`."""
    _refuse(options)
    now = time.time()
    loaded = load(options.config, verbose=options.verbose)
    deadline = Deadline(option_duration(options.deadline, "--deadline") or 0)
    with opened(loaded, deadline, read_only=True) as ledger:
        block = blocks(loaded.settings, (options.name,))[options.name]
        context = Context(deadline, Meter(), loaded.environ, ledger, options.name)
        collector = build_collector(collectors, options.name, block, None, context)
        return _Backfill(collector, loaded, options, now).run()


def _refuse(options: BackfillOptions) -> None:
    if options.output and options.push:
        raise ConfigError("--output and --push exclude each other: one is for Prometheus, the other for Datadog")
    if options.push not in (None, "datadog"):
        raise ConfigError(f"--push {options.push!r}: accepted is datadog; for Prometheus write a file with --output")
    if options.as_json and options.output == STDOUT:
        raise ConfigError("--json and --output - both want standard output: name a file")


def moment(text: str, option: str, now: float) -> float:
    """A time as people write it: `90d` before now, `2026-05-01`, `2026-05-01T12:00:00Z` (UTC), or Unix seconds."""
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    try:
        return now - parse_duration(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text!r}: accepted are a length of time before now such as 90d, a time such as 2026-05-01 or "
            "2026-05-01T12:00:00Z, and Unix seconds"
        ) from None


class _Backfill:
    """One call."""

    def __init__(self, collector: AnyCollector, loaded: Loaded, options: BackfillOptions, now: float) -> None:
        settings = loaded.settings
        self._collector, self._loaded, self._options = collector, loaded, options
        shard = parse_shard(options.shard, loaded.environ)
        self._plan = Plan(
            key=RunKey(settings.instance, options.name, str(shard.index)),
            window=window_ending(now, collector.settings.window or settings.window),
            dry=options.dry_run or not (options.output or options.push),
            settle=settings.settle,
            only=options.only,
            exclude=settings.metrics.exclude,
            drop_tags=frozenset(settings.metrics.drop_tags),
            tags=settings.tags,
            shard=shard,
        )
        chosen = tuple(filter(self._plan.selects, collector.metrics()))
        self._metrics = tuple(each for each in chosen if each.kind.of_events)
        self._not_filled = tuple(each for each in chosen if not each.kind.of_events)
        if not self._metrics:
            raise ConfigError(f"--only {options.only!r}: no metric of events of {options.name} is left to fill in")
        self._group = group_labels(self._plan.key)
        self._reach = self._asked(now)
        self._found = Findings()

    def _asked(self, now: float) -> Reach:
        closed = self._plan.closed_until
        until = moment(self._options.until, "--until", now) if self._options.until else closed
        if until > closed:
            raise ConfigError(
                f"--until {self._options.until!r}: no later than {rfc3339(closed)}, the last closed quarter"
            )
        step = option_duration(self._options.step, "--step") or 0
        return reach_of(moment(self._options.since, "--since", now), until, step)

    def run(self) -> int:
        """The exit code, once everything is where it should be and has been told."""
        with closing(self._target()) as target, Watchdog(self._deadline, partial(self._stop, target)) as watchdog:
            self._read(target)
            read = bool(self._found.scopes) or not self._found.scopes_in_all
            with watchdog.shielded():
                words = target.finish() if read else []
        self._tell(words)
        missing = not read or (self._options.strict and self._found.failures)
        return ExitCode.FAILED if missing else ExitCode.OK

    @property
    def _deadline(self) -> Deadline:
        return self._collector.context.deadline

    @property
    def _meter(self) -> Meter:
        return self._collector.context.meter

    def _stop(self, target: Target, why: Literal["deadline", "signal"]) -> None:
        self._deadline.kill_children()
        target.close()
        reason = "the deadline passed (--deadline)" if why == "deadline" else "it was told to stop"
        sys.stderr.write(f"collect: the backfill is not complete: {reason}; run it again\n")

    def _target(self) -> Target:
        path = self._options.output
        if self._options.push:
            return self._datadog()
        if path and not self._plan.dry:
            return OpenMetricsFile(path, self._group, self._reach)
        missing = "nothing was written: give --output FILE for Prometheus, or --push datadog"
        return Nowhere(f"would write {path}" if path else missing)

    def _datadog(self) -> Datadog:
        settings = self._loaded.settings.sinks.datadog if self._loaded.settings.sinks else None
        if settings is None:
            raise ConfigError("--push datadog: set DD_API_KEY, or sinks.datadog in the settings")
        if not settings.historical:
            raise ConfigError(
                "sinks.datadog.historical is false, and without Historical Metrics Datadog drops points older than an "
                "hour; where the account has them, set it to true"
            )
        dry = self._plan.dry
        sink = datadog_sink(settings, None if dry else Secrets(self._loaded.environ), self._deadline, self._meter)
        if not dry:
            sink.prepare(self._plan.key, self._plan.window.end)
        return Datadog(sink, self._plan.key, self._collector.scope, self._reach, dry=dry)

    def _begun(self) -> Begun:
        """What a Pushgateway has counted already; nothing where there is none, or `--until` says where to end."""
        sinks = self._loaded.settings.sinks
        if not self._options.output or self._options.until or not sinks or not sinks.pushgateway:
            return Begun()
        secrets = Secrets(self._loaded.environ)
        sink = pushgateway_sink(sinks.pushgateway, secrets, self._deadline, self._meter)
        return begun(sink.stored(self._plan.key), self._metrics, self._collector.scope)

    def _read(self, target: Target) -> None:
        live = self._begun()
        scopes = self._scopes()
        self._refuse_counted(live, scopes)
        self._found.scopes_in_all = len(scopes)
        since = {name: float(self._reach.since) for name in scopes}
        window = self._plan.window
        if self._reach.since > window.start:
            since = dict.fromkeys(since, window.start)
        for done, item in enumerate(self._collector.fetch(since, window), 1):
            if isinstance(item, Failure):
                self._found.failures.append(item)
            else:
                filled = list(self._filled(scopes[item.scope], item, live))
                target.take(filled)
                self._found.add(item.scope, filled, self._group, self._reach)
            progress(self._options.name, done, len(scopes))

    def _scopes(self) -> dict[str, Scope]:
        found = {each.name: each for each in self._collector.discover()}
        for name in self._options.scopes:
            if name not in found:
                raise ConfigError(f"--scope {name!r} is not among the scopes of {self._options.name}")
        wanted = self._options.scopes or found
        return {name: each for name, each in found.items() if name in wanted and self._plan.shard.owns(name)}

    def _refuse_counted(self, live: Begun, scopes: Mapping[str, Scope]) -> None:
        counting = sorted({scope for scope, _ in live.counting if scope in scopes})
        if counting:
            labels = ",".join(f'{label}="{value}"' for label, value in self._group.items())
            raise ConfigError(
                f"--until is missing: the Pushgateway has counted events of {', '.join(counting[:3])} already, and no "
                "longer tells since when. Ask Prometheus, and give that time: "
                f"min by ({self._collector.scope}) (min_over_time({WATERMARK}{{{labels}}}[1y]))"
            )

    def _filled(self, scope: Scope, snapshot: Any, live: Begun) -> Iterator[Filled]:  # noqa: ANN401  each has its own
        own = {**self._plan.tags, **self._collector.settings.tags, **scope.tags, self._collector.scope: scope.name}
        for metric in self._metrics:
            until = live.until(scope.name, metric.name, self._reach.until)
            samples = attempted(metric, scope.name, partial(self._reduced, metric, snapshot, scope.name, own, until))
            if isinstance(samples, Failure):
                self._found.failures.append(samples)
            elif until > self._reach.since:
                yield Filled(metric, tuple(samples), tuple(series_of(samples, until)))

    def _reduced(
        self,
        metric: Metric,
        snapshot: Any,  # noqa: ANN401
        scope: str,
        tags: Mapping[str, str],
        until: int,
    ) -> list[Sample]:
        span = Span(Window(until, until), self._reach.since, until)  # statistics over a window are not asked for
        return reduce_points(metric, metric.points(snapshot), span, scope, tags, self._plan.drop_tags)

    def _tell(self, words: list[str]) -> None:
        reach, not_filled = self._reach, self._not_filled
        story = Story(self._options.name, self._plan.dry, reach, self._found, not_filled, words)
        if self._options.as_json:
            write_json(story.report())
            return
        text = "".join(f"{line}\n" for line in story.lines())
        if self._options.output == STDOUT and not self._plan.dry:
            sys.stderr.write(text)
        else:
            output().write(text)
