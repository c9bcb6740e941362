"""The one place that turns canonical names and units into each sink's own. Pure."""

from __future__ import annotations

import re

from common.metric import Kind, Metric

_PROMETHEUS_UNITS = {"s": "_seconds", "By": "_bytes", "1": "_ratio", "USD": "_usd", "unix": "_timestamp_seconds"}
_DATADOG_UNITS = {"s": "second", "unix": "second", "By": "byte", "1": "fraction", "USD": "dollar"}
DATADOG_TAG_LENGTH = 200


def prometheus_name(metric: Metric) -> str:
    """The family's name: dots become underscores, the base unit its suffix, a count ends in `_total`."""
    name = metric.name.replace(".", "_")
    suffix = _PROMETHEUS_UNITS.get(metric.unit, "")
    if not name.endswith(suffix):
        name += suffix
    return name + "_total" if metric.kind in (Kind.COUNT, Kind.CUMULATIVE) else name


def datadog_name(metric: Metric) -> str:
    """The canonical name; a point in time is submitted as its age, and called so."""
    return f"{metric.name}_age" if metric.unit == "unix" else metric.name


def datadog_unit(metric: Metric) -> str | None:
    """Datadog's word for the unit, where it has one."""
    return _DATADOG_UNITS.get(metric.unit)


def datadog_tag_value(text: str) -> str:
    """The value as Datadog stores it: lower case, other characters than letters, digits and `_-:./` become `_`.

    Runs of underscores become one, those at the end go, and what remains is cut at 200 characters.
    """
    cleaned = re.sub(r"[^\w\-:./]", "_", text.lower())
    return re.sub(r"_{2,}", "_", cleaned).rstrip("_")[:DATADOG_TAG_LENGTH]
