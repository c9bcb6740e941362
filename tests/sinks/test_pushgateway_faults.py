"""A Pushgateway, or what stands in front of it, that misbehaves: never an invented zero, never a lost total."""

from __future__ import annotations

import pytest
import requests

from common.errors import ConfigError, SubmitError
from common.meter import Meter
from common.settings import PushgatewaySettings
from tests.servers.faults import (
    PASS,
    Answer,
    HalfAnswer,
    ResetAfterUpstream,
    ResetBeforeBody,
    Silence,
    TruncatedJson,
    html_page,
    only,
    status,
)
from tests.sinks.pushgateway_world import KEY, World, during, quarter, run_once, sink_at, values

COMMITS = "world_commit_total"
SHOP = World({"acme/shop": ()})
LABELS = '{repo="acme/shop",author="human"}'
GROWN = SHOP.plus("acme/shop", during(0, "a"), during(1, "b", author="bot"))
PASSING = {
    "429": status(429),
    "429 with Retry-After": status(429, retry_after="7"),
    "500": status(500),
    "503": status(503),
    "408": status(408),
    "reset before": ResetBeforeBody(),
    "reset after": ResetAfterUpstream(),
    "half an answer": HalfAnswer(),
    "silence": Silence(0.3),
    "503 after it was taken": status(503, forward=True),
}


def commits(gateway):
    return values(gateway.groups(), COMMITS, "author")


def error_of(run):
    return "\n".join(each.error or "" for each in run.submissions)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_tried_again_and_changes_no_number(pushgateway, fault_proxy, fault, method):
    run_once(pushgateway.url, SHOP, quarter(0))
    proxy = fault_proxy(pushgateway.url, only(method, [PASSING[fault]] * 2))
    meter, waits = Meter(), []
    run = run_once(sink_at(proxy.url, meter, sleep=waits.append), GROWN, quarter(2))
    assert run.outcome == "success", error_of(run)
    assert commits(pushgateway) == {"human": 1, "bot": 1}
    assert meter.read().retries == {"pushgateway": 2}
    assert len(waits) == 2
    assert all(wait >= (7 if "Retry-After" in fault else 0.5) for wait in waits)
    assert run_once(pushgateway.url, GROWN, quarter(2)).outcome == "success"
    assert commits(pushgateway) == {"human": 1, "bot": 1}


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("fault", ["503", "reset before", "half an answer"])
def test_a_fault_that_stays_fails_the_run_and_the_next_one_makes_up_for_it(pushgateway, fault_proxy, fault, method):
    run_once(pushgateway.url, SHOP, quarter(0))
    proxy = fault_proxy(pushgateway.url, only(method, [PASSING[fault]] * 100))
    meter = Meter()
    run = run_once(sink_at(proxy.url, meter), GROWN, quarter(1))
    assert run.outcome == "failed"
    assert "tried 5 times" in error_of(run)
    run_once(pushgateway.url, GROWN, quarter(2))
    assert commits(pushgateway) == {"human": 1, "bot": 1}


def test_retry_after_beyond_the_deadline_is_not_waited_for(pushgateway, fault_proxy):
    proxy = fault_proxy(pushgateway.url, [status(429, retry_after="3000")] * 100)
    waits = []
    run = run_once(sink_at(proxy.url, sleep=waits.append), GROWN, quarter(1))
    assert (run.outcome, waits) == ("failed", [])
    assert "answered 429" in error_of(run)


def test_twenty_seconds_of_silence_are_cut_by_the_deadline(pushgateway, fault_proxy):
    proxy = fault_proxy(pushgateway.url, [Silence(20)] * 100)
    sink = sink_at(proxy.url, deadline=0.4)
    with pytest.raises(SubmitError, match=r"no answer in time|no time was left"):
        sink.prepare(KEY, quarter(0))


def test_a_run_without_time_left_says_so(pushgateway):
    sink = sink_at(pushgateway.url, deadline=0.0)
    with pytest.raises(SubmitError, match="no time was left for the Pushgateway before the deadline"):
        sink.prepare(KEY, quarter(0))


