"""The dashboards of the Datadog-shaped server: strict, and it adds to each what the real one adds."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from datadog_api_client.v1.model.dashboard import Dashboard

from tests.servers.models import RefusedError, complaints, parse

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/api/v1/dashboard"
_SUMMARY = ("id", "title", "description", "url", "author_handle", "created_at", "modified_at", "layout_type")


class Dashboards:
    """What the account holds, by id. `before_write` is called before each write: a rival may come in between."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.before_write: Callable[[], None] = lambda: None
        self._numbers = itertools.count(1)
        self._ticks = itertools.count(1)

    def answer(self, method: str, target: str, raw: bytes) -> tuple[int, Any]:
        """Status and body for one request; raises `RefusedError` for a body that the models do not describe."""
        parts = urlsplit(target)
        identity = parts.path.removeprefix(PATH).strip("/")
        if not identity:
            return self._collection(method, parts.query, raw)
        if identity not in self.held:
            return 404, {"errors": [f"Dashboard with ID {identity} not found"]}
        if method == "DELETE":
            del self.held[identity]
            return 200, {"deleted_dashboard_id": identity}
        if method == "PUT":
            self.store(identity, _checked(raw))
        return 200, self.held[identity]

    def _collection(self, method: str, query: str, raw: bytes) -> tuple[int, Any]:
        if method == "POST":
            identity = f"abc-{next(self._numbers):03d}-xyz"
            self.store(identity, _checked(raw))
            return 200, self.held[identity]
        asked = {name: int(values[0]) for name, values in parse_qs(query).items()}
        start = asked.get("start", 0)
        page = list(self.held.values())[start : start + asked.get("count", 100)]
        return 200, {"dashboards": [{name: each.get(name) for name in _SUMMARY} for each in page]}

    def store(self, identity: str, body: dict[str, Any]) -> None:
        """Keep the dashboard with what a server adds: ids, times, authors, and empty defaults."""
        kept = copy.deepcopy(body)
        for number, widget in enumerate(_widgets(kept)):
            widget["id"] = 10_000 + number
        created = self.held.get(identity, {}).get("created_at", "2026-01-01T00:00:00.000000+00:00")
        self.held[identity] = {
            "notify_list": None,
            "reflow_type": "auto",
            "restricted_roles": [],
            "template_variable_presets": [],
            **kept,
            "id": identity,
            "url": f"/dashboard/{identity}/{str(kept.get('title', '')).lower().replace(' ', '-')}",
            "author_handle": "someone@example.com",
            "author_name": None,
            "created_at": created,
            "modified_at": f"2026-01-01T00:00:00.{next(self._ticks):06d}+00:00",
            "is_read_only": False,
        }


def _checked(raw: bytes) -> dict[str, Any]:
    body = parse(raw)
    if wrong := complaints(body, Dashboard):
        raise RefusedError("; ".join(wrong[:20]))
    found: dict[str, Any] = body
    return found


def _widgets(body: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for widget in body.get("widgets", ()):
        found += [widget, *_widgets(widget.get("definition", {}))]
    return found
