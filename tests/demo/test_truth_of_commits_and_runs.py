"""The truth about commits, branches, people, runs, issues and releases."""

from __future__ import annotations

import pytest

from demo import Settings
from demo.records import Alert, Release, Runner
from tests.demo.build import (
    DAY,
    HOUR,
    NOW,
    Told,
    at,
    branch,
    commit,
    event,
    issue,
    landing,
    pull,
    review,
    run,
)

ROOT = commit("a", -24 * 40)
GH = "github"


def test_a_commit_lands_with_its_pull_requests_merge():
    own = commit("b", -24 * 20, "a")
    merge = commit("m", -5, "a b", author="bela-sim", message="Merge pull request #1 from x/y")
    them = Told(
        ROOT,
        own,
        merge,
        landing(ROOT),
        landing(merge, pull=1),
        pull(1, -9, event("merged", -5), commits="b", merge_commit="m"),
    )
    assert them.events(f"{GH}.commit.landed", author="human") == [(-5, 1), (-5, 1)]
    assert them.events(f"{GH}.code.lines", change="added") == [(-5, 10)]
    assert them.events(f"{GH}.code.lines", change="deleted") == [(-5, 2)]
    assert them.events(f"{GH}.commit.unreviewed") == []
    assert them.value(f"{GH}.contributor.commits_each") == 1


def test_direct_pushes_by_humans_are_unreviewed_and_land_when_committed():
    mine = commit("b", -5, "a")
    bots = commit("c", -4, "b", author="dependabot[bot]")
    them = Told(ROOT, mine, bots, landing(ROOT), landing(mine, -4.9), landing(bots, -3.9))
    assert them.events(f"{GH}.commit.unreviewed") == [(-5, 1)]
    assert them.events(f"{GH}.commit.landed", author="bot") == [(-4, 1)]


def test_what_is_merged_elsewhere_has_not_landed():
    own = commit("b", -6, "a")
    squash = commit("s", -5, "a", message="Work (#1)")
    there = pull(1, -9, event("merged", -5), commits="b", merge_commit="s", base="release/1.x")
    them = Told(ROOT, own, squash, landing(ROOT), there)
    assert them.events(f"{GH}.pull_request.merged", author="human", method="single") == [(-5, 1)]
    assert them.events(f"{GH}.commit.landed", author="human") == []
    assert them.value(f"{GH}.contributor.active", role="author", author="human") == 1


@pytest.mark.parametrize(
    ("message", "reverts", "hotfixes"),
    [
        ('Revert "Add x" (#4)', 1, 0),
        ("Back out\n\nThis reverts commit abcdef1234.", 1, 0),
        ("Do not revert", 0, 0),
        ("HOTFIX: again", 0, 1),
        ("Write the hotfixes page", 0, 0),
        ("Say more\n\nhotfix in the body", 0, 0),
    ],
)
def test_reverts_and_hotfixes_are_told_by_their_words(message, reverts, hotfixes):
    made = commit("b", -5, "a", message=message)
    them = Told(ROOT, made, landing(ROOT), landing(made))
    assert len(them.events(f"{GH}.commit.revert")) == reverts
    assert len(them.events(f"{GH}.commit.hotfix")) == hotfixes


def test_files_changed_compares_two_trees():
    made = commit("b", -5, "a")
    back = commit("c", -4, "b", changes=(made.changes[0].__class__("b.py", 2, 10, ""),))
    kept = commit("d", -3, "c")
    them = Told(ROOT, made, back, kept, landing(ROOT), landing(made), landing(back), landing(kept))
    assert them.value(f"{GH}.code.files_changed") == 1


def test_branches_are_counted_by_their_tips_and_not_the_default_one():
    them = Told(
        ROOT,
        commit("b", -24 * 31, "a"),
        commit("c", -5, "a"),
        landing(ROOT),
        branch("main", "a", -24 * 40),
        branch("old", "b", -24 * 31),
        branch("new", "c", -5),
        branch("gone", "c", -5, deleted=-1),
    )
    assert them.value(f"{GH}.branch.existing", activity="active") == 1
    assert them.value(f"{GH}.branch.existing", activity="stale") == 1


