"""Writes the chart's schema and table of values; `--check` only tells whether they are up to date."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "charts" / "quarterdeck"
OURS = ("collectors", "deadline", "ledger", "schedule_interval")
"""Top-level settings that the chart writes itself."""
START, END = "<!-- values -->", "<!-- /values -->"
Schema = dict[str, Any]


class Row(msgspec.Struct, frozen=True):
    """One value for the table: its path, its default as JSON, and what it does."""

    path: str
    default: str
    description: str


def main() -> int:
    """Write or compare both files; 1 when one was out of date and only compared."""
    check = "--check" in sys.argv[1:]
    stale = [(path, text) for path, text in pages() if path.read_text("utf-8") != text]
    for path, text in stale:
        if not check:
            path.write_text(text, "utf-8")
        sys.stdout.write(f"{'out of date' if check else 'wrote'}: {path.relative_to(ROOT)}\n")
    if stale and check:
        sys.stdout.write("run `python charts/generate.py` and commit the result\n")
    return int(bool(stale) and check)


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated file with what it should hold."""
    own = yaml.safe_load((ROOT / "charts" / "values.schema.yaml").read_text("utf-8"))
    settings = json.loads((ROOT / "docs" / "settings.schema.json").read_text("utf-8"))
    yield CHART / "values.schema.json", json.dumps(values_schema(own, settings), indent=2, sort_keys=True) + "\n"
    readme, table = (CHART / "README.md").read_text("utf-8"), values_table((CHART / "values.yaml").read_text("utf-8"))
    yield CHART / "README.md", re.sub(f"{START}.*{END}", lambda _: f"{START}\n{table}{END}", readme, flags=re.DOTALL)


def values_schema(own: Schema, settings: Schema) -> Schema:
    """The chart's own schema with that of the settings in it."""
    known: Schema = draft7(settings)
    blocks, definitions = known["properties"]["collectors"], known["definitions"]
    top = {name: entry for name, entry in known["properties"].items() if name not in OURS}
    job = own["definitions"]["job"]
    collector = {**job, "type": ["object", "null"], "properties": {**job["properties"], "settings": {"type": "object"}}}
    own["definitions"] |= definitions
    own["definitions"]["settings"] = {"type": "object", "additionalProperties": False, "properties": top}
    own["definitions"]["collector"] = collector
    own["properties"]["collectors"] |= {
        "properties": {name: _with_settings(block) for name, block in blocks["properties"].items()},
        "additionalProperties": _with_settings(blocks["additionalProperties"], required=True),
    }
    return own


def _with_settings(block: Schema, *, required: bool = False) -> Schema:
    """A collector whose settings fit `block`; of a name that is no type it must have some, to say its type."""
    more: Schema = {"properties": {"settings": block}}
    if required:
        more["required"] = ["settings"]
    return {"allOf": [{"$ref": "#/definitions/collector"}, more]}


def draft7(node: Any) -> Any:  # noqa: ANN401  any part of a schema
    """The same in the words of draft 7."""
    if isinstance(node, list):
        return [draft7(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"].replace("#/$defs/", "#/definitions/")}
    if "$defs" in node:
        node = {**node, "definitions": node["$defs"]}
    changed = {key: draft7(value) for key, value in node.items() if key not in {"$defs", "$schema", "default"}}
    return _or_nothing(changed)


def _or_nothing(node: Schema) -> Schema:
    """`anyOf` one thing or null, written so that an error tells of that thing alone."""
    alternatives = node.get("anyOf", ())
    wanted = [each for each in alternatives if each != {"type": "null"}]
    if len(wanted) != 1 or len(alternatives) != 2:
        return node
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    kind = wanted[0].get("type")
    if isinstance(kind, str):
        return {**wanted[0], **rest, "type": [kind, "null"]}
    return {**rest, "if": {"not": {"type": "null"}}, "then": wanted[0]}


def values_table(text: str) -> str:
    """The values as a table, out of the comments that begin with `# --` or `# PATH --`."""
    lines = ["| value | default | meaning |", "|---|---|---|"]
    for each in value_rows(text):
        cells = (f"`{each.path}`", f"`{each.default}`" if each.default else "", each.description)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def value_rows(text: str) -> Iterator[Row]:
    """One row for each comment; raises `SystemExit` for a value that has none."""
    values: Mapping[str, Any] = yaml.safe_load(text)
    documented = dict(_comments(text))
    for path, description in documented.items():
        value = _at(values, path)
        yield Row(path, "" if value is None else json.dumps(value, ensure_ascii=False), description)
    if missing := [path for path in _leaves(values) if not _covered(path, documented)]:
        raise SystemExit(f"values.yaml: without a comment: {', '.join(missing)}")


def _comments(text: str) -> Iterator[tuple[str, str]]:
    """Each documented path with its words; a comment belongs to the key below it unless it names a path."""
    parents: list[tuple[int, str]] = []
    waiting: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if begun := re.match(r" *# ([\w.]+ )?-- (.*)", line):
            waiting.append(((begun[1] or "").strip(), [begun[2]]))
        elif more := re.match(r" *# (.*)", line):
            if waiting:
                waiting[-1][1].append(more[1])
        elif key := re.match(r"( *)([\w./-]+):", line):
            parents = [(depth, name) for depth, name in parents if depth < len(key[1])] + [(len(key[1]), key[2])]
            here = ".".join(name for _, name in parents)
            yield from ((path or here, " ".join(words)) for path, words in waiting)
            waiting = []
        elif not line.strip():
            waiting = []


def _at(values: Any, path: str) -> Any:  # noqa: ANN401
    for name in path.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    return values


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _covered(path: str, documented: Mapping[str, str]) -> bool:
    return any(path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in documented)


if __name__ == "__main__":
    raise SystemExit(main())
