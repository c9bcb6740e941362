"""Each fault of the proxy does what it says, seen by a client."""

import json
import threading

import pytest
import requests
import urllib3

from tests.servers.datadog import API_KEY
from tests.servers.faults import (
    PAGE,
    PASS,
    Answer,
    HalfAnswer,
    ResetAfterUpstream,
    ResetBeforeBody,
    Silence,
    TruncatedJson,
    html_page,
    only,
    running,
    status,
)

NOW = 1_800_000_000
BODY = {"series": [{"metric": "a.b", "points": [{"timestamp": NOW, "value": 1}]}]}


@pytest.fixture
def upstream(start_datadog_server):
    return start_datadog_server(lambda: NOW)


def post(proxy, timeout: float = 10) -> requests.Response:
    return requests.post(f"{proxy.url}/api/v2/series", json=BODY, headers={"DD-API-KEY": API_KEY}, timeout=timeout)


def test_without_a_script_everything_passes(upstream, fault_proxy):
    proxy = fault_proxy(upstream.url)
    assert post(proxy).json() == {"errors": []}
    assert upstream.value("a.b", NOW) == 1.0
    (request,) = proxy.requests
    assert (request.method, request.path) == ("POST", "/api/v2/series")
    assert request.length == len(json.dumps(BODY))
    assert request.headers["dd-api-key"] == API_KEY


@pytest.mark.parametrize("code", [403, 408, 429, 500, 503])
def test_a_status_is_answered_in_place_of_the_upstream_and_the_next_request_passes(upstream, fault_proxy, code):
    proxy = fault_proxy(upstream.url, [status(code)])
    first = post(proxy)
    assert (first.status_code, first.headers.get("Retry-After")) == (code, None)
    assert upstream.requests.total() == 0
    assert post(proxy).status_code == 202
    assert len(proxy.requests) == 2


def test_a_429_can_say_when_to_come_back(upstream, fault_proxy):
    assert post(fault_proxy(upstream.url, [status(429, retry_after="7")])).headers["Retry-After"] == "7"


def test_a_503_can_come_after_the_upstream_took_the_body(upstream, fault_proxy):
    assert post(fault_proxy(upstream.url, [status(503, forward=True)])).status_code == 503
    assert upstream.value("a.b", NOW) == 1.0


def test_an_answer_has_its_headers_and_body(upstream, fault_proxy):
    answer = post(fault_proxy(upstream.url, [Answer(418, (("X-RateLimit-Reset", "3"),), b"tea")]))
    assert (answer.status_code, answer.headers["X-RateLimit-Reset"], answer.content) == (418, "3", b"tea")


def test_a_reset_before_the_body_reaches_nobody(upstream, fault_proxy):
    proxy = fault_proxy(upstream.url, [ResetBeforeBody()])
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(proxy)
    assert upstream.requests.total() == 0
    assert len(proxy.requests) == 1


def test_a_reset_after_the_upstream_leaves_the_data_there(upstream, fault_proxy):
    with pytest.raises(requests.ConnectionError, match="reset"):
        post(fault_proxy(upstream.url, [ResetAfterUpstream()]))
    assert upstream.value("a.b", NOW) == 1.0


@pytest.mark.parametrize(("forward", "held"), [(True, 1), (False, 0)])
def test_half_an_answer_ends_early(upstream, fault_proxy, forward, held):
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        post(fault_proxy(upstream.url, [HalfAnswer(forward=forward)]))
    assert len(upstream.values("a.b")) == held


def test_truncated_json_is_a_complete_answer_that_does_not_parse(upstream, fault_proxy):
    answer = post(fault_proxy(upstream.url, [TruncatedJson()]))
    assert (answer.status_code, answer.text) == (202, '{"erro')
    assert upstream.value("a.b", NOW) == 1.0


@pytest.mark.parametrize("code", [200, 502])
def test_a_page_comes_where_json_is_expected(upstream, fault_proxy, code):
    answer = post(fault_proxy(upstream.url, [html_page(code)]))
    assert (answer.status_code, answer.content) == (code, PAGE)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_silence_outlasts_the_clients_patience(upstream, fault_proxy):
    with pytest.raises(requests.ReadTimeout):
        post(fault_proxy(upstream.url, [Silence(20)]), timeout=0.1)
    assert upstream.requests.total() == 0


def test_silence_ends_without_an_answer(upstream, fault_proxy):
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        post(fault_proxy(upstream.url, [Silence(0.01, forward=True)]))
    assert upstream.value("a.b", NOW) == 1.0


def test_the_end_of_the_proxy_ends_its_silence(upstream):
    heard: list[type[BaseException]] = []

    def ask(url: str) -> None:
        with urllib3.PoolManager(retries=False) as pool:
            try:
                pool.request("GET", url, timeout=20)
            except urllib3.exceptions.HTTPError as error:
                heard.append(type(error))

    arrived = threading.Event()

    def script(_request):
        arrived.set()
        return Silence(60)

    with running(upstream.url, script) as proxy:
        client = threading.Thread(target=ask, args=(proxy.url,))
        client.start()
        assert arrived.wait(10)
    client.join(10)
    assert heard == [urllib3.exceptions.ProtocolError]


def test_a_script_for_one_method_lets_the_others_pass(upstream, fault_proxy):
    proxy = fault_proxy(upstream.url, only("POST", [status(500), PASS, status(503)]))
    headers = {"DD-API-KEY": API_KEY}
    assert requests.get(f"{proxy.url}/api/v1/validate", headers=headers, timeout=10).json() == {"valid": True}
    assert [post(proxy).status_code for _ in range(4)] == [500, 202, 503, 202]


def test_a_function_may_choose_by_the_request(upstream, fault_proxy):
    proxy = fault_proxy(upstream.url, lambda request: status(413) if request.length > 10 else PASS)
    assert post(proxy).status_code == 413
    assert requests.get(f"{proxy.url}/api/v1/validate", timeout=10).status_code == 403


def test_another_upstream_takes_over(upstream, closed_url, fault_proxy):
    proxy = fault_proxy(closed_url)
    assert post(proxy).status_code == 502
    proxy.aim(upstream.url)
    assert post(proxy).status_code == 202
    assert len(proxy.requests) == 1


def test_an_upstream_that_is_gone_is_a_502(closed_url, fault_proxy):
    answer = post(fault_proxy(closed_url))
    assert answer.status_code == 502
    assert answer.text.startswith("upstream: [Errno 111]")


def test_a_real_gateway_answers_through_the_proxy(pushgateway, fault_proxy):
    proxy = fault_proxy(pushgateway.url)
    answer = requests.get(f"{proxy.url}/-/ready", timeout=10)
    assert (answer.status_code, answer.text) == (200, "OK")