def test_contributors_are_parted_by_role():
    mine = commit("b", -5, "a")
    unlinked = commit("c", -4, "b", author=None)
    them = Told(
        ROOT, mine, unlinked, landing(ROOT), landing(mine), landing(unlinked),
        pull(1, -9, review("APPROVED", -8), review("COMMENTED", -7, "ada-sim"), commits="b", author="chidi-sim"),
        pull(2, -9, review("COMMENTED", -8, "chidi-sim"), commits="b", author="chidi-sim"),
        pull(3, -9, review("COMMENTED", -6, "dependabot[bot]"), commits="b"),
    )  # fmt: skip
    roles = {
        (role, kind): them.value(f"{GH}.contributor.active", role=role, author=kind)
        for role in ("author", "reviewer", "both")
        for kind in ("human", "bot")
    }
    assert roles == {
        ("author", "human"): 0,
        ("author", "bot"): 0,
        ("reviewer", "human"): 1,
        ("reviewer", "bot"): 1,
        ("both", "human"): 1,
        ("both", "bot"): 0,
    }
    assert them.value(f"{GH}.contributor.commits_each") == 1


def test_a_run_counts_once_by_its_last_attempt():
    them = Told(
        run(1, -9, (-9, -8.5, "failure"), (-8, -7, "success")),
        run(2, -9, (-9, -6, "timed_out"), branch="work", sha="b"),
        run(3, -9, (-9, -5, "skipped")),
        run(4, -9, (-9, -5, "success"), fork="outsider-sim/hand"),
        run(5, -9, (-9, -5, "success"), (-1, None, "success"), sha="c"),
    )
    tags = {"workflow": "ci.yml", "branch": "default"}
    assert them.events(f"{GH}.workflow_run.completed", **tags, conclusion="success") == [(-7, 1)]
    assert them.events(f"{GH}.workflow_run.completed", **tags, conclusion="other") == [(-5, 1)]
    other = {"workflow": "ci.yml", "branch": "other"}
    assert them.events(f"{GH}.workflow_run.completed", **other, conclusion="failure") == [(-6, 1)]
    assert them.events(f"{GH}.workflow_run.duration", **tags) == [(-7, 1 * HOUR)]
    assert them.events(f"{GH}.workflow_run.duration", **other) == []
    assert them.events(f"{GH}.workflow_run.rerun", workflow="ci.yml") == [(-7, 1)]
    assert them.events(f"{GH}.workflow_run.queue_time", workflow="ci.yml") == [(-7, 60), (-6, 60), (-5, 60)]
    assert them.value(f"{GH}.workflow_run.active", state="running") == 1
    assert them.value(f"{GH}.workflow_run.oldest_active") == at(-9)


def test_states_of_active_runs_and_forks_count_too():
    them = Told(
        run(1, -2, (-0.01, None, "success")),
        run(2, -3, (-3, None, "success"), waits=at(4)),
        run(3, -4, (-4, None, "success"), fork="outsider-sim/hand"),
    )
    states = [them.value(f"{GH}.workflow_run.active", state=state) for state in ("queued", "running", "waiting")]
    assert states == [1, 1, 1]
    assert them.value(f"{GH}.workflow_run.oldest_active") == at(-4)


def test_ratio_streak_and_passing_skip_what_says_nothing():
    them = Told(
        run(1, -9, (-9, -8, "success")),
        run(2, -8, (-8, -7, "failure")),
        run(3, -7, (-7, -6, "startup_failure")),
        run(4, -6, (-6, -5, "cancelled")),
        run(5, -5, (-5, -4, "neutral")),
    )
    tags = {"workflow": "ci.yml", "branch": "default"}
    assert them.value(f"{GH}.workflow_run.success_ratio", **tags) == pytest.approx(1 / 3)
    assert them.value(f"{GH}.workflow_run.success_ratio_lower", **tags) == pytest.approx(0.0614919, abs=1e-6)
    assert them.value(f"{GH}.workflow_run.consecutive_failure", workflow="ci.yml") == 2
    assert them.value(f"{GH}.workflow.passing", workflow="ci.yml") == 0


