"""The catalogue as plain data for Jsonnet, which imports it as `catalogue.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec

from common.catalog import Entry, entry
from common.cli.listing import OURSELVES
from common.cli.wiring import collector_class
from common.metric import Basis, Metric, TagValues
from common.objectives import OBJECTIVES
from common.rollup import rolls_up
from common.run import HEALTH
from common.settings import DatadogSettings
from common.sinks.datadog.series import BASIS as DATADOG_BASIS
from common.sinks.pushgateway.merge import BASIS, QUANTILES
from common.sinks.pushgateway.stored import DATA_JOB, HEALTH_JOB, LEDGER, WATERMARK

_GRAFANA_UNITS = {"s": "s", "By": "bytes", "1": "percentunit", "USD": "currencyUSD", "unix": "s", "bool": "bool_yes_no"}


class Described(msgspec.Struct, frozen=True):
    """One metric, with what a panel must know of it."""

    name: str
    kind: str
    unit: str
    tags: dict[str, TagValues]
    """The values of those with a closed set, and nothing for the others."""
    scope: str
    """The tag of the scope; for metrics about the runs themselves, `collector`."""
    collectors: tuple[str, ...]
    """The types of collectors that have it."""
    description: str
    better: str | None
    prometheus: str
    datadog: str
    datadog_unit: str | None
    grafana_unit: str
    rolls_up: bool = False
    """Whether a rollup has a number of its own, for those of its scopes do not add up."""


def catalogue_json(collectors: Mapping[str, str]) -> str:
    """What Jsonnet imports: `metrics` by name, and the names that sinks add; raises `ConfigError`."""
    metrics = _described(collectors)
    data = {
        "metrics": {name: msgspec.to_builtins(metrics[name]) for name in sorted(metrics)},
        "own": {_BASIS.name: msgspec.to_builtins(_BASIS)},
        "jobs": {"data": DATA_JOB, "health": HEALTH_JOB},
        "series": {"watermark": WATERMARK, "ledger": LEDGER, "basis": BASIS},
        "quantiles": {f"p{float(each) * 100:g}": each for each in QUANTILES},
        "datadog_statistics": DatadogSettings().distribution,
    }
    return msgspec.json.encode(data, order="deterministic").decode()


def _described(collectors: Mapping[str, str]) -> dict[str, Described]:
    found = {each.name: _row(each, OURSELVES, (OURSELVES,)) for each in HEALTH}
    for kind in sorted(collectors):
        known = collector_class(collectors, kind, "catalogue")
        for each in known.metrics():
            earlier = found[each.name].collectors if each.name in found else ()
            found[each.name] = _row(each, known.scope, (*earlier, kind))
        for each in OBJECTIVES:
            found[each.name] = _row(each, known.scope, (OURSELVES,))
    return found


def _row(metric: Metric, scope: str, collectors: tuple[str, ...]) -> Described:
    each: Entry = entry(metric, None)
    return Described(
        name=each.name,
        kind=str(each.kind),
        unit=each.unit,
        tags={scope: None, **each.tags},
        scope=scope,
        collectors=collectors,
        description=each.description,
        better=each.better,
        prometheus=each.prometheus,
        datadog=each.datadog,
        datadog_unit=each.datadog_unit,
        grafana_unit=_GRAFANA_UNITS.get(each.unit, "short"),
        rolls_up=rolls_up(metric),
    )


_BASIS = Described(
    name="quarterdeck.basis",
    kind="gauge",
    unit="{series}",
    tags={"metric": None, "basis": tuple(each for each in get_args(Basis) if each != "measured")},
    scope="",
    collectors=(),
    description="Scopes for which a metric's number is not measured but a lower bound, derived, estimated or stale.",
    better=None,
    prometheus=BASIS,
    datadog=DATADOG_BASIS,
    datadog_unit=None,
    grafana_unit="short",
)
"""What sinks add: no metric, for it is about metrics."""
