"""History for sinks: whole quarters, cumulative series that end at 0, and what a Pushgateway has counted already."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from common.backfill import END, Begun, Reach, Series, begun, cut, family, reach_of, series_of, size_of, slices
from common.errors import ConfigError
from common.metric import Kind, Point, metric, point
from common.sample import Bucket, Sample, Span, reduce_points
from common.sinks import RunKey
from common.sinks.pushgateway.stored import Stored, Total, group_labels
from common.window import BUCKET, DAY, WEEK, Window

NOON = 1_780_056_000
GROUP = group_labels(RunKey("test", "shop"))


@metric("shop.sale", unit="{sale}", kind=Kind.COUNT, tags={"kind": ("new", "old")})
def sale(snapshot: object) -> Iterator[Point]:
    """Sales with a "quoted" \\ word."""
    yield from ()


@metric("shop.wait", unit="s", kind=Kind.DISTRIBUTION)
def wait(snapshot: object) -> Iterator[Point]:
    """Time that people waited."""
    yield from ()


@metric("shop.open", unit="bool")
def opened(snapshot: object) -> float:
    """Whether it is open."""
    return 1.0


def bucket(quarter: int, events: int = 1, total: float = 1.0) -> Bucket:
    return Bucket(NOON + quarter * BUCKET, events, total)


def sales(*at: float, scope: str = "a", **tags: str) -> list[Sample]:
    points = [point(1, at=when, id=str(number), kind="new") for number, when in enumerate(at)]
    span = Span(Window(NOON, NOON), NOON, NOON + WEEK)
    return reduce_points(sale, points, span, scope, {"repo": scope, **tags})


def values(text: str, name: str) -> list[tuple[float, float]]:
    """Time and value of each point of that name."""
    return [
        (float(sample.timestamp), float(sample.value))
        for each in text_string_to_metric_families(text)
        for sample in each.samples
        if sample.name == name
    ]


def test_only_whole_quarters_inside_of_the_span_are_filled():
    assert reach_of(NOON + 1, NOON + 4 * BUCKET + 899, BUCKET) == Reach(NOON + BUCKET, NOON + 4 * BUCKET)
    assert reach_of(NOON, NOON + BUCKET, 3600.0) == Reach(NOON, NOON + BUCKET, 3600)


@pytest.mark.parametrize("until", [NOON, NOON + 899, NOON + 2 * BUCKET - 1])
def test_a_span_without_a_whole_quarter_is_an_error(until):
    with pytest.raises(ConfigError, match="no whole quarter of an hour between --since and --until"):
        reach_of(NOON + 1, until, BUCKET)


@pytest.mark.parametrize("step", [60, 899, 901, 1000])
def test_a_step_is_a_number_of_quarters(step):
    with pytest.raises(ConfigError, match=r"--step: the distance of points is 15m or a multiple"):
        reach_of(NOON, NOON + DAY, step)


def test_a_counter_begins_at_0_tells_the_end_of_each_quarter_and_returns_to_0():
    labels = (("kind", "new"), ("repo", 'a"b'))
    series = Series(labels, NOON + 3 * BUCKET, (bucket(0, 2, 2.0), bucket(2)))
    told = 'shop_sale_total{collector="shop",instance="test",job="quarterdeck",kind="new",repo="a\\"b",shard="0"}'

    assert "".join(family(sale, [series], GROUP, Reach(NOON, NOON + 3 * BUCKET))) == (
        '# HELP shop_sale Sales with a \\"quoted\\" \\\\ word. Filled in from history.\n'
        "# TYPE shop_sale counter\n"
        f"{told} 0.0 {NOON}\n"
        f"{told} 2.0 {NOON + 900}\n"
        f"{told} 2.0 {NOON + 1800}\n"
        f"{told} 3.0 {NOON + 2700}\n"
        f"{told} 0.0 {NOON + 2701}\n"
    )


def test_a_distribution_is_a_summary_of_sum_and_count():
    series = Series((), NOON + BUCKET, (bucket(0, 2, 30.5),))
    text = "".join(family(wait, [series], {}, Reach(NOON, NOON + BUCKET)))

    assert text == (
        "# HELP shop_wait_seconds Time that people waited. Filled in from history.\n"
        "# TYPE shop_wait_seconds summary\n"
        f"shop_wait_seconds_sum{{}} 0.0 {NOON}\nshop_wait_seconds_count{{}} 0 {NOON}\n"
        f"shop_wait_seconds_sum{{}} 30.5 {NOON + 900}\nshop_wait_seconds_count{{}} 2 {NOON + 900}\n"
        f"shop_wait_seconds_sum{{}} 0.0 {NOON + 901}\nshop_wait_seconds_count{{}} 0 {NOON + 901}\n"
    )


def test_a_longer_step_loses_no_event_and_ends_at_the_same_time():
    series = Series((), NOON + 10 * BUCKET, (bucket(1), bucket(9)))
    text = "".join(family(sale, [series], {}, Reach(NOON + 900, NOON + 10 * BUCKET, 3600))) + END

    assert values(text, "shop_sale_total") == [
        (NOON + 900, 0),
        (NOON + 3600, 1),
        (NOON + 7200, 1),
        (NOON + 9000, 2),
        (NOON + 9001, 0),
    ]


def test_a_series_that_ends_where_it_begins_has_no_points():
    ended = Series((("kind", "new"),), NOON)

    assert values("".join(family(sale, [ended], {}, Reach(NOON, NOON + DAY))) + END, "shop_sale_total") == []
    assert "".join(family(sale, [], GROUP, Reach(NOON, NOON + DAY))) == ""


@settings(deadline=None)
@given(
    quarters=st.lists(st.integers(0, 400), unique=True, max_size=30),
    until=st.integers(1, 400),
    step=st.sampled_from([1, 2, 3, 4, 96]),
    first=st.integers(0, 300),
)
def test_what_is_told_is_what_happened_whatever_the_step(quarters, until, step, first):
    reach = Reach(NOON + first * BUCKET, NOON + 400 * BUCKET, step * BUCKET)
    inside = [each for each in sorted(quarters) if first <= each < until]
    (series,) = series_of([sample(*(bucket(each) for each in inside))], NOON + until * BUCKET)
    text = "".join(family(sale, [series], GROUP, reach)) + END
    points = values(text, "shop_sale_total")

    for at, value in points[:-1]:
        assert value == sum(NOON + each * BUCKET < at for each in inside)
    assert [value for _, value in points[-2:]] == ([len(inside), 0] if until > first else [])
    assert len(points) == size_of(sale, series, GROUP, reach)[0]


def sample(*buckets: Bucket) -> Sample:
    return Sample(metric=sale, scope="a", tags=(("repo", "a"),), value=0.0, buckets=buckets)


def test_the_size_that_is_told_is_about_that_of_the_text():
    reach = Reach(NOON, NOON + 30 * DAY)
    series = series_of(sales(NOON + 5, NOON + DAY), NOON + 30 * DAY)
    text = "".join(family(sale, series, GROUP, reach))
    told = sum(size_of(sale, each, GROUP, reach)[1] for each in series)

    assert told == pytest.approx(len(text), rel=0.05)


def test_series_with_equal_labels_become_one_and_empty_labels_go():
    one, other = sample(bucket(0, 1, 2.0)), sample(bucket(0, 2, 3.0), bucket(1))
    found = series_of(
        [one, Sample(metric=sale, scope="a", tags=(("repo", "a"), ("team", "")), value=0.0), other], NOON + 900
    )

    assert found == [Series((("repo", "a"),), NOON + 900, (bucket(0, 3, 5.0),))]
    assert found[0].events == 3


def test_live_totals_begin_at_the_watermark_or_with_the_next_closed_quarter():
    live = Begun(Stored(scopes={"a": float(NOON)}, metrics={("a", "shop.sale"): NOON - 900.0}))

    assert live.until("a", "shop.sale", NOON + DAY) == NOON - 900
    assert live.until("a", "shop.wait", NOON + DAY) == NOON
    assert live.until("b", "shop.sale", NOON + DAY) == NOON + DAY
    assert live.until("a", "shop.wait", NOON - DAY) == NOON - DAY


def test_a_total_that_is_not_0_no_longer_tells_where_it_began():
    zero, one = {(("repo", "a"),): Total(0.0)}, {(("repo", "b"),): Total(0.0, 1)}
    stored = Stored(
        totals={
            ("counter", "shop_sale_total"): zero,
            ("summary", "shop_wait_seconds"): one,
            ("counter", "other_total"): {(("repo", "c"),): Total(5.0)},
        }
    )

    assert begun(stored, [sale, wait], "repo").counting == {("b", "shop.wait")}


def test_slices_cover_the_span_once():
    found = list(slices(Reach(NOON, NOON + 15 * DAY)))

    assert found == [(NOON, NOON + WEEK), (NOON + WEEK, NOON + 2 * WEEK), (NOON + 2 * WEEK, NOON + 15 * DAY)]


def test_a_slice_has_the_counts_of_its_quarters_only():
    samples = sales(NOON + 1, NOON + DAY, NOON + 2 * DAY)
    states = reduce_points(opened, [point(1)], Span(Window(NOON, NOON), NOON, NOON), "a", {})
    (found,) = cut([*samples, *states], NOON + DAY, NOON + 2 * DAY)

    assert (found.tags, found.buckets) == ((("kind", "new"), ("repo", "a")), (Bucket(NOON + DAY, 1, 1.0),))
    assert cut(samples, NOON + 3 * DAY, math.floor(NOON + 4 * DAY)) == ()
