"""The truth about deployments, with the catalogue's own example."""

from __future__ import annotations

import pytest

from demo import Settings
from demo.records import Release
from tests.demo.build import HOUR, REPO, Told, at, commit, deployment, event, landing, pull

A, B = commit("a", -50), commit("b", -40, "a")
FIX = commit("c", -30, "b", message='Revert "Change b"')
MORE = commit("d", -20, "b")
LINE = (A, B, FIX, landing(A), landing(B), landing(FIX))
TAGS = {"environment": "production", "proxy": "deployment"}


def test_the_catalogues_example():
    them = Told(*LINE, deployment("a", -10), deployment("b", -8), deployment("a", -7), deployment("c", -5))
    assert them.events("delivery.deployment.completed", result="success", **TAGS) == [
        (-10, 1),
        (-8, 1),
        (-7, 1),
        (-5, 1),
    ]
    assert them.value("delivery.change_failure_ratio", **TAGS) == 0.25
    assert them.value("delivery.rework_ratio", **TAGS) == 0.5
    assert them.events("delivery.recovery_time", **TAGS) == [(-7, 1 * HOUR)]
    assert them.events("delivery.deployment.interval", **TAGS) == [(-8, 2 * HOUR), (-7, 1 * HOUR), (-5, 2 * HOUR)]
    assert them.events("delivery.lead_time", **TAGS) == [(-8, 32 * HOUR), (-5, 25 * HOUR)]


def test_failures_in_a_row_recover_once():
    line = (A, B, MORE, landing(A), landing(B), landing(MORE))
    them = Told(
        *line, deployment("a", -10), deployment("b", -9, "failure"), deployment("d", -8, "error"), deployment("d", -6)
    )
    assert them.value("delivery.change_failure_ratio", **TAGS) == 0.5
    assert them.events("delivery.deployment.completed", result="failure", **TAGS) == [(-9, 1), (-8, 1)]
    assert them.events("delivery.recovery_time", **TAGS) == [(-6, 3 * HOUR)]
    assert them.value("delivery.rework_ratio", **TAGS) == 0


def test_the_same_commit_again_is_no_deployment_and_transient_ones_are_none():
    them = Told(
        *LINE,
        deployment("a", -10),
        deployment("a", -9),
        deployment("b", -8, "failure"),
        deployment("a", -7),
        deployment("b", -6, transient=True),
        deployment("b", -5, environment="staging"),
        deployment("b", -4, "in_progress"),
    )
    assert them.events("delivery.deployment.completed", result="success", **TAGS) == [(-10, 1)]
    assert them.events("delivery.deployment.completed", result="failure", **TAGS) == [(-8, 1)]
    assert them.events("delivery.recovery_time", **TAGS) == []


def test_the_newest_is_judged_as_it_stands():
    them = Told(*LINE, deployment("a", -10), deployment("b", -8), deployment("c", -5), now=at(-6))
    assert them.value("delivery.change_failure_ratio", **TAGS) == 0
    later = Told(*LINE, deployment("a", -10), deployment("b", -8), deployment("c", -5))
    assert later.value("delivery.change_failure_ratio", **TAGS) == pytest.approx(1 / 3)


@pytest.mark.parametrize("more", [{"labels": ("Hotfix",)}, {"head": "revert-7-x"}, {"body": "Reverts a/b#7"}])
def test_a_pull_request_can_mark_a_change(more):
    merge = commit("d", -20, "b", message="Work 1 (#1)")
    them = Told(
        A, B, commit("x", -31, "b"), merge, landing(A), landing(B), landing(merge, pull=1),
        pull(1, -30, event("merged", -20), commits="x", merge_commit="d", **more),
        deployment("a", -10), deployment("b", -8), deployment("d", -5),
    )  # fmt: skip
    assert them.value("delivery.rework_ratio", **TAGS) == pytest.approx(1 / 3)


