"""When a request is tried again, how long it waits, and what each exception of the libraries means."""

from __future__ import annotations

import http.client
import inspect
import socket
import ssl
import threading

import pytest
import requests.exceptions
import urllib3.exceptions

from common.deadline import Deadline
from common.errors import DeadlineError, FetchError
from common.meter import Meter
from common.retry import Transient, is_transient_status, retry_after, retrying
from common.transport import MEANINGS, classify
from tests.common.test_http import NOON, Clock


def test_a_stop_wakes_a_waiting_fetch():
    deadline = Deadline(600)
    threading.Timer(0.05, deadline.kill_children).start()

    def fails() -> None:
        raise Transient("answered 503", 60.0)

    with pytest.raises(DeadlineError):
        retrying("api", deadline, Meter())(fails)


def test_only_transient_failures_are_tried_again():
    tries = []

    def fails() -> None:
        tries.append(1)
        raise FetchError("no such repository")

    with pytest.raises(FetchError):
        retrying("api", Deadline(600), Meter())(fails)

    assert tries == [1]


def test_jitter_stays_between_half_and_the_whole_backoff():
    naps: dict[float, list[float]] = {}
    for chance in (0.0, 0.5, 1.0):
        clock = Clock()

        def fails() -> None:
            raise Transient("reset")

        policy = retrying("x", Deadline(600, clock), Meter(), sleep=clock.sleep, random=lambda c=chance: c)
        with pytest.raises(Transient, match="reset"):
            policy(fails)
        naps[chance] = clock.naps

    assert naps == {0.0: [0.5, 1.0, 2.0, 4.0], 0.5: [0.75, 1.5, 3.0, 6.0], 1.0: [1.0, 2.0, 4.0, 8.0]}


def test_which_statuses_may_pass():
    passing = [status for status in range(100, 600) if is_transient_status(status)]

    assert [status for status in passing if status < 500] == [408, 425, 429]
    assert [status for status in range(500, 600) if status not in passing] == [501, 505, 508, 510, 511]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "999999"}, 3600.0),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "١٢"}, None),
        ({"Retry-After": "Sun, 15 Jun 2025 15:07:40 GMT"}, 60.0),
        ({"Retry-After": "Sun, 15 Jun 2025 15:00:00 GMT"}, 0.0),
        ({"Retry-After": "Sun, 15 Jun 2025 15:07:40 GMT", "Date": "Sun, 15 Jun 2025 15:07:30 GMT"}, 10.0),
        ({"Retry-After": "Sun, 99 Jun 2025 15:07:40 GMT"}, None),
        ({"X-RateLimit-Reset": "30"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, 30.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOON) + 45)}, 45.0),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30", "Retry-After": "40"}, 40.0),
        ({"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "30"}, None),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "x"}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers, expected):
    assert retry_after(headers, NOON) == expected


ROOTS = {requests.exceptions.RequestException, urllib3.exceptions.HTTPError}


def _exceptions() -> list[type[BaseException]]:
    found = {
        each
        for module in (requests.exceptions, urllib3.exceptions)
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, tuple(ROOTS)) and not issubclass(each, Warning)
    }
    found |= {urllib3.exceptions.ProxySchemeUnsupported, http.client.IncompleteRead, http.client.BadStatusLine}
    return sorted(found - ROOTS, key=lambda each: f"{each.__module__}.{each.__name__}")


@pytest.mark.parametrize("kind", _exceptions(), ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_every_exception_of_the_libraries_has_a_meaning(kind):
    assert any(base in MEANINGS for base in kind.__mro__)


@pytest.mark.parametrize(
    ("error", "result", "transient"),
    [
        (
            requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("x", ConnectionResetError(104))),
            "reset",
            True,
        ),
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(ssl.SSLCertVerificationError(1))), "tls", False),
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(ssl.SSLEOFError(8))), "reset", True),
        (requests.exceptions.ConnectionError(socket.gaierror(-2, "x")), "dns", True),
        (requests.exceptions.ReadTimeout("x"), "timeout", True),
        (requests.exceptions.ContentDecodingError("x"), "bad_answer", False),
        (urllib3.exceptions.MaxRetryError(None, "/", ConnectionRefusedError(111)), "refused", True),
        (ConnectionResetError(104, "x"), "reset", True),
        (TimeoutError(), "timeout", True),
        (http.client.BadStatusLine("x"), "reset", True),
        (http.client.RemoteDisconnected("x"), "reset", True),
    ],
    ids=lambda each: getattr(type(each), "__name__", None) if isinstance(each, BaseException) else None,
)
def test_what_an_exception_means(error, result, transient):
    meaning = classify(error)

    assert (meaning.result, meaning.transient) == (result, transient)
