"""DORA's numbers over deployments."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from common import delivery
from common.delivery import Change, Delivery, Deployment, Track
from common.errors import MetricError
from common.metric import point
from common.window import DAY, HOUR, Window

NOON = 1_700_049_600
TODAY = Window(NOON - 12 * HOUR, NOON + 12 * HOUR)
TAGS = {"environment": "production", "proxy": "tag"}
REVERT = Change("r", NOON, marked=True)


@dataclass
class Seen:
    delivery: Delivery


def at(hour):
    return NOON + (hour - 12) * HOUR


def deployed(name, hour, commit=None, **facts):
    return Deployment(id=f"{name}{hour}", commit=commit or name, finished=at(hour), **facts)


def seen(*deployments, window=TODAY, unknown=None, reaches_back=True):
    return Seen(Delivery(window, (Track("production", "tag", deployments, reaches_back),), unknown))


A_B_A_C = seen(
    deployed("A", 10), deployed("B", 12), deployed("A", 13, returns=True), deployed("C", 15, changes=(REVERT,))
)


def test_the_rollback_and_the_revert_are_rework_and_only_what_they_mend_failed():
    assert delivery.change_failure_ratio(A_B_A_C) == [point(0.25, of=["B12"], **TAGS)]
    assert delivery.rework_ratio(A_B_A_C) == [point(0.5, of=["A13", "C15"], **TAGS)]
    assert delivery.recovery_time(A_B_A_C) == [point(HOUR, at=at(13), id="B12", **TAGS)]


def test_a_failed_result_is_a_failed_deployment():
    broken = seen(deployed("A", 10), deployed("B", 11, succeeded=False), deployed("C", 13))
    assert delivery.change_failure_ratio(broken) == [point(1 / 3, of=["B11"], **TAGS)]
    assert delivery.recovery_time(broken) == [point(2 * HOUR, at=at(13), id="B11", **TAGS)]
    assert [each.tags["result"] for each in delivery.completed(broken)] == ["success", "failure", "success"]


def test_recovery_starts_with_the_first_of_several_failures():
    broken = seen(
        deployed("A", 9), deployed("B", 10, succeeded=False), deployed("C", 11, succeeded=False), deployed("D", 14)
    )
    assert delivery.recovery_time(broken) == [point(4 * HOUR, at=at(14), id="B10", **TAGS)]


def test_a_hotfix_that_needs_a_hotfix_failed_as_well():
    chain = seen(deployed("A", 9), deployed("B", 10, changes=(REVERT,)), deployed("C", 12, changes=(REVERT,)))
    assert delivery.change_failure_ratio(chain) == [point(2 / 3, of=["A9", "B10"], **TAGS)]
    assert delivery.recovery_time(chain) == [point(3 * HOUR, at=at(12), id="A9", **TAGS)]


def test_a_failure_between_does_not_hide_what_the_next_success_mends():
    chain = seen(deployed("A", 9), deployed("B", 10, succeeded=False), deployed("C", 12, changes=(REVERT,)))
    assert delivery.change_failure_ratio(chain) == [point(2 / 3, of=["A9", "B10"], **TAGS)]


def test_a_success_with_the_commit_that_runs_already_is_no_deployment():
    twice = seen(deployed("A", 10), deployed("B", 11, commit="A"), deployed("C", 12))
    assert [each.id for each in delivery.completed(twice)] == ["A10", "C12"]
    assert delivery.interval(twice) == [point(2 * HOUR, at=at(12), id="C12", **TAGS)]


def test_the_first_known_deployment_has_no_lead_time_and_mends_nothing():
    first = seen(deployed("A", 10, changes=(REVERT,), returns=True))
    assert delivery.lead_time(first) == []
    assert delivery.rework_ratio(first) == [point(0.0, **TAGS)]


def test_lead_time_is_per_non_merge_commit_by_the_finish():
    changes = (Change("c", at(9)), Change("m", at(9), merge=True), Change("late", at(13)), Change("none"))
    found = delivery.lead_time(seen(deployed("A", 8), deployed("B", 12, changes=changes)))
    assert found == [point(3 * HOUR, at=at(12), id="c", **TAGS)]


def test_ratios_look_at_the_window_and_intervals_also_before_it():
    later = seen(deployed("A", 10), deployed("B", 12), deployed("C", 15), window=Window(at(11), at(13)))
    assert delivery.change_failure_ratio(later) == [point(0.0, **TAGS)]
    assert delivery.interval(later) == [point(2 * HOUR, at=at(12), id="B12", **TAGS)]


def test_what_finishes_after_the_window_changes_no_verdict():
    future = seen(deployed("A", 10), deployed("B", 15, changes=(REVERT,)), window=Window(at(9), at(13)))
    assert delivery.change_failure_ratio(future) == [point(0.0, **TAGS)]


def test_nothing_deployed_has_no_ratio():
    quiet = seen(deployed("A", 10), window=Window(NOON + DAY, NOON + 2 * DAY))
    assert delivery.change_failure_ratio(quiet) == []
    assert delivery.rework_ratio(quiet) == []


NEED_CHANGES = (delivery.lead_time, delivery.change_failure_ratio, delivery.recovery_time, delivery.rework_ratio)
NEED_TIMES = (delivery.completed, delivery.interval)


def test_a_recovery_from_the_first_known_deployment_is_a_lower_bound_unless_nothing_came_before():
    chain = (deployed("A", 9), deployed("B", 10, changes=(REVERT,)), deployed("C", 14))
    known = point(HOUR, at=at(10), id="A9", **TAGS)
    assert delivery.recovery_time(seen(*chain)) == [known]
    assert delivery.recovery_time(seen(*chain, reaches_back=False)) == [
        point(HOUR, at=at(10), id="A9", basis="lower_bound", **TAGS)
    ]
    before = seen(*chain, reaches_back=False, window=Window(at(12), at(15)))
    assert delivery.recovery_time(before) == [known]  # outside the window it marks no other number


def test_without_the_changes_times_and_results_are_still_known():
    half = seen(deployed("A", 10), deployed("B", 12), unknown="2 comparisons could not be read")
    assert [each.id for each in delivery.completed(half)] == ["A10", "B12"]
    assert delivery.interval(half) == [point(2 * HOUR, at=at(12), id="B12", **TAGS)]
    for each in NEED_CHANGES:
        with pytest.raises(MetricError, match="comparisons"):
            each(half)


@pytest.mark.parametrize("each", [*NEED_CHANGES, *NEED_TIMES])
def test_where_the_deployments_are_not_known_nothing_is(each):
    with pytest.raises(MetricError, match="shallow"):
        each(Seen(Delivery(TODAY, unknown="the clone is shallow")))
