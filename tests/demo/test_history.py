"""The generated history: the same for the same arguments, whole in itself, with all that makes GitHub hard."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from common.window import Window
from demo import Organisation, Settings
from demo.history.people import MACHINE
from demo.records import NEVER
from tests.demo.build import DAY, HOUR, generated

DIGEST = (
    "import hashlib, msgspec; from demo import Organisation; o = Organisation(3, 'small', ahead=3600);"
    "print(hashlib.sha256(msgspec.json.encode(list(o.repositories.values()))).hexdigest())"
)


@pytest.fixture(scope="module")
def small() -> Organisation:
    return generated()


@pytest.fixture(scope="module")
def large() -> Organisation:
    return generated(size="large")


def every(organisation, kind):
    return [one for repository in organisation.repositories.values() for one in getattr(repository, kind)]


@pytest.mark.slow
def test_the_same_arguments_give_the_same_history_in_every_process():
    runs = [
        subprocess.run(
            [sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] != ""


def test_another_seed_gives_another_history(small):
    other = generated(4)
    assert [p.created for p in every(small, "pulls")] != [p.created for p in every(other, "pulls")]


def test_sizes_are_named():
    with pytest.raises(ValueError, match="'huge'; accepted are small, medium, large and wide"):
        Organisation(1, "huge")


def test_every_commit_has_its_parents_and_every_reference_its_record(small):
    for repository in small.repositories.values():
        known = repository.commits
        assert [sha for one in known.values() for sha in one.parents if sha not in known] == []
        heads = [push.sha for pull in repository.pulls for push in pull.pushes]
        heads += [pull.merge_commit for pull in repository.pulls if pull.merge_commit]
        heads += [run.sha for run in repository.runs] + [one.sha for one in repository.deployments]
        heads += [push.sha for one in repository.branches for push in one.tips]
        assert [sha for sha in heads if sha not in known] == []


def test_first_parents_lead_from_every_step_to_the_one_before(small):
    for repository in small.repositories.values():
        for before, after in pairwise(repository.landings):
            assert repository.commits[after.sha].parents[0] == before.sha
            assert before.at <= after.at


def test_numbers_are_unique_and_ascend_with_creation(small):
    for repository in small.repositories.values():
        subjects = sorted([*repository.pulls, *repository.issues], key=lambda one: one.number)
        assert [one.number for one in subjects] == list(range(1, len(subjects) + 1))
        assert [one.created for one in subjects] == sorted(one.created for one in subjects)


def test_nothing_happens_to_a_pull_request_before_it_exists_or_twice_at_once(small):
    for pull in every(small, "pulls"):
        times = [event.at for event in pull.events] + [review.at for review in pull.reviews]
        assert min([pull.created + 1, *times]) > pull.created
        assert len(times) == len(set(times))
        assert pull.activity[0] == pull.created
        merged = [event.at for event in pull.events if event.kind == "merged"]
        assert all(push.at < at for push in pull.pushes for at in merged)


def test_a_runs_attempts_follow_each_other_and_their_jobs_span_them(small):
    for run in every(small, "runs"):
        assert run.created == run.attempts[0].started
        for before, after in pairwise(run.attempts):
            assert before.completed < after.started
        for attempt in run.attempts:
            assert attempt.completed == NEVER or attempt.completed > attempt.started
            if attempt.jobs:
                assert max(job.completed for job in attempt.jobs) == attempt.completed
                ends = {job.conclusion for job in attempt.jobs}
                assert attempt.conclusion in ends


def test_no_run_lives_longer_than_a_day_and_a_half_unless_it_waits_for_ever(small):
    lives = [one.attempts[-1].completed - one.created for one in every(small, "runs")]
    assert max(life for life in lives if life < 400 * DAY) < 36 * HOUR


def test_all_runs_of_a_workflow_on_a_commit_begin_within_a_day_and_a_half(small):
    begun = {}
    for run in every(small, "runs"):
        times = [attempt.started for attempt in run.attempts]
        begun.setdefault((run.workflow, run.sha), []).extend(at for at in times if at < NEVER)
    assert max(max(times) - min(times) for times in begun.values()) < 36 * HOUR


def test_everything_that_makes_github_hard_is_there(small):
    pulls, runs = every(small, "pulls"), every(small, "runs")
    kinds = Counter(event.kind for pull in pulls for event in pull.events)
    assert min(kinds.values()) >= 5
    assert len(kinds) == 8
    authors = {pull.author for pull in pulls}
    assert {None, MACHINE, "dependabot[bot]", "outsider-sim"} <= authors
    assert {review.state for pull in pulls for review in pull.reviews} == {"APPROVED", "CHANGES_REQUESTED", "COMMENTED"}
    assert any(review.dismissed < NEVER for pull in pulls for review in pull.reviews)
    assert any(review.author == pull.author for pull in pulls for review in pull.reviews)
    assert any(review.author is None for pull in pulls for review in pull.reviews)
    assert any(pull.title.startswith('Revert "') for pull in pulls)
    assert {attempt.conclusion for run in runs for attempt in run.attempts} >= {
        "success", "failure", "cancelled", "skipped", "timed_out", "startup_failure", "neutral", "action_required",
    }  # fmt: skip
    assert {run.event for run in runs} == {"push", "pull_request", "merge_group", "schedule", "workflow_dispatch"}
    assert any(run.fork and run.branch == "main" for run in runs) or any(
        pull.fork and pull.head == "main" for pull in pulls
    )
    assert any(run.waits for run in runs)
    states = {status.state for one in every(small, "deployments") for status in one.statuses}
    assert states >= {"success", "failure", "error", "in_progress", "inactive", "queued"}
    assert any(one.transient for one in every(small, "deployments"))
    assert {one.default_branch for one in small.repositories.values()} == {"main", "trunk"}


@pytest.mark.slow
def test_a_revert_of_a_revert_and_merges_of_every_method_are_there(large):
    pulls = every(large, "pulls")
    assert any(pull.title.startswith('Revert "Revert "') for pull in pulls)
    monolith = large.repositories["simulated-acme/monolith"]
    steps = Counter(landing.pull for landing in monolith.landings if landing.pull)
    parents = Counter(len(monolith.commits[landing.sha].parents) for landing in monolith.landings)
    assert max(steps.values()) > 1
    assert parents[2] > 50 < parents[1]


def test_the_large_one_has_the_benchmarks_shape(large):
    week = Window(large.end - 7 * DAY, large.end)
    truth = large.truth(week, large.end, repositories=["simulated-acme/monolith"])

    def total(metric):
        found = [value for key, value in truth.items() if key[0] == metric]
        return sum(len(value) if isinstance(value, tuple) else value for value in found)

    over = total("github.pull_request.merged") + total("github.pull_request.closed")
    assert total("github.pull_request.open") == pytest.approx(120, rel=0.12)
    assert over == pytest.approx(170, rel=0.12)
    assert total("github.commit.landed") == pytest.approx(300, rel=0.12)
    assert total("github.branch.existing") == pytest.approx(900, rel=0.05)
    assert total("github.workflow_run.completed") == pytest.approx(1_400, rel=0.12)


def test_the_truth_follows_the_settings_and_the_time(small):
    week = Window(small.end - 7 * DAY, small.end)
    plain = small.truth(week, small.end, Settings())
    ours = small.truth(week, small.end)
    key = ("github.pull_request.open", "simulated-acme/web", (("author", "bot"), ("draft", "false")))
    assert ours[key] >= plain[key]
    earlier = small.truth(week, small.end - 3 * DAY)
    merged = [key for key in ours if key[0] == "github.pull_request.merged"]
    assert sum(len(ours[key]) for key in merged) > sum(len(earlier.get(key, ())) for key in merged)
    assert small.truth(week, small.end) == ours


def test_a_window_split_in_two_has_the_same_events(small):
    middle = small.end - 3 * DAY - 123
    whole = small.truth(Window(small.end - 7 * DAY, small.end), small.end)
    first = small.truth(Window(small.end - 7 * DAY, middle), small.end)
    second = small.truth(Window(middle, small.end), small.end)
    for key, value in whole.items():
        if isinstance(value, tuple):
            assert value == tuple(sorted((*first.get(key, ()), *second.get(key, ()))))


def test_records_are_frozen(small):
    with pytest.raises(AttributeError):
        small.repositories["simulated-acme/web"].pulls[0].title = "Other"
    assert msgspec.structs.fields(type(small.repositories["simulated-acme/web"]))
