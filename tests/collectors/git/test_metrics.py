"""The `git.*` metrics over small records."""

from __future__ import annotations

import pytest

from collectors.git import metrics
from collectors.git.records import Branch, Release
from common.errors import MetricError
from common.metric import point
from common.window import DAY, HOUR
from tests.collectors.git.builders import ANN, BEN, BOT, NOON, WEEK, commit, snapshot


def test_each_landed_commit_is_one_event_at_its_landing():
    seen = snapshot(commit(), commit("c2", merge=True, author=BOT))
    assert metrics.landed(seen) == [
        point(1, at=NOON - HOUR, id="c1", author="human", shape="single"),
        point(1, at=NOON - HOUR, id="c2", author="bot", shape="merge"),
    ]


def test_reverts_and_hotfixes_are_counted_apart():
    seen = snapshot(commit(), commit("c2", reverts=True), commit("c3", hotfix=True))
    assert metrics.revert(seen) == [point(1, at=NOON - HOUR, id="c2")]
    assert metrics.hotfix(seen) == [point(1, at=NOON - HOUR, id="c3")]


def test_lines_are_split_by_change():
    assert metrics.lines(snapshot(commit(added=3, deleted=1), commit("c2", deleted=2))) == [
        point(3, at=NOON - HOUR, id="c1", change="added"),
        point(1, at=NOON - HOUR, id="c1", change="deleted"),
        point(2, at=NOON - HOUR, id="c2", change="deleted"),
    ]


def test_a_branch_is_stale_once_its_tip_is_older_than_thirty_days():
    seen = snapshot(branches=(Branch("a", NOON - 30 * DAY), Branch("b", NOON - 30 * DAY - 1)))
    assert metrics.branches(seen) == [point(1, of=["a"], activity="active"), point(1, of=["b"], activity="stale")]


def test_contributors_are_distinct_people_of_the_window_with_co_authors():
    seen = snapshot(
        commit(coauthors=(BEN,)), commit("c2"), commit("c3", author=BOT), commit("c4", landed=WEEK.start - 1)
    )
    assert metrics.contributors(seen) == [point(2, of=["c1"], author="human"), point(1, of=["c3"], author="bot")]


def test_a_contributor_is_shown_by_a_commit_of_their_own_before_a_shared_one():
    seen = snapshot(commit(coauthors=(BEN,)), commit("c2", author=BEN), commit("c3", author=BEN))
    assert metrics.contributors(seen)[0] == point(2, of=["c1", "c2"], author="human")


@pytest.mark.parametrize(
    ("authors", "share", "commits"),
    [
        ([ANN], 1.0, "0"),
        ([ANN, BEN], 0.5, "0"),
        ([BEN, ANN, ANN, BOT], 1 / 3, "12"),
        ([ANN, BEN, BOT], 2 / 3, "01"),
    ],
)
def test_half_share_is_the_smallest_share_of_people_who_wrote_half(authors, share, commits):
    assert metrics.half_share(snapshot(*(commit(str(n), author=who) for n, who in enumerate(authors)))) == [
        point(share, of=commits)
    ]


def test_half_share_gives_co_authors_their_part():
    seen = snapshot(commit(author=BOT, coauthors=(ANN,)), commit("c2", author=ANN), commit("c3", author=BEN))
    assert metrics.half_share(seen) == [point(1 / 3, of=["c1", "c2"])]


def test_files_are_shown_by_the_commits_of_the_window_that_touched_them():
    seen = snapshot(commit(), commit("c2", merge=True), commit("c3", landed=WEEK.start - 1), files=4)
    assert metrics.files_changed(seen) == [point(4, of=["c1"])]


def test_time_to_land_leaves_out_merges_and_author_dates_after_the_landing():
    seen = snapshot(commit(), commit("c2", merge=True), commit("c3", authored=NOON), commit("c4", authored=None))
    assert metrics.time_to_land(seen) == [point(HOUR, at=NOON - HOUR, id="c1")]


def test_releases_count_by_their_own_date():
    assert metrics.releases(snapshot(releases=(Release("v1.0", "c1", NOON - 1),))) == [point(1, at=NOON - 1, id="v1.0")]


def test_an_empty_clone_has_zeros_and_no_ratio():
    empty = snapshot()
    assert metrics.files_changed(empty) == [point(0)]
    assert metrics.contributors(empty) == [point(0, author="human"), point(0, author="bot")]
    assert metrics.half_share(empty) == []


@pytest.mark.parametrize(
    "each",
    ["landed", "revert", "hotfix", "lines", "files_changed", "contributors", "half_share", "time_to_land", "releases"],
)
def test_a_cut_history_gives_no_number(each):
    with pytest.raises(MetricError, match="shallow"):
        getattr(metrics, each)(snapshot(commit(), cut="the clone is shallow"))


def test_releases_that_may_be_cut_off_are_not_zero():
    untagged = snapshot(commit(), untagged="the clone is shallow and has no release tags")
    with pytest.raises(MetricError, match="no release tags"):
        metrics.releases(untagged)
    assert metrics.landed(untagged)[0].id == "c1"


def test_a_cut_history_still_has_branches():
    assert metrics.branches(snapshot(cut="the clone is shallow")) == [
        point(0, activity="active"),
        point(0, activity="stale"),
    ]
