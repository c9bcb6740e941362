"""`metadata sync` and the doctor, against a Datadog-shaped server."""

from __future__ import annotations

import pytest

from common.catalog import entry
from common.deadline import Deadline
from common.errors import ConfigError, SubmitError
from common.meter import Meter
from common.settings import DatadogSettings
from common.sinks.datadog.metadata import metadata_sync
from common.sinks.datadog.transport import Access, Transport
from tests.servers.datadog import API_KEY, APP_KEY
from tests.servers.faults import Pass, ResetBeforeBody, TruncatedJson, html_page, only, status
from tests.sinks.datadog_world import ALL, END, batch, branches, everything, gauge, sink, sink_with_app_key

ENTRIES = [entry(each, "repo") for each in ALL]
STATISTICS = ("count", "p50")
HELD = {
    "git.branch.existing": {"description": "Branches.", "type": "gauge"},
    "git.commit.landed": {
        "description": "Commits that reached the default branch.",
        "type": "count",
        "unit": "commit",
    },
    "git.commit.time_to_land.count": {
        "description": "From authored to landed. (number of events in the window)",
        "type": "gauge",
        "unit": "event",
    },
    "git.commit.time_to_land.p50": {
        "description": "From authored to landed. (median over the window)",
        "type": "gauge",
        "unit": "second",
    },
    "git.contributor.half_share": {"description": "A share.", "type": "gauge", "unit": "fraction"},
    "git.repository.last_commit_age": {
        "description": "When the newest commit landed.",
        "type": "gauge",
        "unit": "second",
    },
}

UNSEEN = dict.fromkeys(("git.runner.used", "git.commit.time_to_land.rollup_count"), "unseen")


@pytest.fixture
def server(start_datadog_server):
    server = start_datadog_server(lambda: END)
    sink(server.url).submit(batch(everything()))
    return server


def sync(url, *, app_key=APP_KEY, meter=None, **options):
    settings = DatadogSettings(url=url, app_key="env:DD_APP_KEY")
    access = Access(settings, API_KEY, app_key)
    transport = Transport(access, Deadline(60), meter or Meter(), sleep=lambda _: None, clock=lambda: END, limit=2)
    found = list(metadata_sync(ENTRIES, transport, STATISTICS, **options))
    return {each.name: each.state for each in found}


def puts(server):
    return sum(number for request, number in server.requests.items() if request.startswith("PUT"))


def test_description_type_and_unit_of_every_metric_are_written_once(server):
    expected = dict.fromkeys(HELD, "written") | UNSEEN
    assert sync(server.url) == expected
    assert {name: held for name, held in server.store.metadata.items() if held} == HELD
    assert puts(server) == 6
    assert sync(server.url) == dict.fromkeys(HELD, "unchanged") | UNSEEN
    assert puts(server) == 6


def test_a_changed_description_is_written_again(server):
    sync(server.url)
    server.store.metadata["git.branch.existing"]["description"] = "Something else."
    assert [name for name, state in sync(server.url).items() if state == "written"] == ["git.branch.existing"]
    assert server.store.metadata["git.branch.existing"] == HELD["git.branch.existing"]


def test_a_dry_run_writes_nothing(server):
    assert sync(server.url, dry_run=True) == dict.fromkeys(HELD, "written") | UNSEEN
    assert puts(server) == 0


def test_what_was_never_submitted_is_left_for_later(start_datadog_server):
    assert set(sync(start_datadog_server(lambda: END).url).values()) == {"unseen"}


def test_without_an_application_key_it_is_a_setting_to_mend(server):
    with pytest.raises(ConfigError, match="DD_APP_KEY"):
        sync(server.url, app_key=None)


def test_an_application_key_that_is_refused_is_named(server):
    with pytest.raises(SubmitError) as caught:
        sync(server.url, app_key="f" * 40)
    assert "DD_API_KEY and in DD_APP_KEY" in str(caught.value)
    assert "f" * 40 not in str(caught.value)


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize(
    "fault",
    [status(429), status(503), ResetBeforeBody(), html_page(), TruncatedJson()],
    ids=lambda fault: str(fault)[:25],
)
def test_what_may_pass_is_tried_again(server, fault_proxy, method, fault):
    proxy, meter = fault_proxy(server.url, only(method, [fault])), Meter()
    assert sync(proxy.url, meter=meter)["git.commit.landed"] == "written"
    assert {name: held for name, held in server.store.metadata.items() if held} == HELD
    assert meter.read().retries == {"datadog": 1}


def test_the_client_does_not_retry_on_its_own(server, fault_proxy):
    proxy = fault_proxy(server.url, lambda _: ResetBeforeBody())
    with pytest.raises(SubmitError, match="tried 5 times"):
        sync(proxy.url)
    assert len(proxy.requests) == 5


def states(found):
    return [(each.subject, each.state) for each in found]


def test_the_doctor_finds_nothing_wrong_with_good_keys(server):
    found = list(sink_with_app_key(server.url).check())
    assert states(found) == [
        ("datadog site", "ok"),
        ("datadog API key", "ok"),
        ("datadog application key", "ok"),
    ]


def test_the_doctor_names_the_keys_that_are_refused_and_says_what_to_do(server):
    found = list(sink(server.url, api_key="f" * 32).check())
    assert states(found) == [("datadog site", "ok"), ("datadog API key", "failed")]
    assert found[1].detail == f"DD_API_KEY is not accepted on {server.url}"
    assert "API Keys" in found[1].remedy
    wrong = sink(server.url, app_key="f" * 40, settings={"app_key": "env:DD_APP_KEY"})
    assert [(each.state, each.detail) for each in wrong.check()][2] == (
        "failed",
        "DD_APP_KEY is not accepted for metadata",
    )


@pytest.mark.parametrize(
    ("site", "state", "remedy"),
    [
        ("datadoghq.eu", "ok", ""),
        ("us5.datadoghq.com", "ok", ""),
        ("app.datadoghq.eu", "warning", "write datadoghq.eu"),
        ("api.us3.datadoghq.com", "warning", "write us3.datadoghq.com"),
        ("datadog.com", "warning", "one of datadoghq.com, "),
    ],
)
def test_the_doctor_knows_datadogs_sites(site, state, remedy):
    one = sink("http://127.0.0.1:1")
    one = type(one)(DatadogSettings(site=site), api_key=API_KEY, deadline=Deadline(60), meter=Meter())
    first = next(one.check())
    assert (first.subject, first.state) == ("datadog site", state)
    assert remedy in first.remedy


@pytest.mark.parametrize("fault", [status(500), html_page(), ResetBeforeBody()], ids=["500", "page", "reset"])
def test_the_doctor_tells_of_an_address_that_is_not_datadogs(server, fault_proxy, fault):
    proxy = fault_proxy(server.url, [fault])
    found = list(sink(proxy.url).check())
    assert found[-1].state == "failed"
    assert "DD_SITE" in found[-1].remedy
    assert len(proxy.requests) == 1


def test_passing_faults_need_no_second_look(server, fault_proxy):
    proxy = fault_proxy(server.url, [Pass()])
    sink(proxy.url).submit(batch([gauge(branches, 1, state="a")]))
    assert len(proxy.requests) == 1
