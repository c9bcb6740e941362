"""What the collector reads from real repositories, on good days."""

from __future__ import annotations

import pytest

from collectors.git import metrics
from collectors.git.records import Branch, Release
from common import delivery
from common.duration import Duration
from common.metric import point
from common.settings import DeliverySettings
from common.window import DAY, HOUR, Window
from tests.collectors.git.history import NOON, History, collector, git, look

TAGS = {"environment": "production", "proxy": "tag"}


def one_commit(tmp_path, **facts):
    history = History()
    history.commit(NOON - DAY, **facts)
    history.write(tmp_path / "repo")
    [commit] = look(tmp_path / "repo").commits
    return commit


def test_lines_leave_out_binary_generated_and_lock_files(tmp_path):
    files = {"a.py": "1\n2\n", "deep/uv.lock": "1\n", "vendor/x.go": "1\n", "sub/vendor/y.go": "1\n", "b.bin": b"\0\1"}
    commit = one_commit(tmp_path, files=files)
    assert (commit.added, commit.deleted) == (2, 0)
    assert look(tmp_path / "repo").files == 5


def test_own_globs_replace_the_built_in_ones(tmp_path):
    one_commit(tmp_path, files={"a.py": "1\n", "uv.lock": "1\n2\n", "gen/b.py": "1\n", "gen/in/b.py": "1\n"})
    [commit] = look(tmp_path / "repo", generated=("gen/*.py", "a.??")).commits
    assert commit.added == 3


def test_a_rename_counts_both_paths_and_its_changed_lines(tmp_path):
    history = History()
    text = "".join(f"{number}\n" for number in range(20))
    first = history.commit(NOON - 30 * DAY, files={"old.py": text})
    history.commit(NOON - DAY, first, files={"old.py": None, "new.py": f"{text}more\n"})
    history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo")
    assert (seen.files, seen.commits[0].added, seen.commits[0].deleted) == (2, 1, 0)


def test_names_of_files_with_tabs_newlines_and_markers_are_one_path_each(tmp_path):
    history = History()
    history.commit(NOON - DAY, files={'"a\\tb"': "1\n", '"c\\nd"': "1\n", '"\\002e"': "1\n", "ü": "1\n"})
    history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo")
    assert (seen.files, seen.commits[0].added) == (4, 4)


def test_merges_have_no_lines_of_their_own(tmp_path):
    history = History()
    root = history.commit(NOON - 30 * DAY)
    side = history.commit(NOON - 3 * DAY, root, files={"a": "1\n"})
    history.commit(NOON - 2 * DAY, root, side, files={"a": "1\n", "b": "1\n"})
    history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo")
    assert {(commit.merge, commit.added) for commit in seen.commits} == {(False, 1), (True, 0)}
    assert seen.files == 1


def test_a_revert_of_a_revert_is_one_more(tmp_path):
    history = History()
    tip = history.commit(NOON - 5 * DAY, subject='Revert "Add a" (#7)')
    tip = history.commit(NOON - 4 * DAY, tip, subject='Revert "Revert "Add a""\n\nThis reverts commit 0123456789.')
    tip = history.commit(NOON - 3 * DAY, tip, subject="Take b out\n\nThis reverts commit abcdef0, for it was wrong.")
    history.commit(NOON - 2 * DAY, tip, subject="Revert to the old way\n\nHe reverts commits.")
    history.write(tmp_path / "repo")
    assert sum(commit.reverts for commit in look(tmp_path / "repo").commits) == 3


def test_hotfix_is_found_at_word_boundaries_in_the_subject_only(tmp_path):
    history, tip = History(), []
    for subject in ("HotFix: x", "Merge branch 'hotfix/y'", "hotfixes", "work\n\nhotfix"):
        tip = [history.commit(NOON - DAY, *tip, subject=subject)]
    history.write(tmp_path / "repo")
    assert sum(commit.hotfix for commit in look(tmp_path / "repo").commits) == 2
    assert sum(commit.hotfix for commit in look(tmp_path / "repo", hotfix="^work").commits) == 1


