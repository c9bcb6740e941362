"""CPU of submitting 50,000 series, as a multiple of encoding and compressing the same bodies from plain structs.

Run it with `python -m tests.bench.datadog_bench`. The server runs in another process; both sides run in turn, in one.
"""

from __future__ import annotations

import gc
import multiprocessing
import random
import statistics
import time
from typing import TYPE_CHECKING

import msgspec
import zstandard

from common.deadline import Deadline
from common.meter import Meter
from common.metric import Kind, Metric, point
from common.metric import metric as define
from common.sample import Sample, Span, reduce_points
from common.settings import DatadogSettings
from common.sinks import Batch, RunKey
from common.sinks.datadog.bodies import Cutter
from common.sinks.datadog.sink import DatadogSink
from common.window import BUCKET, DAY, Window
from tests.servers.datadog import API_KEY, DatadogServer
from tests.servers.loopback import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

SCOPES, GAUGES, COUNTS, DISTRIBUTIONS = 1000, 20, 6, 8
PAIRS = 7
END = 1_790_000_100
SPAN = Span(Window(END - 7 * DAY, END), END - 3000, END // BUCKET * BUCKET)
LETTERS = "abcdefghijklmnopqrst"


class PlainPoint(msgspec.Struct):
    timestamp: int
    value: int | float


class PlainSeries(msgspec.Struct, omit_defaults=True, kw_only=True):
    metric: str
    type: int
    interval: int | None = None
    unit: str | None = None
    points: list[PlainPoint]
    tags: list[str]


class PlainPayload(msgspec.Struct):
    series: list[PlainSeries]


def metric_of(kind: Kind, number: int) -> Metric:
    """One metric of many."""

    @define(f"bench.{kind}.number_{LETTERS[number]}", unit=("s", "{commit}", "1")[number % 3], kind=kind)
    def compute(_: object) -> None:
        """A number."""

    return compute


def points_of(metric: Metric, chance: random.Random) -> Iterator[object]:
    """Some points for one scope."""
    if metric.kind is Kind.GAUGE:
        yield point(chance.choice((chance.randrange(1000), chance.random() * 1e5)))
    for number in range(3 if metric.kind.of_events else 0):
        value = 1 if metric.kind is Kind.COUNT else chance.random() * 1e5
        yield point(value, at=SPAN.closed_until - chance.random() * 2 * BUCKET - 1, id=str(number))


def batch() -> Batch:
    """What a run over many repositories hands to a sink."""
    chance = random.Random(1)
    amounts = {Kind.GAUGE: GAUGES, Kind.COUNT: COUNTS, Kind.DISTRIBUTION: DISTRIBUTIONS}
    metrics = tuple(metric_of(kind, number) for kind, amount in amounts.items() for number in range(amount))
    samples: list[Sample] = []
    for number in range(SCOPES):
        scope = f"acme/service-{number}"
        tags = {"repo": scope, "team": f"team-{number % 20}", "env": "production"}
        for metric in metrics:
            samples += reduce_points(metric, points_of(metric, chance), SPAN, scope, tags)
    return Batch(RunKey("bench", "github"), END, SPAN.closed_until, tuple(samples), metrics)


def serve(connection: Connection) -> None:
    """The server's process: says its address and ends when told to."""
    server = DatadogServer(lambda: END, validate=False)
    with serving(server):
        connection.send(server.url)
        connection.recv()


def main() -> None:
    """Print the ratio of each pair and their median."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    url = ours.recv()
    try:
        measure(url)
    finally:
        ours.send(None)
        process.join()


def measure(url: str) -> None:
    """Submit and encode in turn."""
    work = batch()
    sink = DatadogSink(DatadogSettings(url=url), api_key=API_KEY, deadline=Deadline(600), meter=Meter())
    bodies = list(Cutter("zstd").bodies(sink._encoded(work, ()).texts))
    inflater = zstandard.ZstdDecompressor()
    plain = [msgspec.json.decode(inflater.decompress(body.compressed), type=PlainPayload) for body in bodies]
    print(f"{sum(body.series for body in bodies)} series, {len(bodies)} requests, ", end="")
    print(f"{sum(body.inflated for body in bodies)} bytes, {sum(len(body.compressed) for body in bodies)} compressed")
    sink.submit(work)  # imports, and the connection
    ratios = []
    for _ in range(PAIRS):
        gc.collect()
        started = time.process_time()
        sink.submit(work)
        submitted = time.process_time() - started
        gc.collect()
        started = time.process_time()
        compressor = zstandard.ZstdCompressor(level=3)
        sizes = [len(compressor.compress(msgspec.json.encode(each))) for each in plain]
        encoded = time.process_time() - started
        ratios.append(submitted / encoded)
        assert sizes == [len(body.compressed) for body in bodies]
        print(f"submit {submitted * 1e3:.0f} ms, encode and compress {encoded * 1e3:.0f} ms, ", end="")
        print(f"ratio {ratios[-1]:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f} (at most 1.5)")


if __name__ == "__main__":
    main()
