"""A dashboard without what the server adds, and the marker by which we know ours. Pure."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Dashboard = Mapping[str, Any]
_SERVERS = frozenset({
    "author_handle", "author_name", "created_at", "experience_type", "id", "is_read_only", "modified_at", "url",
})  # fmt: skip
_DEFAULTS = {"reflow_type": "auto"}
"""What the server adds where nothing was said."""
KEPT = ("notify_list", "restricted_roles")
"""What belongs to the account: an update carries it on, and no comparison looks at it."""
_MARKER = re.compile(r"\s*managed-by: quarterdeck slug=([a-z0-9-]+) hash=([0-9a-f]{16})\s*\Z")
_METRIC = re.compile(r"\b(?:avg|sum|min|max|count):([A-Za-z][\w.]*)\{")


class Marker(msgspec.Struct, frozen=True):
    """The last line of a managed dashboard's description."""

    slug: str
    digest: str
    """Of what was pushed, without this line."""


def normal(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as we compare it: without marker, ids, authors, times and everything empty."""
    own = {
        name: value
        for name, value in dashboard.items()
        if name not in _SERVERS and name not in KEPT and _DEFAULTS.get(name) != value
    }
    own["description"] = split(own.get("description"))[0]
    presets = own.get("template_variable_presets")
    if presets:
        own["template_variable_presets"] = sorted(presets, key=lambda preset: str(preset.get("name")))
    cleaned: dict[str, Any] = _cleaned(own)
    return cleaned


def _cleaned(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, Mapping):
        fields = {name: _cleaned(each) for name, each in value.items() if not (name == "id" and "definition" in value)}
        return {name: each for name, each in fields.items() if each not in (None, [], {}, "")}
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def digest(dashboard: Dashboard) -> str:
    """Sixteen hexadecimal digits that stand for the normal form."""
    text = json.dumps(normal(dashboard), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def split(description: str | None) -> tuple[str, Marker | None]:
    """The description's own words, and the marker behind them, if any."""
    text = description or ""
    found = _MARKER.search(text)
    return (text[: found.start()], Marker(found[1], found[2])) if found else (text.rstrip(), None)


def marked(slug: str, dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard with its marker, as it is sent."""
    words = split(dashboard.get("description"))[0]
    line = f"managed-by: quarterdeck slug={slug} hash={digest(dashboard)}"
    return {**dashboard, "description": f"{words}\n\n{line}" if words else line}


def changes(before: Dashboard, after: Dashboard, names: tuple[str, str]) -> str:
    """The normal forms' differences as a unified diff; nothing where there are none."""
    lines = difflib.unified_diff(_lines(before), _lines(after), *names, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _lines(dashboard: Dashboard) -> list[str]:
    return json.dumps(normal(dashboard), indent=2, sort_keys=True, ensure_ascii=False).splitlines()


def metrics_in(dashboard: Dashboard) -> set[str]:
    """The names of the metrics that the dashboard's queries read."""
    return {name for text in _texts(dashboard) for name in _METRIC.findall(text)}


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)