@pytest.mark.parametrize(
    "answer",
    [
        html_page(),
        TruncatedJson(),
        Answer(200, (), b'{"status":"error","data":[]}'),
        Answer(200, (), b'{"status":"success","data":{"a":1}}'),
        Answer(200, (), b'{"status":"success","data":[{"x":{}}]}'),
        Answer(200, (), b"[]"),
        Answer(200, (), b""),
        Answer(404, (), b"404 page not found"),
        status(501),
    ],
    ids=["page", "truncated", "error", "object", "no labels", "array", "empty", "404", "501"],
)
def test_a_gateway_that_cannot_be_read_is_a_failure_and_never_an_empty_one(pushgateway, fault_proxy, answer):
    run_once(pushgateway.url, SHOP, quarter(0))
    run_once(pushgateway.url, GROWN, quarter(1))
    proxy = fault_proxy(pushgateway.url, [answer])
    run = run_once(proxy.url, GROWN, quarter(2))
    assert run.outcome == "failed"
    assert "sinks.pushgateway.url" in error_of(run) or "could not be read" in error_of(run)
    assert [each.method for each in proxy.requests].count("PUT") == 1  # health alone
    assert commits(pushgateway) == {"human": 1, "bot": 0}
    assert values(pushgateway.groups(), "collector_run_outcome", "outcome", "quarterdeck-health")["failed"] == 1


def test_values_that_are_no_numbers_are_not_taken_for_zero(pushgateway, fault_proxy):
    run_once(pushgateway.url, SHOP, quarter(0))
    group = '"labels":{"job":"quarterdeck","instance":"test","collector":"world","shard":"0"}'
    for family in (
        '"world_commit_total":{"type":"COUNTER","metrics":[{"labels":{},"value":"many"}]}',
        '"world_commit_total":{"type":"COUNTER","metrics":[{"labels":{}}]}',
        '"quarterdeck_counted_until_timestamp_seconds":{"type":"GAUGE","metrics":[{"labels":{"repo":"x"},"value":"NaN"}]}',
        '"quarterdeck_counted_until_timestamp_seconds":{"type":"GAUGE","metrics":[{"labels":{},"value":"1"}]}',
        '"world_commit_total":7',
    ):
        body = f'{{"status":"success","data":[{{{group},{family}}}]}}'.encode()
        proxy = fault_proxy(pushgateway.url, [Answer(200, (), body)])
        assert run_once(proxy.url, GROWN, quarter(1)).outcome == "failed"
        assert commits(pushgateway) == {"human": 0, "bot": 0}


def test_a_page_in_place_of_the_second_look_is_read_in_full_and_not_trusted(pushgateway, fault_proxy):
    run_once(pushgateway.url, SHOP, quarter(0))
    page = html_page()
    choices = {"/api/v1/metrics": iter([]), "/metrics": iter([page])}
    proxy = fault_proxy(pushgateway.url, lambda request: next(choices.get(request.path, iter([])), PASS))
    assert run_once(proxy.url, GROWN, quarter(1)).outcome == "success"
    assert [each.path for each in proxy.requests][:3] == ["/api/v1/metrics", "/metrics", "/api/v1/metrics"]
    assert commits(pushgateway) == {"human": 1, "bot": 0}


def test_a_gateway_that_hides_its_own_page_is_read_in_full(pushgateway, fault_proxy):
    run_once(pushgateway.url, SHOP, quarter(0))
    proxy = fault_proxy(pushgateway.url, lambda request: status(404) if request.path == "/metrics" else PASS)
    assert run_once(proxy.url, GROWN, quarter(1)).outcome == "success"
    assert commits(pushgateway) == {"human": 1, "bot": 0}


def test_a_page_in_answer_to_a_push_means_that_it_was_not_taken(pushgateway, fault_proxy):
    proxy = fault_proxy(pushgateway.url, only("PUT", [html_page()]))
    run = run_once(proxy.url, SHOP, quarter(0))
    assert run.outcome == "failed"
    assert "a web page" in error_of(run)


def test_a_push_that_is_moved_elsewhere_is_not_followed(pushgateway, fault_proxy):
    proxy = fault_proxy(pushgateway.url, only("PUT", [Answer(301, (("Location", "/elsewhere"),))]))
    run = run_once(proxy.url, SHOP, quarter(0))
    assert "put the final address into sinks.pushgateway.url" in error_of(run)


@pytest.mark.parametrize("code", [401, 403])
def test_refused_credentials_name_the_setting_and_not_the_secret_and_are_not_tried_again(
    pushgateway, fault_proxy, code
):
    proxy = fault_proxy(pushgateway.url, [status(code)] * 9)
    settings = PushgatewaySettings(url=proxy.url, token="env:PGW_TOKEN")
    sink = sink_at(proxy.url, settings=settings, token="canary-secret")
    with pytest.raises(SubmitError, match=r"check sinks\.pushgateway\.token \(env:PGW_TOKEN\)") as caught:
        sink.prepare(KEY, quarter(0))
    assert len(proxy.requests) == 1
    sent = {name.lower(): text for name, text in proxy.requests[0].headers.items()}
    assert sent["authorization"] == "Bearer canary-secret"
    assert "canary" not in f"{caught.value!r} {vars(sink)!r}"


