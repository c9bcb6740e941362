"""`collect explain METRIC`: the definition and the records behind a number."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from common.cli.ledgering import opened
from common.cli.output import output, write_json
from common.cli.wiring import AnyCollector, Loaded, blocks, build_collector, load, option_duration, rollups_of
from common.collector import Context, Evidence, Failure
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode, MetricError
from common.ledger import Ledger
from common.meter import Meter
from common.metric import Metric, Point
from common.rollup import Rollup
from common.sample import Sample, Span, reduce_points
from common.sinks.console import human_number, human_value, json_value, rfc3339
from common.summed import over_scopes
from common.window import Window, agreed, window_ending


class ExplainOptions(msgspec.Struct, frozen=True):
    """What the command line asked for."""

    metric: str
    scope: str | None
    window: str | None
    limit: int
    as_json: bool
    config: Path | None
    verbose: bool


class Record(msgspec.Struct, frozen=True):
    """One record behind a number; `at` and `value` are an event's own."""

    id: str
    text: str
    url: str | None
    at: str | None
    value: float | None
    tags: dict[str, str]
    scope: str


class Explanation(msgspec.Struct, frozen=True):
    """A scope's or rollup's number and what it was made of."""

    collector: str
    scope: str
    window: tuple[str, str]
    samples: tuple[tuple[dict[str, str], Any], ...]
    records: tuple[Record, ...]
    records_in_all: int
    failure: str | None = None


class _Found(msgspec.Struct, frozen=True):
    """An explanation with what it was made of; `facts` of a metric that has them."""

    told: Explanation
    samples: Sequence[Sample] = ()
    facts: tuple[Any, ...] = ()


def explain_metric(collectors: Mapping[str, str], options: ExplainOptions) -> int:
    """Print the explanation and return the exit code; raises `ConfigError` for a metric or scope that is not there."""
    loaded = load(options.config, verbose=options.verbose)
    deadline = Deadline(loaded.settings.deadline)
    with opened(loaded, deadline, read_only=True) as ledger:
        found = list(_everywhere(collectors, options, loaded, deadline, ledger))
    if not found:
        raise ConfigError(
            f"--scope {options.scope!r} is neither a scope nor a rollup; `collect --dry-run` shows the scopes"
        )
    _print(found, options)
    return ExitCode.FAILED if any(each.told.failure for _, each in found) else ExitCode.OK


def _everywhere(
    collectors: Mapping[str, str], options: ExplainOptions, loaded: Loaded, deadline: Deadline, ledger: Ledger
) -> Iterator[tuple[Metric, _Found]]:
    now, override = time.time(), option_duration(options.window, "--window")
    known: set[str] = set()
    having: list[tuple[str, AnyCollector, Metric]] = []
    for name, block in blocks(loaded.settings, ()).items():
        context = Context(deadline, Meter(), loaded.environ, ledger, name)
        collector = build_collector(collectors, name, block, override, context)
        by_name = {each.name: each for each in collector.metrics()}
        known |= by_name.keys()
        if options.metric in by_name:
            having.append((name, collector, by_name[options.metric]))
    if options.metric not in known:
        raise ConfigError(f"{options.metric!r} is not a metric of these collectors{_close_to(options.metric, known)}")
    for name, collector, metric in having:
        window = window_ending(now, collector.settings.window or loaded.settings.window)
        for found in _explanations(name, collector, metric, window, options, rollups_of(loaded.settings)):
            yield metric, found


def _close_to(name: str, known: set[str]) -> str:
    import difflib  # noqa: PLC0415  only for a wrong name

    near = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else "; `collect metrics` lists them"


def _explanations(
    name: str,
    collector: AnyCollector,
    metric: Metric,
    window: Window,
    options: ExplainOptions,
    rollups: Sequence[Rollup],
) -> Iterator[_Found]:
    scopes = [scope.name for scope in collector.discover()]
    window = agreed(window, collector.context.meter.read().clock_skew)
    named = {each.name: each for each in rollups}
    rollup = None if options.scope in scopes else named.get(options.scope or "")
    wanted = [each for each in scopes if (rollup.holds(each) if rollup else options.scope in (None, each))]
    if not wanted:
        return
    own = collector.window_of(metric, window)
    items = collector.fetch(dict.fromkeys(wanted, min(own.start, window.start)), window)
    each = (_explain_one(name, collector, metric, own, item, options.limit) for item in items)
    if rollup:
        yield _explain_rollup(name, metric, rollup, own, list(each), options.limit)
    else:
        yield from each


