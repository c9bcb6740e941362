"""Bad days between the Datadog sink and Datadog: what may pass is tried again, what may not is said once."""

from __future__ import annotations

import re

import pytest

from common.deadline import Deadline
from common.errors import SubmitError
from common.meter import Meter
from common.sinks.datadog import bodies as limits
from tests.servers.datadog import API_KEY
from tests.servers.faults import (
    Answer,
    HalfAnswer,
    Pass,
    ResetAfterUpstream,
    ResetBeforeBody,
    Silence,
    TruncatedJson,
    html_page,
    status,
)
from tests.sinks.datadog_world import END, batch, branches, everything, gauge, sink
from tests.sinks.test_datadog_sink import STORED, stored

PASSING = {
    "408": status(408),
    "429": status(429),
    "429 after it was taken": status(429, forward=True),
    "500": status(500),
    "502": status(502),
    "503": status(503, forward=True),
    "504": status(504),
    "reset before the body": ResetBeforeBody(),
    "reset after the body": ResetAfterUpstream(),
    "half an answer": HalfAnswer(),
    "half an answer, not taken": HalfAnswer(forward=False),
    "cut JSON": TruncatedJson(),
    "a page": html_page(),
    "a page with 202": html_page(202, forward=True),
    "nothing": Answer(202),
    "a list": Answer(202, body=b"[]"),
    "silence": Silence(20),
}


@pytest.fixture
def server(start_datadog_server):
    return start_datadog_server(lambda: END)


def refused(url, **options):
    with pytest.raises(SubmitError) as caught:
        sink(url, **options).submit(batch(everything()))
    text = str(caught.value)
    assert API_KEY not in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again_and_stored_once(server, fault_proxy, fault):
    proxy, slept, meter = fault_proxy(server.url, [fault, fault]), [], Meter()
    receipt = sink(proxy.url, sleep=slept.append, meter=meter, limit=0.5).submit(batch(everything()))
    assert stored(server) == STORED
    assert (receipt.requests, len(proxy.requests), len(slept)) == (1, 3, 2)
    assert 0.5 <= slept[0] <= 1 <= slept[1] <= 2
    assert meter.read().retries == {"datadog": 2}
    assert sum(meter.read().requests.values()) == 3


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_is_told_after_five_tries(server, fault_proxy, fault):
    proxy = fault_proxy(server.url, lambda _: fault)
    text = refused(proxy.url, limit=0.3)
    assert text.startswith(f"{proxy.url}: ")
    assert text.endswith(" (tried 5 times)")
    assert len(proxy.requests) == 5


def test_an_address_where_nobody_listens_is_told(closed_url):
    assert refused(closed_url) == f"{closed_url}: the connection was refused (tried 5 times)"


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ((("Retry-After", "17"),), 17),
        ((("X-RateLimit-Reset", "23"),), 23),
        ((("X-RateLimit-Reset", "23"), ("X-RateLimit-Remaining", "0"), ("Retry-After", "5")), 23),
        ((("X-RateLimit-Reset", "5"), ("Retry-After", "31")), 31),
    ],
)
def test_a_limit_is_waited_for_as_long_as_datadog_asks(server, fault_proxy, headers, asked):
    proxy, slept = fault_proxy(server.url, [Answer(429, headers, b'{"errors": ["slow down"]}')]), []
    sink(proxy.url, sleep=slept.append).submit(batch(everything()))
    assert slept == [asked]
    assert stored(server) == STORED


def test_a_wait_beyond_the_deadline_is_not_begun(server, fault_proxy):
    proxy, slept = fault_proxy(server.url, [status(429, retry_after="300")]), []
    text = refused(proxy.url, sleep=slept.append, deadline=Deadline(60))
    assert slept == []
    assert text == f"{proxy.url}: answered 429"


def test_a_deadline_that_has_passed_is_told(server):
    assert refused(server.url, deadline=Deadline(0, clock=lambda: 1.0)).endswith("the deadline has passed")
    assert server.requests == {}