def test_a_foreign_type_is_an_error_that_names_metric_group_and_remedy(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    pushgateway.wipe()
    text = "# TYPE world_commit_total gauge\nworld_commit_total 1\n"
    assert requests.put(f"{pushgateway.url}/metrics/job/old/app/x", data=text, timeout=5).ok
    run = run_once(pushgateway.url, SHOP, quarter(1))
    assert run.outcome == "failed"
    assert 'the group {app="x", job="old"} holds world_commit_total as a gauge, ours is a counter: ' in error_of(run)
    requests.delete(f"{pushgateway.url}/metrics/job/old/app/x", timeout=5)
    assert run_once(pushgateway.url, SHOP, quarter(2)).outcome == "success"


@pytest.mark.parametrize(
    "stored",
    [
        "# TYPE world_commit_total gauge\nworld_commit_total%s 7\n",
        "# TYPE world_commit_total summary\nworld_commit_total_sum%s 7\nworld_commit_total_count%s 7\n",
    ],
)
def test_a_family_of_another_type_in_our_own_group_is_replaced(pushgateway, stored):
    text = (
        stored.replace("%s", '{repo="acme/shop",author="human"}') + "# TYPE alien summary\nalien_sum 1\nalien_count 1\n"
    )
    path = "/metrics/job/quarterdeck/instance/test/collector/world/shard/0"
    assert requests.put(pushgateway.url + path, data=text, timeout=5).ok
    assert run_once(pushgateway.url, SHOP, quarter(0)).outcome == "success"
    assert commits(pushgateway) == {"human": 0, "bot": 0}
    assert [each for each in pushgateway.groups() if "alien" in each] == []


def test_a_password_and_tls_are_used(start_pushgateway, certificate):
    gateway = start_pushgateway(password=True, certificate=certificate)
    settings = PushgatewaySettings(
        url=gateway.url, username=gateway.auth[0], password="env:P", ca_file=str(certificate.authority)
    )
    assert run_once(sink_at("", settings=settings, password=gateway.auth[1]), SHOP, quarter(0)).outcome == "success"
    assert commits(gateway) == {"human": 0, "bot": 0}
    wrong = run_once(sink_at("", settings=settings, password="wrong"), GROWN, quarter(1))
    assert "answered 401" in error_of(wrong)
    assert "check sinks.pushgateway.username and sinks.pushgateway.password (env:P)" in error_of(wrong)
    distrusting = PushgatewaySettings(url=gateway.url)
    assert "certificate is not trusted" in error_of(run_once(sink_at("", settings=distrusting), GROWN, quarter(1)))
    assert commits(gateway) == {"human": 0, "bot": 0}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"token": "env:T", "username": "u"}, "both a token and a username"),
        ({"username": "u"}, r"sinks\.pushgateway\.password is missing"),
        ({"password": "env:P"}, r"sinks\.pushgateway\.username is missing"),
        ({"ca_file": "/nowhere.pem"}, r"sinks\.pushgateway\.ca_file: there is no file /nowhere\.pem"),
        ({"key_file": __file__}, r"sinks\.pushgateway\.cert_file is missing"),
    ],
)
def test_settings_that_contradict_each_other_name_the_key(fields, words):
    sink = sink_at("", settings=PushgatewaySettings(url="http://127.0.0.1:1", **fields))
    with pytest.raises(ConfigError, match=words):
        sink.prepare(KEY, quarter(0))
    assert [each.state for each in sink.check()] == ["failed"]


def test_no_gateway_at_all_is_a_failure(closed_url):
    run = run_once(closed_url, SHOP, quarter(0))
    assert run.outcome == "failed"
    assert "the connection was refused (tried 5 times)" in error_of(run)


def test_a_quiet_run_reads_once_in_full_and_looks_once_briefly(pushgateway, fault_proxy):
    run_once(pushgateway.url, SHOP, quarter(0))
    proxy = fault_proxy(pushgateway.url)
    run_once(proxy.url, GROWN, quarter(1))
    assert [(each.method, each.path.split("/instance")[0]) for each in proxy.requests] == [
        ("GET", "/api/v1/metrics"),
        ("GET", "/metrics"),
        ("PUT", "/metrics/job/quarterdeck/collector/world"),
        ("PUT", "/metrics/job/quarterdeck-health/collector/world"),
    ]
