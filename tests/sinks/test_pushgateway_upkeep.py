"""Pruning, the doctor, estimates, health, and the text that goes out."""

from __future__ import annotations

import json

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.metrics_core import Metric as LibraryMetric
from prometheus_client.parser import text_string_to_metric_families

from common.errors import SubmitError
from common.meter import Meter
from common.run import health_samples
from common.sample import Span, reduce_points
from common.sinks import Batch, RunKey
from common.sinks.pushgateway.exposition import find_value, render
from common.sinks.pushgateway.gateway import group_path
from common.sinks.pushgateway.merge import Distribution, Family
from common.sinks.pushgateway.prune import not_configured, of_instance
from common.sinks.pushgateway.sink import Pruned
from common.sinks.pushgateway.stored import Total, group_labels
from common.window import Window
from tests.servers.faults import html_page, only
from tests.sinks.pushgateway_world import (
    KEY,
    World,
    commit,
    during,
    plan_at,
    quarter,
    run_once,
    series,
    sink_at,
    values,
)

SHOP = World({"acme/shop": (during(-1, "old"),)})
SUCCESS = "collector_run_last_success_timestamp_seconds"


def populate(gateway):
    for key in (KEY, RunKey("test", "gone"), RunKey("retired", "world"), RunKey("ö/ä", "world", "1")):
        run_once(gateway.url, SHOP, quarter(0), key=key)
    requests.put(f"{gateway.url}/metrics/job/quarterdeck", data="x 1\n", timeout=5)
    requests.put(f"{gateway.url}/metrics/job/other/instance/retired/collector/a/shard/0", data="x 1\n", timeout=5)


def test_pruning_a_retired_instance_deletes_its_groups_and_no_others(pushgateway):
    populate(pushgateway)
    sink = sink_at(pushgateway.url)
    expected = (
        Pruned("quarterdeck", RunKey("ö/ä", "world", "1")),
        Pruned("quarterdeck-health", RunKey("ö/ä", "world", "1")),
    )
    before = len(pushgateway.groups())
    assert sorted(sink.prune(of_instance("ö/ä"), dry=True), key=lambda each: each.job) == list(expected)
    assert len(pushgateway.groups()) == before
    assert set(sink.prune(of_instance("ö/ä"))) == set(expected)
    assert [each for each in pushgateway.groups() if each["labels"].get("instance") == "ö/ä"] == []
    assert len(pushgateway.groups()) == before - 2
    assert sink.prune(of_instance("ö/ä")) == ()


def test_pruning_our_instance_deletes_what_is_not_configured_any_more(pushgateway):
    populate(pushgateway)
    gone = sink_at(pushgateway.url).prune(not_configured("test", {"world"}))
    assert {(each.job, each.key.collector) for each in gone} == {
        ("quarterdeck", "gone"),
        ("quarterdeck-health", "gone"),
    }
    left = {each["labels"].get("instance") for each in pushgateway.groups()}
    assert left == {"test", "retired", "ö/ä", None}


@pytest.mark.parametrize(
    ("key", "shards", "retired"),
    [
        (RunKey("test", "git"), None, False),
        (RunKey("test", "git", "3"), None, False),
        (RunKey("test", "git", "3"), {"git": 2}, True),
        (RunKey("test", "git", "2"), {"git": 2}, True),
        (RunKey("test", "git", "1"), {"git": 2}, False),
        (RunKey("test", "git", "10"), {"git": 11}, False),
        (RunKey("test", "git", "3"), {"tekton": 1}, False),
        (RunKey("test", "git", "01"), {"git": 2}, True),
        (RunKey("test", "github"), None, True),
        (RunKey("other", "github"), None, False),
        (RunKey("other", "git", "3"), {"git": 1}, False),
    ],
)
def test_only_keys_of_the_own_instance_are_retired(key, shards, retired):
    assert not_configured("test", {"git", "tekton"}, shards)(key) is retired


