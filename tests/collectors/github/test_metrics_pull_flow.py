"""What happened to pull requests."""

from __future__ import annotations

import pytest

from collectors.github.metrics import pull_flow as metrics
from common.errors import MetricError
from common.metric import point
from tests.collectors.github.builders import BOT, DAY, HOUR, MINUTE, NOON, commit, event, pr, snapshot


def values(points) -> list[tuple[str | None, float]]:
    return [(each.id, each.value) for each in points]


def test_each_one_was_opened_once_at_its_creation_whatever_became_of_it() -> None:
    given = snapshot(open_pulls=[pr(1)], closed_pulls=[pr(2, merged=-HOUR, author=BOT), pr(3, closed=-HOUR)])
    assert metrics.opened(given) == [
        point(1, at=NOON - DAY, id="pr:1", author="human"),
        point(1, at=NOON - DAY, id="pr:2", author="bot"),
        point(1, at=NOON - DAY, id="pr:3", author="human"),
    ]


def test_a_merge_counts_at_its_own_time_though_the_pull_request_was_updated_later() -> None:
    late_comment = pr(1, created=-40 * DAY, merged=-30 * DAY, updated=-MINUTE, merge_commit="m")
    assert metrics.merged(snapshot(closed_pulls=[late_comment])) == [
        point(1, at=NOON - 30 * DAY, id="pr:1", author="human", method="merge")
    ]


def test_squashed_and_rebased_ones_are_single() -> None:
    pulls = [pr(1, merged=-HOUR, merge_parents=1), pr(2, merged=-HOUR, author=BOT)]
    found = metrics.merged(snapshot(closed_pulls=pulls))
    assert [(each.tags["method"], each.tags["author"]) for each in found] == [("single", "human"), ("merge", "bot")]


def test_every_close_counts_at_its_own_time_though_github_keeps_the_last() -> None:
    turns = [event("closed", -3 * DAY), event("reopened", -2 * DAY), event("closed", -DAY)]
    found = metrics.closed(snapshot(closed_pulls=[pr(7, closed=-DAY, events=turns)]))
    assert [(each.id, each.at) for each in found] == [
        (f"pr:7:{NOON - 3 * DAY}", NOON - 3 * DAY),
        (f"pr:7:{NOON - DAY}", NOON - DAY),
    ]


def test_the_close_that_a_merge_is_told_as_does_not_count_even_a_second_apart() -> None:
    turns = [event("closed", -3 * DAY), event("reopened", -2 * DAY), event("closed", -DAY - 1)]
    found = metrics.closed(snapshot(closed_pulls=[pr(7, merged=-DAY, events=turns)]))
    assert [each.at for each in found] == [NOON - 3 * DAY]


def test_a_close_of_one_that_is_open_again_still_counts() -> None:
    turns = [event("closed", -3 * HOUR), event("reopened", -2 * HOUR)]
    given = snapshot(open_pulls=[pr(7, events=turns)])
    assert [each.at for each in metrics.closed(given)] == [NOON - 3 * HOUR]
    assert metrics.reopened(given) == [point(1, at=NOON - 2 * HOUR, id=f"pr:7:{NOON - 2 * HOUR}")]


def test_a_close_before_a_merge_counts_also_where_the_merges_own_close_is_not_told() -> None:
    turns = [event("closed", -3 * DAY), event("reopened", -2 * DAY)]
    found = metrics.closed(snapshot(closed_pulls=[pr(7, merged=-DAY, events=turns)]))
    assert [each.at for each in found] == [NOON - 3 * DAY]


def test_a_single_close_counts_once() -> None:
    found = metrics.closed(snapshot(closed_pulls=[pr(7, closed=-DAY, events=[event("closed", -DAY)])]))
    assert [each.at for each in found] == [NOON - DAY]


def test_a_close_without_its_event_is_taken_from_the_pull_request() -> None:
    assert [each.at for each in metrics.closed(snapshot(closed_pulls=[pr(7, closed=-DAY)]))] == [NOON - DAY]


@pytest.mark.parametrize(
    "sign",
    [{"title": 'Revert "Add x"'}, {"head": "revert-12-add-x"}, {"reverts": True}, {"title": 'Revert "Revert "x""'}],
)
def test_a_reverting_one_is_known_by_title_branch_or_body(sign) -> None:
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR, **sign), pr(2, closed=-HOUR, **sign)])
    assert metrics.reverting(given) == [point(1, at=NOON - HOUR, id="pr:1")]


def test_the_word_revert_alone_reverts_nothing() -> None:
    pulls = [pr(1, merged=-HOUR, title="Do not revert me"), pr(2, merged=-HOUR, head="revert-button")]
    assert metrics.reverting(snapshot(closed_pulls=pulls)) == []


def test_time_to_merge_runs_from_creation_and_cycle_time_from_the_first_commit() -> None:
    commits = [commit("b", -2 * DAY, authored=-4 * DAY), commit("a", -3 * DAY)]
    given = snapshot(closed_pulls=[pr(1, created=-DAY, merged=-HOUR, commits=commits)])
    assert metrics.time_to_merge(given) == [point(23 * HOUR, at=NOON - HOUR, id="pr:1", author="human")]
    assert metrics.cycle_time(given) == [point(95 * HOUR, at=NOON - HOUR, id="pr:1", author="human")]