def test_only_required_workflows_are_told_to_pass():
    runs = (
        run(1, -9, (-9, -8, "success")),
        run(2, -9, (-9, -8, "failure"), workflow=".github/workflows/lint.yml"),
    )
    required = Settings(required_workflows={"simulated-acme/hand": ("lint.yml",)})
    them = Told(*runs, settings=required)
    assert them.value(f"{GH}.workflow.passing", workflow="lint.yml") == 0
    assert them.value(f"{GH}.workflow.passing", workflow="ci.yml") is None


def test_flaky_is_the_first_success_after_a_failure_on_the_same_commit():
    them = Told(
        run(1, -9, (-9, -8, "failure"), (-7, -6, "timed_out"), (-5, -4, "success")),
        run(2, -3, (-3, -2, "success")),
        run(3, -9, (-9, -8, "success"), (-7, -6, "failure"), sha="b"),
        run(4, -9, (-9, -8, "cancelled"), (-7, -6, "success"), sha="c"),
        run(5, -9, (-9, -8, "failure"), sha="d", event="push"),
        run(6, -9, (-9, -7, "success"), sha="d", event="pull_request", branch="work"),
    )
    assert them.events(f"{GH}.workflow_run.flaky", workflow="ci.yml") == [(-7, 1), (-4, 1)]


def test_the_default_branch_passes_by_its_heads_roll_up():
    head = commit("b", -9, "a")
    states = {"success": 1, "failure": 0, "cancelled": 0}
    for conclusion, value in states.items():
        them = Told(ROOT, head, landing(ROOT), landing(head), run(1, -9, (-9, -8, conclusion), sha="b"))
        assert them.value(f"{GH}.default_branch.passing") == value
    pending = Told(ROOT, head, landing(ROOT), landing(head), run(1, -9, (-9, None, "success"), sha="b"))
    assert pending.value(f"{GH}.default_branch.passing") is None
    assert Told(ROOT, head, landing(ROOT), landing(head)).value(f"{GH}.default_branch.passing") is None


def test_issues_have_a_class_and_every_close_counts():
    classes = Settings(issue_classes=(("bug", "bug"),))
    them = Told(
        issue(1, -9, labels=("bug",)),
        issue(2, -8, event("closed", -7), event("reopened", -6), event("closed", -5)),
        issue(3, -8, event("closed", -7), event("reopened", -6)),
        settings=classes,
    )
    assert them.value(f"{GH}.issue.open", **{"class": "bug"}) == 1
    assert them.value(f"{GH}.issue.open", **{"class": "other"}) == 1
    assert them.events(f"{GH}.issue.opened", **{"class": "bug"}) == [(-9, 1)]
    assert them.events(f"{GH}.issue.closed", **{"class": "other"}) == [(-7, 1), (-7, 1), (-5, 1)]


def test_releases_and_numbers_of_the_repository():
    them = Told(
        ROOT,
        landing(ROOT),
        releases=(
            Release(1, "v1", "a", at(-9), at(-8)),
            Release(2, "v2-rc1", "a", at(-7), at(-6), prerelease=True),
            Release(3, "v3", "a", at(-5), None),
        ),
        stars=(at(-3), at(3)),
        watchers=(at(-3),),
        sizes=((at(-9), 10), (at(-1), 12), (at(1), 99)),
        alerts=(Alert(1, at(-9)), Alert(2, at(-9), at(-1)), Alert(3, at(1))),
        runners=(Runner(1, "r", busy=((at(-1), at(1)),)), Runner(2, "s"), Runner(3, "t", offline=((0, at(9)),))),
    )
    assert them.events(f"{GH}.release.published", prerelease="false") == [(-8, 1)]
    assert them.events(f"{GH}.release.published", prerelease="true") == [(-6, 1)]
    assert them.value(f"{GH}.repository.star") == 1
    assert them.value(f"{GH}.repository.fork") == 0
    assert them.value(f"{GH}.repository.watcher") == 1
    assert them.value(f"{GH}.repository.size") == 12 * 1024
    assert them.value(f"{GH}.repository.vulnerability_alert") == 1
    assert them.value(f"{GH}.repository.last_push") == NOW - 40 * DAY
    assert [them.value(f"{GH}.runner.registered", state=one) for one in ("busy", "idle", "offline")] == [1, 1, 1]