def test_people_are_told_apart_after_the_mailmap_co_authors_too(tmp_path):
    history = History()
    mailmap = {".mailmap": "Ann <ann@example.org> <ann@old.example.org>\nBen <ben@example.org> <b@home.org>\n"}
    body = (
        "x\n\nCo-Authored-By: Benjamin <B@home.org>\nco-authored-by: Ann <ann@example.org>\n> co-authored-by: C <c@x>"
    )
    root = history.commit(NOON - 2 * DAY, files=mailmap, author=b"Ann <ann@old.example.org>", subject=body)
    history.commit(NOON - DAY, root, author=b"Ben <BEN@example.org>")
    history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo")
    assert [each.value for each in metrics.contributors(seen)] == [2, 0]
    assert {person.name for commit in seen.commits for person in commit.coauthors} == {"Ann", "Ben"}


def test_bots_have_a_suffix_or_are_configured(tmp_path):
    history, tip = History(), []
    for author in (
        b"x <1+renovate[bot]@users.noreply.example.org>",
        b"renovate[bot] <r@x>",
        b"CI <ci@acme>",
        b"A <a@x>",
    ):
        tip = [history.commit(NOON - DAY, *tip, author=author)]
    history.write(tmp_path / "repo")
    assert [each.value for each in metrics.contributors(look(tmp_path / "repo", bots=("CI@acme",)))] == [1, 3]