@pytest.mark.parametrize("code", [401, 403])
def test_a_key_that_is_refused_is_named_by_its_variable_and_not_tried_again(server, fault_proxy, code):
    proxy = fault_proxy(server.url, [Answer(code, body=f'{{"errors": ["no: {API_KEY}"]}}'.encode())])
    text = refused(proxy.url)
    assert text == (
        f"{proxy.url}: answered {code}: no: ***. Look whether the key in DD_API_KEY is still valid and has the rights, "
        f"and whether its account is on {proxy.url} (sinks.datadog.site, DD_SITE)"
    )
    assert len(proxy.requests) == 1


def test_a_wrong_key_is_refused_by_the_server_itself(server):
    assert "DD_API_KEY" in refused(server.url, api_key="f" * 32)
    assert server.requests == {"POST /api/v2/series": 1}


@pytest.mark.parametrize(
    ("reference", "name"),
    [("env:TEAM_KEY", "TEAM_KEY"), ("file:/etc/dd", "file:/etc/dd"), ("oops", "sinks.datadog.api_key")],
)
def test_a_refused_key_is_named_by_where_it_came_from(server, reference, name):
    text = refused(server.url, api_key="f" * 32, settings={"api_key": reference})
    assert f"the key in {name} is still valid" in text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Answer(400, body=b'{"errors": ["bad  point", "worse\\nline"]}'), "answered 400: bad point; worse line"),
        (Answer(404, body=b"<html>nowhere</html>"), "answered 404"),
        (Answer(422, body=b'{"errors": []}'), "answered 422"),
        (Answer(302, (("Location", "http://elsewhere.invalid/"),)), "moved elsewhere (302)"),
        (Answer(202, body=b'{"errors": ["too old"]}'), "refused points: too old"),
        (Answer(202, body=f'{{"errors": ["{API_KEY}"]}}'.encode()), "refused points: ***"),
    ],
)
def test_a_refusal_is_told_once_with_datadogs_words(server, fault_proxy, fault, words):
    proxy = fault_proxy(server.url, [fault])
    assert refused(proxy.url).startswith(f"{proxy.url}: {words}")
    assert len(proxy.requests) == 1


def test_points_that_datadog_finds_too_old_are_a_refusal(start_datadog_server):
    server = start_datadog_server(lambda: END + 1000)
    text = refused(server.url)
    assert "refused points: git.commit.landed: timestamp 1799997300" in text


def test_what_was_taken_before_a_refusal_is_told(server, fault_proxy, monkeypatch):
    monkeypatch.setattr(limits, "MAX_INFLATED", 400)
    proxy = fault_proxy(server.url, [Pass(), Pass(), status(400)])
    text = refused(proxy.url)
    assert text.endswith("answered 400: planned; 2 requests before it were taken, and sending them again is harmless")
    sink(server.url).submit(batch(everything()))
    assert stored(server) == STORED


def test_a_body_that_is_too_large_all_the_same_is_halved(server, fault_proxy):
    proxy = fault_proxy(server.url, lambda request: status(413) if request.length > 600 else Pass())
    samples = [gauge(branches, n, repo=f"acme/{n}", state="a") for n in range(400)]
    receipt = sink(proxy.url).submit(batch(samples))
    assert receipt.series == len(server.store.points) == 400
    assert set(server.store.points.values()) == set(range(400))
    assert receipt.requests == server.requests["POST /api/v2/series"] < len(proxy.requests)
    assert receipt.payload == sum(each.length for each in proxy.requests if each.length <= 600)


def test_halving_ends(server, fault_proxy):
    proxy = fault_proxy(server.url, lambda _: status(413))
    samples = [gauge(branches, n, repo=f"acme/{n}", state="a") for n in range(400)]
    with pytest.raises(SubmitError, match=re.escape(f"{proxy.url}: answered 413: planned")):
        sink(proxy.url).submit(batch(samples))
    assert len(proxy.requests) == 7


def test_health_is_refused_like_data(server, fault_proxy):
    proxy = fault_proxy(server.url, [status(400)])
    with pytest.raises(SubmitError, match="answered 400: planned"):
        sink(proxy.url).report(batch(everything()))
