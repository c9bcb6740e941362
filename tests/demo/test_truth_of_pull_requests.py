"""The truth about pull requests, on histories small enough to count by hand."""

from __future__ import annotations

from tests.demo.build import HOUR, NOW, Told, at, comment, commit, event, landing, pull, review, run

FIRST = commit("a", -200)
MERGE = commit("m", -10, "a")
OWN = commit("b", -30, "a")
PR = "github.pull_request"


def merged(*steps, hours=-20, **more):
    return pull(1, hours, *steps, event("merged", -10), commits="b", merge_commit="m", **more)


def told(*parts, **more):
    return Told(FIRST, MERGE, OWN, landing(FIRST), landing(MERGE, pull=1), *parts, **more)


def test_open_ones_are_told_apart_by_draft_and_author():
    them = told(
        pull(2, -50, commits="b"),
        pull(3, -60, commits="b", draft=True),
        pull(4, -70, commits="b", author="dependabot[bot]"),
        pull(5, -80, event("closed", -1), commits="b"),
        pull(6, -90, event("closed", -5), event("reopened", -2), commits="b", author=None),
    )
    assert them.value(f"{PR}.open", draft="false", author="human") == 2
    assert them.value(f"{PR}.open", draft="true", author="human") == 1
    assert them.value(f"{PR}.open", draft="false", author="bot") == 1
    assert them.value(f"{PR}.open", draft="true", author="bot") == 0
    assert them.value(f"{PR}.oldest_open") == at(-90)
    assert them.value(f"{PR}.median_open_age") == 70 * HOUR


def test_stale_is_no_update_for_two_weeks_drafts_included():
    them = told(
        pull(2, -24 * 14, commits="b"),
        pull(3, -24 * 14 + 1, commits="b"),
        pull(4, -24 * 20, comment(-3), commits="b"),
        pull(5, -24 * 20, commits="b", draft=True),
    )
    assert them.value(f"{PR}.stale") == 2


def test_review_states_partition_the_open_ones_that_are_no_drafts():
    them = told(
        pull(2, -9, commits="b", needs_approval=True),
        pull(3, -9, review("APPROVED", -8), commits="b", needs_approval=True),
        pull(4, -9, review("APPROVED", -8), review("CHANGES_REQUESTED", -7, "chidi-sim"), commits="b"),
        pull(5, -9, review("APPROVED", -8, dismissed=-7), commits="b", needs_approval=True),
        pull(6, -9, commits="b"),
        pull(7, -9, commits="b", needs_approval=True, draft=True),
    )
    states = ("awaiting", "approved", "changes_requested", "not_required")
    assert [them.value(f"{PR}.review_state", state=state) for state in states] == [2, 1, 1, 1]


def test_check_states_follow_the_newest_attempt_of_the_head_commit():
    heads = {name: commit(name, -9, "a") for name in ("r", "s", "t")}
    them = told(
        *heads.values(),
        pull(2, -9, commits="r"),
        pull(3, -9, commits="s"),
        pull(4, -9, commits="t"),
        pull(5, -9, commits="b"),
        run(1, -9, (-9, -8.5, "failure"), (-8, -7, "success"), sha="r", branch="x"),
        run(2, -9, (-9, -8.5, "success"), sha="s", branch="x"),
        run(3, -9, (-9, -8.5, "timed_out"), sha="s", branch="x"),
        run(4, -9, (-9, None, "success"), sha="t", branch="x"),
    )
    states = ("success", "failure", "pending", "none")
    assert [them.value(f"{PR}.check_state", state=state) for state in states] == [1, 1, 1, 1]


def test_conflicting_and_queued_are_states_of_now():
    them = told(
        pull(2, -9, commits="b", conflicts=((at(-5), at(5)),)),
        pull(3, -9, commits="b", conflicts=((at(-5), at(-1)),)),
        pull(4, -9, commits="b", conflicts=((at(-5), at(5)),), unknown=((at(-1), at(1)),)),
        pull(5, -9, event("added_to_merge_queue", -1), commits="b"),
        pull(6, -9, event("added_to_merge_queue", -2), event("removed_from_merge_queue", -1), commits="b"),
    )
    assert them.value(f"{PR}.conflicting") == 1
    assert them.value(f"{PR}.queued") == 1


def test_every_close_counts_and_a_merge_is_none():
    them = told(merged(event("closed", -18), event("reopened", -17), event("closed", -16), event("reopened", -15)))
    assert them.events(f"{PR}.closed", author="human") == [(-18, 1), (-16, 1)]
    assert them.events(f"{PR}.reopened") == [(-17, 1), (-15, 1)]
    assert them.events(f"{PR}.merged", author="human", method="single") == [(-10, 1)]
    assert them.events(f"{PR}.opened", author="human") == [(-20, 1)]


def test_the_window_is_half_open():
    them = told(pull(2, -24 * 7, commits="b"), pull(3, 0, commits="b"), pull(4, -24 * 7 - 1, commits="b"))
    assert them.events(f"{PR}.opened", author="human") == [(-168, 1)]


def test_two_parents_make_a_merge():
    two = commit("m", -10, "a b")
    them = Told(FIRST, two, OWN, landing(FIRST), landing(two, pull=1), merged())
    assert them.events(f"{PR}.merged", author="human", method="merge") == [(-10, 1)]


