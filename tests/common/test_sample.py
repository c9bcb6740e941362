"""From points to samples: events once, closed tag sets at zero, and nothing added that must not be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import MetricError
from common.metric import Kind, point
from common.sample import Bucket, Span, bucket_end, buckets_from, reduce_points
from common.window import Window
from tests.common.test_metric import define

SPAN = Span(Window(1000, 10_000), 1800, 9000)
STATES = {"state": ("ok", "bad"), "who": None}


def reduce(points, span=SPAN, dropped=(), scope_tags=None, **definition):
    made = define(**definition)
    return reduce_points(made, points, span, "s", scope_tags or {}, frozenset(dropped))


def test_an_event_counts_in_the_window_and_in_its_own_closed_bucket():
    points = [point(1, at=at, id=str(at)) for at in (999.0, 1000.0, 1799.9, 1800.0, 1801.0, 8999.9, 9000.0, 10_000.0)]
    (sample,) = reduce(points, kind=Kind.COUNT)

    assert sample.value == 6.0
    assert sample.buckets == (Bucket(1800, 2, 2.0), Bucket(8100, 1, 1.0))


def test_an_event_s_id_counts_once():
    (sample,) = reduce(
        [point(2, at=2000.0, id="x"), point(2, at=2000.0, id="x"), point(3, at=2001.0, id="y")], kind=Kind.COUNT
    )

    assert (sample.value, sample.buckets) == (5.0, (Bucket(1800, 2, 5.0),))


def test_one_event_may_count_in_two_series():
    points = [point(1, at=2000.0, id="x", who="a"), point(1, at=2000.0, id="x", who="b")]

    assert [each.value for each in reduce(points, kind=Kind.COUNT, tags={"who": None})] == [1.0, 1.0]


def test_a_distribution_keeps_its_values_and_their_summary():
    points = [point(value, at=2000.0 + value, id=str(value)) for value in (30.0, 10.0, 20.0)]
    (sample,) = reduce([*points, point(99, at=0.0, id="old")], kind=Kind.DISTRIBUTION, unit="s")

    assert (sample.value, sample.values, sample.summary.p50) == (3.0, (10.0, 20.0, 30.0), 20.0)
    assert sample.buckets == (Bucket(1800, 3, 60.0),)


def test_a_distribution_of_nothing_has_no_summary():
    (sample,) = reduce([], kind=Kind.DISTRIBUTION, unit="s")

    assert (sample.value, sample.values, sample.summary, sample.buckets) == (0.0, (), None, ())


def test_closed_tag_sets_of_events_are_there_at_zero():
    samples = reduce([point(1, at=2000.0, id="x", state="bad")], kind=Kind.COUNT, tags={"state": ("ok", "bad")})

    assert [(each.tags, each.value) for each in samples] == [((("state", "bad"),), 1.0), ((("state", "ok"),), 0.0)]


@pytest.mark.parametrize(("kind", "tags"), [(Kind.COUNT, {"who": None}), (Kind.GAUGE, {"state": ("ok", "bad")})])
def test_open_tags_and_states_are_not_filled(kind, tags):
    assert reduce([], kind=kind, tags=tags) == []


def test_a_dropped_tag_is_summed_away():
    points = [
        point(index, state=state, who=who)
        for index, (state, who) in enumerate([("ok", "a"), ("ok", "b"), ("bad", "a")])
    ]
    samples = reduce(points, dropped=["who"], tags=STATES)

    assert [(each.tags, each.value) for each in samples] == [((("state", "bad"),), 2.0), ((("state", "ok"),), 1.0)]


def test_a_dropped_open_tag_lets_the_closed_ones_be_filled():
    samples = reduce([], dropped=["who"], kind=Kind.COUNT, tags=STATES)

    assert [each.tags for each in samples] == [(("state", "bad"),), (("state", "ok"),)]


def test_the_parts_of_an_event_add_up_when_their_tag_is_dropped_and_repetitions_do_not():
    points = [point(10, at=2000.0, id="x", who="a"), point(4, at=2000.0, id="x", who="b")]
    (sample,) = reduce([*points, *points], dropped=["who"], kind=Kind.COUNT, tags={"who": None})

    assert (sample.value, sample.buckets) == (14.0, (Bucket(1800, 2, 14.0),))


@pytest.mark.parametrize("unit", ["1", "unix", "bool", "s"])
def test_ratios_times_and_truths_are_never_added(unit):
    points = [point(0.5, who="a"), point(0.5, who="b")]
    with pytest.raises(MetricError, match=r"test\.thing has two values for the tags"):
        reduce(points, dropped=["who"], unit=unit, tags={"who": None})


def test_two_values_of_one_gauge_are_an_error():
    with pytest.raises(MetricError, match=r"test.thing has two values for the tags \{'who': 'a'\}"):
        reduce([point(1, who="a"), point(2, who="a")], tags={"who": None})


def test_dropping_a_tag_that_the_metric_has_not_merges_nothing():
    with pytest.raises(MetricError, match="two values"):
        reduce([point(1), point(2)], dropped=["other"])


def test_tags_of_the_scope_are_added_in_order_of_their_names():
    (sample,) = reduce([point(1, m="x")], scope_tags={"z": "1", "a": "2"}, tags={"m": None})

    assert sample.tags == (("a", "2"), ("m", "x"), ("z", "1"))


def test_a_number_that_is_not_measured_says_so():
    (sample,) = reduce([point(1, at=2000.0, id="x"), point(1, at=2001.0, id="y", basis="estimated")], kind=Kind.COUNT)

    assert sample.basis == "estimated"


def test_merged_running_totals_begin_with_the_latest_of_them():
    points = [point(5, start=100.0, who="a"), point(7, start=300.0, who="b")]
    (sample,) = reduce(points, dropped=["who"], kind=Kind.CUMULATIVE, tags={"who": None})

    assert (sample.value, sample.start) == (12.0, 300.0)


def test_buckets_can_be_taken_from_a_time_on():
    points = [point(1, at=at, id=str(at)) for at in (1900.0, 2800.0, 3700.0)]
    (sample,) = reduce(points, kind=Kind.COUNT)

    assert [each.start for each in buckets_from(sample, 2700)] == [2700, 3600]
    assert bucket_end(sample.buckets[0]) == 2700


EVENTS = st.lists(
    st.tuples(st.integers(0, 12), st.floats(0, 11_000), st.sampled_from(["ok", "bad"]), st.sampled_from("abc")),
    max_size=40,
)


@given(EVENTS)
def test_dropping_a_tag_keeps_every_total_of_distinct_events(events):
    points = [point(1, at=at, id=f"{index}", state=state, who=who) for index, (_, at, state, who) in enumerate(events)]
    whole = reduce(points, kind=Kind.COUNT, tags=STATES)
    summed = reduce(points, kind=Kind.COUNT, tags=STATES, dropped=["who"])

    for state in STATES["state"]:
        fine = [each for each in whole if ("state", state) in each.tags]
        (coarse,) = [each for each in summed if ("state", state) in each.tags]
        assert math.fsum(each.value for each in fine) == coarse.value
        assert sum(b.events for each in fine for b in each.buckets) == sum(b.events for b in coarse.buckets)


@given(EVENTS)
def test_repeating_every_event_changes_nothing(events):
    points = [point(1, at=at, id=str(which), state=state, who=who) for which, at, state, who in events]
    made = define(kind=Kind.COUNT, tags=STATES)

    assert reduce_points(made, points, SPAN, "s", {}) == reduce_points(made, [*points, *points], SPAN, "s", {})
