"""Steering a server in another process: its clock, its faults' traces, its record of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from demo.server import Server

PREFIX = "/_simulated/"


def steer(server: Server, method: str, target: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """GET requests: the record so far. PUT clock: a JSON number; POST reset: forget the record."""
    name = target.removeprefix(PREFIX)
    headers = {"Content-Type": "application/json", "X-Simulated": "SIMULATED"}
    if (method, name) == ("GET", "requests"):
        with server.lock:
            return 200, headers, msgspec.json.encode(server.requests)
    if (method, name) == ("PUT", "clock"):
        at = msgspec.json.decode(body, type=float)
        server.clock = server.limits.clock = lambda: at
        return 204, headers, b""
    if (method, name) == ("POST", "reset"):
        with server.lock:
            server.requests.clear()
        return 204, headers, b""
    return 404, headers, b"{}"
