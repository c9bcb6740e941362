"""The parts of the docs on alerts that are facts of the specs: the table of all, and each runbook's head.

`make docs` writes them; what people wrote below a runbook's head stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dashboards.catalogue import catalogue_json
from dashboards.rules.build import rendered

DOCS = Path(__file__).resolve().parents[2] / "docs"
BEGIN = "<!-- Generated from the alert's spec. -->\n\n"
END = "\n<!-- End of the generated part. -->\n"
SECTIONS = ("## What it means", "## How to confirm", "## What to do")
SEVERITIES = ("page", "ticket", "info")


class Spec(msgspec.Struct, frozen=True):
    """What the docs tell of an alert."""

    name: str
    title: str
    severity: str
    owner: str
    wait: str = msgspec.field(name="for")
    expr: str
    action: str
    dashboard: str
    runbook_url: str
    monitor: str | None = None
    unmonitored: str | None = None


def specs(collectors: Mapping[str, str]) -> tuple[Spec, ...]:
    """Every alert, by name; raises `ConfigError`."""
    found: Any = rendered(catalogue_json(collectors), (), "")["specs"]
    return tuple(sorted(msgspec.convert(found, tuple[Spec, ...]), key=lambda each: each.name))


def pages(collectors: Mapping[str, str], docs: Path = DOCS) -> Iterator[tuple[Path, str]]:
    """Every page below `docs` with what it should hold, given what people wrote there."""
    every = specs(collectors)
    for each in every:
        path = docs / "runbooks" / f"{each.name}.md"
        yield path, head(each) + _written(path)
    overview = docs / "alerts.md"
    yield overview, _replaced(overview.read_text("utf-8"), table(every))


def head(spec: Spec) -> str:
    """The generated part of a runbook."""
    monitor = f"`{spec.monitor}`" if spec.monitor else f"none: {spec.unmonitored}"
    return (
        f"# {spec.name}\n\n{BEGIN}{spec.title}.\n\n"
        f"- **{spec.severity}**, for {spec.owner}, after {spec.wait}; dashboard `{spec.dashboard}`\n"
        f"- First: {spec.action}\n"
        f"- Datadog: {monitor}\n\n"
        f"```promql\n{spec.expr.rstrip()}\n```\n{END}"
    )


def table(every: tuple[Spec, ...]) -> str:
    """All alerts in one table, the most urgent first."""
    rows = [
        f"| [{each.name}](runbooks/{each.name}.md) | {each.severity} | {each.owner} | {each.title} | "
        f"{'yes' if each.monitor else 'no'} |"
        for each in sorted(every, key=lambda each: (SEVERITIES.index(each.severity), each.name))
    ]
    return "\n".join(["| alert | severity | owner | what | Datadog |", "|---|---|---|---|---|", *rows]) + "\n"


def _written(path: Path) -> str:
    """What people wrote below the head, or the headings that wait for it."""
    text = path.read_text("utf-8") if path.is_file() else ""
    return text.partition(END)[2] or "".join(f"\n{section}\n" for section in SECTIONS)


def _replaced(text: str, part: str) -> str:
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}{part}{END}{rest.partition(END)[2]}"
