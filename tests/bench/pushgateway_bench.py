"""50,000 samples to a real Pushgateway: a run's whole cycle against one PUT of the same bytes.

    python -m tests.bench.pushgateway_bench [PAIRS]

Prints the ratio (at most 5 is wanted) and what each part took, all in one run on one machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from common.deadline import Deadline
from common.meter import Meter
from common.metric import Kind, Metric, Point, metric, point
from common.sample import Bucket, Sample
from common.settings import PushgatewaySettings
from common.sinks import Batch, RunKey
from common.sinks.pushgateway.exposition import render
from common.sinks.pushgateway.gateway import Gateway, group_path
from common.sinks.pushgateway.merge import families_of
from common.sinks.pushgateway.sink import PushgatewaySink
from common.sinks.pushgateway.stored import group_labels, stored_for
from common.stats import summarise
from tests.parts.pushgateway import running

KEY = RunKey("bench", "bench")
SCOPES, RESULTS = 500, 20
QUARTER = 1_780_056_000


def define(number: int, kind: Kind) -> Metric:
    """One of the metrics; what it computes does not matter here."""

    def compute(_: object) -> Iterator[Point]:
        """Things of one kind that were seen in a repository."""
        yield point(0)

    unit = "s" if kind is Kind.DISTRIBUTION else "{thing}"
    return metric(f"bench.{kind}{number}.thing", unit=unit, kind=kind, tags={"result": None})(compute)


def samples_of(metrics: tuple[Metric, ...], closed_until: int) -> tuple[Sample, ...]:
    """Counts, gauges and distributions: 50,000 samples, which make twice as many series."""
    values = (1.5, 2.25, 3.0, 10.0)
    return tuple(
        Sample(
            each,
            f"owner/repository-{scope}",
            tuple({"env": "prod", "repo": f"owner/repository-{scope}", "result": f"r{result}", "team": "t"}.items()),
            float(scope),
            values=values if each.kind is Kind.DISTRIBUTION else (),
            summary=summarise(values) if each.kind is Kind.DISTRIBUTION else None,
            buckets=(Bucket(closed_until - 900, 2, 2.0),) if each.kind.of_events else (),
        )
        for each in metrics
        for scope in range(SCOPES)
        for result in range(RESULTS)
    )


def batch_at(metrics: tuple[Metric, ...], closed_until: int) -> Batch:
    """A run's batch at that quarter."""
    samples = samples_of(metrics, closed_until)
    scopes = frozenset(each.scope for each in samples)
    recomputed = frozenset((scope, each.name) for scope in scopes for each in metrics)
    return Batch(KEY, closed_until + 120, closed_until, samples, metrics, recomputed, scopes, "repo")


def seconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def parts(gateway: Gateway, batch: Batch) -> dict[str, float]:
    """What each step of the cycle takes by itself."""
    groups = gateway.groups()
    stored = stored_for(groups, KEY)
    families = families_of(batch, stored, stored)
    return {
        "read": seconds(gateway.groups),
        "understand": seconds(lambda: stored_for(groups, KEY)),
        "look again": seconds(lambda: gateway.pushed(group_labels(KEY))),
        "carry on": seconds(lambda: families_of(batch, stored, stored)),
        "write text": seconds(lambda: render(families)),
    }


def pair(url: str, gateway: Gateway, batch: Batch) -> tuple[float, float]:
    """What the cycle takes, and one PUT of the bytes that it would send."""
    stored = stored_for(gateway.groups(), KEY)
    body = render(families_of(batch, stored, stored))
    with requests.Session() as session:
        place = url + group_path(group_labels(KEY))
        alone = seconds(lambda: session.put(place, data=body, timeout=60).raise_for_status())
    sink = PushgatewaySink(lambda: gateway, Meter())
    return seconds(lambda: (sink.prepare(KEY, batch.end), sink.submit(batch))), alone


def compare(url: str, pairs: int) -> None:
    """Prints the pairs, their ratios and the parts."""
    kinds = (Kind.COUNT, Kind.COUNT, Kind.COUNT, Kind.GAUGE, Kind.DISTRIBUTION)
    metrics = tuple(define(number, kind) for number, kind in enumerate(kinds))
    gateway = Gateway(PushgatewaySettings(url=url), Deadline(600), Meter())
    sink = PushgatewaySink(lambda: gateway, Meter())
    batch = batch_at(metrics, QUARTER)
    sink.prepare(KEY, batch.end)
    receipt = sink.submit(batch)
    print(f"{len(batch.samples)} samples, {receipt.series} series, {receipt.payload} bytes")
    ratios = []
    for number in range(1, pairs + 1):
        whole, alone = pair(url, gateway, batch_at(metrics, QUARTER + number * 900))
        ratios.append(whole / alone)
        print(f"pair {number}: cycle {whole:.3f} s, one PUT {alone:.3f} s, ratio {ratios[-1]:.2f}")
    print(f"ratio, median of {pairs}: {statistics.median(ratios):.2f} (wanted: at most 5)")
    for name, took in parts(gateway, batch).items():
        print(f"  {name:12} {took:.3f} s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as started:
        compare(started.url, int(sys.argv[1]) if len(sys.argv) > 1 else 5)
