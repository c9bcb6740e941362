"""What the unit tests leave out: promtool itself does not tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from dashboards.rules.build import ALERTS, RULES, TESTS

_SERIES = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def untested(files: Mapping[str, bytes]) -> list[str]:
    """One sentence for each rule whose value, firing or silence no test in the rendered files asserts."""
    suites = [_load(content) for path, content in files.items() if path.startswith(f"{TESTS}/")]
    tests = [test for suite in suites for test in suite["tests"]]
    valued = _names(each["expr"] for test in tests for each in test.get("promql_expr_test", ()) if each["exp_samples"])
    cases = [each for test in tests for each in test.get("alert_rule_test", ())]
    fired = {each["alertname"] for each in cases if each["exp_alerts"]}
    silent = {each["alertname"] for each in cases if not each["exp_alerts"]}
    found = [f"{name} is recorded, and no test asserts a value of it" for name in recorded(files) if name not in valued]
    for name in alerts(files):
        found += [] if name in fired else [f"{name} fires in no test"]
        found += [] if name in silent else [f"{name} is silent in no test"]
    unknown = sorted((fired | silent) - set(alerts(files)))
    return found + [f"{name} is tested, and no such alert exists" for name in unknown]


def unused(files: Mapping[str, bytes], queries: Iterable[str]) -> list[str]:
    """The recorded series that neither an alert nor one of `queries` needs, not even by way of another one."""
    made_of: dict[str, set[str]] = {}
    for rule in _rules(files[RULES]):
        made_of.setdefault(rule["record"], set()).update(_names([rule["expr"]]))
    needed = _names([*queries, *(rule["expr"] for rule in _rules(files[ALERTS]))]) & made_of.keys()
    reached: set[str] = set()
    while needed:
        reached |= needed
        needed = {name for each in needed for name in made_of[each] if name in made_of} - reached
    return sorted(made_of.keys() - reached)


def recorded(files: Mapping[str, bytes]) -> list[str]:
    """The names of the recorded series, each once."""
    return list(dict.fromkeys(rule["record"] for rule in _rules(files[RULES])))


def alerts(files: Mapping[str, bytes]) -> list[str]:
    """The names of the alerts."""
    return [rule["alert"] for rule in _rules(files[ALERTS])]


def _rules(content: bytes) -> Iterator[dict[str, Any]]:
    for group in _load(content)["groups"]:
        yield from group["rules"]


def _names(expressions: Iterable[str]) -> set[str]:
    return {name for each in expressions for name in _SERIES.findall(each)}


def _load(content: bytes) -> Any:  # noqa: ANN401  any YAML
    return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  a safe loader both ways
