"""A real VictoriaMetrics, new enough for Datadog's v2 series.

It takes them plain, as gzip and as deflate; no release knows `zstd1`. Of two values at one timestamp it keeps both, and
which one a query reads is not defined: it cannot show that the last one wins.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.parts.process import Process, free_port, part
from tests.parts.prometheus import Queried, instant_query, is_ready, single

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class VictoriaMetrics:
    """A running VictoriaMetrics; `datadog_url` is the base address for a Datadog client."""

    url: str
    process: Process

    @property
    def datadog_url(self) -> str:
        """What DD_URL would be."""
        return f"{self.url}/datadog"

    def flush(self) -> None:
        """Makes everything taken so far visible to queries."""
        requests.get(f"{self.url}/internal/force_flush", timeout=10).raise_for_status()

    def query(self, promql: str, at: float | None = None) -> list[Queried]:
        """The rows of an instant query, everything taken so far included."""
        self.flush()
        return instant_query(self.url, promql, at)

    def value(self, promql: str, at: float | None = None) -> float:
        """The only value of an instant query."""
        return single(self.query(promql, at), promql)


@contextmanager
def running(folder: Path) -> Iterator[VictoriaMetrics]:
    """A VictoriaMetrics that keeps its files in `folder` and ends with the block."""
    with free_port() as port:
        url = f"http://127.0.0.1:{port}"
        command = [
            str(part("victoria-metrics")),
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-storageDataPath={folder / 'victoria-metrics'}",
            "-retentionPeriod=10y",
            "-search.latencyOffset=0s",
            "-search.disableCache",
        ]
        process = Process(command, folder / "victoria-metrics.log", lambda: is_ready(f"{url}/health"))
        try:
            process.start()
            yield VictoriaMetrics(url, process)
        finally:
            process.stop()
