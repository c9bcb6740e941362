"""Where a backfill goes: a file for promtool, Datadog, or nowhere. One scope at a time, so memory does not grow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Protocol

import msgspec

from common.backfill import END, Filled, Reach, Series, cut, family, slices
from common.cli.output import output
from common.errors import SubmitError
from common.metric import Metric
from common.sample import Sample
from common.sinks import Batch, RunKey
from common.sinks.console import human_bytes
from common.sinks.datadog.sink import DatadogSink

STDOUT = Path("-")
_LOAD = "promtool tsdb create-blocks-from --max-block-duration=744h openmetrics"
"""Without that length promtool reads the text once for every two hours in it."""


class Target(Protocol):
    """Takes the series of each scope as they come; nothing is left behind unless `finish` returned."""

    def take(self, scope: Sequence[Filled]) -> None:
        """All metrics of one scope; raises `SubmitError`."""

    def finish(self) -> list[str]:
        """Complete what was taken, and say in a sentence or two what there is now; raises `SubmitError`."""

    def close(self) -> None:
        """Remove what is incomplete."""


class Nowhere:
    """Writes nothing; `words` say what would be, or what is missing."""

    def __init__(self, words: str) -> None:
        self._words = words

    def take(self, scope: Sequence[Filled]) -> None:
        """Keep nothing."""

    def finish(self) -> list[str]:
        """The words."""
        return [self._words]

    def close(self) -> None:
        """Nothing is open."""


class OpenMetricsFile:
    """OpenMetrics text at a path, or on standard output.

    A family must be in one place and scopes come one after the other, so series wait in a temporary file for each
    family, without the points that only repeat. The path appears when the text is whole.
    """

    def __init__(self, path: Path, group: Mapping[str, str], reach: Reach) -> None:
        self._path, self._group, self._reach = path, group, reach
        self._part = path.with_name(f"{path.name}.part")
        self._waiting: dict[Metric, IO[bytes]] = {}
        self._stack = ExitStack()

    def take(self, scope: Sequence[Filled]) -> None:
        """Let the series wait."""
        for filled in scope:
            if filled.metric not in self._waiting:
                self._waiting[filled.metric] = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            self._waiting[filled.metric].writelines(msgspec.json.encode(each) + b"\n" for each in filled.series)

    def finish(self) -> list[str]:
        """Write the text; raises `SubmitError` where it cannot be written."""
        try:
            if self._path == STDOUT:
                size = _written(output(), self._text())
                output().flush()
                return [f"{human_bytes(size)} of OpenMetrics text on standard output"]
            with self._part.open("w", encoding="utf-8") as out:
                size = _written(out, self._text())
            self._part.replace(self._path)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise SubmitError(f"--output {self._path}: it could not be written: {error.strerror}") from None
        finally:
            self.close()
        return [f"wrote {self._path}, {human_bytes(size)}; load it with: {_LOAD} {self._path} FOLDER"]

    def close(self) -> None:
        """Remove the incomplete file and what waited."""
        self._stack.close()
        if self._path != STDOUT:
            self._part.unlink(missing_ok=True)

    def _text(self) -> Iterator[str]:
        for metric in sorted(self._waiting, key=lambda each: each.name):
            yield from family(metric, self._series(metric), self._group, self._reach)
        yield END

    def _series(self, metric: Metric) -> Iterator[Series]:
        waiting = self._waiting[metric]
        waiting.seek(0)
        return map(_SERIES.decode, waiting)


_SERIES = msgspec.json.Decoder(Series)


class _Out(Protocol):
    def write(self, text: str, /) -> int: ...


def _written(out: _Out, pieces: Iterator[str]) -> int:
    size = 0
    for piece in pieces:
        out.write(piece)
        size += len(piece.encode()) if not piece.isascii() else len(piece)
    return size


class Datadog:
    """Counts to Datadog: a week of one scope at a time, each point stamped with the start of its quarter."""

    def __init__(self, sink: DatadogSink, key: RunKey, scope_tag: str, reach: Reach, *, dry: bool) -> None:
        self._sink, self._key, self._scope_tag, self._reach, self._dry = sink, key, scope_tag, reach, dry
        self._points = self._payload = self._requests = 0
        self._rejected: list[str] = []

    def take(self, scope: Sequence[Filled]) -> None:
        """Send the counts; raises `SubmitError`."""
        for start, end in slices(self._reach):
            if part := cut((sample for filled in scope for sample in filled.samples), start, end):
                self._send(part, end)

    def _send(self, samples: tuple[Sample, ...], end: int) -> None:
        batch = Batch(key=self._key, end=end, closed_until=end, samples=samples, metrics=(), scope_tag=self._scope_tag)
        try:
            receipt = self._sink.estimate(batch) if self._dry else self._sink.submit(batch)
        except SubmitError as error:
            raise SubmitError(
                f"{error}; {self._points} points before it were taken, and sending them again is harmless"
            ) from None
        self._points += sum(len(each.buckets) for each in samples)
        self._payload, self._requests = self._payload + receipt.payload, self._requests + receipt.requests
        self._rejected.extend(receipt.rejected)

    def finish(self) -> list[str]:
        """What Datadog took."""
        verb = "a submission would send" if self._dry else "took"
        size = f"{self._points} points, {human_bytes(self._payload)}, {self._requests} requests"
        return [f"datadog: {verb} {size}", *(f"datadog: left out: {each}" for each in self._rejected)]

    def close(self) -> None:
        """Nothing is open: what was sent may be sent again."""
