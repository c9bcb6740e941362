"""Runs of GitHub Actions."""

from __future__ import annotations

import pytest

from collectors.github.metrics import workflow_runs as metrics
from collectors.github.records import Attempt, Repository, Unavailable
from common.errors import MetricError
from common.metric import point
from common.stats import wilson
from tests.collectors.github.builders import DAY, HOUR, MINUTE, NOON, WEEK, active, rules, run, snapshot


def attempt(number: int, end: str, at: float) -> Attempt:
    return Attempt(number, end, NOON + at)


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        *(("success", "success"), ("failure", "failure"), ("timed_out", "failure"), ("startup_failure", "failure")),
        *(("cancelled", "cancelled"), ("skipped", "other"), ("action_required", "other"), ("shiny", "other")),
    ],
)
def test_a_timeout_is_a_failure_and_a_cancelled_run_is_not(word, tag) -> None:
    given = snapshot(runs=[run(5, word)])
    assert metrics.completed(given) == [
        point(1, at=NOON - HOUR, id="run:5:1", workflow="ci.yml", branch="default", conclusion=tag)
    ]


def test_a_forks_branch_called_main_counts_nowhere_among_own_runs() -> None:
    given = snapshot(runs=[run(5, "failure", own=False, attempt=2)])
    found = [metrics.completed, metrics.duration, metrics.success_ratio, metrics.rerun, metrics.flaky, metrics.passing]
    assert [metric(given) for metric in found] == [[]] * len(found)


def test_a_workflow_is_known_by_its_file_without_folder_and_ref() -> None:
    runs = [run(1, branch="feature"), run(2, file="deploy.yml@refs/heads/main", branch=None)]
    found = metrics.completed(snapshot(runs=runs))
    assert [(each.tags["workflow"], each.tags["branch"]) for each in found] == [
        ("ci.yml", "other"),
        ("deploy.yml", "other"),
    ]


def test_a_rerun_is_another_completion_of_its_own() -> None:
    assert [each.id for each in metrics.completed(snapshot(runs=[run(5, attempt=3)]))] == ["run:5:3"]


def test_the_duration_is_that_of_the_last_attempt_without_the_queue() -> None:
    rerun = run(5, at=-HOUR, took=4 * MINUTE, created=-3 * DAY, attempt=2)
    assert metrics.duration(snapshot(runs=[rerun])) == [
        point(4 * MINUTE, at=NOON - HOUR, id="run:5:2", workflow="ci.yml", branch="default")
    ]


@pytest.mark.parametrize("end", ["skipped", "cancelled", "timed_out", "startup_failure"])
def test_runs_that_did_not_run_their_course_have_no_duration(end) -> None:
    assert metrics.duration(snapshot(runs=[run(5, end)])) == []


def test_queue_time_is_opt_in_and_runs_from_creation_to_the_first_job() -> None:
    runs = [run(5, at=-HOUR, took=5 * MINUTE, first_job=NOON - HOUR - 3 * MINUTE), run(6)]
    assert metrics.queue_time(snapshot(runs=runs)) == []
    assert metrics.queue_time(snapshot(runs=runs, rules=rules(jobs=True))) == [
        point(2 * MINUTE, at=NOON - HOUR, id="run:5:1", workflow="ci.yml")
    ]


def test_active_runs_are_those_of_the_whole_repository() -> None:
    words = ("queued", "requested", "pending", "in_progress", "waiting")
    runs = [active(number, word, -number * HOUR, own=number != 4) for number, word in enumerate(words, 1)]
    given = snapshot(active_runs=runs)
    assert metrics.active(given) == [
        point(3, of=("run:1:1", "run:2:1", "run:3:1"), state="queued"),
        point(1, of=("run:4:1",), state="running"),
        point(1, of=("run:5:1",), state="waiting"),
    ]
    assert metrics.oldest_active(given) == [point(NOON - 5 * HOUR, of=("run:5:1",))]


def test_a_status_that_is_new_to_this_release_costs_the_number() -> None:
    with pytest.raises(MetricError, match="a run is shiny"):
        metrics.active(snapshot(active_runs=[active(1, "shiny", -HOUR)]))


def test_the_success_ratio_leaves_out_what_is_neither_and_what_lies_outside_the_window() -> None:
    ends = ("success", "success", "success", "timed_out", "cancelled", "skipped", "neutral")
    runs = [*(run(number, end) for number, end in enumerate(ends)), run(99, "failure", -WEEK - 1)]
    given = snapshot(runs=runs)
    behind = ("run:3:1", "run:0:1", "run:1:1", "run:2:1")
    assert metrics.success_ratio(given) == [point(0.75, of=behind, workflow="ci.yml", branch="default")]
    lower = wilson(3, 4)
    assert lower is not None
    assert metrics.success_ratio_lower(given) == [point(lower[0], of=behind, workflow="ci.yml", branch="default")]


def test_a_ratio_of_nothing_is_no_point() -> None:
    given = snapshot(runs=[run(1, "cancelled")])
    assert (metrics.success_ratio(given), metrics.success_ratio_lower(given)) == ([], [])


