"""A proxy that passes requests on to a real server and, where its script says so, makes them fail.

The script is a list with a fault (or `PASS`) for each request and passes everything after its end, or a function of
the request. `only("PUT", [...])` makes such a function out of a list for one method.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.servers.loopback import LoopbackHandler, LoopbackServer, serving

# Hop by hop, or wrong once the body is cut: an upstream must not compress what is cut here.
NOT_PASSED_ON = {
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body>Please sign in.</body></html>"
MOST_SILENCE = 60.0


@dataclass(frozen=True)
class Pass:
    """The request goes to the upstream, its answer comes back."""


@dataclass(frozen=True)
class Answer:
    """An answer of the proxy's own; `forward` lets the upstream take the request first."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    forward: bool = False


@dataclass(frozen=True)
class ResetBeforeBody:
    """A TCP reset after the request's head; its body is not read and the upstream hears nothing."""


@dataclass(frozen=True)
class ResetAfterUpstream:
    """A TCP reset once the upstream has taken the request and answered."""


@dataclass(frozen=True)
class HalfAnswer:
    """The upstream's status with a Content-Length above what is sent, then the end of the connection."""

    forward: bool = True


@dataclass(frozen=True)
class TruncatedJson:
    """The upstream's status with half of a JSON text, as a complete answer."""

    forward: bool = True


@dataclass(frozen=True)
class Silence:
    """Nothing for so many seconds (or until the proxy ends), then the end of the connection."""

    seconds: float = 20.0
    forward: bool = False


Fault = Pass | Answer | ResetBeforeBody | ResetAfterUpstream | HalfAnswer | TruncatedJson | Silence
PASS = Pass()


@dataclass(frozen=True)
class Request:
    """A request as it came to the proxy; header names are in lower case, `length` is what they say of the body."""

    method: str
    path: str
    headers: Mapping[str, str]
    length: int


Script = Callable[[Request], Fault]


def status(code: int, *, retry_after: str | None = None, forward: bool = False) -> Answer:
    """A bare error with a JSON body, and with `Retry-After` where given."""
    headers = [("Content-Type", "application/json")]
    if retry_after is not None:
        headers.append(("Retry-After", retry_after))
    return Answer(code, tuple(headers), b'{"errors": ["planned"]}', forward)


def html_page(code: int = 200, *, forward: bool = False) -> Answer:
    """A web page where an API's answer is expected, as captive portals and gateways send."""
    return Answer(code, (("Content-Type", "text/html; charset=utf-8"),), PAGE, forward)


def in_order(faults: Iterable[Fault]) -> Script:
    """One fault for each request, then none."""
    return only(None, faults)


def only(method: str | None, faults: Iterable[Fault]) -> Script:
    """One fault for each request of `method`, then none; other requests pass."""
    left = iter(tuple(faults))
    lock = threading.Lock()

    def choose(request: Request) -> Fault:
        if method not in {None, request.method}:
            return PASS
        with lock:
            return next(left, PASS)

    return choose


class FaultProxy(LoopbackServer):
    """Listens on `url` and passes on to `upstream`; `requests` holds every request in the order of arrival."""

    def __init__(self, upstream: str, script: Script | Iterable[Fault] = ()) -> None:
        super().__init__(_Handler)
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self.aim(upstream)
        self.script(script)

    def aim(self, upstream: str) -> None:
        """Passes everything on to another upstream from now on, and forgets the requests so far."""
        address = urlsplit(upstream)
        self.upstream = (address.hostname or "127.0.0.1", address.port or 80, address.path.rstrip("/"))
        with self._lock:
            self.requests.clear()

    def script(self, script: Script | Iterable[Fault]) -> None:
        """Replaces the script."""
        self._script = script if callable(script) else in_order(script)

    def next_fault(self, request: Request) -> Fault:
        """Records the request and gives what shall become of it."""
        with self._lock:
            self.requests.append(request)
        return self._script(request)


@contextmanager
def running(upstream: str, script: Script | Iterable[Fault] = ()) -> Iterator[FaultProxy]:
    """A proxy in front of `upstream` (a base URL) that ends with the block."""
    proxy = FaultProxy(upstream, script)
    with serving(proxy):
        yield proxy


class _Handler(LoopbackHandler):
    server: FaultProxy

    def _handle(self) -> None:
        headers = self.lower_headers()
        fault = self.server.next_fault(Request(self.command, self.path, headers, self.expected_length))
        if isinstance(fault, ResetBeforeBody):
            self.reset()
            return
        body = self.read_body()
        reply = Answer(202, body=b'{"errors": []}')
        if getattr(fault, "forward", True):
            reply = self._forward(body)
        self._fail(fault, reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _fail(self, fault: Fault, reply: Answer) -> None:
        match fault:
            case Answer():
                self._send(fault)
            case ResetAfterUpstream():
                self.reset()
            case HalfAnswer():
                half = reply.body[: len(reply.body) // 2]
                self._send(Answer(reply.status, reply.headers, half), {"Content-Length": str(len(reply.body) + 64)})
                self.hang_up()
            case TruncatedJson():
                text = reply.body if len(reply.body) > 1 else b'{"errors": []}'
                self._send(Answer(reply.status, reply.headers, text[: len(text) // 2]))
            case Silence():
                self.server.closing.wait(min(fault.seconds, MOST_SILENCE))
                self.hang_up()
            case _:
                self._send(reply)

    def _forward(self, body: bytes) -> Answer:
        host, port, prefix = self.server.upstream
        connection = http.client.HTTPConnection(host, port, timeout=MOST_SILENCE)
        headers = {name: text for name, text in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        try:
            connection.request(self.command, prefix + self.path, body=body or None, headers=headers)
            answer = connection.getresponse()
            kept = tuple((name, text) for name, text in answer.getheaders() if name.lower() not in NOT_PASSED_ON)
            return Answer(answer.status, kept, answer.read())
        except (OSError, http.client.HTTPException) as error:
            return Answer(502, (("Content-Type", "text/plain"),), f"upstream: {error}".encode())
        finally:
            connection.close()

    def _send(self, reply: Answer, more: Mapping[str, str] | None = None) -> None:
        self.answer(reply.status, reply.body, {**dict(reply.headers), **(more or {})})
