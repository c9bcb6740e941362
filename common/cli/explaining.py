"""`collect explain METRIC`: the definition and the records behind a number."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from common.cli.output import output, write_json
from common.cli.wiring import AnyCollector, blocks, build_collector, load, option_duration
from common.collector import Context, Evidence, Failure
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode, MetricError
from common.meter import Meter
from common.metric import Metric, Point
from common.sample import Sample, Span, reduce_points
from common.sinks.console import human_number, human_value, json_value, rfc3339
from common.window import Window, window_ending


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


class Explanation(msgspec.Struct, frozen=True):
    """One scope's number and what it was made of."""

    collector: str
    scope: str
    window: tuple[str, str]
    samples: tuple[tuple[dict[str, str], Any], ...]
    records: tuple[Record, ...]
    records_in_all: int
    failure: str | None = None


def explain_metric(collectors: Mapping[str, str], options: ExplainOptions) -> int:
    """Print the explanation and return the exit code; raises `ConfigError` for a metric or scope that is not there."""
    loaded = load(options.config, verbose=options.verbose)
    now = time.time()
    found: list[tuple[Metric, Explanation, list[Sample]]] = []
    known: set[str] = set()
    for name, block in blocks(loaded.settings, ()).items():
        context = Context(Deadline(loaded.settings.deadline), Meter(), loaded.environ)
        collector = build_collector(collectors, name, block, option_duration(options.window, "--window"), context)
        known |= {each.name for each in collector.metrics()}
        metric = next((each for each in collector.metrics() if each.name == options.metric), None)
        if metric:
            window = window_ending(now, collector.settings.window or loaded.settings.window)
            found += [(metric, *each) for each in _explanations(name, collector, metric, window, options)]
    if options.metric not in known:
        raise ConfigError(f"{options.metric!r} is not a metric of these collectors{_close_to(options.metric, known)}")
    if not found:
        raise ConfigError(f"--scope {options.scope!r} is not among the scopes; `collect run -v` names them")
    _print(found, options)
    return ExitCode.FAILED if any(each.failure for _, each, _ in found) else ExitCode.OK


def _close_to(name: str, known: set[str]) -> str:
    import difflib  # noqa: PLC0415  only for a wrong name

    near = difflib.get_close_matches(name, known, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else "; `collect metrics` lists them"


def _explanations(
    name: str, collector: AnyCollector, metric: Metric, window: Window, options: ExplainOptions
) -> Iterator[tuple[Explanation, list[Sample]]]:
    scopes = [scope for scope in collector.discover() if options.scope in (None, scope.name)]
    own = collector.window_of(metric, window)
    for item in collector.fetch({scope.name: min(own.start, window.start) for scope in scopes}, window):
        yield _explain_one(name, collector, metric, own, item, options.limit)


def _explain_one(
    name: str,
    collector: AnyCollector,
    metric: Metric,
    window: Window,
    item: Any,  # noqa: ANN401  each collector has its own snapshots
    limit: int,
) -> tuple[Explanation, list[Sample]]:
    span = (rfc3339(window.start), rfc3339(window.end))
    if isinstance(item, Failure):
        return Explanation(name, item.scope, span, (), (), 0, item.reason), []
    try:
        points = metric(item)
        samples = reduce_points(metric, points, Span(window, window.end, 0), item.scope, {})
    except MetricError as error:
        return Explanation(name, item.scope, span, (), (), 0, str(error)), []
    behind = list(_behind(metric, points, window))
    records = tuple(_record(each, collector.describe(item, each[0])) for each in behind[:limit])
    values = tuple((dict(each.tags), json_value(each)) for each in samples)
    return Explanation(name, item.scope, span, values, records, len(behind)), samples


def _behind(metric: Metric, points: list[Point], window: Window) -> Iterator[tuple[str, Point]]:
    if metric.kind.of_events:
        inside = [each for each in points if each.at is not None and each.at in window]
        for each in sorted(inside, key=lambda one: -(one.at or 0)):
            yield each.id or "", each
    else:
        for each in points:
            for record in each.of:
                yield record, each


def _record(behind: tuple[str, Point], evidence: Evidence) -> Record:
    record, point = behind
    event = point.at is not None
    at = rfc3339(point.at) if point.at is not None else None
    return Record(record, evidence.text, evidence.url, at, point.value if event else None, point.tags)


def _print(found: list[tuple[Metric, Explanation, list[Sample]]], options: ExplainOptions) -> None:
    out = output()
    if options.as_json:
        rows = [each for _, each, _ in found]
        body = {"schema": 1, "metric": options.metric, "explanations": rows}
        write_json(body)
        return
    metric = found[0][0]
    out.write(f"{metric.name} ({metric.kind}, {metric.unit})\n{metric.definition}\n")
    for _, each, samples in found:
        out.write(f"\n{each.scope}, {each.window[0]} to {each.window[1]}\n")
        out.write("".join(f"  {line}\n" for line in _lines(metric, each, samples)))


def _lines(metric: Metric, one: Explanation, samples: list[Sample]) -> Iterator[str]:
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
        yield "  ".join(filter(None, ("-", record.at, value, tags, record.text, record.url)))
    if one.records_in_all > len(one.records):
        yield f"... and {one.records_in_all - len(one.records)} more; --limit shows them"
