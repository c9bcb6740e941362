"""A run as people and programs read it: a table on a terminal, plain text in a pipe, or one JSON object."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Protocol, cast

import msgspec

from common.duration import format_duration
from common.metric import Kind
from common.outcome import Run, Submission
from common.sample import Sample
from common.window import DAY, HOUR, MINUTE, Window


class Out(Protocol):
    """As much of a text stream as is needed here."""

    def write(self, text: str, /) -> int: ...
    def isatty(self) -> bool: ...


Value = float | int | dict[str, float | int]


class SampleReport(msgspec.Struct, frozen=True):
    """One series: a gauge's number, a count's events in the window, or a distribution's statistics, in `unit`."""

    metric: str
    kind: str
    unit: str
    tags: dict[str, str]
    value: Value
    basis: str = "measured"


class FailureReport(msgspec.Struct, frozen=True):
    """What is missing: a scope, one metric of it, or (with an empty scope) the whole source."""

    scope: str
    reason: str
    metric: str | None = None


class SubmissionReport(msgspec.Struct, frozen=True):
    """What a sink took, or would take in a dry run. For Datadog each series is one custom metric."""

    series: int
    bytes: int
    requests: int
    rejected: tuple[str, ...]
    error: str | None = None


class WindowReport(msgspec.Struct, frozen=True):
    """Half-open, as RFC 3339 in UTC."""

    start: str
    end: str


class RunReport(msgspec.Struct, frozen=True):
    """One look of one collector."""

    collector: str
    outcome: str
    dry_run: bool
    window: WindowReport
    scopes: tuple[str, ...]
    samples: tuple[SampleReport, ...]
    without_value: tuple[dict[str, str], ...]
    failures: tuple[FailureReport, ...]
    requests: dict[str, dict[str, int]]
    submission: dict[str, SubmissionReport]
    seconds: float


class Report(msgspec.Struct, frozen=True):
    """What `--json` prints."""

    schema: int
    runs: tuple[RunReport, ...]


def report(runs: Iterable[Run]) -> Report:
    """The runs in the documented schema."""
    return Report(1, tuple(_run_report(run) for run in runs))


def rfc3339(at: float) -> str:
    """The time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def write(run: Run, out: Out, *, verbose: bool = False, health: Sequence[Sample] = ()) -> None:
    """The run as a table: Rich on a terminal, aligned text elsewhere; `verbose` adds health and all names."""
    samples = [*run.samples, *(health if verbose else ())]
    only = _only_scope(run)
    rows = [_row(each, only) for each in samples]
    out.write(_headline(run, only) + "\n\n")
    if rows and out.isatty():
        _rich_table(rows, out)
    elif rows:
        out.write("".join(line + "\n" for line in _aligned([_HEADER, *rows])))
    out.write("\n" if rows else "")
    out.write("".join(line + "\n" for line in _footer(run, verbose=verbose)))


def _only_scope(run: Run) -> str | None:
    """The scope's name where there is just one: the headline tells it, so that the rows need not."""
    return run.scopes[0] if len(run.scopes) == 1 else None


_HEADER = ("METRIC", "VALUE", "UNIT", "TAGS")
_STATISTICS = ("count", "avg", "min", "p50", "p90", "p95", "p99", "max")


def _run_report(run: Run) -> RunReport:
    requests: dict[str, dict[str, int]] = {}
    for (api, result), count in sorted(run.usage.requests.items()):
        requests.setdefault(api, {})[result] = count
    return RunReport(
        collector=run.collector,
        outcome=run.outcome,
        dry_run=run.dry,
        window=WindowReport(rfc3339(run.window.start), rfc3339(run.window.end)),
        scopes=run.scopes,
        samples=tuple(_sample_report(each) for each in run.samples),
        without_value=tuple({"scope": scope, "metric": metric} for scope, metric in run.without_value),
        failures=tuple(FailureReport(each.scope, each.reason, each.metric) for each in run.failures),
        requests=requests,
        submission={
            each.sink: SubmissionReport(each.series, each.payload, each.requests, each.notes, each.error)
            for each in run.submissions
        },
        seconds=round(run.ended - run.started, 3),
    )


def _sample_report(sample: Sample) -> SampleReport:
    metric = sample.metric
    return SampleReport(
        metric.name, metric.kind.value, metric.unit, dict(sample.tags), json_value(sample), sample.basis
    )


def json_value(sample: Sample) -> Value:
    """The sample's value as `--json` gives it."""
    if sample.metric.kind is not Kind.DISTRIBUTION:
        return _exact(sample.value)
    if sample.summary is None:
        return {"count": 0}
    return {name: _exact(getattr(sample.summary, name)) for name in _STATISTICS}


