"""The arithmetic of objectives: exact examples, and what always holds."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import MetricError
from common.metric import point
from common.objectives import BURN_ALERTS
from common.objectives.judging import (
    Counted,
    Held,
    Tally,
    budget_remaining,
    held,
    judge_events,
    judge_state,
    mean_over,
    met,
    score,
    share,
    spans_of,
    tally,
)
from common.window import BUCKET, DAY, Window
from tests.common.judged import NOON, bound, order, orders, state

WIDE = {"window": "30d"}
HOUR = 3600
COMPARISONS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


def events(*ago, result="good", first=0):
    return [
        point(1, at=NOON - each, id=f"{result}{first + index}", result=result, till="1")
        for index, each in enumerate(ago)
    ]


def counted(objective, *points):
    spans = spans_of(objective, NOON)
    return Counted(tally(objective.good, points, spans), tally(objective.total, points, spans))


def verdict(*points, **more):
    (objective,) = bound(orders(window="30d", **more), **WIDE)
    return judge_events(objective, counted(objective, *points))


def test_compliance_budget_and_burn_are_of_the_events_in_their_windows():
    old = events(*[20 * DAY] * 80) + events(*[20 * DAY] * 10, result="bad", first=80)
    new = events(*[DAY / 2] * 6, first=200) + events(*[DAY / 2] * 4, result="bad", first=200)
    found = verdict(*old, *new)

    assert (found.value, found.compliance, found.met) == (0.86, 0.86, True)
    assert found.budget_remaining == pytest.approx(0.3)
    assert found.burn == pytest.approx({"1d": 2.0, "3d": 2.0, "7d": 2.0, "30d": 0.7})
    assert found.score == 1
    assert found.days == (None, None, None, None, None, None, pytest.approx(0.0))
    assert found.notes == ()


def test_without_events_nothing_is_known_and_that_is_said():
    found = verdict(*events(31 * DAY))

    assert (found.value, found.met, found.compliance, found.budget_remaining, found.score) == (None,) * 5
    assert (found.burn, found.days) == ({}, (None,) * 7)
    assert found.notes == ("no events in its window, so there is nothing to judge",)


def test_few_events_have_a_compliance_but_no_burn():
    found = verdict(*events(DAY / 2), *events(1.5 * DAY, result="bad"))

    assert (found.compliance, found.met, found.budget_remaining, found.score) == (0.5, False, pytest.approx(-1.5), 0)
    assert found.burn == {}
    assert found.days == (None, None, None, None, None, 0.0, 1.0)
    assert found.notes == ("no burn over 1d, 3d, 7d, 30d: too few events",)


def test_an_event_counts_once_and_only_with_its_own_tags():
    twice = events(HOUR) + events(HOUR) + events(HOUR, result="other")
    (objective,) = bound(orders())

    assert counted(objective, *twice).total.sums["window"] == 1


def test_a_basis_that_is_not_measured_is_kept():
    (objective,) = bound(orders())
    odd = point(1, at=NOON - HOUR, id="1", basis="lower_bound", result="good", till="1")

    assert judge_events(objective, counted(objective, odd)).basis == "lower_bound"


def test_windows_longer_than_the_objectives_have_no_burn_and_days_that_are_not_known_no_score():
    (short,) = bound(orders(window="3d"), window="3d")
    (week,) = bound(orders(window="3d"))

    assert list(spans_of(short, NOON)) == ["window", "1d", "3d", "day4", "day5", "day6"]
    assert [name for name in spans_of(week, NOON) if name.startswith("day")] == [f"day{n}" for n in range(7)]


def test_more_good_than_all_is_no_compliance():
    (objective,) = bound(orders())
    spans = spans_of(objective, NOON)
    more = Counted(Tally(dict.fromkeys(spans, 2.0)), Tally(dict.fromkeys(spans, 1.0)))

    assert share(more, "1d") is None
    with pytest.raises(MetricError, match=r"good holds more than total \(2 of 1\)"):
        judge_events(objective, more)


@pytest.mark.parametrize(
    ("comparison", "value", "target", "highest", "expected"),
    [
        (">=", 0.95, 0.95, 1, 1),
        (">=", 0.925, 0.95, 1, 0.5),
        (">=", 0.90, 0.95, 1, 0),
        (">=", 0.2, 0.4, 1, 0.5),
        (">=", 0, 1, 1, 0),
        (">=", 3, 4, float("inf"), 0.75),
        ("<=", 36, 24, float("inf"), 0.5),
        ("<=", 60, 24, float("inf"), 0),
        ("<=", 0.85, 0.7, 1, 0.5),
        ("<=", 1, 0, float("inf"), 0),
        ("<", 24, 24, float("inf"), 1),
    ],
)
def test_the_score_falls_evenly_from_the_target(comparison, value, target, highest, expected):
    assert score(comparison, value, target, highest) == pytest.approx(expected)


def test_a_look_holds_until_the_next_for_two_intervals_and_no_longer():
    looks = [(0, 1.0), (900, 2.0), (9000, 3.0)]

    assert list(held(looks, 9300, 1800)) == [
        Held(Window(0, 900), 1.0),
        Held(Window(900, 2700), 2.0),
        Held(Window(9000, 9300), 3.0),
    ]


def waiting(value, *looks, **more):
    (objective,) = bound(
        state("shop.wait", "<=", "24h", statistic="p95", tags={"queue": "long"}, window="1d", **more), window="7d"
    )
    return judge_state(objective, value, looks, NOON, 2 * BUCKET)


def test_a_states_compliance_is_the_share_of_the_time_that_somebody_looked():
    long, short = 48.0 * HOUR, 2.0 * HOUR
    found = waiting(short, (NOON - 3 * HOUR, long), (NOON - 2 * BUCKET, short), (NOON - BUCKET, short))

    assert (found.value, found.met, found.score) == (short, True, 1)
    assert found.compliance == 0.5
    assert found.days == (None, None, None, None, None, None, 0.5)
    assert (found.budget_remaining, found.burn) == (None, {})


def test_a_state_that_is_unknown_now_keeps_what_is_known_of_its_past():
    found = waiting(None, (NOON - DAY / 2, HOUR))

    assert (found.value, found.met, found.score) == (None, None, None)
    assert found.compliance == 1
    assert found.notes == ("its metric has no value now, such as a ratio of nothing",)


def test_a_state_nobody_looked_at_before_has_no_compliance():
    assert waiting(HOUR).compliance is None
    assert waiting(HOUR).days == (None,) * 7


numbers = st.floats(0, 1e9)
shares = st.floats(0, 1)


@given(st.sampled_from(sorted(COMPARISONS)), numbers, numbers)
def test_the_score_is_between_0_and_1_and_1_only_where_it_is_met(comparison, value, target):
    found = score(comparison, value, target, float("inf"))

    assert 0 <= found <= 1
    assert met(comparison, value, target) is COMPARISONS[comparison](value, target)
    assert (found == 1) is met(comparison, value, target)


@given(st.sampled_from(sorted(COMPARISONS)), shares, shares, shares)
def test_what_is_nearer_the_target_scores_no_less(comparison, one, other, target):
    worse, better = sorted((one, other), reverse=comparison in ("<=", "<"))

    assert 0 <= score(comparison, worse, target, 1) <= score(comparison, better, target, 1) <= 1


@given(
    st.lists(st.tuples(st.floats(1, 30 * DAY), st.sampled_from(["good", "bad"])), max_size=60),
    st.sampled_from([0.51, 0.75, 0.8, 0.9, 0.95, 0.99]),
)
def test_a_verdict_on_events_agrees_with_itself(happened, target):
    points = [point(1, at=NOON - ago, id=str(n), result=how, till="1") for n, (ago, how) in enumerate(happened)]
    (objective,) = bound(orders(target=target, window="30d"), **WIDE)
    found = judge_events(objective, counted(objective, *points))
    bad = sum(how == "bad" for _, how in happened)

    if not happened:
        assert (found.value, found.met, found.score, found.budget_remaining) == (None, None, None, None)
        return
    assert found.compliance + bad / len(happened) == pytest.approx(1)
    assert found.met is (found.compliance >= target)
    assert found.budget_remaining == pytest.approx(1 - bad / len(happened) / (1 - target))
    assert found.score == pytest.approx(min(1, max(0, 1 + found.budget_remaining)))
    assert all(day is None or 0 <= day <= 1 for day in found.days)
    assert all(rate >= 0 for rate in found.burn.values())
    if "30d" in found.burn:
        assert found.burn["30d"] == pytest.approx(1 - found.budget_remaining)


@given(st.lists(st.floats(1, 7 * DAY), max_size=40), st.integers(0, 40))
def test_two_scopes_together_count_what_both_count(ago, split):
    (objective,) = bound(orders())
    points = events(*ago)
    one, other = counted(objective, *points[:split]), counted(objective, *points[split:])

    assert (one + other).total.sums == counted(objective, *points).total.sums
    days = sum((one + other).total.sums[f"day{n}"] for n in range(7))
    assert days == (one + other).total.sums["7d"] == (one + other).total.sums["window"]


looks = st.lists(st.tuples(st.floats(0, 1000), st.sampled_from([0.0, 1.0])), max_size=20).map(sorted)


@given(looks, st.floats(1, 500), st.floats(0, 1000))
def test_the_time_of_a_window_is_the_time_of_its_parts(seen, longest, cut):
    spans = list(held(seen, 1000, longest))
    parts = [Window(0, cut), Window(cut, 1000)]
    known = [sum(max(0, min(e.span.end, p.end) - max(e.span.start, p.start)) for e in spans) for p in parts]
    means = [mean_over(spans, part, float) for part in parts]
    whole = mean_over(spans, Window(0, 1000), float)

    assert (whole is None) is (sum(known) == 0)
    if whole is not None:
        weighted = sum(mean * size for mean, size in zip(means, known, strict=True) if mean is not None)
        assert whole == pytest.approx(weighted / sum(known))
        assert 0 <= whole <= 1


@given(shares, st.floats(0.51, 0.99))
def test_the_budget_is_whole_without_errors_and_gone_at_the_target(compliance, target):
    assert budget_remaining(1, target) == 1
    assert budget_remaining(target, target) == 0
    assert (budget_remaining(compliance, target) >= 0) is (compliance >= target)


def test_the_fakes_metric_is_the_one_that_is_bound():
    (objective,) = bound(orders())
    assert objective.metric is order


@pytest.mark.parametrize(
    ("bad_of_20", "hours", "firing"),
    [
        (20, 7, []),
        (20, 7.5, ["fast"]),
        (20, 13, ["fast", "slow"]),
        (3, 44, []),
        (3, 50, ["fast"]),
        (1, 20 * 24, []),
    ],
)
def test_alerts_fire_when_the_docs_say(bad_of_20, hours, firing):
    (objective,) = bound(orders(target=0.95, window="30d"), **WIDE)
    points = [
        point(
            1,
            at=NOON - ago,
            id=str(ago),
            result="bad" if ago < hours * HOUR and n % 20 < bad_of_20 else "good",
            till="",
        )
        for n, ago in enumerate(range(1, 30 * DAY, BUCKET))
    ]
    burn = judge_events(objective, counted(objective, *points)).burn

    assert [each.name for each in BURN_ALERTS if min(burn[each.long], burn[each.short]) > each.factor + 1e-9] == firing


def test_an_alert_ends_within_a_day_of_the_repair():
    (objective,) = bound(orders(target=0.95, window="30d"), **WIDE)
    broken = events(*range(int(1.1 * DAY), 3 * DAY, BUCKET), result="bad") + events(*range(1, DAY, BUCKET))
    burn = judge_events(objective, counted(objective, *broken)).burn

    assert burn["3d"] > 2 > burn["1d"] == 0