def test_a_rerun_is_a_run_whose_last_attempt_is_not_its_first() -> None:
    given = snapshot(runs=[run(1), run(2, "cancelled", attempt=2, earlier=None)])
    assert metrics.rerun(given) == [point(1, at=NOON - HOUR, id="run:2:2", workflow="ci.yml")]


def test_flaky_is_a_success_after_a_failure_on_one_commit_not_any_rerun() -> None:
    recovered = run(
        1, attempt=3, at=-HOUR, earlier=(attempt(1, "failure", -3 * HOUR), attempt(2, "timed_out", -2 * HOUR))
    )
    still_red = run(2, "failure", sha="b", attempt=2, earlier=(attempt(1, "failure", -3 * HOUR),))
    run_again = run(3, sha="c", attempt=2, earlier=(attempt(1, "success", -3 * HOUR),))
    cancelled = run(4, sha="d", attempt=2, earlier=(attempt(1, "cancelled", -3 * HOUR),))
    found = metrics.flaky(snapshot(runs=[recovered, still_red, run_again, cancelled]))
    assert found == [point(1, at=NOON - HOUR, id="run:1:3", workflow="ci.yml")]


def test_flaky_looks_at_all_runs_of_a_commit_and_counts_the_first_recovery_only() -> None:
    runs = [run(4, at=-HOUR), run(3, "failure", -2 * HOUR), run(2, at=-3 * HOUR), run(1, "failure", -4 * HOUR)]
    assert metrics.flaky(snapshot(runs=runs)) == [point(1, at=NOON - 3 * HOUR, id="run:2:1", workflow="ci.yml")]
    other = [run(1, "failure", -4 * HOUR), run(2, at=-HOUR, file="lint.yml"), run(3, at=-HOUR, sha="other")]
    assert metrics.flaky(snapshot(runs=other)) == []


def test_a_recovery_in_an_earlier_attempt_of_a_run_that_is_active_again_counts() -> None:
    again = active(
        1, "queued", -DAY, attempt=3, sha="a", earlier=(attempt(1, "failure", -9 * HOUR), attempt(2, "success", -HOUR))
    )
    assert metrics.flaky(snapshot(active_runs=[again])) == [point(1, at=NOON - HOUR, id="run:1:2", workflow="ci.yml")]


def test_attempts_that_are_not_known_make_flaky_a_lower_bound() -> None:
    found = metrics.flaky(snapshot(runs=[run(1, attempt=2, earlier=None)]))
    assert found == [point(0, at=NOON - HOUR, id="run:1:2:unknown", workflow="ci.yml", basis="lower_bound")]


def test_failures_in_a_row_go_by_creation_and_skip_other_ends() -> None:
    runs = [
        run(9, "failure", -MINUTE, created=-2 * HOUR),
        run(8, "skipped", -2 * MINUTE, created=-3 * HOUR),
        run(7, "timed_out", -3 * MINUTE, created=-4 * HOUR),
        run(6, "success", -30, created=-5 * HOUR),
        run(5, "failure", -5 * MINUTE, created=-6 * HOUR),
        run(4, "success", -MINUTE, created=-HOUR, branch="feature"),
        run(3, "success", file="lint.yml"),
    ]
    assert metrics.consecutive_failures(snapshot(runs=runs)) == [
        point(2, of=("run:9:1", "run:7:1"), workflow="ci.yml"),
        point(0, workflow="lint.yml"),
    ]


def test_each_workflow_passes_for_itself_so_that_a_green_docs_job_hides_nothing() -> None:
    runs = [run(1, "failure", -HOUR), run(2, "success", -MINUTE, file="docs.yml"), run(3, "cancelled", -MINUTE)]
    assert metrics.passing(snapshot(runs=runs)) == [
        point(0, of=("run:1:1",), workflow="ci.yml"),
        point(1, of=("run:2:1",), workflow="docs.yml"),
    ]


def test_only_the_required_workflows_are_asked_where_they_are_named() -> None:
    runs = [run(1, "failure"), run(2, file="docs.yml")]
    given = snapshot(runs=runs, rules=rules(required_workflows=("docs.yml", "never-ran.yml")))
    assert metrics.passing(given) == [point(1, of=("run:2:1",), workflow="docs.yml")]


@pytest.mark.parametrize(("word", "points"), [("SUCCESS", [point(1)]), ("FAILURE", [point(0)]), ("ERROR", [point(0)])])
def test_the_default_branch_passes_by_its_heads_roll_up(word, points) -> None:
    assert metrics.default_branch_passing(snapshot(repository=Repository(head_checks=word))) == points


@pytest.mark.parametrize("word", ["PENDING", "EXPECTED", None])
def test_a_pending_head_or_one_without_checks_is_no_point(word) -> None:
    assert metrics.default_branch_passing(snapshot(repository=Repository(head_checks=word))) == []


def test_runs_that_could_not_be_read_cost_only_their_own_numbers() -> None:
    given = snapshot(runs=Unavailable("403: the token needs actions: read"))
    with pytest.raises(MetricError, match="actions: read"):
        metrics.completed(given)
    assert metrics.oldest_active(given) == []
