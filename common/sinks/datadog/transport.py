"""datadog-api-client's configuration, authentication and connections; without its models, its retries, its patience."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import msgspec

from common.deadline import Deadline
from common.errors import ConfigError, DeadlineError, SubmitError
from common.meter import Meter
from common.retry import ATTEMPTS, Transient, is_transient_status, retry_after, retrying
from common.settings import DatadogSettings
from common.telemetry import Masker

if TYPE_CHECKING:
    from datadog_api_client import ApiClient

T = TypeVar("T")
API = "datadog"
"""What the meter calls these requests."""
LIMIT = 30.0
"""The most seconds that one request may take in all."""
_CONNECT = 10.0
_LONGEST_WORDS = 300


class Access(msgspec.Struct, frozen=True):
    """Where Datadog is and who asks. Only `api_key` and `app_key` are secret, and no repr shows them."""

    settings: DatadogSettings
    api_key: str
    app_key: str | None = None

    def __repr__(self) -> str:
        return f"Access({self.place})"

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        return (self.settings.url or f"https://api.{self.settings.site or 'datadoghq.com'}").rstrip("/")

    @property
    def place(self) -> str:
        """Where requests go, as errors name it."""
        return self.settings.url or self.settings.site or "datadoghq.com"

    def key_name(self, reference: str | None, setting: str) -> str:
        """The variable, file or secret that a key was read from; never its value."""
        kind, _, rest = (reference or "").partition(":")
        known = kind in {"env", "file", "aws"} and rest
        return (rest if kind == "env" else f"{kind}:{rest}") if known else f"sinks.datadog.{setting}"

    def key_advice(self, *, app: bool = False) -> str:
        """What to do about a key that is not accepted."""
        names = [self.key_name(self.settings.api_key, "api_key")]
        if app:
            names.append(self.key_name(self.settings.app_key, "app_key"))
        return (
            f"Look whether the key in {' and in '.join(names)} is still valid and has the rights, "
            f"and whether its account is on {self.place} (sinks.datadog.site, DD_SITE)"
        )

    def verify(self) -> None:
        """Raise `ConfigError` for a key that no request can carry."""
        for key, reference, setting in (
            (self.api_key, self.settings.api_key, "api_key"),
            (self.app_key or "", self.settings.app_key, "app_key"),
        ):
            if not (key.isascii() and key.isprintable()) or " " in key:
                name = self.key_name(reference, setting)
                raise ConfigError(f"sinks.datadog.{setting}: what {name} holds is no key: it has characters no key has")

    def mask(self, text: str) -> str:
        """A server's words on one line, without our keys, cut to a readable length."""
        masker = Masker()
        for secret in filter(None, (self.api_key, self.app_key)):
            masker.add(secret)
        return masker.mask(" ".join(text.split()))[:_LONGEST_WORDS]