def test_pruning_our_instance_deletes_the_groups_of_shards_that_are_no_more(pushgateway):
    for index in range(4):
        run_once(pushgateway.url, SHOP, quarter(0), key=RunKey("test", "world", str(index)))
    run_once(pushgateway.url, SHOP, quarter(0), key=RunKey("other", "world", "3"))
    gone = sink_at(pushgateway.url).prune(not_configured("test", {"world"}, {"world": 2}))
    jobs = ("quarterdeck", "quarterdeck-health")
    assert sorted((each.key.shard, each.job) for each in gone) == [(shard, job) for shard in "23" for job in jobs]
    left = {(each["labels"]["instance"], each["labels"]["shard"]) for each in pushgateway.groups()}
    assert left == {("test", "0"), ("test", "1"), ("other", "3")}


def test_a_run_leaves_other_groups_alone(pushgateway):
    populate(pushgateway)
    before = {json.dumps(each["labels"], sort_keys=True): each for each in pushgateway.groups()}
    run_once(pushgateway.url, World({"acme/other": ()}), quarter(1))
    after = {json.dumps(each["labels"], sort_keys=True): each for each in pushgateway.groups()}
    changed = {labels for labels in before if after[labels] != before[labels]}
    assert {json.loads(labels)["collector"] for labels in changed} == {"world"}
    assert len(changed) == 2
    assert before.keys() == after.keys()


def test_the_doctor_tells_version_and_groups(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    first, second = sink_at(pushgateway.url).check()
    assert (first.state, second.state) == ("ok", "ok")
    assert first.detail.startswith("version ")
    assert second.detail == "2 groups, 2 of them Quarterdeck's"


def test_the_doctor_says_what_to_do(fault_proxy, pushgateway, closed_url):
    (page,) = sink_at(fault_proxy(pushgateway.url, [html_page()]).url).check()
    assert (page.state, page.remedy) == ("failed", "check sinks.pushgateway.url")
    (closed,) = sink_at(closed_url).check()
    assert closed.state == "failed"
    assert closed.remedy == "see that it runs and can be reached from here"


def test_an_estimate_needs_no_gateway_and_tells_what_a_first_run_sends(pushgateway, closed_url):
    meter = Meter()
    dry = run_once(sink_at(closed_url, meter), SHOP, quarter(0), dry=True)
    estimated, health = dry.submissions[0], len(health_samples(dry, {}))
    assert meter.read().requests == {}
    sent = run_once(sink_at(pushgateway.url), SHOP, quarter(0)).submissions[0]
    assert (estimated.series, estimated.requests) == (sent.series + health, sent.requests + 2)
    assert estimated.payload > sent.payload
    # Two commits, one merge, four quantiles with sum and count, an age, an object and a watermark.
    assert (sent.series, sent.requests) == (12, 2)


def test_health_keeps_the_last_success_while_runs_fail(pushgateway, fault_proxy):
    run_once(pushgateway.url, SHOP, quarter(0))
    success = values(pushgateway.groups(), SUCCESS, "collector", "quarterdeck-health")
    assert success == {"world": quarter(0)}
    unreadable = World(SHOP.events, unreadable=frozenset({"acme/shop"}))
    assert run_once(pushgateway.url, unreadable, quarter(1)).outcome == "failed"
    assert values(pushgateway.groups(), SUCCESS, "collector", "quarterdeck-health") == success
    broken = fault_proxy(pushgateway.url, only("GET", [html_page()]))
    assert run_once(broken.url, SHOP, quarter(2)).outcome == "failed"
    assert values(pushgateway.groups(), SUCCESS, "collector", "quarterdeck-health") == success
    last = values(pushgateway.groups(), "collector_run_last_run_timestamp_seconds", "collector", "quarterdeck-health")
    assert last == {"world": quarter(2)}


def test_health_that_cannot_be_carried_on_is_not_overwritten(pushgateway, fault_proxy):
    run_once(pushgateway.url, SHOP, quarter(0))
    broken = fault_proxy(pushgateway.url, only("GET", [html_page()] * 2))
    assert run_once(broken.url, SHOP, quarter(1)).outcome == "failed"
    last = values(pushgateway.groups(), "collector_run_last_run_timestamp_seconds", "collector", "quarterdeck-health")
    assert last == {"world": quarter(0)}


def test_submitting_without_having_read_is_refused(pushgateway):
    batch = Batch(KEY, quarter(0), 0, (), ())
    with pytest.raises(SubmitError, match="has not been read"):
        sink_at(pushgateway.url).submit(batch)


@pytest.mark.parametrize(
    ("instance", "path"),
    [
        ("prod", "/metrics/job/quarterdeck/collector/git/instance/prod/shard/0"),
        ("a/b", "/metrics/job/quarterdeck/collector/git/instance@base64/YS9i/shard/0"),
        ("a b", "/metrics/job/quarterdeck/collector/git/instance@base64/YSBi/shard/0"),
        ("", "/metrics/job/quarterdeck/collector/git/instance@base64/=/shard/0"),
        ("ü%", "/metrics/job/quarterdeck/collector/git/instance/%C3%BC%25/shard/0"),
    ],
)
def test_the_path_names_the_group_by_the_library_s_rules(instance, path):
    assert group_path(group_labels(RunKey(instance, "git"))) == path


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TAGS = st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXT).map(lambda tags: tuple(sorted(tags.items())))
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SERIES = st.dictionaries(TAGS, NUMBER, min_size=1, max_size=4)
TOLD = st.dictionaries(
    TAGS,
    st.builds(Distribution, st.builds(Total, NUMBER, NUMBER), st.sampled_from([(), (1.0, 2.0, 3.5, 1e300)])),
    min_size=1,
    max_size=3,
)


