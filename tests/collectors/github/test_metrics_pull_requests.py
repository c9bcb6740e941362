"""Pull requests that are open now."""

from __future__ import annotations

import pytest

from collectors.github.metrics import pull_requests as metrics
from collectors.github.records import Unavailable
from common.errors import MetricError
from common.metric import point
from tests.collectors.github.builders import BOT, DAY, HOUR, NOON, pr, rules, snapshot


def test_open_ones_are_counted_by_draft_and_by_kind_of_author() -> None:
    pulls = [pr(1), pr(2, draft=True), pr(3, author=BOT), pr(4, author=None)]
    assert metrics.open_pull_requests(snapshot(open_pulls=pulls)) == [
        point(1, of=("pr:2",), draft="true", author="human"),
        point(0, draft="true", author="bot"),
        point(2, of=("pr:1", "pr:4"), draft="false", author="human"),
        point(1, of=("pr:3",), draft="false", author="bot"),
    ]


def test_a_bot_is_known_by_suffix_and_by_the_settings_list_too() -> None:
    pulls = [pr(1, author="renovate[bot]"), pr(2, author="Acme-Robot"), pr(3, author="robotham")]
    found = metrics.open_pull_requests(snapshot(open_pulls=pulls, rules=rules(bots=("acme-*",))))
    assert [each.of for each in found] == [(), (), ("pr:3",), ("pr:1", "pr:2")]


def test_the_oldest_open_is_told_by_its_creation_and_is_no_draft() -> None:
    pulls = [pr(1, created=-9 * DAY, draft=True), pr(2, created=-3 * DAY), pr(3, created=-DAY)]
    assert metrics.oldest_open(snapshot(open_pulls=pulls)) == [point(NOON - 3 * DAY, of=("pr:2",))]


def test_the_median_age_lies_between_the_two_in_the_middle() -> None:
    pulls = [pr(1, created=-DAY), pr(2, created=-3 * DAY), pr(3, created=-9 * DAY, draft=True)]
    assert metrics.median_open_age(snapshot(open_pulls=pulls)) == [point(2 * DAY, of=("pr:1", "pr:2"))]


def test_without_open_ones_there_is_no_oldest_and_no_age() -> None:
    assert metrics.oldest_open(snapshot()) == []
    assert metrics.median_open_age(snapshot()) == []


def test_stale_goes_by_the_last_update_and_not_by_the_age() -> None:
    old_but_alive = pr(1, created=-90 * DAY, updated=-DAY)
    pulls = [old_but_alive, pr(2, created=-20 * DAY, updated=-14 * DAY - 1), pr(3, updated=-14 * DAY)]
    assert metrics.stale(snapshot(open_pulls=pulls)) == [point(1, of=("pr:2",))]


def test_the_stale_age_is_a_setting() -> None:
    pulls = [pr(1, updated=-2 * DAY)]
    assert metrics.stale(snapshot(open_pulls=pulls, rules=rules(stale_after=DAY))) == [point(1, of=("pr:1",))]


def test_review_states_are_parts_of_a_whole_without_drafts() -> None:
    words = ("REVIEW_REQUIRED", "CHANGES_REQUESTED", "APPROVED", None)
    pulls = [pr(number, review_decision=word) for number, word in enumerate(words)]
    draft = pr(9, draft=True, review_decision="APPROVED")
    found = metrics.review_state(snapshot(open_pulls=[*pulls, draft]))
    assert [(each.tags["state"], each.of) for each in found] == [
        ("awaiting", ("pr:0",)),
        ("changes_requested", ("pr:1",)),
        ("approved", ("pr:2",)),
        ("not_required", ("pr:3",)),
    ]


def test_check_states_fold_errors_into_failure_and_expected_into_pending() -> None:
    words = ("SUCCESS", "FAILURE", "ERROR", "PENDING", "EXPECTED", None)
    pulls = [pr(number, checks=word, draft=True) for number, word in enumerate(words)]
    found = metrics.check_state(snapshot(open_pulls=pulls))
    assert {each.tags["state"]: each.value for each in found} == {"success": 1, "failure": 2, "pending": 2, "none": 1}


@pytest.mark.parametrize("metric", [metrics.review_state, metrics.check_state])
def test_a_word_that_is_new_to_this_release_costs_the_number(metric) -> None:
    with pytest.raises(MetricError, match="GitHub says SHINY"):
        metric(snapshot(open_pulls=[pr(1, review_decision="SHINY", checks="SHINY")]))


def test_a_conflict_that_github_has_not_worked_out_is_not_counted() -> None:
    pulls = [pr(1, mergeable="CONFLICTING"), pr(2, mergeable="UNKNOWN"), pr(3, mergeable="MERGEABLE"), pr(4)]
    assert metrics.conflicting(snapshot(open_pulls=pulls)) == [point(1, of=("pr:1",))]


def test_queued_ones_are_in_the_merge_queue_now() -> None:
    assert metrics.queued(snapshot(open_pulls=[pr(1, queued=True), pr(2)])) == [point(1, of=("pr:1",))]


def test_an_older_server_without_merge_queues_costs_only_that_number() -> None:
    given = snapshot(open_pulls=[pr(1)], missing={"merge_queue": "this server knows no merge queue"})
    with pytest.raises(MetricError, match="knows no merge queue"):
        metrics.queued(given)
    assert metrics.stale(given) == [point(0)]


def test_pull_requests_that_could_not_be_read_are_never_zero() -> None:
    given = snapshot(open_pulls=Unavailable("the token may not read pull requests"))
    for metric in (metrics.open_pull_requests, metrics.stale, metrics.conflicting, metrics.oldest_open):
        with pytest.raises(MetricError, match="may not read pull requests"):
            metric(given)


def test_age_is_measured_to_the_end_of_the_window() -> None:
    assert metrics.median_open_age(snapshot(open_pulls=[pr(1, created=-HOUR)]))[0].value == HOUR
