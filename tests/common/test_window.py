"""Windows are half open, buckets are aligned, and neither loses or doubles an event."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConfigError
from common.metric import Kind, metric, point
from common.sample import Span, reduce_points
from common.window import BUCKET, Window, bucket_start, closed_until, window_ending

TIMES = st.floats(0, 4e9)


@metric("test.event", unit="{event}", kind=Kind.COUNT)
def event(times):
    """Events."""
    for index, at in enumerate(times):
        yield point(1, at=at, id=str(index))


def total(times, start, end) -> float:
    (sample,) = reduce_points(event, event.points(times), Span(Window(start, end), end, 0), "s", {})
    return sample.value


def counted(times, since, until) -> dict[int, int]:
    (sample,) = reduce_points(event, event.points(times), Span(Window(0, 0), since, until), "s", {})
    return {bucket.start: bucket.events for bucket in sample.buckets}


def test_a_window_holds_its_start_and_not_its_end():
    window = Window(10, 20)

    assert [time in window for time in (9.99, 10, 19.99, 20)] == [False, True, True, False]
    assert window.length == 10


@pytest.mark.parametrize(("start", "end"), [(2, 1), (0, math.inf), (math.nan, 1), (-math.inf, 0)])
def test_a_window_that_ends_before_it_starts_is_an_error(start, end):
    with pytest.raises(ConfigError, match="a window must not end before it starts"):
        Window(start, end)


def test_a_window_never_starts_before_the_epoch():
    assert (window_ending(100, 30), window_ending(100, 300)) == (Window(70, 100), Window(0, 100))


@pytest.mark.parametrize(
    ("time", "start"), [(0, 0), (899.9, 0), (900, 900), (-0.1, -900), (1_749_999_999, 1_749_999_600)]
)
def test_buckets_are_aligned_to_the_quarter_hour(time, start):
    assert bucket_start(time) == start


@pytest.mark.parametrize(("end", "closed"), [(900, 0), (1019.9, 0), (1020, 900), (1800, 900), (1920, 1800)])
def test_a_bucket_closes_once_it_has_settled(end, closed):
    assert closed_until(end) == closed


@given(TIMES)
def test_every_time_lies_in_its_own_bucket(time):
    assert bucket_start(time) <= time < bucket_start(time) + BUCKET
    assert bucket_start(time) % BUCKET == 0


@given(TIMES, st.floats(0, 10_000))
def test_a_closed_bucket_never_opens_again(end, later):
    assert closed_until(end) <= closed_until(end + later)
    assert closed_until(end) <= end - 120


@given(st.lists(st.floats(0, 10_000), max_size=30), st.tuples(*[st.floats(0, 10_000)] * 3).map(sorted))
def test_splitting_a_window_changes_no_total(times, cuts):
    start, middle, end = cuts

    assert total(times, start, middle) + total(times, middle, end) == total(times, start, end)


@given(st.lists(st.floats(0, 10_000), max_size=30), st.tuples(*[st.integers(0, 12)] * 3).map(sorted))
def test_splitting_a_run_changes_no_bucket(times, cuts):
    start, middle, end = (each * BUCKET for each in cuts)

    assert {**counted(times, start, middle), **counted(times, middle, end)} == counted(times, start, end)
