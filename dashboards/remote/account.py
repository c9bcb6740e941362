"""Datadog's dashboard API as plain data: its models drop what they do not know, and cannot read every dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from common.errors import SubmitError
from common.retry import ATTEMPTS
from common.sinks.datadog.transport import Answer, Transport
from dashboards.remote.normal import KEPT, Dashboard

_PATH = "/api/v1/dashboard"
_PAGE = 100


class Summary(msgspec.Struct, frozen=True):
    """A dashboard as a listing tells of it."""

    id: str
    title: str = ""
    description: str | None = None
    url: str = ""


class _Listing(msgspec.Struct, frozen=True):
    dashboards: list[Summary] = []


class _Active(msgspec.Struct, frozen=True):
    metrics: list[str]


class Account(NamedTuple):
    """One account, by its transport. Everything raises `SubmitError` where Datadog refuses or does not answer."""

    transport: Transport

    @property
    def name(self) -> str:
        """Where it is, as lock file and errors name it."""
        return self.transport.access.url.partition("://")[2]

    def listing(self) -> Iterator[Summary]:
        """Every custom dashboard."""
        start = 0
        while True:
            page = self._read(f"{_PATH}?count={_PAGE}&start={start}", _Listing).dashboards
            yield from page
            start += len(page)
            if len(page) < _PAGE:
                return

    def get(self, identity: str) -> dict[str, Any] | None:
        """The whole dashboard; `None` where there is none of this id."""
        return self.transport.ask("GET", _of(identity), _found, app=True)

    def create(self, dashboard: Dashboard) -> dict[str, Any]:
        """The dashboard as the server made it. Sent once: were it sent again, there might be two."""
        return self._written("POST", _PATH, dashboard, attempts=1)

    def update(self, identity: str, dashboard: Dashboard, held: Dashboard) -> dict[str, Any]:
        """The same; what belongs to the account is carried on from what it `held`."""
        kept = {name: held[name] for name in KEPT if held.get(name)}
        return self._written("PUT", _of(identity), {**dashboard, **kept})

    def delete(self, identity: str) -> bool:
        """Whether there was one to delete."""
        return self.transport.ask("DELETE", _of(identity), lambda answer: answer.status != 404, app=True)

    def received(self, since: int) -> list[str]:
        """The names of the metrics that the account received since this Unix time."""
        found: list[str] = self._read(f"/api/v1/metrics?from={since}", _Active).metrics
        return found

    def _read(self, path: str, kind: type[Any]) -> Any:  # noqa: ANN401  an instance of that kind
        def judge(answer: Answer) -> Any:  # noqa: ANN401
            if answer.status == 404:
                raise SubmitError(f"{self.name}: answered 404 for {path.partition('?')[0]}")
            return _decoded(answer, kind)

        return self.transport.ask("GET", path, judge, app=True)

    def _written(self, method: str, path: str, dashboard: Dashboard, attempts: int = ATTEMPTS) -> dict[str, Any]:
        body = msgspec.json.encode(dashboard)
        stored = self.transport.ask(method, path, _found, body=body, app=True, attempts=attempts)
        if stored is None:
            raise SubmitError(f"{self.name}: the dashboard was deleted meanwhile; push again")
        return stored


def _of(identity: str) -> str:
    return f"{_PATH}/{quote(identity, safe='')}"


def _found(answer: Answer) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None if answer.status == 404 else _decoded(answer, dict[str, Any])
    return found


def _decoded(answer: Answer, kind: type[Any]) -> Any:  # noqa: ANN401
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SubmitError("Datadog sent an answer that is not a dashboard's; nothing was changed by it") from None
