"""Statistics: against the standard library where it has them, and by their properties."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import MetricError
from common.stats import median, quantile, ratio, summarise, wilson

NUMBERS = st.floats(-1e12, 1e12)


def close(value: float):
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def test_quantiles_lie_between_order_statistics():
    ordered = [1.0, 2.0, 4.0, 8.0]

    assert [quantile(ordered, q) for q in (0, 0.25, 0.5, 0.75, 1)] == [1.0, 1.75, 3.0, 5.0, 8.0]


@pytest.mark.parametrize(("values", "q"), [([], 0.5), ([1.0], -0.1), ([1.0], 1.1), ([1.0], math.nan)])
def test_a_quantile_of_nothing_or_outside_of_0_to_1_is_an_error(values, q):
    with pytest.raises(ValueError, match="a quantile needs at least one value"):
        quantile(values, q)


@given(st.lists(NUMBERS, min_size=2, max_size=60))
def test_quantiles_agree_with_the_standard_library(values):
    ordered = sorted(values)

    assert [quantile(ordered, each / 100) for each in range(1, 100)] == [
        pytest.approx(each, rel=1e-9, abs=1e-3) for each in statistics.quantiles(ordered, n=100, method="inclusive")
    ]


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_grow_with_q_and_never_leave_minimum_and_maximum(values, one, other):
    ordered = sorted(values)
    low, high = quantile(ordered, min(one, other)), quantile(ordered, max(one, other))

    assert ordered[0] <= low <= ordered[-1]
    assert ordered[0] <= high <= ordered[-1]
    assert low <= high or low == close(high)


def test_a_summary_tells_count_sum_and_order():
    summary = summarise([4, 1, 3, 2])

    assert summary is not None
    assert (summary.count, summary.sum, summary.avg, summary.min, summary.max) == (4, 10.0, 2.5, 1, 4)
    assert (summary.p50, summary.p90) == (2.5, pytest.approx(3.7))


def test_values_whose_sum_is_beyond_all_numbers_have_no_summary():
    with pytest.raises(MetricError, match="the sum of 3 values is beyond the largest number"):
        summarise([1e308, 1e308, 1e308])


def test_a_sum_that_overflows_only_on_the_way_is_right():
    summary = summarise([1.5e308, 1.5e308, -1.5e308, -1.5e308, 3.0])

    assert summary is not None
    assert (summary.sum, summary.avg, summary.p50) == (3.0, 0.6, 3.0)


def test_quantiles_between_the_largest_numbers_stay_between_them():
    assert [quantile([-1.5e308, 1.5e308], q) for q in (0, 0.25, 0.5, 1)] == [-1.5e308, -7.5e307, 0.0, 1.5e308]


def test_nothing_has_no_summary_no_median_and_no_ratio():
    assert (summarise([]), median([]), ratio(0, 0), wilson(0, 0)) == (None, None, None, None)


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_a_summary_is_in_order_and_does_not_depend_on_the_order_of_values(values):
    summary = summarise(values)

    assert summary is not None
    assert summary == summarise(reversed(values))
    assert summary.min <= summary.p50 <= summary.max
    assert summary.min <= summary.avg <= summary.max
    assert summary.min <= summary.p99 <= summary.max


@given(st.lists(NUMBERS, min_size=1, max_size=60))
def test_the_median_is_the_middle(values):
    assert median(values) == close(statistics.median(values))


def test_a_ratio_is_a_share():
    assert (ratio(1, 4), ratio(0, 3)) == (0.25, 0.0)


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [(0, 10, 0.0, 0.27753), (10, 10, 0.72247, 1.0), (5, 10, 0.23659, 0.76341), (81, 263, 0.25527, 0.36624)],
)
def test_the_wilson_interval_is_the_published_one(successes, total, low, high):
    assert wilson(successes, total) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_wilson_interval_lies_within_0_and_1_and_holds_the_ratio(trial):
    successes, total = trial
    low, high = wilson(successes, total)

    assert 0 <= low <= high <= 1
    assert low - 1e-12 <= successes / total <= high + 1e-12
