"""The Datadog sink against a Datadog-shaped server: what is stored, again and again, and what it cost."""

from __future__ import annotations

import subprocess
import sys
import threading

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.deadline import Deadline
from common.errors import ConfigError
from common.meter import Meter
from common.sinks import Owed, RunKey
from common.sinks.datadog import bodies as limits
from common.sinks.datadog import sink as module
from common.window import DAY
from tests.servers.datadog import API_KEY, running
from tests.sinks.datadog_world import (
    END,
    KEY,
    batch,
    branches,
    events,
    everything,
    gauge,
    inflated,
    landed,
    share,
    sink,
)

TAGS = ("repo:acme/shop", "collector:git")
SERIES = "POST /api/v2/series"
STORED = {
    ("git.branch.existing", END): 7.0,
    ("git.commit.landed", END - 1800): 1.0,
    ("git.commit.landed", END - 2700): 2.0,
    ("git.commit.time_to_land.count", END): 3.0,
    ("git.commit.time_to_land.p50", END): 20.0,
    ("git.commit.time_to_land.p95", END): 38.0,
    ("git.contributor.half_share", END): 0.25,
    ("git.repository.last_commit_age", END): 90.0,
}


@pytest.fixture
def server(start_datadog_server):
    return start_datadog_server(lambda: END, record=True)


def stored(server):
    assert server.store.collisions == []
    assert server.unsteady() == {}
    return {(key.metric, key.timestamp): value for key, value in sorted(server.store.points.items(), key=str)}


def test_every_kind_arrives_as_it_should(server):
    receipt = sink(server.url).submit(batch(everything()))
    assert stored(server) == STORED
    assert (receipt.series, receipt.requests, receipt.rejected) == (7, 1, ())
    assert server.value("git.commit.landed", END - 2700, ("author:human", *TAGS)) == 2.0
    assert {key.resources for key in server.store.points} == {()}


@pytest.mark.parametrize(("compression", "encoding"), [("zstd", "zstd1"), ("deflate", "deflate")])
def test_a_request_is_the_clients_own_with_our_body(server, compression, encoding):
    receipt = sink(server.url, settings={"compression": compression}).submit(batch(everything()))
    (recorded,) = server.store.recorded
    assert recorded.headers["content-encoding"] == encoding
    assert recorded.headers["content-type"] == "application/json"
    assert recorded.headers["dd-api-key"] == API_KEY
    assert "dd-application-key" not in recorded.headers
    assert recorded.headers["user-agent"].startswith("datadog-api-client-python/")
    assert (receipt.payload, len(recorded.raw)) == (len(recorded.raw), int(recorded.headers["content-length"]))
    assert stored(server) == STORED


def test_keys_and_site_in_the_environment_count_for_nothing(server, monkeypatch):
    for name in ("DD_API_KEY", "DD_APP_KEY", "DD_SITE"):
        monkeypatch.setenv(name, "planted.example")
    sink(server.url).submit(batch(everything()))
    (recorded,) = server.store.recorded
    assert "planted" not in str(recorded.headers)


def test_ten_runs_leave_what_one_leaves(server):
    for _ in range(10):
        sink(server.url).submit(batch(everything()))
    assert stored(server) == STORED
    assert server.requests[SERIES] == 10