def _explain_one(
    name: str,
    collector: AnyCollector,
    metric: Metric,
    window: Window,
    item: Any,  # noqa: ANN401  each collector has its own snapshots
    limit: int,
) -> _Found:
    span = (rfc3339(window.start), rfc3339(window.end))
    if isinstance(item, Failure):
        return _Found(Explanation(name, item.scope, span, (), (), 0, item.reason))
    try:
        facts = metric.facts_of(item)
        points = metric(item)
        samples = reduce_points(metric, points, Span(window, window.end, 0), item.scope, {})
    except MetricError as error:
        return _Found(Explanation(name, item.scope, span, (), (), 0, str(error)))
    behind = list(_behind(metric, points, window))
    records = tuple(_record(item.scope, each, collector.describe(item, each[0])) for each in behind[:limit])
    return _Found(Explanation(name, item.scope, span, _values(samples), records, len(behind)), samples, facts)


def _explain_rollup(
    name: str, metric: Metric, rollup: Rollup, window: Window, found: Sequence[_Found], limit: int
) -> _Found:
    """The union's number, which is not known where one scope's is not, and the records of all its scopes."""
    span = (rfc3339(window.start), rfc3339(window.end))
    told = [each.told for each in found]
    failures = [f"{each.scope}: {each.failure}" for each in told if each.failure]
    if failures:
        return _Found(Explanation(name, rollup.name, span, (), (), 0, "; ".join(failures)))
    try:
        parts = {each.told.scope: (each.facts, each.samples) for each in found}
        samples = over_scopes(metric, rollup, parts, Span(window, window.end, 0))
    except MetricError as error:
        return _Found(Explanation(name, rollup.name, span, (), (), 0, str(error)))
    records = [record for each in told for record in each.records]
    if metric.kind.of_events:
        records.sort(key=lambda each: each.at or "", reverse=True)
    in_all = sum(each.records_in_all for each in told)
    return _Found(Explanation(name, rollup.name, span, _values(samples), tuple(records[:limit]), in_all), samples)


def _values(samples: Sequence[Sample]) -> tuple[tuple[dict[str, str], Any], ...]:
    return tuple((dict(each.tags), json_value(each)) for each in samples)


def _behind(metric: Metric, points: list[Point], window: Window) -> Iterator[tuple[str, Point]]:
    if metric.kind.of_events:
        inside = [each for each in points if each.at is not None and each.at in window]
        for each in sorted(inside, key=lambda one: -(one.at or 0)):
            yield each.id or "", each
    else:
        for each in points:
            for record in each.of:
                yield record, each


def _record(scope: str, behind: tuple[str, Point], evidence: Evidence) -> Record:
    record, point = behind
    event = point.at is not None
    at = rfc3339(point.at) if point.at is not None else None
    return Record(record, evidence.text, evidence.url, at, point.value if event else None, point.tags, scope)


def _print(found: Sequence[tuple[Metric, _Found]], options: ExplainOptions) -> None:
    out = output()
    if options.as_json:
        rows = [each.told for _, each in found]
        write_json({"schema": 1, "metric": options.metric, "explanations": rows})
        return
    metric = found[0][0]
    out.write(f"{metric.name} ({metric.kind}, {metric.unit})\n{metric.definition}\n")
    for _, each in found:
        out.write(f"\n{each.told.scope}, {each.told.window[0]} to {each.told.window[1]}\n")
        out.write("".join(f"  {line}\n" for line in _lines(metric, each.told, each.samples)))


def _lines(metric: Metric, one: Explanation, samples: Sequence[Sample]) -> Iterator[str]:
    if one.failure:
        yield f"not known: {one.failure}"
        return
    for sample in samples:
        yield " ".join((human_value(sample), metric.unit, *(f"{tag}={value}" for tag, value in sample.tags)))
    if not samples:
        yield "no value: there was nothing to compute it from"
    for record in one.records:
        value = "" if record.value is None else human_number(record.value, metric.unit)
        tags = " ".join(f"{tag}={value}" for tag, value in record.tags.items())
        scope = record.scope if record.scope != one.scope else ""
        yield "  ".join(filter(None, ("-", record.at, scope, value, tags, record.text, record.url)))
    if one.records_in_all > len(one.records):
        yield f"... and {one.records_in_all - len(one.records)} more; --limit shows them"
