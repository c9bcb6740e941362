"""What a backfill tells: its table, its `--json`, and a line of progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from common.backfill import Filled, Reach, size_of
from common.collector import Failure
from common.duration import format_duration
from common.metric import Metric
from common.sinks.console import human_bytes, rfc3339


class Told(msgspec.Struct):
    """What there is of one metric: series, events, and quarters of an hour that have any."""

    metric: str
    kind: str
    series: int = 0
    events: int = 0
    quarters: int = 0


class Findings(msgspec.Struct):
    """What was read, while it comes in; `points` and `bytes` are those of OpenMetrics text."""

    metrics: dict[str, Told] = {}
    scopes: list[str] = []
    scopes_in_all: int = 0
    failures: list[Failure] = []
    points: int = 0
    bytes: int = 0
    not_measured: set[str] = set()

    def add(self, scope: str, filled: Iterable[Filled], group: Mapping[str, str], reach: Reach) -> None:
        """Count one scope in."""
        self.scopes.append(scope)
        for each in filled:
            told = self.metrics.setdefault(each.metric.name, Told(each.metric.name, each.metric.kind.value))
            told.series += len(each.series)
            told.events += sum(one.events for one in each.series)
            told.quarters += sum(len(one.buckets) for one in each.series)
            for points, size in (size_of(each.metric, one, group, reach) for one in each.series):
                self.points, self.bytes = self.points + points, self.bytes + size
            if any(sample.basis != "measured" for sample in each.samples):
                self.not_measured.add(each.metric.name)


class Story(msgspec.Struct, frozen=True):
    """One backfill as it is told; `words` say where it went."""

    collector: str
    dry: bool
    reach: Reach
    found: Findings
    not_filled: Sequence[Metric]
    words: Sequence[str]

    def report(self) -> dict[str, Any]:
        """What `--json` prints."""
        found = self.found
        return {
            "schema": 1,
            "collector": self.collector,
            "dry_run": self.dry,
            "since": rfc3339(self.reach.since),
            "until": rfc3339(self.reach.until),
            "step": self.reach.step,
            "scopes": found.scopes,
            "metrics": sorted(found.metrics.values(), key=_name),
            "points": found.points,
            "bytes": found.bytes,
            "not_measured": sorted(found.not_measured),
            "not_filled": [each.name for each in self.not_filled],
            "failures": found.failures,
            "target": list(self.words),
        }

    def lines(self) -> Iterator[str]:
        """The same for people."""
        found, reach = self.found, self.reach
        kind = "dry run" if self.dry else "done" if found.scopes else "nothing read"
        span = f"{rfc3339(reach.since)} to {rfc3339(reach.until)} ({format_duration(reach.until - reach.since)})"
        yield f"{self.collector}: backfill ({kind}) · {span} · {len(found.scopes)} of {found.scopes_in_all} scopes read"
        yield ""
        yield from _table(sorted(found.metrics.values(), key=_name))
        yield ""
        yield (
            f"as OpenMetrics text: {found.points:,} points, one every {format_duration(reach.step)}, "
            f"about {human_bytes(found.bytes)}"
        )
        for each in found.failures:
            what = " ".join(filter(None, (each.scope, each.metric))) or "the source"
            yield f"missing: {what}: {each.reason}"
        if found.not_measured:
            yield f"not measured in full (a lower bound, derived or estimated): {', '.join(sorted(found.not_measured))}"
        if self.not_filled:
            names = ", ".join(each.name for each in self.not_filled)
            yield f"not filled in, because a source does not tell what states and statistics were: {names}"
        yield from self.words


def progress(collector: str, done: int, of: int) -> None:
    """A line on a terminal's standard error, gone after the last scope."""
    if of > 1 and sys.stderr.isatty():
        sys.stderr.write(f"\r{collector}: {done} of {of} scopes" if done < of else "\r\x1b[K")
        sys.stderr.flush()


def _name(told: Told) -> str:
    return told.metric


def _table(rows: Sequence[Told]) -> Iterator[str]:
    heads = ("METRIC", "KIND", "SERIES", "EVENTS", "QUARTERS")
    cells = [heads, *((each.metric, each.kind, *map(str, (each.series, each.events, each.quarters))) for each in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        words = (each.ljust(width) for each, width in zip(row[:2], widths[:2], strict=True))
        numbers = (each.rjust(width) for each, width in zip(row[2:], widths[2:], strict=True))
        yield "  ".join((*words, *numbers))