def test_runs_at_once_leave_what_one_leaves(server):
    threads = [threading.Thread(target=sink(server.url).submit, args=(batch(everything()),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored(server) == STORED
    assert server.requests[SERIES] == 8


def test_a_later_run_adds_its_gauges_and_repeats_its_counts(server):
    sink(server.url).submit(batch(everything()))
    sink(server.url).submit(batch(everything(), end=END + 300))
    found = stored(server)
    assert found["git.branch.existing", END + 300] == 7.0
    assert found["git.repository.last_commit_age", END + 300] == 390.0
    assert {key: value for key, value in found.items() if key[0] == "git.commit.landed"} == {
        ("git.commit.landed", END - 1800): 1.0,
        ("git.commit.landed", END - 2700): 2.0,
    }


def test_the_estimate_is_what_a_submission_costs(server, monkeypatch):
    monkeypatch.setattr(limits, "MAX_INFLATED", 700)
    one = sink(server.url)
    estimate = one.estimate(batch([*everything(), gauge(share, 0.5, repo="Acme/Shop")]))
    assert server.requests[SERIES] == 0
    assert estimate == one.submit(batch([*everything(), gauge(share, 0.5, repo="Acme/Shop")]))
    assert estimate.requests == server.requests[SERIES] == 2
    assert estimate.series == len({(key.metric, key.tags) for key in server.store.points}) == 6
    assert estimate.payload == sum(len(recorded.raw) for recorded in server.store.recorded)
    assert len(estimate.rejected) == 1


def test_what_is_not_measured_is_marked_with_its_scope(server):
    stale = msgspec.structs.replace(gauge(branches, 7, state="active"), basis="stale")
    receipt = sink(server.url).submit(msgspec.structs.replace(batch([stale]), scope_tag="repo"))
    assert receipt.series == 2
    tags = ("basis:stale", "metric:git.branch.existing", *TAGS)
    assert server.value("quarterdeck.basis_info", END, tags) == 1.0


def test_an_empty_batch_costs_nothing(server):
    receipt = sink(server.url).submit(batch([]))
    assert (receipt.series, receipt.payload, receipt.requests, receipt.rejected) == (0, 0, 0, ())
    assert server.requests[SERIES] == 0


ESTIMATE = """
import sys
from common.deadline import Deadline
from common.meter import Meter
from common.metric import metric, point
from common.sample import Span, reduce_points
from common.settings import DatadogSettings
from common.sinks import Batch, RunKey
from common.sinks.datadog.sink import build
from common.window import Window

def share(_):
    "A share."

share = metric("a.b", unit="1")(share)
samples = reduce_points(share, [point(0.5)], Span(Window(0, 900), 900, 0), "x", {"repo": "x"})
sink = build(DatadogSettings(site="datadoghq.com"), None, Deadline(60), Meter())
print(sink.estimate(Batch(RunKey("a", "b"), 900, 0, tuple(samples), (share,))).series)
print([name for name in ("datadog_api_client", "urllib3", "requests") if name in sys.modules])
"""


def test_an_estimate_needs_no_key_and_loads_no_client():
    done = subprocess.run([sys.executable, "-c", ESTIMATE], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n[]\n"


@pytest.mark.parametrize(
    ("shard", "more"), [("0", ("instance:prod-eu",)), ("3", ("instance:prod-eu", "shard:3"))], ids=["whole", "sharded"]
)
def test_health_is_told_apart_by_installation_and_shard(server, shard, more):
    sink(server.url).report(batch([gauge(branches, 7, state="active")], key=RunKey("prod-eu", "git", shard)))
    assert server.value("git.branch.existing", END, (*TAGS, "state:active", *more)) == 7.0


def test_what_is_owed_is_every_bucket_that_datadog_still_takes(closed_url):
    assert sink(closed_url).prepare(KEY, END) == Owed(default=END - 2700)
    assert sink(closed_url).prepare(KEY, END + 300) == Owed(default=END - 2700)
    assert sink(closed_url).prepare(KEY, END + 301) == Owed(default=END - 1800)


def test_with_historical_metrics_older_buckets_are_owed_and_sent(start_datadog_server):
    server = start_datadog_server(lambda: END - 8000)
    one = sink(server.url, settings={"historical": True}, catch_up=7 * DAY)
    assert one.prepare(KEY, END) == Owed(default=END - 7 * DAY)
    one.submit(batch([events(landed, [(END - 9000, 1), (END - 9001, 1)], author="human")]))
    assert server.value("git.commit.landed", END - 9900, ("author:human", *TAGS)) == 1.0
    assert server.value("git.commit.landed", END - 9000, ("author:human", *TAGS)) == 1.0


def test_a_missing_client_library_is_a_setting_to_mend(monkeypatch, closed_url):
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'quarterdeck\[datadog\]'"):
        sink(closed_url).prepare(KEY, END)


@pytest.mark.parametrize("key", ["abc\ndef", "ключ", "two words", "…"])
def test_a_key_that_no_request_can_carry_is_a_setting_to_mend(closed_url, key):
    with pytest.raises(ConfigError) as caught:
        sink(closed_url, api_key=key).prepare(KEY, END)
    assert "DD_API_KEY" in str(caught.value)
    assert key not in str(caught.value)


def test_no_secret_is_in_a_repr(closed_url):
    one = sink(closed_url, app_key="f" * 40)
    shown = f"{one!r} {one._access!r} {one._transport!r}"
    assert API_KEY not in shown
    assert "f" * 40 not in shown


SPLITS = st.lists(st.integers(0, 3), min_size=5, max_size=5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(5)), runs=SPLITS, most=st.sampled_from([300, 600, 10_000]))
def test_any_split_into_runs_and_requests_stores_the_same_points(monkeypatch, order, runs, most):
    monkeypatch.setattr(limits, "MAX_INFLATED", most)
    samples = everything()
    with running(lambda: END) as server:
        for run in range(4):
            sink(server.url).submit(batch([samples[each] for each, of in zip(order, runs, strict=True) if of == run]))
        assert stored(server) == STORED


def test_the_meter_counts_requests_by_their_result(server):
    meter = Meter()
    sink(server.url, meter=meter, deadline=Deadline(60)).submit(batch(everything()))
    assert meter.read().requests == {("datadog", "2xx"): 1}
    assert meter.read().retries == {}


@pytest.mark.slow
def test_fifty_thousand_series_need_as_many_requests_as_the_limits_ask_for(start_datadog_server):
    server = start_datadog_server(lambda: END, validate=False, record=True)
    samples = [gauge(branches, n % 7 + 1, repo=f"acme/{n % 500}", state=f"s{n // 500}") for n in range(50_000)]
    receipt = sink(server.url).submit(batch(samples))
    assert (receipt.series, receipt.requests) == (50_000, 2)
    assert len(server.store.points) == 50_000
    assert max(len(recorded.raw) for recorded in server.store.recorded) <= 512_000
    assert max(len(inflated(recorded.raw)) for recorded in server.store.recorded) < 5_242_880