class Answer(NamedTuple):
    """A whole answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TooLargeError(SubmitError):
    """A body that Datadog, or something before it, finds too large."""


class Transport:
    """Asks Datadog. A request is safe to send twice unless it says otherwise.

    The client library is loaded with the first one.
    """

    def __init__(
        self,
        access: Access,
        deadline: Deadline,
        meter: Meter,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        limit: float = LIMIT,
    ) -> None:
        self.access = access
        self._deadline, self._meter, self._clock, self._sleep = deadline, meter, clock, sleep
        self._limit = limit
        self._client: ApiClient | None = None

    def ask(
        self,
        method: str,
        path: str,
        judge: Callable[[Answer], T],
        *,
        body: bytes | None = None,
        encoding: str = "",
        app: bool = False,
        attempts: int = ATTEMPTS,
    ) -> T:
        """What `judge` makes of a success, or, where the application key is sent, of a 404. Raises `SubmitError`.

        What must not be sent twice says so with one attempt.
        """

        def once() -> T:
            answer = self._exchange(method, path, body, encoding, app=app)
            if not (app and answer.status == 404):
                self._raise_for(answer, app=app)
            return judge(answer)

        return self._patiently(once, attempts)

    def call(self, operation: Callable[[ApiClient], T]) -> T | None:
        """What an operation of the client library returns, `None` for a 404. Raises `SubmitError`."""
        return self._patiently(lambda: self._operate(operation))

    def probe(self, method: str, path: str, *, app: bool = False) -> Answer:
        """The answer to one try, whatever its status. Raises `SubmitError` where there is none."""
        try:
            return self._exchange(method, path, None, "", app=app)
        except (Transient, DeadlineError) as error:
            raise SubmitError(f"{self.access.place}: {error}") from None

    def _patiently(self, once: Callable[[], T], attempts: int = ATTEMPTS) -> T:
        policy = retrying(API, self._deadline, self._meter, submitting=True, attempts=attempts, sleep=self._sleep)
        try:
            return policy(once)
        except Transient as error:
            tries = policy.statistics.get("attempt_number", 1)
            often = f" (tried {tries} times)" if tries > 1 else ""
            raise SubmitError(f"{self.access.place}: {error.reason}{often}") from None
        except DeadlineError as error:
            raise SubmitError(f"{self.access.place}: {error}") from None

    def _exchange(self, method: str, path: str, body: bytes | None, encoding: str, *, app: bool = False) -> Answer:
        import urllib3  # noqa: PLC0415  loaded with the first request

        client = self._opened()
        limit = self._deadline.limit(self._limit, submitting=True)
        try:
            answer = client.rest_client.pool_manager.request(
                method,
                self.access.url + path,
                body=body,
                headers=self._headers(client, encoding, app=app),
                timeout=urllib3.Timeout(total=limit, connect=min(_CONNECT, limit)),
                retries=False,
                redirect=False,
            )
            headers = {name.lower(): text for name, text in answer.headers.items()}
            whole = Answer(answer.status, headers, answer.data)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            self._broken(error)
        self._count(whole.status)
        return whole

    def _operate(self, operation: Callable[[ApiClient], T]) -> T | None:
        import urllib3  # noqa: PLC0415
        from datadog_api_client.exceptions import ApiException, OpenApiException  # noqa: PLC0415

        client = self._opened()
        client.configuration.request_timeout = self._deadline.limit(self._limit, submitting=True)
        try:
            result = operation(client)
        except ApiException as error:
            if not error.status:  # the library's own wrapping of a TLS error
                self._broken(error)
            self._count(error.status)
            if error.status == 404:
                return None
            headers = {name.lower(): text for name, text in (error.headers or {}).items()}
            self._raise_for(Answer(error.status, headers, _encoded(error.body)), app=True)
            raise SubmitError(f"{self.access.place}: answered {error.status}") from None
        except (OpenApiException, TypeError, ValueError):
            self._meter.request(API, "bad_answer")
            raise Transient("sent an answer that is not Datadog's") from None
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            self._broken(error)
        self._count(200)
        return result

    def _broken(self, error: Exception) -> NoReturn:
        from common.transport import classify  # noqa: PLC0415

        meaning = classify(error)
        self._meter.request(API, meaning.result)
        if meaning.transient:
            raise Transient(meaning.words) from None
        raise SubmitError(f"{self.access.place}: {meaning.words}") from None

    def _count(self, status: int) -> None:
        self._meter.request(API, str(status) if status in {408, 429} else f"{status // 100}xx")

    def _raise_for(self, answer: Answer, *, app: bool = False) -> None:
        """Raise for a status that is no success: `Transient` where it may pass, else a `SubmitError`."""
        status, access = answer.status, self.access
        if 200 <= status <= 299:
            return
        if is_transient_status(status):
            # A 429 says that the limit is exhausted, also where it does not repeat that in a header.
            headers = {"x-ratelimit-remaining": "0", **answer.headers} if status == 429 else answer.headers
            raise Transient(f"answered {status}", retry_after(headers, self._clock()))
        words = self.words(answer)
        if status == 413:
            raise TooLargeError(f"{access.place}: answered 413{words}")
        if status in {401, 403}:
            raise SubmitError(f"{access.place}: answered {status}{words}. {access.key_advice(app=app)}")
        if 300 <= status <= 399:
            raise SubmitError(f"{access.place}: moved elsewhere ({status}): mend sinks.datadog.site or url")
        raise SubmitError(f"{access.place}: answered {status}{words}")

    def words(self, answer: Answer) -> str:
        """What Datadog says in an answer's `errors`, after a colon; nothing where it says nothing."""
        said = errors_in(answer.body)
        return f": {self.access.mask('; '.join(said))}" if said else ""

    def _headers(self, client: ApiClient, encoding: str, *, app: bool) -> dict[str, str]:
        headers = {**client.default_headers, "Accept": "application/json", "Content-Type": "application/json"}
        keys = ("apiKeyAuth", "appKeyAuth") if app else ("apiKeyAuth",)
        known: dict[str, dict[str, Any]] = client.configuration.auth_settings()  # type: ignore[no-untyped-call]
        headers |= {known[key]["key"]: known[key]["value"] for key in keys if key in known}
        return headers | ({"Content-Encoding": encoding} if encoding else {})

    def _opened(self) -> ApiClient:
        if self._client is None:
            self._client = _open(self.access)
        return self._client


def _open(access: Access) -> ApiClient:
    access.verify()
    try:
        from datadog_api_client import ApiClient, Configuration  # noqa: PLC0415
    except ImportError:
        raise ConfigError(MISSING) from None
    from urllib3.util import Retry  # noqa: PLC0415

    from common.transport import POOLS  # noqa: PLC0415

    configuration = Configuration(host=access.url)  # type: ignore[no-untyped-call]
    # Set afterwards: what the library finds in the environment does not count.
    configuration.api_key = {"apiKeyAuth": access.api_key}
    if access.app_key:
        configuration.api_key["appKeyAuth"] = access.app_key
    configuration.server_index, configuration.server_variables = None, {}
    client = ApiClient(configuration)
    pool = client.rest_client.pool_manager
    pool.connection_pool_kw["retries"] = Retry(0, read=False, redirect=False)
    pool.pool_classes_by_scheme = POOLS
    return client


MISSING = "the Datadog sink needs datadog-api-client: pip install 'quarterdeck[datadog]'"


def errors_in(body: bytes) -> list[str] | None:
    """The `errors` of an answer of Datadog's, empty where it has none; `None` for anything but a JSON object."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(value, dict):
        return None
    errors = value.get("errors") or []
    return [str(each) for each in errors] if isinstance(errors, list) else [str(errors)]


def _encoded(body: object) -> bytes:
    return body.encode("utf-8", "replace") if isinstance(body, str) else msgspec.json.encode(body)