def _exact(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _headline(run: Run, only: str | None) -> str:
    scopes = f"{len(run.scopes_read)} of {len(run.scopes)} scopes read" if run.scopes else "nothing read"
    kind = "dry run" if run.dry else "submitted" if run.outcome != "failed" else "not submitted"
    where = f"{run.collector} of {only}" if only else run.collector
    return f"{where}: {run.outcome} ({kind}) · {_span(run.window)} · {scopes} · {run.ended - run.started:.1f} s"


def _span(window: Window) -> str:
    return f"{rfc3339(window.start)} to {rfc3339(window.end)} ({format_duration(round(window.length))})"


def _row(sample: Sample, only: str | None) -> tuple[str, str, str, str]:
    own = set(sample.metric.tags)
    shown = [pair for pair in sample.tags if pair[1] != only or pair[0] in own]
    tags = " ".join(f"{tag}={value}" for tag, value in sorted(shown, key=lambda pair: pair[0] in own))
    mark = "" if sample.basis == "measured" else f" ({sample.basis.replace('_', ' ')})"
    unit = "" if sample.metric.unit in _UNITLESS else sample.metric.unit.strip("{}")
    return sample.metric.name, human_value(sample) + mark, unit, tags


_UNITLESS = {"1", "s", "unix", "bool"}
"""Units that the value itself shows: a ratio, hours and minutes, a date, yes or no."""


def human_value(sample: Sample) -> str:
    """The sample's value for people: durations in hours and minutes, times in UTC, distributions by their quantiles."""
    unit = sample.metric.unit
    if sample.metric.kind is not Kind.DISTRIBUTION:
        return human_number(sample.value, unit)
    if sample.summary is None:
        return "count 0"
    shown = (f"{name} {human_number(getattr(sample.summary, name), unit)}" for name in ("p50", "p95", "max"))
    return f"count {sample.summary.count}  " + "  ".join(shown)


def human_number(value: float, unit: str) -> str:
    """One number in its unit, as a person writes it."""
    if unit == "s":
        return ("-" if value < 0 else "") + _readable(abs(value))
    if unit == "unix":
        return rfc3339(value)
    if unit == "bool":
        return "yes" if value else "no"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def _readable(seconds: float) -> str:
    """A length of time to the minute above an hour and to the hour above a day: `29d16h`."""
    step = next((size for size, above in ((HOUR, DAY), (MINUTE, HOUR), (1, 1)) if seconds >= above), None)
    return format_duration(round(seconds / step) * step if step else seconds)


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _rich_table(rows: Iterable[tuple[str, str, str, str]], out: Out) -> None:
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in _HEADER:
        table.add_column(title, no_wrap=title != "TAGS", overflow="fold")
    previous = ""
    for name, value, unit, tags in rows:
        shown = "" if name == previous else name
        table.add_row(
            Text(shown, "cyan"), Text(value, "dim" if value == "0" else ""), Text(unit, "dim"), Text(tags, "dim")
        )
        previous = name
    Console(file=cast(IO[str], out)).print(table)


def _footer(run: Run, *, verbose: bool) -> Iterator[str]:
    yield from _missing(run)
    if run.without_value:
        names = sorted({metric for _, metric in run.without_value})
        yield f"no value, for there was nothing to compute it from or a setting is off: {', '.join(names)}"
    if run.skipped:
        left_out = ", ".join(run.skipped) if verbose else f"{len(run.skipped)} metrics (-v names them)"
        yield f"left out by --only or the settings: {left_out}"
    yield "requests: " + (_requests(run) or "none")
    for gap in run.gaps:
        lost = format_duration(round(gap.seconds))
        yield f"gap: {gap.sink} will never get {lost} of {gap.scope}: it lies behind the catch-up"
    for sent in run.submissions:
        yield _submission_line(run, sent)


def _missing(run: Run) -> Iterator[str]:
    """What is missing, by reason: a cut history costs many metrics for one cause."""
    metrics: dict[tuple[str, str], list[str]] = {}
    for each in run.failures:
        found = metrics.setdefault((each.scope, each.reason), [])
        if each.metric:
            found.append(each.metric)
    for (scope, reason), names in metrics.items():
        what = " ".join(filter(None, (scope, ", ".join(names)))) or "the source"
        yield f"missing: {what}: {reason}"


def _requests(run: Run) -> str:
    return ", ".join(f"{api} {result} {count}" for (api, result), count in sorted(run.usage.requests.items()))


def _submission_line(run: Run, each: Submission) -> str:
    if each.error and not each.series:
        return f"{each.sink}: not submitted: {each.error}"
    verb = "a submission would send" if run.dry else "took"
    size = f"{each.series} series, {human_bytes(each.payload)}, {each.requests} request{'s' * (each.requests != 1)}"
    custom = f" ({each.series} Datadog custom metrics)" if each.sink == "datadog" else ""
    left_out = f"; left out: {'; '.join(each.notes)}" if each.notes else ""
    failed = f"; but {each.error}" if each.error else ""
    return f"{each.sink}: {verb} {size}{custom}{left_out}{failed}"


def human_bytes(count: float) -> str:
    """A number of bytes in powers of 1000."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
