"""Samples to Datadog: series with timestamps of their own, so that sending them again overwrites what is there.

Datadog keeps the last value for one name, set of tags and timestamp. A count's point is stamped with its bucket's start
and a gauge's with the run's end, so a run that dies half way, or twice the same run, leaves what one run leaves. A
bucket without events is not sent, unless a ledger remembers that it was sent with some: then it is an explicit zero.
Without a ledger the earlier value stays where history was rewritten within the last 50 minutes.

Series carry no host: a job's pod lives for a minute, and each name would cost a custom metric per series. Running
totals are sent as what they grew by in each bucket, where a ledger knows it. What takes Datadog's series without being
Datadog may not know its zstd (VictoriaMetrics does not): `compression: deflate`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from common.collector import Check
from common.deadline import Deadline
from common.errors import ConfigError, SubmitError
from common.meter import Meter
from common.retry import Transient
from common.sample import Tags
from common.secrets import Secrets
from common.settings import DatadogSettings
from common.sinks import Batch, Owed, Receipt, RunKey
from common.sinks.datadog.bodies import ENCODINGS, Body, Cutter, default_compression
from common.sinks.datadog.doctor import findings
from common.sinks.datadog.series import Encoded, Options, encode
from common.sinks.datadog.transport import LIMIT, MISSING, Access, Answer, TooLargeError, Transport, errors_in
from common.window import BUCKET, CATCH_UP

SERIES = "/api/v2/series"
REACH = 3000.0
"""The most seconds before a run's end that a bucket may start: Datadog takes points of the last hour when they come."""
_HALVINGS = 6


def build(
    settings: DatadogSettings, secrets: Secrets | None, deadline: Deadline, meter: Meter, catch_up: float = CATCH_UP
) -> DatadogSink:
    """The sink of these settings; without `secrets` it can only estimate. Raises `ConfigError`."""
    api_key, app_key = (
        secrets.get(reference, f"sinks.datadog.{name}") if secrets and reference else None
        for name, reference in (("api_key", settings.api_key), ("app_key", settings.app_key))
    )
    return DatadogSink(
        settings, api_key=api_key or "", app_key=app_key, deadline=deadline, meter=meter, catch_up=catch_up
    )


class DatadogSink:
    """A `Sink` that submits v2 series to one Datadog account."""

    name = "datadog"
    carries_totals = False

    def __init__(
        self,
        settings: DatadogSettings,
        *,
        api_key: str,
        app_key: str | None = None,
        deadline: Deadline,
        meter: Meter,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        catch_up: float = CATCH_UP,
        limit: float = LIMIT,
    ) -> None:
        self._settings = settings
        self._access = Access(settings, api_key, app_key)
        self._transport = Transport(self._access, deadline, meter, clock=clock, sleep=sleep, limit=limit)
        self._compression = settings.compression or default_compression()
        self._reach = catch_up if settings.historical else min(catch_up, REACH)

    def prepare(self, key: RunKey, end: float) -> Owed:
        """Every bucket that may still be sent is owed, for sending it again changes nothing; no I/O."""
        del key
        if find_spec("datadog_api_client") is None:
            raise ConfigError(MISSING)
        self._access.verify()
        return Owed(default=self._oldest(end))

    def submit(self, batch: Batch) -> Receipt:
        """Send the batch; sending it again changes nothing. Raises `SubmitError` when Datadog did not take it."""
        return self._send(self._encoded(batch, ()))

    def report(self, batch: Batch) -> Receipt:
        """Send health metrics, told apart by installation and shard; raises `SubmitError`."""
        return self._send(self._encoded(batch, _identity(batch.key)))

    def estimate(self, batch: Batch) -> Receipt:
        """What `submit` would send; `series` is also the number of custom metrics. No I/O."""
        encoded = self._encoded(batch, ())
        sizes = [len(body.compressed) for body in Cutter(self._compression).bodies(encoded.texts)]
        return Receipt(self.name, encoded.series, sum(sizes), len(sizes), encoded.rejected)

    def check(self) -> Iterator[Check]:
        """Whether the site, the keys and their rights work."""
        return findings(self._access, self._transport)

    def _oldest(self, end: float) -> int:
        return math.ceil((end - self._reach) / BUCKET) * BUCKET

    def _encoded(self, batch: Batch, tags: Tags) -> Encoded:
        options = Options(
            end=batch.end,
            oldest=self._oldest(batch.end),
            statistics=self._settings.distribution,
            tags=(("collector", batch.key.collector), *tags),
            scope_tag=batch.scope_tag,
        )
        return encode(batch.samples, options)

    def _send(self, encoded: Encoded) -> Receipt:
        cutter = Cutter(self._compression)
        taken: list[int] = []
        try:
            for body in cutter.bodies(encoded.texts):
                self._post(cutter, body, taken)
        except SubmitError as error:
            some = f"; {len(taken)} requests before it were taken, and sending them again is harmless" if taken else ""
            raise SubmitError(f"{error}{some}") from None
        return Receipt(self.name, encoded.series, sum(taken), len(taken), encoded.rejected)

    def _post(self, cutter: Cutter, body: Body, taken: list[int], halvings: int = 0) -> None:
        encoding = ENCODINGS[self._compression]
        try:
            self._transport.ask("POST", SERIES, self._judge, body=body.compressed, encoding=encoding)
            taken.append(len(body.compressed))
        except TooLargeError:
            if halvings == _HALVINGS or body.series == 1:
                raise
            for half in cutter.halves(body):
                self._post(cutter, half, taken, halvings + 1)

    def _judge(self, answer: Answer) -> None:
        errors = errors_in(answer.body)
        if errors is None:
            raise Transient(f"answered {answer.status} with something that is not Datadog's")
        if errors:
            raise SubmitError(f"{self._access.place}: refused points{self._transport.words(answer)}")

    def __repr__(self) -> str:
        return f"DatadogSink({self._access.place})"


def _identity(key: RunKey) -> Tags:
    shard = (("shard", key.shard),) if key.shard != RunKey("", "").shard else ()
    return (("instance", key.instance), *shard)
