"""Keeps tests on this machine: connecting or resolving anything but loopback fails, and fails the test."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

LOCAL_NAMES = {"", "localhost", "localhost.localdomain", "0.0.0.0", "::"}


class NetworkBlockedError(AssertionError):
    """A test tried to leave this machine."""


def is_loopback(host: object) -> bool:
    """Whether a host name or address means this machine."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
    if text in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def guard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Installs the guard; gives the list that every refused attempt is written to."""
    refused: list[str] = []

    def refuse(what: str) -> None:
        refused.append(what)
        raise NetworkBlockedError(f"a test may only reach 127.0.0.0/8 and ::1, not {what}")

    def checked(real: Any) -> Any:
        def call(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]
            if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(address[0]):
                refuse(f"{address[0]}:{address[1]}")
            return real(self, *arguments)

        return call

    real_getaddrinfo = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if str(host).endswith(".invalid"):
            # Such a name never resolves, so a test may ask for one; the question itself must not leave either.
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not is_loopback(host):
            refuse(str(host))
        return real_getaddrinfo(host, *arguments, **options)

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, checked(getattr(socket.socket, name)))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return refused
