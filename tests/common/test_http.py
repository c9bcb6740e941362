"""Requests against servers that misbehave, on loopback; waiting is injected, so nothing sleeps."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import msgspec
import pytest

from common.deadline import Deadline
from common.errors import DeadlineError, FetchError, SubmitError
from common.http import HttpClient, Response, place, transient_answer
from common.meter import Meter
from common.retry import Transient
from tests.servers.loopback import LoopbackHandler, LoopbackServer, serving

NOON = 1_750_000_000.0
DATE = "Sun, 15 Jun 2025 15:06:40 GMT"


class Clock:
    """A monotonic clock that only moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


class Scripted(LoopbackHandler):
    """Answers with the server's script, one step for each request, the last one for ever."""

    def handle_request(self) -> None:
        body = self.read_body()
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        step = self.server.script[min(len(self.server.seen), len(self.server.script)) - 1]
        step(self)

    do_GET = do_POST = do_PUT = handle_request  # noqa: N815  http.server calls them so

    def date_time_string(self, timestamp=None) -> str:
        return DATE


@contextmanager
def server(*script):
    made = LoopbackServer(Scripted)
    made.script, made.seen = script, []
    with serving(made):
        yield made


def answers(status: int, body: bytes = b"", **headers: str):
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return lambda handler: handler.answer(status, body, named)


def resets(handler: LoopbackHandler) -> None:
    handler.reset()


def hangs_up(handler: LoopbackHandler) -> None:
    handler.hang_up()


def half(handler: LoopbackHandler) -> None:
    handler.answer(200, b"half", {"Content-Length": "99"})
    handler.hang_up()


def drips_its_body(handler: LoopbackHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    _drip(handler, b"x")


def drips_its_headers(handler: LoopbackHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler, b"x")


def _drip(handler: LoopbackHandler, piece: bytes) -> None:
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(piece)
        handler.wfile.flush()


def is_silent(handler: LoopbackHandler) -> None:
    handler.server.closing.wait(20)
    handler.hang_up()


@contextmanager
def client(clock: Clock | None = None, length: float = 600, **more):
    clock = clock or Clock()
    meter = Meter()
    made = HttpClient(
        "api",
        Deadline(length, clock),
        meter,
        clock=lambda: NOON,
        sleep=clock.sleep,
        random=lambda: 1.0,
        **more,
    )
    try:
        yield made, meter, clock
    finally:
        made.close()


def requests_of(meter: Meter) -> dict[tuple[str, str], int]:
    return meter.read().requests


def test_an_answer_comes_back_whole_and_is_counted():
    with server(answers(200, b'{"a": 1}', X_Kind="Plain")) as there, client() as (api, meter, _):
        answer = api.request("POST", f"{there.url}/v1/x", params={"page": "2"}, data=b"body", headers={"X-A": "b"})

        assert (answer.status, answer.json(dict[str, int]), answer.headers["x-kind"]) == (200, {"a": 1}, "Plain")
        assert requests_of(meter) == {("api", "2xx"): 1}
        ((method, path, headers, body),) = there.seen
        assert (method, path, headers["X-A"], body) == ("POST", "/v1/x?page=2", "b", b"body")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 501])
def test_a_permanent_answer_is_asked_for_once_and_left_to_the_caller(status):
    with server(answers(status)) as there, client() as (api, meter, clock):
        assert api.request("GET", there.url).status == status

        assert (len(there.seen), clock.naps, meter.read().retries) == (1, [], {})
        assert requests_of(meter) == {("api", f"{status // 100}xx"): 1}


@pytest.mark.parametrize("trouble", [resets, hangs_up, half, answers(503), answers(500), answers(408), answers(429)])
def test_what_may_pass_is_tried_again_with_growing_pauses(trouble):
    with server(trouble, trouble, answers(200, b"done")) as there, client() as (api, meter, clock):
        assert api.request("GET", there.url).body == b"done"

        assert (len(there.seen), clock.naps, meter.read().retries) == (3, [1.0, 2.0], {"api": 2})


