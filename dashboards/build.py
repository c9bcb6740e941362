"""Everything that is rendered from the views: path → bytes, the same every time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dashboards.catalogue import catalogue_json
from dashboards.jsonnet import evaluate

ENTRY = "dashboards.jsonnet"
GRAFANA, DATADOG, RULES = "grafana", "datadog", "rules"


def renders(collectors: Mapping[str, str], config: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    """`grafana/<slug>.json` and `datadog/<slug>.json` with their content; raises `ConfigError` where a view is wrong.

    `config` overrides keys of `_config` in `config.libsonnet`.
    """
    found = evaluate(ENTRY, {"catalogue.json": catalogue_json(collectors)}, {"config": dict(config or {})})
    return {
        f"{product}/{name}": _json(found[product][name]) for product in (DATADOG, GRAFANA) for name in found[product]
    }


def chart_files(collectors: Mapping[str, str]) -> dict[str, bytes]:
    """What the chart ships below its `files/`: Grafana's dashboards, and all rules in one file."""
    from dashboards.rules import build as rules  # noqa: PLC0415  the rules are rendered only where they are wanted

    files = {path: body for path, body in renders(collectors).items() if path.startswith(f"{GRAFANA}/")}
    made = rules.rule_files(collectors)
    start = b"groups:\n"
    files[f"{RULES}/quarterdeck.rules.yaml"] = start + b"".join(
        made[path].removeprefix(start) for path in (rules.RULES, rules.ALERTS)
    )
    return files


def differences(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """The paths that `folder` has not, has otherwise, or has of a dashboard that is no more."""
    there = {
        path.relative_to(folder).as_posix()
        for product in {path.partition("/")[0] for path in files}
        for path in (folder / product).glob("*.*")
    }
    return sorted(
        path for path in {*files, *there} if path not in files or path not in there or _differs(folder, path, files)
    )


def write(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Make `folder` hold these files, and none of a dashboard that is no more; the paths that changed."""
    changed = differences(files, folder)
    for each in changed:
        path = folder / each
        if each in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[each])
        else:
            path.unlink()
    return changed


def _differs(folder: Path, path: str, files: Mapping[str, bytes]) -> bool:
    return (folder / path).read_bytes() != files[path]


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"