def test_a_hotfix_in_a_commits_subject_alone_marks_nothing():
    plain = commit("d", -20, "b", message="hotfix: again")
    them = Told(A, B, plain, landing(A), landing(B), landing(plain), deployment("b", -8), deployment("d", -5))
    assert them.value("delivery.rework_ratio", **TAGS) == 0


def test_lead_time_of_a_squash_is_that_of_its_own_commits():
    own = (commit("x", -90, "a"), commit("y", -80, "x"), commit("z", -70, "y a"))
    squash = commit("b", -40, "a")
    them = Told(
        A, *own, squash, landing(A), landing(squash, pull=1),
        pull(1, -95, event("merged", -40), commits="x y z", merge_commit="b"),
        deployment("a", -10), deployment("b", -8),
    )  # fmt: skip
    assert sorted(them.events("delivery.lead_time", **TAGS)) == [(-8, 72 * HOUR), (-8, 82 * HOUR)]


def test_lead_time_of_a_merge_is_that_of_what_it_brought():
    own = commit("x", -90, "a")
    merge = commit("b", -40, "a x")
    them = Told(
        A, own, merge, landing(A), landing(merge, pull=1),
        pull(1, -95, event("merged", -40), commits="x", merge_commit="b"),
        deployment("a", -10), deployment("b", -8),
    )  # fmt: skip
    assert them.events("delivery.lead_time", **TAGS) == [(-8, 82 * HOUR)]


def test_a_deployment_from_another_branch_is_no_rollback():
    side = commit("h", -9, "a")
    them = Told(*LINE, side, deployment("a", -10), deployment("b", -8), deployment("h", -6))
    assert them.value("delivery.rework_ratio", **TAGS) == 0
    assert them.events("delivery.lead_time", **TAGS) == [(-8, 32 * HOUR), (-6, 3 * HOUR)]


def test_recovery_counts_when_it_comes_and_not_when_it_failed():
    week = 7 * 24
    early = (deployment("a", -week - 9), deployment("b", -week - 1, "failure"))
    them = Told(A, B, MORE, landing(A), landing(B), landing(MORE), *early, deployment("d", -week + 2))
    assert them.events("delivery.recovery_time", **TAGS) == [(-week + 2, 3 * HOUR)]
    assert them.value("delivery.change_failure_ratio", **TAGS) == 0
    assert them.value("delivery.rework_ratio", **TAGS) == 0


def test_a_success_before_a_failed_try_is_judged_by_the_next_success():
    them = Told(*LINE, deployment("b", -9), deployment("c", -8, "failure"), deployment("c", -6))
    assert them.value("delivery.change_failure_ratio", **TAGS) == pytest.approx(2 / 3)
    assert them.events("delivery.recovery_time", **TAGS) == [(-6, 3 * HOUR)]


def test_nothing_finished_is_no_ratio():
    them = Told(*LINE)
    assert them.value("delivery.change_failure_ratio", **TAGS) is None
    assert [key for key in them.truth if key[0].startswith("delivery.")] == []


def test_the_best_proxy_that_exists_is_taken_or_the_one_that_is_set():
    releases = (Release(1, "v1", "a", at(-9), at(-9)), Release(2, "v2", "c", at(-7), at(-7)))
    early = (Release(3, "v3-rc", "c", at(-6), at(-6), prerelease=True),)
    by_release = Told(*LINE, releases=(*releases, *early))
    tags = {"environment": "production", "proxy": "release"}
    assert by_release.events("delivery.deployment.interval", **tags) == [(-7, 2 * HOUR)]
    both = Told(*LINE, deployment("a", -10), releases=releases)
    assert {key[2] for key in both.truth if key[0] == "delivery.change_failure_ratio"} == {tuple(TAGS.items())}
    by_merge = Told(
        *LINE,
        pull(1, -45, event("merged", -40), commits="b", merge_commit="b"),
        releases=releases,
        settings=Settings(proxies={REPO: "merge"}),
    )
    tags = {"environment": "production", "proxy": "merge"}
    assert by_merge.events("delivery.deployment.completed", result="success", **tags) == [(-40, 1)]
