"""requests without its surprises: a total limit on time, nothing sent twice, no credentials but the caller's."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import msgspec
import requests
import requests.adapters
import requests.exceptions as above
import urllib3.exceptions as below
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Retry

_NO_LIMIT_KNOWN = 60.0


class Meaning(msgspec.Struct, frozen=True):
    """What an exception of the transport says: a word for the meter, words for people, and whether it may pass."""

    result: str
    words: str
    transient: bool


_TIMEOUT = Meaning("timeout", "no answer in time", True)
_RESET = Meaning("reset", "the connection broke", True)
_TLS = Meaning("tls", "the other side does not speak TLS as expected", False)
_BAD_ANSWER = Meaning("bad_answer", "the answer is not what HTTP allows", False)
_INVALID = Meaning("invalid", "the address or a header is not one that can be sent", False)
_INTERNAL = Meaning("error", "the request could not be made", False)

_CAUSES: tuple[tuple[type[BaseException], Meaning], ...] = (
    (ssl.SSLCertVerificationError, Meaning("tls", "the TLS certificate is not trusted here", False)),
    (socket.gaierror, Meaning("dns", "the host's name cannot be resolved", True)),
    (ConnectionRefusedError, Meaning("refused", "the connection was refused", True)),
    (ssl.SSLEOFError, _RESET),
    (ssl.SSLZeroReturnError, _RESET),
    (TimeoutError, _TIMEOUT),
    (ConnectionError, _RESET),
)
MEANINGS: dict[type[BaseException], Meaning] = {
    above.SSLError: _TLS,
    above.ProxyError: Meaning("proxy", "the proxy cannot be used", True),
    above.Timeout: _TIMEOUT,
    above.ConnectionError: _RESET,
    above.ChunkedEncodingError: _RESET,
    above.ContentDecodingError: _BAD_ANSWER,
    above.InvalidJSONError: _BAD_ANSWER,
    above.HTTPError: _BAD_ANSWER,
    above.TooManyRedirects: _BAD_ANSWER,
    above.RetryError: _RESET,
    above.URLRequired: _INVALID,
    above.MissingSchema: _INVALID,
    above.InvalidSchema: _INVALID,
    above.InvalidURL: _INVALID,
    above.InvalidHeader: _INVALID,
    above.StreamConsumedError: _INTERNAL,
    above.UnrewindableBodyError: _INTERNAL,
    below.SSLError: _TLS,
    below.ProxyError: Meaning("proxy", "the proxy cannot be used", True),
    below.TimeoutError: _TIMEOUT,
    below.ProtocolError: _RESET,
    below.IncompleteRead: _RESET,
    below.InvalidChunkLength: _RESET,
    below.MaxRetryError: _RESET,
    below.PoolError: _INTERNAL,
    below.TimeoutStateError: _INTERNAL,
    below.DecodeError: _BAD_ANSWER,
    below.ResponseError: _BAD_ANSWER,
    below.BodyNotHttplibCompatible: _BAD_ANSWER,
    below.HeaderParsingError: _BAD_ANSWER,
    below.InvalidHeader: _BAD_ANSWER,
    below.LocationValueError: _INVALID,
    below.ProxySchemeUnsupported: _INVALID,
    below.UnrewindableBodyError: _INTERNAL,
    http.client.HTTPException: _RESET,
    UnicodeError: _INVALID,
}
"""Every exception of requests, urllib3 and http.client, by itself or by the nearest base."""
ERRORS = (
    requests.RequestException,
    below.HTTPError,
    below.ProxySchemeUnsupported,
    http.client.HTTPException,
    OSError,
    UnicodeError,
)
"""What may come out of a request."""


def classify(error: BaseException) -> Meaning:
    """What went wrong, told by what caused the error and else by its type; also for sinks' own transports."""
    chain = tuple(_causes(error))
    for kind, meaning in _CAUSES:
        if any(isinstance(each, kind) for each in chain):
            return meaning
    for each in reversed(chain):
        found = next((MEANINGS[base] for base in type(each).__mro__ if base in MEANINGS), None)
        if found:
            return found
    return _INTERNAL


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps, breadth first: libraries keep the cause in `args`, `reason` or `__cause__`."""
    waiting: list[object] = [error]
    for each in waiting:
        if isinstance(each, BaseException):
            yield each
            inner = (each.__cause__, getattr(each, "reason", None), *each.args)
            waiting += [one for one in inner if not any(one is known for known in waiting)]


class _Bounded(io.RawIOBase):
    """A socket to read from until `end`: each byte of a slow drip shortens what is left, headers included."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock, self._end = sock, end
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  whatever io hands over
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _File:
    """What `http.client` wants of a socket."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock, self._end = sock, end

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(_Bounded(self._sock, self._end))


def _bounded_response(sock: socket.socket, *args: Any, end: float, **more: Any) -> http.client.HTTPResponse:  # noqa: ANN401
    return http.client.HTTPResponse(_File(sock, end), *args, **more)  # type: ignore[arg-type]


class _TotalTime:
    """Reads of one answer together take no longer than the read timeout, which urllib3 grants to each of them."""

    timeout: float | None
    response_class: Any

    def getresponse(self) -> Any:  # noqa: ANN401  urllib3's own
        end = time.monotonic() + (self.timeout or _NO_LIMIT_KNOWN)
        self.response_class = partial(_bounded_response, end=end)
        return super().getresponse()  # type: ignore[misc]


class _Connection(_TotalTime, HTTPConnection):
    pass


class _SecureConnection(_TotalTime, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}


class _Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = POOLS
        return manager


def new_session(pool: int = 8) -> requests.Session:
    """A session that never retries, keeps no cookies, and takes no credentials from a `.netrc` file."""
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_connections=pool, pool_maxsize=pool, max_retries=Retry(0, read=False)))
    session.auth = _as_it_is
    session.headers["User-Agent"] = "quarterdeck"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
