"""Where GitHub's APIs are, and the token for a run: given, or one that a GitHub App is lent for an hour."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from collectors.github.client.errors import CredentialsError, RefusedError
from collectors.github.settings import AppSettings, GitHubSettings, patterns
from common.errors import ConfigError
from common.http import HttpClient, Response
from common.secrets import Secrets
from common.telemetry import MASKER

T = TypeVar("T")
PUBLIC = "https://api.github.com"
_URL = re.compile(r"https?://[^\s/@?#]+(/[^\s?#]*)?")
_ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class Places(msgspec.Struct, frozen=True):
    """The base of the REST API and the address of GraphQL."""

    rest: str
    graphql: str


class _Token(msgspec.Struct, frozen=True):
    token: str


class _Installation(msgspec.Struct, frozen=True):
    id: int


def places(settings: GitHubSettings, environ: Mapping[str, str]) -> Places:
    """From the settings, else `GITHUB_API_URL`, else github.com; raises `ConfigError`."""
    url = (settings.api_url or environ.get("GITHUB_API_URL") or PUBLIC).rstrip("/")
    if not _URL.fullmatch(url):
        raise ConfigError(
            "collectors.github.api_url (GITHUB_API_URL) must be an http:// or https:// URL of the REST API"
        )
    base = url.removesuffix("/v3")
    return Places(url, f"{base}/graphql")


def headers(token: str) -> dict[str, str]:
    """What every request carries."""
    return {**_ACCEPT, "Authorization": f"Bearer {token}"}


def token(
    settings: GitHubSettings, environ: Mapping[str, str], at: Places, new_client: Callable[[], HttpClient]
) -> str:
    """The token of this run; raises `ConfigError`, or `FetchError` where an app gets none."""
    secrets = Secrets(environ)
    if settings.app is not None:
        return _installation_token(settings, settings.app, secrets, at, new_client())
    reference = settings.token
    if reference == "env:GITHUB_TOKEN" and not environ.get("GITHUB_TOKEN"):
        if not environ.get("GH_TOKEN"):
            raise ConfigError(
                "collectors.github.token: the variables GITHUB_TOKEN and GH_TOKEN are not set; "
                "set one to a token, or configure collectors.github.app"
            )
        reference = "env:GH_TOKEN"
    value = secrets.get(reference, "collectors.github.token").strip()
    if not value.isascii() or any(letter.isspace() for letter in value):
        raise ConfigError("collectors.github.token: the secret is not a token: it has spaces or letters beyond ASCII")
    return value


def _installation_token(
    settings: GitHubSettings, app: AppSettings, secrets: Secrets, at: Places, client: HttpClient
) -> str:
    carried = headers(_jwt(app, secrets.get(app.private_key, "collectors.github.app.private_key")))
    number = app.installation or _installation(settings, at, client, carried)
    path = f"/app/installations/{number}/access_tokens"
    answer = client.request("POST", f"{at.rest}{path}", headers=carried, data=b"{}")
    if answer.status != 201:
        raise _refusal(answer, f"installation {number}")
    value = _decoded(answer, _Token).token
    MASKER.add(value)
    return value


def _jwt(app: AppSettings, key: str) -> str:
    try:
        from github import Auth  # noqa: PLC0415  a heavy import that only an app needs
    except ModuleNotFoundError:
        raise ConfigError(
            "collectors.github.app needs PyGithub; install it with: pip install 'quarterdeck[github]'"
        ) from None
    from jwt.exceptions import PyJWTError  # noqa: PLC0415  PyGithub's own

    try:
        made = Auth.AppAuth(app.id, key).token
    except (PyJWTError, ValueError):
        raise ConfigError(
            "collectors.github.app.private_key: the secret is not a private key in PEM form; "
            "download one from the app's page"
        ) from None
    MASKER.add(made)
    return made


def _installation(settings: GitHubSettings, at: Places, client: HttpClient, carried: Mapping[str, str]) -> int:
    first = next(each for each in patterns(settings) if not each.startswith("!"))
    owner = first.partition("/")[0]
    for kind in ("orgs", "users"):
        answer = client.request("GET", f"{at.rest}/{kind}/{owner}/installation", headers=carried)
        if answer.status == 200:
            return _decoded(answer, _Installation).id
        if answer.status != 404:
            raise _refusal(answer, f"the installation of {owner}")
    raise RefusedError(f"GitHub App {settings.app.id if settings.app else ''} is not installed for {owner}; install it")


def _refusal(answer: Response, what: str) -> CredentialsError:
    return CredentialsError(
        f"{answer.place}: answered {answer.status} for {what}; "
        "look at collectors.github.app: id, private_key, installation"
    )


def _decoded(answer: Response, kind: type[T]) -> T:
    try:
        return answer.json(kind)
    except msgspec.DecodeError:
        raise CredentialsError(f"{answer.place}: the answer is not what GitHub describes") from None