def test_branches_are_distinct_short_names_without_the_default_one(tmp_path):
    history = History()
    old, new = history.commit(NOON - 40 * DAY), history.commit(NOON - DAY)
    for name in ("stale", "both", "refs/remotes/origin/main", "refs/remotes/other/x"):
        history.branch(name, old)
    history.branch("refs/remotes/origin/both", new)
    history.write(tmp_path / "repo", main=new)
    git(tmp_path / "repo", "config", "remote.origin.url", "https://github.com/acme/pay.git")
    git(tmp_path / "repo", "config", "remote.other.url", "https://github.com/else/pay.git")
    git(tmp_path / "repo", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    seen = look(tmp_path / "repo")
    assert seen.scope == "acme/pay"
    assert seen.branches == (Branch("both", NOON - DAY), Branch("stale", NOON - 40 * DAY))
    assert seen.commits == ()


def test_an_annotated_tag_has_its_own_date_and_a_lightweight_one_its_commits_landing(tmp_path):
    history = History()
    root = history.commit(NOON - 60 * DAY)
    side = history.commit(NOON - 40 * DAY, root)
    loose = history.commit(NOON - 2 * DAY, root)
    history.tag("v1.0", root, NOON - 3 * DAY)
    history.tag("v1.1", side)
    history.tag("v1.2", loose)
    history.tag("v1.3-rc1", side, NOON - DAY)
    shas = {}
    merge = history.commit(NOON - HOUR, root, side)
    shas = history.write(tmp_path / "repo", main=merge)
    seen = look(tmp_path / "repo")
    assert set(seen.releases) == {Release("v1.0", shas[1], NOON - 3 * DAY), Release("v1.1", shas[2], NOON - HOUR)}


def released(tmp_path):
    """A, a bad B, A again, then C with B's revert; every hour from 10:00 as in the catalogue's example."""
    history = History()
    root = history.commit(NOON - 50 * DAY)
    a = history.commit(NOON - 3 * HOUR, root, authored=NOON - 5 * HOUR)
    b = history.commit(NOON - HOUR, a, authored=NOON - 2 * HOUR)
    c = history.commit(NOON + 2 * HOUR, b, subject='Revert "b"')
    for name, commit, hour in (("v0.9", root, -900), ("v1.0", a, -2), ("v1.1", b, 0), ("v1.2", a, 1), ("v1.3", c, 3)):
        history.tag(name, commit, NOON + hour * HOUR)
    return history.write(tmp_path / "repo")


def test_releases_are_deployments_with_the_worked_examples_numbers(tmp_path):
    shas = released(tmp_path)
    end = NOON + 4 * HOUR
    seen = look(tmp_path / "repo", Window(end - DAY, end))
    assert delivery.change_failure_ratio(seen) == [point(0.25, of=["v1.1"], **TAGS)]
    assert delivery.rework_ratio(seen) == [point(0.5, of=["v1.2", "v1.3"], **TAGS)]
    assert delivery.recovery_time(seen) == [point(HOUR, at=NOON + HOUR, id="v1.1", **TAGS)]
    assert delivery.lead_time(seen) == [
        point(3 * HOUR, at=NOON - 2 * HOUR, id=shas[2], **TAGS),
        point(2 * HOUR, at=NOON, id=shas[3], **TAGS),
        point(HOUR, at=NOON + 3 * HOUR, id=shas[4], **TAGS),
    ]


def test_the_release_before_the_window_is_known_also_when_it_is_lightweight(tmp_path):
    history = History()
    first = history.commit(NOON - 90 * DAY)
    second = history.commit(NOON - 80 * DAY, first)
    third = history.commit(NOON - 5 * DAY, second, authored=NOON - 6 * DAY)
    never = history.commit(NOON - 60 * DAY, first)
    history.tag("v1.0", first)
    history.tag("v1.1", second)
    history.tag("v1.2", third)
    history.tag("v8.0", never)
    shas = history.write(tmp_path / "repo", main=third)
    seen = look(tmp_path / "repo")
    assert delivery.interval(seen) == [point(75 * DAY, at=NOON - 5 * DAY, id="v1.2", **TAGS)]
    assert delivery.lead_time(seen) == [point(DAY, at=NOON - 5 * DAY, id=shas[3], **TAGS)]


def test_a_lightweight_release_within_thirty_days_is_known_to_a_week_long_run(tmp_path):
    history = History()
    root = history.commit(NOON - 90 * DAY)
    side = history.commit(NOON - 50 * DAY, root)
    merge = history.commit(NOON - 20 * DAY, root, side)
    history.commit(NOON - DAY, merge)
    history.tag("v1.0", side)
    history.write(tmp_path / "repo")
    assert delivery.completed(look(tmp_path / "repo")) == [
        point(1, at=NOON - 20 * DAY, id="v1.0", result="success", **TAGS)
    ]


def test_releases_of_two_lines_are_no_rollbacks(tmp_path):
    history = History()
    root = history.commit(NOON - 9 * DAY)
    main, old = history.commit(NOON - 8 * DAY, root), history.commit(NOON - 7 * DAY, root, subject="hotfix: x")
    last = history.commit(NOON - 2 * DAY, main)
    history.tag("v1.0", root, NOON - 9 * DAY)
    history.tag("v2.0", main, NOON - 8 * DAY)
    history.tag("v1.1", old, NOON - 6 * DAY)
    history.tag("v2.1", last, NOON - 2 * DAY)
    history.write(tmp_path / "repo", main=last)
    [track] = look(tmp_path / "repo").delivery.tracks
    assert [each.returns for each in track.deployments] == [False] * 4
    assert [len(each.changes) for each in track.deployments] == [0, 1, 1, 1]


def test_evidence_shows_what_when_and_where_but_no_address(tmp_path):
    shas = released(tmp_path)
    git(tmp_path / "repo", "config", "remote.origin.url", "git@github.com:acme/pay.git")
    end = NOON + 4 * HOUR
    seen, one = look(tmp_path / "repo", Window(end - DAY, end)), collector(tmp_path / "repo")
    found = one.describe(seen, shas[4])
    assert found.text == f'{shas[4][:10]}  written 2023-11-15 14:00  Revert "b"  by Ann'
    assert found.url == f"https://github.com/acme/pay/commit/{shas[4]}"
    assert one.describe(seen, "v1.1").text == f"v1.1  released 2023-11-15 12:00  {shas[3][:10]}"
    assert one.describe(seen, "v0.9").text == f"v0.9  released 2023-10-09 00:00  {shas[1][:10]}"
    assert one.describe(seen, "v0.9").url == f"https://github.com/acme/pay/commit/{shas[1]}"
    assert one.describe(seen, "unheard of").text == "unheard of"


def test_commits_that_sinks_are_still_owed_are_read_but_not_in_the_windows_numbers(tmp_path):
    history = History()
    first = history.commit(NOON - 10 * DAY, files={"old": "1\n"}, author=b"Old <old@x>")
    history.commit(NOON - DAY, first, files={"new": "1\n"})
    shas = history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo", since=NOON - 12 * DAY)
    assert set(seen.commits_by_sha) == {shas[1], shas[2]}
    assert metrics.files_changed(seen) == [point(1, of=[shas[2]])]
    assert metrics.contributors(seen)[0] == point(1, of=[shas[2]], author="human")


def test_evidence_of_a_lead_time_has_author_dates_whether_the_commit_landed_in_the_window_or_before(tmp_path):
    history = History()
    first = history.commit(NOON - 40 * DAY)
    old = history.commit(NOON - 20 * DAY, first, authored=NOON - 21 * DAY, subject="old")
    new = history.commit(NOON - 2 * DAY, old, authored=NOON - 3 * DAY, subject="new")
    history.tag("v1.0", first, NOON - 40 * DAY)
    history.tag("v1.1", new, NOON - DAY)
    shas = history.write(tmp_path / "repo")
    seen, one = look(tmp_path / "repo"), collector(tmp_path / "repo")
    assert [one.describe(seen, shas[each]).text for each in (old, new)] == [
        f"{shas[old][:10]}  written 2023-10-25 12:00  old",
        f"{shas[new][:10]}  written 2023-11-12 12:00  new  by Ann",
    ]


def chain_of_hotfixes(history, ages, *, loose=False):
    """v1.0, then a hotfix each of these days ago, each mending the release before, then a release that works."""
    tip = history.commit(NOON - 90 * DAY)
    history.tag("v1.0", tip, NOON - 89 * DAY)
    for number, age in enumerate((80, *ages), 1):
        tip = history.commit(NOON - age * DAY, tip, subject="hotfix: x" if number > 1 else "")
        history.tag(f"v1.{number}", tip, None if loose else NOON - age * DAY)
    return history


@pytest.mark.parametrize("loose", [False, True])
def test_a_recovery_keeps_its_beginning_when_that_leaves_the_thirty_days(tmp_path, loose):
    chain_of_hotfixes(History(), (60, 50, 45, 40, 35, 20, 10), loose=loose).write(tmp_path / "repo")
    expected = [point(70 * DAY, at=NOON - 10 * DAY, id="v1.1", **TAGS)]
    far = DeliverySettings(window=Duration(90 * DAY))
    assert delivery.recovery_time(look(tmp_path / "repo", delivery=far)) == expected
    assert delivery.recovery_time(look(tmp_path / "repo")) == expected


def test_a_first_release_that_failed_is_the_beginning(tmp_path):
    history = History()
    first = history.commit(NOON - 50 * DAY)
    fix = history.commit(NOON - 10 * DAY, first, subject="hotfix: x")
    history.tag("v1.0", first, NOON - 49 * DAY)
    history.tag("v1.1", fix, NOON - 10 * DAY)
    history.write(tmp_path / "repo")
    assert delivery.recovery_time(look(tmp_path / "repo")) == [point(39 * DAY, at=NOON - 10 * DAY, id="v1.0", **TAGS)]


def test_a_recovery_whose_beginning_a_shallow_clone_leaves_out_is_a_lower_bound(tmp_path):
    chain_of_hotfixes(History(), (60, 50, 45, 40, 35, 20, 10)).write(tmp_path / "whole")
    git(tmp_path, "clone", "-q", "--bare", "--depth=5", f"file://{tmp_path}/whole", "repo")
    assert delivery.recovery_time(look(tmp_path / "repo")) == [
        point(35 * DAY, at=NOON - 10 * DAY, id="v1.4", basis="lower_bound", **TAGS)
    ]