def test_after_five_tries_the_error_names_the_request_but_neither_its_query_nor_its_headers():
    secret = "topsecretvalue"
    with server(answers(503)) as there, client() as (api, meter, clock):
        with pytest.raises(FetchError) as caught:
            api.request("GET", f"{there.url}/x?k={secret}", params={"t": secret}, headers={"Authorization": secret})

        host = there.url.removeprefix("http://")
        assert str(caught.value) == f"GET {host}/x: answered 503 (tried 5 times)"
        assert secret not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert (clock.naps, requests_of(meter)) == ([1.0, 2.0, 4.0, 8.0], {("api", "5xx"): 5})


def test_the_server_s_own_wait_is_obeyed_where_it_is_longer():
    with server(answers(429, Retry_After="7"), answers(503, Retry_After="0"), answers(200)) as there:
        with client() as (api, _, clock):
            assert api.request("GET", there.url).status == 200

        assert clock.naps == [7.0, 2.0]


def test_a_wait_that_cannot_end_before_the_deadline_is_not_begun():
    with server(answers(429, Retry_After="90")) as there, client(length=100) as (api, meter, clock):
        with pytest.raises(FetchError, match=r"answered 429$"):
            api.request("GET", there.url)

        assert (clock.naps, requests_of(meter)) == ([], {("api", "429"): 1})


def test_a_sink_may_wait_into_the_reserve_that_fetching_leaves():
    with server(answers(429, Retry_After="90"), answers(202)) as there:
        with client(length=100, submitting=True, failure=SubmitError) as (api, _, clock):
            assert api.request("PUT", there.url, data=b"x").status == 202

        assert clock.naps == [90.0]


def test_no_request_starts_after_the_deadline():
    clock = Clock()
    with server(answers(200)) as there, client(clock, length=100) as (api, _, _):
        clock.now = 80.5
        with pytest.raises(DeadlineError):
            api.request("GET", there.url)

        assert there.seen == []


@pytest.mark.parametrize("slow", [drips_its_body, drips_its_headers, is_silent])
def test_a_server_that_drips_or_says_nothing_does_not_beat_the_limit(slow):
    with server(slow) as there:
        meter = Meter()
        api = HttpClient("api", Deadline(1.0), meter, sleep=lambda _: None, failure=SubmitError, submitting=True)
        with pytest.raises(SubmitError, match="no answer in time"):
            api.request("GET", there.url, limit=0.2)
        api.close()

        assert set(requests_of(meter)) == {("api", "timeout")}


def test_a_body_that_is_too_large_is_refused_at_once():
    with server(answers(200, b"x" * 2000)) as there, client(largest_body=1000) as (api, meter, clock):
        with pytest.raises(FetchError, match="the answer is larger than 1000 bytes"):
            api.request("GET", there.url)

        assert (requests_of(meter), clock.naps) == ({("api", "too_large"): 1}, [])


def test_a_refused_connection_is_tried_again_and_named():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with client() as (api, meter, _):
        with pytest.raises(FetchError) as caught:
            api.request("GET", f"http://127.0.0.1:{port}/x")

        assert str(caught.value) == f"GET 127.0.0.1:{port}/x: the connection was refused (tried 5 times)"
        assert requests_of(meter) == {("api", "refused"): 5}


@pytest.mark.parametrize("url", ["ftp://host/x", "http://", "nonsense", "http://[::1", "http://ho st/"])
def test_an_address_that_cannot_be_asked_is_permanent(url):
    with client() as (api, meter, clock):
        with pytest.raises(FetchError, match="the address or a header is not one that can be sent"):
            api.request("GET", url)

        assert (clock.naps, requests_of(meter)) == ([], {("api", "invalid"): 1})