@pytest.mark.parametrize("authored", [-HOUR + 1, -HOUR - 365 * DAY - 1])
def test_a_cycle_that_cannot_be_believed_is_left_out(authored) -> None:
    pull = pr(1, merged=-HOUR, commits=[commit("a", -HOUR, authored=authored)])
    assert metrics.cycle_time(snapshot(closed_pulls=[pull])) == []


def test_a_cycle_of_exactly_a_year_or_of_nothing_counts() -> None:
    pulls = [
        pr(1, merged=-HOUR, commits=[commit("a", authored=-HOUR - 365 * DAY)]),
        pr(2, merged=-HOUR, commits=[commit("b", authored=-HOUR)]),
    ]
    assert values(metrics.cycle_time(snapshot(closed_pulls=pulls))) == [("pr:1", 365 * DAY), ("pr:2", 0)]


def test_time_in_draft_adds_up_the_spans_and_knows_how_it_began() -> None:
    began_as_draft = [event("ready_for_review", -20 * HOUR), event("convert_to_draft", -10 * HOUR)]
    again = event("ready_for_review", -9 * HOUR)
    became_one = [event("convert_to_draft", -3 * HOUR), event("ready_for_review", -2 * HOUR)]
    given = snapshot(
        closed_pulls=[
            pr(1, merged=-HOUR, events=[again, *began_as_draft]),
            pr(2, merged=-HOUR, events=became_one),
            pr(3, merged=-HOUR),
        ]
    )
    assert values(metrics.time_in_draft(given)) == [("pr:1", 5 * HOUR), ("pr:2", HOUR)]


def test_a_draft_that_was_merged_as_one_was_a_draft_until_the_merge() -> None:
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR, draft=True)])
    assert values(metrics.time_in_draft(given)) == [("pr:1", 23 * HOUR)]


def test_a_turn_that_is_told_twice_changes_no_draft_time() -> None:
    turns = [event("convert_to_draft", at * HOUR) for at in (-9, -8)]
    turns += [event("ready_for_review", at * HOUR) for at in (-5, -4)]
    assert values(metrics.time_in_draft(snapshot(closed_pulls=[pr(1, merged=-HOUR, events=turns)]))) == [
        ("pr:1", 4 * HOUR)
    ]


def test_what_happens_in_the_second_of_the_merge_came_after_it() -> None:
    turns = [event("convert_to_draft", -HOUR), event("added_to_merge_queue", -HOUR)]
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR, events=turns)])
    assert metrics.time_in_draft(given) == []
    assert metrics.merge_queue_wait(given) == []


def test_turns_after_the_merge_change_no_draft_time() -> None:
    turns = [event("convert_to_draft", -2 * HOUR), event("ready_for_review", -MINUTE)]
    assert values(metrics.time_in_draft(snapshot(closed_pulls=[pr(1, merged=-HOUR, events=turns)]))) == [("pr:1", HOUR)]


def test_the_queue_wait_runs_from_the_last_entry() -> None:
    turns = [
        event("added_to_merge_queue", -9 * HOUR),
        event("removed_from_merge_queue", -8 * HOUR, "failed checks"),
        event("added_to_merge_queue", -2 * HOUR),
        event("removed_from_merge_queue", -HOUR, "merged"),
    ]
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR, events=turns)])
    assert metrics.merge_queue_wait(given) == [point(HOUR, at=NOON - HOUR, id="pr:1")]


def test_one_that_left_the_queue_and_was_merged_by_hand_did_not_wait_in_it() -> None:
    turns = [event("added_to_merge_queue", -9 * HOUR), event("removed_from_merge_queue", -8 * HOUR, "manual")]
    assert (
        metrics.merge_queue_wait(snapshot(closed_pulls=[pr(1, merged=-HOUR, events=turns), pr(2, merged=-HOUR)])) == []
    )


def test_leaving_the_queue_for_no_reason_given_is_leaving_it() -> None:
    turns = [event("added_to_merge_queue", -9 * HOUR), event("removed_from_merge_queue", -8 * HOUR)]
    assert metrics.merge_queue_wait(snapshot(closed_pulls=[pr(1, merged=-HOUR, events=turns)])) == []


def test_size_files_and_comments_are_those_at_the_merge() -> None:
    pull = pr(1, merged=-HOUR, additions=10, deletions=3, files=2, comments=[-3 * HOUR, -2 * HOUR, -HOUR, -MINUTE])
    given = snapshot(closed_pulls=[pull])
    assert metrics.size(given) == [point(13, at=NOON - HOUR, id="pr:1")]
    assert metrics.files(given) == [point(2, at=NOON - HOUR, id="pr:1")]
    assert metrics.comments(given) == [point(2, at=NOON - HOUR, id="pr:1")]


def test_a_missing_field_is_an_error_and_never_a_zero() -> None:
    given = snapshot(closed_pulls=[pr(1, merged=-HOUR)], missing={"comments": "the query for comments timed out"})
    with pytest.raises(MetricError, match="comments timed out"):
        metrics.comments(given)
    assert values(metrics.size(given)) == [("pr:1", 0)]
