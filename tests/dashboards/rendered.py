"""What is rendered, once for all tests, and how its queries are read."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from collectors import COLLECTORS
from dashboards.build import renders
from dashboards.catalogue import catalogue_json
from dashboards.jsonnet import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

HAND_MADE = ("executive", "platform-health", "developer", "collectors", "operations")
SLUGS = (*HAND_MADE, "explorer-git", "explorer-github")
EVERYWHERE = frozenset({"instance", "collector", "shard", "env", "team", "rollup", "org", "simulated"})
"""Labels that sinks and settings put on any series."""

_WORDS = frozenset({"by", "count", "max", "min", "or", "sum", "sum_over_time", "time", "topk"})
_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*')
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'([a-z_]+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_BY = re.compile(r"\bby \(([^)]*)\)")
_DATADOG = re.compile(
    r"(?P<aggregator>sum|max|min):(?P<metric>[a-z][a-z0-9_.]*)\{(?P<scope>[^}]*)\}"
    r"(?: by \{(?P<by>[a-z_,]+)\})?(?P<count>\.as_count\(\))?"
    r"(?:\.rollup\((?P<rollup>sum|max|min)(?:, (?P<seconds>\d+))?\))?"
)


class Selector(NamedTuple):
    """One metric that an expression reads, and the labels that it is selected by."""

    name: str
    labels: dict[str, str]


class Asked(NamedTuple):
    """One Datadog query, taken apart."""

    aggregator: str
    metric: str
    scope: tuple[str, ...]
    by: tuple[str, ...]
    count: bool
    rollup: str | None


@cache
def files() -> dict[str, bytes]:
    """Path → content of every dashboard."""
    return renders(COLLECTORS)


@cache
def of(product: str) -> dict[str, dict[str, Any]]:
    """Slug → dashboard of `grafana` or `datadog`."""
    return {
        path.split("/")[1].removesuffix(".json"): json.loads(body)
        for path, body in files().items()
        if path.startswith(f"{product}/")
    }


@cache
def catalogue() -> dict[str, Any]:
    """What Jsonnet knows of metrics."""
    found: dict[str, Any] = json.loads(catalogue_json(COLLECTORS))
    return found


@cache
def recorded() -> dict[str, Any]:
    """Name → what is said of each series that Prometheus records."""
    found: dict[str, Any] = jsonnet("(import 'rules/recording.libsonnet').series")
    return found


def metrics() -> dict[str, Any]:
    """Every metric by name, and what sinks add."""
    return {**catalogue()["metrics"], **catalogue()["own"]}


def jsonnet(snippet: str) -> Any:
    """What the snippet says; the library is at `lib/`."""
    return evaluate("snippet.jsonnet", {"snippet.jsonnet": snippet, "catalogue.json": catalogue_json(COLLECTORS)})


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Grafana's panels but the headings of rows."""
    return [each for each in dashboard["panels"] if each["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of every Grafana panel, with the panel it belongs to."""
    for slug, dashboard in of("grafana").items():
        for panel in panels(dashboard):
            for target in panel.get("targets", ()):
                yield f"{slug}: {panel['title']} {target['refId']}", target["expr"]


def names_in(expression: str) -> set[str]:
    """Every word of an expression that is neither PromQL's nor a label: the series it reads."""
    plain = _BY.sub("", re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", expression))
    return {word for word in _NAME.findall(plain) if word not in _WORDS}


def selectors(expression: str) -> list[Selector]:
    """The selectors of an expression."""
    return [Selector(name, dict(_MATCHER.findall(body))) for name, body in _SELECTOR.findall(expression)]


def grouped_by(expression: str) -> set[str]:
    """The labels that an expression groups by."""
    return {label.strip() for each in _BY.findall(expression) for label in each.split(",")}


def widgets(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """Datadog's widgets, out of their groups."""
    return [each for group in dashboard["widgets"] for each in group["definition"]["widgets"]]


def queries() -> Iterator[tuple[str, str]]:
    """Every query of every Datadog widget, with the widget it belongs to."""
    for slug, dashboard in of("datadog").items():
        for widget in widgets(dashboard):
            for request in widget["definition"].get("requests", ()):
                for query in request["queries"]:
                    yield f"{slug}: {widget['definition']['title']}", query["query"]


def asked(query: str) -> Asked:
    """A query's parts; fails the test where it is anything but one plain query."""
    found = _DATADOG.fullmatch(query)
    assert found, f"not one plain query: {query}"
    parts = found.groupdict()
    return Asked(
        parts["aggregator"],
        parts["metric"],
        tuple(parts["scope"].split(",")),
        tuple((parts["by"] or "").split(",")) if parts["by"] else (),
        parts["count"] is not None,
        parts["rollup"],
    )


def shown_as(name: str) -> set[str]:
    """The names of the series in Prometheus that hold a metric."""
    metric = metrics()[name]
    own = {metric["prometheus"], metric["prometheus"] + "_rollup"}
    return own | {series for series, about in recorded().items() if about["metric"] == name}
