"""What the loopback servers share: threads that end with the server, and answers in one piece."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class LoopbackServer(ThreadingHTTPServer):
    """An HTTP/1.1 server on a free port of 127.0.0.1 that ends its connections when it is closed."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handler: type[LoopbackHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The base address, without a trailing slash."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection and hands it to a thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Closes the connection; without a farewell if `reset` was asked for."""
        with self._lock:
            self._open.discard(request)
        if request.fileno() >= 0 and request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER):
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints nothing where the client or the end of the test broke the connection."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """Wakes whoever waits on `closing`, and ends every open connection."""
        self.closing.set()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class LoopbackHandler(BaseHTTPRequestHandler):
    """Buffered answers, so that none is split where Nagle's algorithm waits."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def expected_length(self) -> int:
        """The request's Content-Length; 0 without one."""
        return int(self.headers.get("Content-Length") or 0)

    def parse_request(self) -> bool:
        """Refuses bodies without a length, which no client here sends."""
        if not super().parse_request():
            return False
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
            return False
        return True

    def lower_headers(self) -> dict[str, str]:
        """The request's headers by their names in lower case."""
        return {name.lower(): text for name, text in self.headers.items()}

    def read_body(self) -> bytes:
        """The whole body; a client that breaks off raises `ConnectionAbortedError`, which ends the connection."""
        body = self.rfile.read(self.expected_length)
        if len(body) < self.expected_length:
            raise ConnectionAbortedError("the client left in the middle of its body")
        return body

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Sends one complete answer; a Content-Length in `headers` is sent instead of the true one."""
        fields = {"Content-Length": str(len(body)), **(headers or {})}
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        """Closes the connection after this request, in the ordinary way."""
        self.close_connection = True

    def reset(self) -> None:
        """Closes the connection after this request with a TCP reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Prints nothing."""


@contextmanager
def serving(server: LoopbackServer) -> Iterator[None]:
    """Serves in a thread for the length of the block, then ends every connection."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.end()
        server.shutdown()
        server.server_close()
        thread.join()