def test_reverting_is_told_by_title_branch_or_body():
    for more in ({"title": 'Revert "Work"'}, {"head": "revert-3-work"}, {"body": "Reverts simulated-acme/hand#3"}):
        assert told(merged(**more)).events(f"{PR}.reverting") == [(-10, 1)]
    for more in ({"title": "Revert the cache"}, {"head": "reverts-3"}, {"body": "Do not revert #3"}):
        assert told(merged(**more)).events(f"{PR}.reverting") == []


def test_cycle_time_begins_with_the_earliest_author_date_and_leaves_out_the_absurd():
    assert told(merged()).events(f"{PR}.cycle_time", author="human") == [(-10, 20 * HOUR)]
    assert told(merged()).events(f"{PR}.time_to_merge", author="human") == [(-10, 10 * HOUR)]
    for hours in (-10 - 24 * 366, -5):
        odd = commit("b", -30, "a", authored=at(hours))
        them = Told(FIRST, MERGE, odd, landing(FIRST), landing(MERGE, pull=1), merged())
        assert them.events(f"{PR}.cycle_time", author="human") == []


def test_first_review_is_by_another_human_and_begins_when_it_was_last_ready():
    them = told(
        merged(
            review("COMMENTED", -19, "ada-sim"),
            review("COMMENTED", -18.5, "dependabot[bot]"),
            review("COMMENTED", -18, None),
            event("convert_to_draft", -17),
            event("ready_for_review", -16),
            review("COMMENTED", -14),
            event("convert_to_draft", -13.5),
            event("ready_for_review", -13),
            review("APPROVED", -12, "chidi-sim"),
        )
    )
    assert them.events(f"{PR}.time_to_first_review") == [(-14, 2 * HOUR)]
    assert them.events(f"{PR}.time_to_approval") == [(-12, 1 * HOUR)]


def test_reviews_after_the_merge_and_of_closed_ones_do_not_count():
    late = told(merged(review("APPROVED", -9)))
    assert late.events(f"{PR}.time_to_first_review") == []
    assert late.value(f"{PR}.review_coverage") == 0
    closed = told(pull(2, -9, review("APPROVED", -8), event("closed", -7), commits="b"))
    assert closed.events(f"{PR}.time_to_first_review") == []


def test_a_dismissed_review_was_submitted_but_approves_nothing():
    them = told(merged(review("APPROVED", -15, dismissed=-14)))
    assert them.events(f"{PR}.time_to_first_review") == [(-15, 5 * HOUR)]
    assert them.events(f"{PR}.time_to_approval") == []
    assert them.events(f"{PR}.merge_delay") == []
    assert them.value(f"{PR}.review_coverage") == 1


def test_a_bots_pull_request_has_no_review_times_but_a_merge_delay():
    them = told(merged(review("APPROVED", -15), author="dependabot[bot]"))
    assert them.events(f"{PR}.time_to_first_review") == []
    assert them.events(f"{PR}.merge_delay") == [(-10, 5 * HOUR)]
    assert them.value(f"{PR}.review_coverage") is None


def test_merge_delay_begins_with_the_last_approval():
    them = told(merged(review("APPROVED", -15), review("APPROVED", -12, "chidi-sim"), review("COMMENTED", -11)))
    assert them.events(f"{PR}.merge_delay") == [(-10, 2 * HOUR)]


def test_time_in_draft_adds_up_the_spans():
    steps = (event("ready_for_review", -18), event("convert_to_draft", -15), event("ready_for_review", -14))
    assert told(merged(*steps, draft=True)).events(f"{PR}.time_in_draft") == [(-10, 3 * HOUR)]
    assert told(merged()).events(f"{PR}.time_in_draft") == []


def test_the_queue_is_waited_in_from_the_last_entry():
    steps = (
        event("added_to_merge_queue", -14),
        event("removed_from_merge_queue", -13),
        event("added_to_merge_queue", -11),
    )
    assert told(merged(*steps)).events(f"{PR}.merge_queue_wait") == [(-10, 1 * HOUR)]
    assert told(merged(*steps[:2])).events(f"{PR}.merge_queue_wait") == []


def test_size_files_comments_and_rounds_are_those_at_the_merge():
    them = told(
        merged(
            comment(-19, "ada-sim"),
            comment(-18, "dependabot[bot]"),
            comment(-9),
            review("CHANGES_REQUESTED", -17),
            review("CHANGES_REQUESTED", -16),
            review("APPROVED", -15),
            review("CHANGES_REQUESTED", -14, "chidi-sim"),
        )
    )
    assert them.events(f"{PR}.size") == [(-10, 12)]
    assert them.events(f"{PR}.file") == [(-10, 1)]
    assert them.events(f"{PR}.comment") == [(-10, 2)]
    assert them.events(f"{PR}.review_round") == [(-10, 2)]


def test_what_is_not_yet_known_is_not_told():
    them = told(merged(), now=at(-15))
    assert them.events(f"{PR}.merged", author="human", method="single") == []
    assert them.value(f"{PR}.open", draft="false", author="human") == 1
    assert them.value(f"{PR}.oldest_open") == NOW - 20 * HOUR
