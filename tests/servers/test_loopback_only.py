"""The guard that keeps every test on this machine."""

import socket

import pytest
import requests

from tests.servers.network import NetworkBlockedError, is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", b"127.0.0.1", "::ffff:127.0.0.1", None]
)
def test_loopback_is_allowed(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["128.0.0.1", "10.0.0.1", "2001:db8::1", "example.org", "127.0.0.1.example.org"])
def test_anything_else_is_not(host):
    assert not is_loopback(host)


def test_a_connection_to_another_address_is_refused(loopback_only):
    with socket.socket() as client, pytest.raises(NetworkBlockedError, match=r"not 192\.0\.2\.1:80"):
        client.connect(("192.0.2.1", 80))
    assert loopback_only == ["192.0.2.1:80"]
    loopback_only.clear()


def test_a_swallowed_attempt_to_resolve_a_name_is_remembered(loopback_only):
    with pytest.raises(NetworkBlockedError, match=r"not api\.example\.org"):
        requests.get("https://api.example.org", timeout=1)
    assert loopback_only == ["api.example.org"]
    loopback_only.clear()


def test_a_name_below_invalid_does_not_resolve():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("gateway.invalid", 80)


def test_the_closed_address_refuses(closed_url):
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(closed_url, timeout=1)
