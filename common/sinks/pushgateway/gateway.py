"""The Pushgateway's HTTP interface: addresses, credentials, and what its answers mean."""

from __future__ import annotations

import base64
import importlib.util
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from common.deadline import Deadline
from common.errors import ConfigError, DeadlineError, SubmitError
from common.http import HttpClient, Response
from common.meter import Meter
from common.settings import PushgatewaySettings
from common.sinks.pushgateway.exposition import find_value
from common.sinks.pushgateway.stored import Group, read_groups

API = "pushgateway"
LARGEST_BODY = 512 * 1024 * 1024
_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_SAID = 300


class RefusedError(SubmitError):
    """The gateway found the pushed text wrong, or in conflict with what another group holds."""


class _Build(msgspec.Struct):
    version: str = "of unknown version"


class _Data(msgspec.Struct):
    build_information: _Build


class _Status(msgspec.Struct):
    data: _Data


class Gateway:
    """One Pushgateway. Its methods raise `SubmitError`, making one `ConfigError`.

    `password` and `token` are the secrets themselves.
    """

    def __init__(
        self,
        settings: PushgatewaySettings,
        deadline: Deadline,
        meter: Meter,
        *,
        password: str | None = None,
        token: str | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        _require_library()
        self._settings = settings
        self._base = (settings.url or "").rstrip("/")
        self._headers = _credentials(settings, password, token)
        self._client = HttpClient(
            API,
            deadline,
            meter,
            failure=SubmitError,
            submitting=True,
            verify=_file(settings.ca_file, "ca_file") or True,
            cert=_certificate(settings),
            sleep=sleep,
            largest_body=LARGEST_BODY,
        )

    def groups(self) -> list[Group]:
        """Everything that it holds."""
        response = self._ask("GET", "/api/v1/metrics")
        if response.status != 200:
            raise self._unexpected(response)
        return read_groups(response.body)

    def pushed(self, labels: Mapping[str, str]) -> float | None:
        """When the group was last pushed to; 0 without such a group, `None` where the page does not tell."""
        response = self._ask("GET", "/metrics")
        if response.status != 200 or not response.headers.get("content-type", "").startswith("text/plain"):
            return None
        return find_value(response.body, "push_time_seconds", labels) or 0.0

    def put(self, labels: Mapping[str, str], body: bytes) -> None:
        """Replace the group; raises `RefusedError` where the text is the reason that it was not."""
        response = self._ask("PUT", group_path(labels), body)
        if response.status == 400:
            raise RefusedError(f"the Pushgateway refused the metrics: {_said(response)}")
        self._must_be_done(response)

    def delete(self, labels: Mapping[str, str]) -> None:
        """Delete the group; one that is not there is no error."""
        self._must_be_done(self._ask("DELETE", group_path(labels)))

    def version(self) -> str:
        """Its version, as it tells it."""
        response = self._ask("GET", "/api/v1/status")
        if response.status != 200:
            raise self._unexpected(response)
        try:
            return response.json(_Status).data.build_information.version
        except msgspec.MsgspecError:
            raise self._unexpected(response) from None

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Response:
        # Compressing costs a gateway more time than a cluster's network saves.
        headers = {**self._headers, "Accept-Encoding": "identity"}
        if body is not None:
            headers["Content-Type"] = _TEXT
        try:
            return self._client.request(method, self._base + path, headers=headers, data=body)
        except DeadlineError:
            raise SubmitError("no time was left for the Pushgateway before the deadline") from None

    def _must_be_done(self, response: Response) -> None:
        # It answers with an empty body; a page means that something else answered in its place.
        if response.status not in (200, 202) or response.body.strip():
            raise self._unexpected(response)

    def _unexpected(self, response: Response) -> SubmitError:
        status, remedy = response.status, "check sinks.pushgateway.url"
        if status in (401, 403):
            remedy = _credentials_remedy(self._settings)
        elif 300 <= status < 400:
            remedy = "it points elsewhere; put the final address into sinks.pushgateway.url"
        elif status == 413:
            remedy = "a proxy in front of it limits the size of bodies; raise that limit or use shards"
        elif status in (200, 202):
            return SubmitError(f"{response.place}: the answer is not a Pushgateway's ({_said(response)}); {remedy}")
        return SubmitError(f"{response.place}: answered {status} ({_said(response)}); {remedy}")


def group_path(labels: Mapping[str, str]) -> str:
    """The group's path; values with slashes, spaces or nothing go as base64, by the rules of the client library."""
    from prometheus_client import delete_from_gateway  # noqa: PLC0415  an estimate needs no library

    asked: list[str] = []

    def handler(url: str, **_: object) -> Callable[[], None]:
        asked.append(url)
        return lambda: None

    key = {label: text for label, text in labels.items() if label != "job"}
    delete_from_gateway("http://gateway", labels["job"], key, handler=handler)
    return asked[0].removeprefix("http://gateway")


def _require_library() -> None:
    if importlib.util.find_spec("prometheus_client") is None:
        raise ConfigError(
            "sinks.pushgateway needs prometheus-client; install it with: pip install 'quarterdeck[pushgateway]'"
        )


def _credentials(settings: PushgatewaySettings, password: str | None, token: str | None) -> dict[str, str]:
    if settings.token and (settings.username or settings.password):
        raise ConfigError("sinks.pushgateway has both a token and a username with password; give one of the two")
    if bool(settings.username) != bool(settings.password):
        missing = "password" if settings.username else "username"
        raise ConfigError(f"sinks.pushgateway.{missing} is missing: username and password go together")
    if token:
        return {"Authorization": f"Bearer {token}"}
    if settings.username:
        pair = base64.b64encode(f"{settings.username}:{password or ''}".encode())
        return {"Authorization": f"Basic {pair.decode()}"}
    return {}


def _credentials_remedy(settings: PushgatewaySettings) -> str:
    for name in ("token", "password"):
        reference = getattr(settings, name)
        if reference:
            source = f" ({reference})" if re.match(r"(env|file|aws):", reference) else ""
            also = "sinks.pushgateway.username and " if name == "password" else ""
            return f"check {also}sinks.pushgateway.{name}{source}"
    return "it wants credentials: give sinks.pushgateway.username and password, or token"


def _certificate(settings: PushgatewaySettings) -> str | tuple[str, str] | None:
    own, key = _file(settings.cert_file, "cert_file"), _file(settings.key_file, "key_file")
    if key and not own:
        raise ConfigError("sinks.pushgateway.cert_file is missing: key_file is the key of a certificate")
    return (own, key) if own and key else own


def _file(path: str | None, name: str) -> str | None:
    if path and not Path(path).is_file():
        raise ConfigError(f"sinks.pushgateway.{name}: there is no file {path}")
    return path


def _said(response: Response) -> str:
    text = " ".join(response.body[: 4 * _SAID].decode("utf-8", "replace").split())
    if "<html" in text.lower():
        return "a web page"
    return text[:_SAID] + ("…" if len(text) > _SAID else "") if text else "without a word"