@pytest.mark.parametrize("value", ["line\nbreak-secret", "“secret”"])
def test_a_header_that_cannot_be_sent_does_not_show_its_value(value):
    with server(answers(200)) as there, client() as (api, _, _):
        with pytest.raises(FetchError) as caught:
            api.request("GET", there.url, headers={"Authorization": value})

        assert "secret" not in str(caught.value)
        assert there.seen == []


def test_a_redirect_within_the_host_is_followed_with_the_headers():
    with server(answers(301, Location="/new?page=1"), answers(200, b"moved")) as there, client() as (api, meter, _):
        assert api.request("GET", f"{there.url}/old", headers={"Authorization": "t"}).body == b"moved"

        assert [(path, headers["Authorization"]) for _, path, headers, _ in there.seen] == [
            ("/old", "t"),
            ("/new?page=1", "t"),
        ]
        assert requests_of(meter) == {("api", "3xx"): 1, ("api", "2xx"): 1}


def test_a_redirect_to_another_host_is_not_followed():
    with server(answers(200)) as other, server(answers(302, Location=f"{other.url}/x?secret=1")) as there:
        with client() as (api, _, _), pytest.raises(FetchError) as caught:
            api.request("GET", there.url, headers={"Authorization": "t"})

        host, target = (each.url.removeprefix("http://") for each in (there, other))
        assert str(caught.value) == f"GET {host}/: moved to {target}/x, which is not followed"
        assert other.seen == []


def test_a_loop_of_redirects_ends():
    with server(answers(302, Location="/again")) as there, client() as (api, _, _):
        with pytest.raises(FetchError, match="moved more than 5 times"):
            api.request("GET", there.url)

        assert len(there.seen) == 6


def test_a_write_is_not_redirected():
    with server(answers(302, Location="/again")) as there, client() as (api, _, _):
        assert api.request("PUT", there.url, data=b"x").status == 302


def test_an_unchanged_answer_counts_as_a_cache_hit():
    with server(answers(304)) as there, client() as (api, meter, _):
        assert api.request("GET", there.url).status == 304

        assert (requests_of(meter), meter.read().cache_hits) == ({("api", "not_modified"): 1}, 1)


def test_the_difference_to_the_server_s_clock_is_measured():
    with server(answers(200)) as there, client() as (api, meter, _):
        api.request("GET", there.url)

        assert meter.read().clock_skew == 0.0


def test_a_sink_s_clock_is_not_the_source_s():
    with server(answers(200)) as there, client(submitting=True) as (api, meter, _):
        assert api.request("GET", there.url).status == 200

        assert meter.read().clock_skew is None


def test_a_cached_answer_s_date_says_nothing_about_the_clock():
    with server(answers(200, Age="300")) as there, client() as (api, meter, _):
        api.request("GET", there.url)

        assert meter.read().clock_skew is None


def test_a_caller_may_say_which_answers_pass():
    def limited(response: Response, now: float) -> Transient | None:
        return Transient("rate limit", 3.0) if response.status == 403 else transient_answer(response, now)

    with server(answers(403), answers(200)) as there, client(transience=limited) as (api, _, clock):
        assert api.request("GET", there.url).status == 200

        assert clock.naps == [3.0]


def test_cookies_and_netrc_are_not_sent(tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with server(answers(200, Set_Cookie="a=b"), answers(200)) as there, client() as (api, _, _):
        api.request("GET", there.url)
        api.request("GET", there.url, headers={"Authorization": "mine"})

        assert [(headers.get("Cookie"), headers.get("Authorization")) for *_, headers, _ in there.seen] == [
            (None, None),
            (None, "mine"),
        ]


def test_a_user_name_in_an_address_is_not_told():
    assert place("GET", "https://user:pass@host:1/x?token=y#z") == "GET host:1/x"


def test_a_body_that_is_not_what_was_expected_is_a_decode_error():
    answer = Response("GET", "http://host/x", 200, {}, b"<html>")

    with pytest.raises(msgspec.DecodeError):
        answer.json(dict)
    assert answer.place == "GET host/x"
