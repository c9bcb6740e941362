"""The one place that turns canonical names and units into each sink's own. Pure."""

from __future__ import annotations

import re

from common.metric import Kind, Metric

_PROMETHEUS_UNITS = {"s": "_seconds", "By": "_bytes", "1": "_ratio", "USD": "_usd", "unix": "_timestamp_seconds"}
_DATADOG_UNITS = {"s": "second", "unix": "second", "By": "byte", "1": "fraction", "USD": "dollar"}
_DATADOG_THINGS = frozenset((  # what Datadog's list of units has of things that we might count
    "attempt", "build", "check", "command", "commit", "connection", "container", "document", "email", "error",
    "event", "exception", "execution", "file", "host", "invocation", "item", "job", "location", "message", "method",
    "monitor", "node", "object", "operation", "packet", "page", "payload", "process", "query", "question", "record",
    "request", "resource", "response", "route", "row", "run", "sample", "service", "session", "shard", "span",
    "stage", "table", "task", "thread", "ticket", "timeout", "transaction", "update", "user", "worker", "write",
))  # fmt: skip
DATADOG_TAG_LENGTH = 200
_TO_NORMALISE = re.compile(r"[^a-z0-9_\-:./]|__|[_:]\Z")


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
    """Datadog's word for the unit, where its list has one: `{commit}` is a commit, a `{branch}` has no unit there."""
    thing = metric.unit.strip("{}")
    return _DATADOG_UNITS.get(metric.unit) or (thing if thing in _DATADOG_THINGS else None)


ROLLUP_COUNT = "rollup_count"
"""The statistic that counts a rollup's events: its own name, so that nobody adds it to the counts of the scopes."""


def datadog_statistic(name: str, unit: str | None, statistic: str) -> tuple[str, str | None]:
    """Name and unit of the gauge that carries one statistic of a distribution; its `count` counts events."""
    return f"{name}.{statistic}", "event" if statistic in ("count", ROLLUP_COUNT) else unit


def datadog_tag_value(text: str, length: int = DATADOG_TAG_LENGTH) -> str:
    """The value as Datadog stores it: lower case, other characters than letters, digits and `_-:./` become `_`.

    Runs of underscores become one, what is longer than `length` is cut, underscores and colons at the end go, and
    nothing becomes `none`: a tag must not end in a colon.
    """
    if text and len(text) <= length and not _TO_NORMALISE.search(text):
        return text
    cleaned = re.sub(r"_{2,}", "_", re.sub(r"[^\w\-:./]", "_", text.lower()))
    return cleaned[:length].rstrip("_:") or "none"


def datadog_tag(name: str, value: str) -> str:
    """The tag as Datadog stores it; name, colon and value together have at most 200 characters."""
    return f"{name}:{datadog_tag_value(value, DATADOG_TAG_LENGTH - len(name) - 1)}"
