"""What the loopback servers of tests add to the demo's: strictness about bodies, and answers in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.loopback import Handler, serving
from demo.loopback import Loopback as LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LoopbackHandler", "LoopbackServer", "serving"]


class LoopbackHandler(Handler):
    """Refuses bodies that are not whole."""

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
        body = super().read_body()
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