@given(gauge=SERIES, counter=SERIES, summary=TOLD, words=TEXT.filter(lambda text: text == text.strip()))
def test_the_text_says_what_the_library_says(gauge, counter, summary, words):
    families = [
        Family("g", "gauge", words, gauge),
        Family("c_total", "counter", words, counter),
        Family("s", "summary", words, summary),
    ]
    told = generate_latest(_Registry(families)).decode()
    assert sorted(_parsed(render(families).decode())) == sorted(_parsed(told))


class _Registry:
    def __init__(self, families):
        self._families = families

    def collect(self):
        for each in self._families:
            family = LibraryMetric(each.name.removesuffix("_total"), each.help, each.type)
            for tags, value in each.series.items():
                _add(family, each.name, dict(tags), value)
            yield family


def _add(family, name, labels, value):
    if not isinstance(value, Distribution):
        family.add_sample(name, labels, value)
        return
    for q, number in zip(("0.5", "0.9", "0.95", "0.99"), value.quantiles, strict=False):
        family.add_sample(name, {**labels, "quantile": q}, number)
    family.add_sample(name + "_sum", labels, value.total.value)
    family.add_sample(name + "_count", labels, value.total.events)


def _parsed(text):
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield (
                family.name,
                family.type,
                family.documentation,
                sample.name,
                sorted(sample.labels.items()),
                sample.value,
            )


@given(labels=st.dictionaries(st.sampled_from(["job", "x"]), TEXT, min_size=1), value=NUMBER)
def test_a_value_is_found_among_others(labels, value):
    tags = tuple(sorted(labels.items()))
    page = render(
        [Family("other", "gauge", "", {tags: 5.0}), Family("push", "gauge", "", {(("job", "?!"),): 1.0, tags: value})]
    )
    assert find_value(page, "push", labels) == value
    assert find_value(page, "absent", labels) is None


def test_a_watermark_is_written_to_the_second(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    (row,) = series(pushgateway.groups(), "quarterdeck_counted_until_timestamp_seconds")
    assert float(row["value"]) == plan_at(quarter(0)).closed_until


def test_two_samples_that_become_one_series_are_added_up(pushgateway):
    end = quarter(1)
    span = Span(Window(quarter(0), end), quarter(0) - 120, end - 120)
    samples = [
        sample
        for odd in ("\udcff", "?")
        for sample in reduce_points(commit, commit(_look()), span, "acme/shop", {"repo": "acme/shop", "odd": odd})
    ]
    sink = sink_at(pushgateway.url)
    recomputed = frozenset({("acme/shop", "world.commit")})
    batch = Batch(KEY, end, int(end - 120), tuple(samples), (commit,), recomputed, None, "repo")
    run_once(pushgateway.url, World({"acme/shop": ()}), quarter(0))
    sink.prepare(KEY, end)
    sink.submit(batch)
    rows = [row for row in series(pushgateway.groups(), "world_commit_total") if row["labels"].get("odd") == "?"]
    assert {row["labels"]["author"]: float(row["value"]) for row in rows} == {"human": 2, "bot": 0}


def _look():
    from tests.sinks.pushgateway_world import Look

    return Look("acme/shop", (during(0, "a"),), World())
