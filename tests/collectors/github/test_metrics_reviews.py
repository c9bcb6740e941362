"""How pull requests are reviewed."""

from __future__ import annotations

import pytest

from collectors.github.metrics import reviews as metrics
from common.metric import point
from tests.collectors.github.builders import BOT, DAY, HOUR, MINUTE, NOON, event, pr, review, rules, snapshot


def first_review(**facts):
    pull = pr(1, created=-3 * DAY, **facts)
    where = "closed_pulls" if pull.closed else "open_pulls"
    return metrics.time_to_first_review(snapshot(**{where: [pull]}))


def test_the_first_review_is_counted_from_creation_by_its_own_time() -> None:
    found = first_review(reviews=[review(-HOUR), review(-DAY, by="eve", state="COMMENTED")])
    assert found == [point(2 * DAY, at=NOON - DAY, id="pr:1")]


def test_the_first_review_is_counted_from_the_last_time_it_was_made_ready_before_it() -> None:
    turns = [
        event("ready_for_review", -2 * DAY),
        event("ready_for_review", -2 * HOUR),
        event("ready_for_review", -MINUTE),
    ]
    assert first_review(events=turns, reviews=[review(-HOUR)]) == [point(HOUR, at=NOON - HOUR, id="pr:1")]


@pytest.mark.parametrize("nobody", ["ann", BOT, None, "linter[bot]", "ci-acme"])
def test_only_another_human_reviews(nobody) -> None:
    pull = pr(1, reviews=[review(-HOUR, by=nobody)])
    assert metrics.time_to_first_review(snapshot(open_pulls=[pull], rules=rules(bots=("ci-*",)))) == []


def test_a_deleted_author_is_a_human_whom_others_review() -> None:
    assert first_review(author=None, reviews=[review(-HOUR)]) == [point(71 * HOUR, at=NOON - HOUR, id="pr:1")]


def test_pull_requests_of_bots_and_abandoned_ones_wait_for_nobody() -> None:
    assert first_review(author=BOT, reviews=[review(-HOUR)]) == []
    assert first_review(closed=-MINUTE, reviews=[review(-HOUR)]) == []


def test_a_review_after_the_merge_is_none() -> None:
    late = first_review(merged=-2 * HOUR, reviews=[review(-2 * HOUR), review(-HOUR)])
    assert late == []
    assert first_review(merged=-MINUTE, reviews=[review(-HOUR)]) == [point(71 * HOUR, at=NOON - HOUR, id="pr:1")]


def test_a_dismissed_review_was_submitted_and_a_dismissed_approval_is_no_approval() -> None:
    pull = pr(1, created=-DAY, reviews=[review(-2 * HOUR, dismissed=-HOUR), review(-MINUTE)])
    given = snapshot(open_pulls=[pull])
    assert metrics.time_to_first_review(given) == [point(22 * HOUR, at=NOON - 2 * HOUR, id="pr:1")]
    assert metrics.time_to_approval(given) == [point(DAY - MINUTE, at=NOON - MINUTE, id="pr:1")]


def test_an_approval_that_was_dismissed_after_the_merge_was_one_at_the_merge() -> None:
    pull = pr(1, merged=-HOUR, reviews=[review(-2 * HOUR, dismissed=-MINUTE)])
    assert metrics.merge_delay(snapshot(closed_pulls=[pull])) == [point(HOUR, at=NOON - HOUR, id="pr:1")]


def test_a_dismissal_in_the_second_of_the_merge_came_after_it() -> None:
    pull = pr(1, merged=-HOUR, reviews=[review(-2 * HOUR, dismissed=-HOUR)])
    assert metrics.merge_delay(snapshot(closed_pulls=[pull])) == [point(HOUR, at=NOON - HOUR, id="pr:1")]


def test_being_made_ready_in_the_second_of_a_review_is_not_before_it() -> None:
    assert first_review(events=[event("ready_for_review", -HOUR)], reviews=[review(-HOUR)])[0].value == 71 * HOUR


def test_a_dismissed_review_of_unknown_origin_approves_nothing() -> None:
    pull = pr(1, merged=-HOUR, reviews=[review(-2 * HOUR, state="DISMISSED")])
    assert metrics.time_to_approval(snapshot(closed_pulls=[pull])) == []


def test_time_to_approval_starts_when_it_was_last_made_ready_before_that_approval() -> None:
    comment = review(-5 * HOUR, state="COMMENTED")
    pull = pr(1, events=[event("ready_for_review", -4 * HOUR)], reviews=[comment, review(-HOUR)])
    assert metrics.time_to_approval(snapshot(open_pulls=[pull])) == [point(3 * HOUR, at=NOON - HOUR, id="pr:1")]


def test_the_merge_delay_runs_from_the_last_approval_by_another_human_before_the_merge() -> None:
    reviews = [review(-9 * HOUR), review(-3 * HOUR, by="eve"), review(-2 * HOUR, by=BOT), review(-MINUTE)]
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR, reviews=reviews), pr(2, merged=-HOUR)])
    assert metrics.merge_delay(given) == [point(2 * HOUR, at=NOON - HOUR, id="pr:1")]


def test_a_round_is_a_request_for_changes_that_the_same_person_came_back_to() -> None:
    reviews = [
        review(-9 * HOUR, state="CHANGES_REQUESTED"),
        review(-8 * HOUR, state="CHANGES_REQUESTED"),
        review(-7 * HOUR, by="eve", state="CHANGES_REQUESTED"),
        review(-6 * HOUR),
    ]
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR, reviews=reviews), pr(2, merged=-HOUR)])
    assert [(each.id, each.value) for each in metrics.review_round(given)] == [("pr:1", 2), ("pr:2", 0)]


def test_a_round_does_not_end_after_the_merge() -> None:
    reviews = [review(-9 * HOUR, state="CHANGES_REQUESTED"), review(-MINUTE)]
    assert metrics.review_round(snapshot(closed_pulls=[pr(1, merged=-HOUR, reviews=reviews)]))[0].value == 0


def test_review_coverage_is_the_share_of_humans_merges_that_another_human_saw_before() -> None:
    pulls = [
        pr(1, merged=-HOUR, reviews=[review(-2 * HOUR, state="COMMENTED")]),
        pr(2, merged=-HOUR, reviews=[review(-MINUTE)]),
        pr(3, merged=-HOUR, reviews=[review(-2 * HOUR, by="ann"), review(-2 * HOUR, by=BOT)]),
        pr(4, merged=-HOUR, author=BOT, reviews=[review(-2 * HOUR)]),
        pr(5, created=-9 * DAY, merged=-8 * DAY, reviews=[review(-9 * DAY)]),
        pr(6, merged=-HOUR, reviews=[review(-2 * HOUR, dismissed=-90 * MINUTE)]),
    ]
    found = metrics.review_coverage(snapshot(closed_pulls=pulls))
    assert found == [point(0.5, of=("pr:2", "pr:3", "pr:1", "pr:6"))]


def test_nothing_merged_has_no_coverage() -> None:
    assert metrics.review_coverage(snapshot(closed_pulls=[pr(1, merged=-8 * DAY), pr(2, closed=-HOUR)])) == []
