"""`collect metadata sync`: what Datadog says about a metric comes from the metric's definition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from common.catalog import Entry
from common.errors import ConfigError
from common.metric import Kind
from common.naming import ROLLUP_COUNT, datadog_statistic
from common.sinks.datadog.transport import Transport

if TYPE_CHECKING:
    from datadog_api_client import ApiClient
    from datadog_api_client.v1.model.metric_metadata import MetricMetadata

State = Literal["written", "unchanged", "unseen"]
_WORDS = {
    "count": "number of events in the window",
    ROLLUP_COUNT: "number of events in the window, over all scopes of a rollup",
    "avg": "mean over the window",
    "min": "smallest in the window",
    "max": "largest in the window",
    "p50": "median over the window",
    "p90": "90th percentile over the window",
    "p95": "95th percentile over the window",
    "p99": "99th percentile over the window",
}


class Metadata(msgspec.Struct, frozen=True):
    """What Datadog is told about one metric; no unit where its list has none."""

    name: str
    description: str
    type: Literal["count", "gauge"]
    unit: str | None


class Synced(msgspec.Struct, frozen=True):
    """What became of one metric: `unseen` ones were never submitted, and the next sync tries them again."""

    name: str
    state: State


def metadata_of(entries: Iterable[Entry], statistics: Iterable[str]) -> Iterator[Metadata]:
    """What Datadog should hold; a distribution is as many metrics as it has statistics."""
    statistics = tuple(statistics)
    for entry in entries:
        if entry.kind is Kind.DISTRIBUTION:
            for statistic in (*statistics, *((ROLLUP_COUNT,) if "count" in statistics else ())):
                name, unit = datadog_statistic(entry.datadog, entry.datadog_unit, statistic)
                yield Metadata(name, f"{entry.description} ({_WORDS[statistic]})", "gauge", unit)
        else:
            kind: Literal["count", "gauge"] = "gauge" if entry.kind is Kind.GAUGE else "count"
            yield Metadata(entry.datadog, entry.description, kind, entry.datadog_unit)


def metadata_sync(
    entries: Iterable[Entry], transport: Transport, statistics: Iterable[str], *, dry_run: bool = False
) -> Iterator[Synced]:
    """Bring Datadog's metadata in line, one metric at a time; a dry run only says which would be written.

    Raises `ConfigError` without an application key, and `SubmitError` when Datadog does not answer.
    """
    if not transport.access.app_key:
        raise ConfigError(
            "metadata needs an application key: set sinks.datadog.app_key to a reference, or DD_APP_KEY, "
            "with the scopes metrics_read and metrics_metadata_write"
        )
    for wanted in metadata_of(entries, statistics):
        yield Synced(wanted.name, _sync(wanted, transport, dry_run=dry_run))


def _sync(wanted: Metadata, transport: Transport, *, dry_run: bool) -> State:
    held = transport.call(lambda client: _read(client, wanted.name))
    if held is None:
        return "unseen"
    if _is_same(wanted, held):
        return "unchanged"
    if not dry_run:
        transport.call(lambda client: _write(client, wanted))
    return "written"


def _is_same(wanted: Metadata, held: MetricMetadata) -> bool:
    known: dict[str, object] = held.to_dict()  # type: ignore[no-untyped-call]
    unit = wanted.unit is None or known.get("unit") == wanted.unit
    return unit and known.get("description") == wanted.description and known.get("type") == wanted.type


def _read(client: ApiClient, name: str) -> MetricMetadata:
    from datadog_api_client.v1.api.metrics_api import MetricsApi  # noqa: PLC0415  loaded on use

    return MetricsApi(client).get_metric_metadata(name)  # type: ignore[no-untyped-call]


def _write(client: ApiClient, wanted: Metadata) -> MetricMetadata:
    from datadog_api_client.v1.api.metrics_api import MetricsApi  # noqa: PLC0415
    from datadog_api_client.v1.model.metric_metadata import MetricMetadata  # noqa: PLC0415

    body = MetricMetadata(description=wanted.description, type=wanted.type)
    if wanted.unit is not None:
        body.unit = wanted.unit
    return MetricsApi(client).update_metric_metadata(wanted.name, body)  # type: ignore[no-untyped-call]
