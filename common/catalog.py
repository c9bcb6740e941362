"""Every definition as rows: what docs, dashboards, metadata and the command line read. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from common.metric import Kind, Metric, TagValues
from common.naming import datadog_name, datadog_unit, prometheus_name


class Entry(msgspec.Struct, frozen=True):
    """One metric of the catalogue, with its names in each sink."""

    name: str
    kind: Kind
    unit: str
    tags: dict[str, TagValues]
    description: str
    definition: str
    better: str | None
    semconv: str | None
    prometheus: str
    datadog: str
    datadog_unit: str | None


def entry(metric: Metric, scope: str | None) -> Entry:
    """The metric's row; `scope` is the tag that its collector adds, first."""
    tags: dict[str, TagValues] = {scope: None} if scope else {}
    return Entry(
        name=metric.name,
        kind=metric.kind,
        unit=metric.unit,
        tags={**tags, **metric.tags},
        description=metric.description,
        definition=metric.definition,
        better=metric.better,
        semconv=metric.semconv,
        prometheus=prometheus_name(metric),
        datadog=datadog_name(metric),
        datadog_unit=datadog_unit(metric),
    )


def markdown(entries: Iterable[Entry]) -> str:
    """The rows as a Markdown table."""
    lines = ["| metric | kind | unit | tags | what it is |", "|---|---|---|---|---|"]
    lines += [f"| `{e.name}` | {e.kind} | `{e.unit}` | {_tags(e.tags)} | {e.description} |" for e in entries]
    return "\n".join(lines) + "\n"


def _tags(tags: dict[str, TagValues]) -> str:
    return ", ".join(f"`{tag}`" + (f" ({', '.join(values)})" if values else "") for tag, values in tags.items())
