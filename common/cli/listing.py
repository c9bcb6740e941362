"""`collect list` and `collect metrics`: what there is, read without credentials or network."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from common.catalog import Entry, entry
from common.cli.output import output, write_json
from common.cli.wiring import blocks, collector_class, load
from common.errors import ConfigError, ExitCode
from common.objectives import OBJECTIVES
from common.run import HEALTH

OURSELVES = "collector"
"""The section of the catalogue that is about the runs themselves."""
JUDGED = "objective"
"""The section that is about objectives."""
_SECTIONS = {OURSELVES: HEALTH, JUDGED: OBJECTIVES}


def catalogue(collectors: Mapping[str, str], names: tuple[str, ...] = ()) -> list[Entry]:
    """The entries of these collectors, or of all, of the runs themselves and of objectives; raises `ConfigError`."""
    rows: dict[str, Entry] = {}
    for name in names or (*collectors, *_SECTIONS):
        if name in _SECTIONS:
            rows |= {each.name: entry(each, None) for each in _SECTIONS[name]}
        else:
            known = collector_class(collectors, name, "metrics")
            rows |= {each.name: entry(each, known.scope) for each in known.metrics() if each.name not in rows}
    return [rows[name] for name in sorted(rows)]


def show_metrics(collectors: Mapping[str, str], names: tuple[str, ...], *, as_json: bool) -> int:
    """Print the catalogue; raises `ConfigError` for a collector that does not exist."""
    for name in names:
        if name not in (*collectors, *_SECTIONS):
            raise ConfigError(f"{name!r} is not a collector; there are {', '.join((*sorted(collectors), *_SECTIONS))}")
    entries = catalogue(collectors, names)
    if as_json:
        write_json({"schema": 1, "metrics": entries})
        return ExitCode.OK
    width = max(len(each.name) for each in entries)
    room = max(40, shutil.get_terminal_size((120, 24)).columns) if sys.stdout.isatty() else 10_000
    for each in entries:
        line = f"{each.name:<{width}}  {each.kind:<12}  {each.unit:<14}  {each.description}"
        output().write((line if len(line) <= room else line[: room - 1] + "…") + "\n")
    return ExitCode.OK


def show_collectors(collectors: Mapping[str, str], config: Path | None, *, as_json: bool) -> int:
    """Print every type of collector, and the settings' blocks that use it."""
    loaded = load(config)
    used: dict[str, list[str]] = {}
    for name, block in blocks(loaded.settings, ()).items():
        used.setdefault(str(block.get("type", name)), []).append(name)
    rows = [
        {"type": kind, "configured_as": used.get(kind, []), "about": _about(collectors, kind)}
        for kind in sorted(collectors)
    ]
    if as_json:
        write_json({"schema": 1, "settings": str(loaded.path or ""), "collectors": rows})
        return ExitCode.OK
    output().write(f"settings: {loaded.path or 'none found; git over this folder'}\n")
    for row in rows:
        names = ", ".join(used.get(str(row["type"]), [])) or "not configured"
        output().write(f"{row['type']:<12}  {names:<24}  {row['about']}\n")
    return ExitCode.OK


def _about(collectors: Mapping[str, str], kind: str) -> str:
    try:
        known = collector_class(collectors, kind, kind)
    except ConfigError as error:
        return str(error)
    return (known.__doc__ or "").strip().splitlines()[0]
