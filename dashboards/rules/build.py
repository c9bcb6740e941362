"""Everything that is rendered from the rules' specs: path → bytes, the same every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import yaml

from common.objectives import BURN_ALERTS
from dashboards.catalogue import catalogue_json
from dashboards.jsonnet import evaluate

ENTRY = "rules/main.jsonnet"
RULES = "prometheus/quarterdeck.rules.yaml"
ALERTS = "prometheus/quarterdeck.alerts.yaml"
ALERTMANAGER = "alertmanager/alertmanager.yaml"
ROUTES = "alertmanager/routes.json"
TESTS = "prometheus/tests"
MONITORS = "datadog/monitors"
PLACEHOLDERS = b"""\
# Routes by severity and owner. The receivers are placeholders: they take alerts and tell nobody, until an integration
# (email_configs, webhook_configs, pagerduty_configs ...) is put below the name.
"""
STEPS = {
    **dict.fromkeys(("events", "collectors", "objectives"), "5m"),
    **dict.fromkeys(("ci", "delivery", "flow"), "1h"),
    "trends": "4h",
    "recording": "6h",
}
"""How often promtool evaluates in a suite; every minute in the others. Rarer is faster, and spans are long."""
_ORDER = ("name", "interval", "record", "alert", "expr", "for", "labels", "annotations", "rules", "route", "receiver")


class Expected(msgspec.Struct, frozen=True):
    """A collector that should be heard of."""

    instance: str
    collector: str


def rule_files(
    collectors: Mapping[str, str],
    expected: Sequence[Expected] = (),
    dashboards: str = "",
    deadline: float | None = None,
) -> dict[str, bytes]:
    """Path → content of every rendered file; raises `ConfigError` where a spec is wrong.

    `expected` are the collectors whose absence is an alert; without any, whoever deploys writes their series.
    `dashboards` is the base URL of the Grafana that alerts link to, `deadline` the seconds that a run has.
    """
    data = rendered(catalogue_json(collectors), tuple(expected), dashboards, deadline)
    groups = [each["name"] for each in (*data["recording"], *data["alerts"])]
    files = {
        RULES: _yaml({"groups": data["recording"]}),
        ALERTS: _yaml({"groups": data["alerts"]}),
        ALERTMANAGER: PLACEHOLDERS + _yaml(data["alertmanager"]),
        ROUTES: _json(data["routes"]),
    }
    for name, monitor in data["monitors"].items():
        files[f"{MONITORS}/{name}.json"] = _json(monitor)
    for name, tests in data["tests"].items():
        files[f"{TESTS}/{name}.test.yaml"] = _yaml(_suite(tests, groups, STEPS.get(name, "1m")))
    return files


@lru_cache(maxsize=4)
def rendered(catalogue: str, expected: tuple[Expected, ...], dashboards: str, deadline: float | None = None) -> Any:  # noqa: ANN401  any JSON
    """What the specs say, as plain data; raises `ConfigError`."""
    given: dict[str, Any] = {
        "burns": [msgspec.to_builtins(each) for each in BURN_ALERTS],
        "expected": [msgspec.to_builtins(each) for each in expected],
    }
    if dashboards:
        given["dashboards"] = dashboards.rstrip("/")
    if deadline is not None:
        given["deadline"] = deadline
    return evaluate(ENTRY, {"catalogue.json": catalogue}, {"given": given})


def _suite(tests: list[dict[str, Any]], groups: list[str], step: str) -> dict[str, Any]:
    files = [f"../{path.partition('/')[2]}" for path in (RULES, ALERTS)]
    return {"rule_files": files, "evaluation_interval": step, "group_eval_order": groups, "tests": tests}


class _Dumper(yaml.SafeDumper):
    """Plain YAML: lists indented, texts of several lines as blocks, no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  PyYAML's own signature
        """No anchors: each rule stands for itself."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Lists are indented below their key."""
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _yaml(data: Any) -> bytes:  # noqa: ANN401  any JSON
    text: str = yaml.dump(_ordered(data), Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    return text.encode()


def _ordered(data: Any) -> Any:  # noqa: ANN401  any JSON
    """The same, keys in the order in which people read them, and texts without a line break at their end."""
    if isinstance(data, dict):
        first = [key for key in _ORDER if key in data]
        return {key: _ordered(data[key]) for key in (*first, *(key for key in data if key not in _ORDER))}
    if isinstance(data, list):
        return [_ordered(each) for each in data]
    return data.rstrip("\n") if isinstance(data, str) else data


def _json(data: Any) -> bytes:  # noqa: ANN401  any JSON
    return msgspec.json.format(msgspec.json.encode(data, order="sorted"), indent=2) + b"\n"
