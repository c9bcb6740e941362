"""Requests that end in time, are tried again only where that helps, are counted, and never tell a secret."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from random import random as fresh_random
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
from urllib3.util import Timeout

from common.deadline import Deadline
from common.decoding import decode_json
from common.errors import FetchError, QuarterdeckError
from common.meter import Meter
from common.retry import Transient, http_date, is_transient_status, retry_after, retrying
from common.transport import ERRORS, classify, new_session

__all__ = [
    "HttpClient",
    "Response",
    "Transient",
    "is_transient_status",
    "place",
    "retry_after",
    "retrying",
    "transient_answer",
]
T = TypeVar("T")
LIMIT = 30.0
"""The most seconds that one request may take in all."""
LARGEST_BODY = 64 * 1024 * 1024
_CONNECT = 10.0
_CHUNK = 64 * 1024
_REDIRECTS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})


class Response(msgspec.Struct, frozen=True):
    """A whole answer; header names are lower case."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def place(self) -> str:
        """The request as errors name it."""
        return place(self.method, self.url)

    def json(self, kind: type[T]) -> T:
        """The body as that type; raises `msgspec.DecodeError` or `msgspec.ValidationError`."""
        return decode_json(self.body, kind)


def place(method: str, url: str) -> str:
    """`GET host/path`: what may be told of a request. Its query, user and headers may hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{method} (an address that cannot be read)"
    host = parts.netloc.rpartition("@")[2]
    return f"{method} {host}{parts.path}"


def transient_answer(response: Response, now: float) -> Transient | None:
    """The failure that an answer stands for if it may pass; the default of `HttpClient`."""
    if not is_transient_status(response.status):
        return None
    return Transient(f"answered {response.status}", retry_after(response.headers, now))


class HttpClient:
    """One API over requests. Every request must be safe to send twice.

    `transience` says which answers may pass (a rate limit may be a 403); `failure` is the error that callers get.
    """

    def __init__(
        self,
        api: str,
        deadline: Deadline,
        meter: Meter,
        *,
        failure: type[QuarterdeckError] = FetchError,
        submitting: bool = False,
        transience: Callable[[Response, float], Transient | None] = transient_answer,
        verify: str | bool = True,
        cert: str | tuple[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] | None = None,
        random: Callable[[], float] = fresh_random,
        largest_body: int = LARGEST_BODY,
        pool: int = 8,
    ) -> None:
        """`pool` is how many connections are kept open."""
        self._api, self._deadline, self._meter = api, deadline, meter
        self._failure, self._submitting, self._transience = failure, submitting, transience
        self._clock, self._sleep, self._random = clock, sleep, random
        self._largest_body = largest_body
        self._verify, self._cert = verify, cert
        self._session = new_session(pool)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        params: Mapping[str, str] | None = None,
        limit: float = LIMIT,
    ) -> Response:
        """The answer, whatever its status, unless that may pass and did not.

        Raises `failure` (by default `FetchError`), and `DeadlineError` where no time is left to begin.
        """
        sent = requests.Request(method, url, headers=dict(headers or {}), data=data, params=dict(params or {}))
        policy = retrying(
            self._api,
            self._deadline,
            self._meter,
            submitting=self._submitting,
            sleep=self._sleep,
            random=self._random,
        )
        try:
            return policy(self._follow, sent, limit)
        except Transient as error:
            tries = policy.statistics.get("attempt_number", 1)
            often = f" (tried {tries} times)" if tries > 1 else ""
            raise self._failure(f"{place(method, url)}: {error.reason}{often}") from None

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _follow(self, sent: requests.Request, limit: float) -> Response:
        """Send, and follow redirects of reads where they stay with the host that the credentials are meant for."""
        end = self._deadline.remaining() - self._deadline.limit(limit, submitting=self._submitting)
        response = self._once(sent, sent.url, end)
        for _ in range(_REDIRECTS):
            if (
                response.status not in _MOVED
                or sent.method not in {"GET", "HEAD"}
                or "location" not in response.headers
            ):
                return response
            target = urljoin(response.url, response.headers["location"])
            if not _same_host(response.url, target):
                raise self._failure(f"{response.place}: moved to {place('', target).strip()}, which is not followed")
            response = self._once(requests.Request(sent.method, target, headers=sent.headers), target, end)
        raise self._failure(f"{place(sent.method, sent.url)}: moved more than {_REDIRECTS} times")

    def _once(self, sent: requests.Request, url: str, end: float) -> Response:
        """One request on the wire, counted. `end` is what must remain of the run afterwards."""
        limit = self._deadline.remaining() - end
        if limit <= 0:
            self._meter.request(self._api, "timeout")
            raise Transient("no answer in time")
        try:
            response = self._exchange(self._session.prepare_request(sent), limit)
        except ERRORS as error:
            meaning = classify(error)
            self._meter.request(self._api, meaning.result)
            if meaning.transient:
                raise Transient(meaning.words) from None
            raise self._failure(f"{place(sent.method, url)}: {meaning.words}") from None
        self._count(response)
        transient = self._transience(response, self._clock())
        if transient:
            raise transient
        return response

    def _exchange(self, prepared: requests.PreparedRequest, limit: float) -> Response:
        url = prepared.url or ""
        settings = self._session.merge_environment_settings(url, {}, True, self._verify, self._cert)
        answer = self._session.send(
            prepared,
            timeout=Timeout(total=limit, connect=min(_CONNECT, limit)),  # type: ignore[arg-type]
            allow_redirects=False,
            **settings,
        )
        with answer:
            headers = {name.lower(): text for name, text in answer.headers.items()}
            return Response(prepared.method or "", url, answer.status_code, headers, self._body(answer))

    def _body(self, answer: requests.Response) -> bytes:
        parts, size = [], 0
        for part in answer.iter_content(_CHUNK):
            size += len(part)
            if size > self._largest_body:
                self._meter.request(self._api, "too_large")
                where = place(answer.request.method or "", answer.url)
                raise self._failure(f"{where}: the answer is larger than {self._largest_body} bytes")
            parts.append(part)
        return b"".join(parts)

    def _count(self, response: Response) -> None:
        self._meter.request(self._api, _result(response.status))
        if response.status == 304:
            self._meter.cache_hit()
        date = http_date(response.headers.get("date", ""))
        # The clock of a sink is not the source's.
        if (
            not self._submitting and date is not None and "age" not in response.headers
        ):  # a cache repeats the date of long ago
            self._meter.skew(self._clock() - date)


def _result(status: int) -> str:
    return {304: "not_modified", 408: "408", 429: "429"}.get(status, f"{status // 100}xx")


def _same_host(here: str, there: str) -> bool:
    old, new = urlsplit(here), urlsplit(there)
    if old.hostname != new.hostname:
        return False
    upgraded = (old.scheme, new.scheme) == ("http", "https") and old.port in {None, 80} and new.port in {None, 443}
    return upgraded or (old.scheme, old.port) == (new.scheme, new.port)
