"""Commits that reached the default branch, and branches."""

from __future__ import annotations

import pytest

from collectors.github.metrics import branches
from collectors.github.metrics import commits as metrics
from collectors.github.records import Author, Branch, Comparison, Unavailable
from common.errors import MetricError
from common.metric import point
from tests.collectors.github.builders import DAY, HOUR, NOON, associated, commit, pr, rules, snapshot


def landed(**sections):
    return {each.id: each.at for each in metrics.landed(snapshot(**sections))}


def test_a_commit_lands_with_the_merge_of_its_pull_request() -> None:
    pushed, merged = commit("p", -2 * HOUR), commit("m", -9 * DAY, pulls=[associated(1, -HOUR)])
    assert landed(commits=[pushed, merged]) == {"commit:p": NOON - 2 * HOUR, "commit:m": NOON - HOUR}


def test_month_old_commits_of_a_branch_merged_today_land_today_though_the_history_is_cut_by_date() -> None:
    old = [commit("a", -40 * DAY), commit("b", -39 * DAY)]
    merge = commit("m", -HOUR, parents=("x", "b"))
    pull = pr(1, merged=-HOUR, merge_commit="m", commits=old)
    assert landed(commits=[merge], closed_pulls=[pull]) == dict.fromkeys(
        ("commit:a", "commit:b", "commit:m"), NOON - HOUR
    )


def test_the_own_commits_of_a_squashed_pull_request_never_land() -> None:
    squash = commit("s", -HOUR + 5, pulls=[associated(1, -HOUR)])
    pull = pr(1, merged=-HOUR, merge_parents=1, merge_commit="s", commits=[commit("a", -DAY), commit("b", -DAY)])
    assert landed(commits=[squash], closed_pulls=[pull]) == {"commit:s": NOON - HOUR}


def test_a_merge_into_another_branch_is_no_landing() -> None:
    stacked = commit("a", -2 * HOUR, pulls=[associated(1, -3 * HOUR, base="feature")])
    pull = pr(1, merged=-3 * HOUR, base="feature", merge_commit="f", commits=[commit("f", -9 * DAY)])
    assert landed(commits=[stacked], closed_pulls=[pull]) == {"commit:a": NOON - 2 * HOUR}


def test_a_commit_of_two_pull_requests_lands_with_the_first() -> None:
    twice = commit("a", -9 * DAY, pulls=[associated(2, -HOUR), associated(1, -DAY), associated(3, None)])
    assert landed(commits=[twice]) == {"commit:a": NOON - DAY}


def test_a_commit_that_two_merges_brought_lands_with_the_first() -> None:
    own = commit("a", -9 * DAY)
    pulls = [pr(1, merged=-DAY, commits=[own]), pr(2, merged=-HOUR, commits=[own])]
    assert landed(closed_pulls=pulls) == landed(closed_pulls=pulls[::-1]) == {"commit:a": NOON - DAY}


def test_an_app_that_github_links_to_no_account_is_still_a_bot() -> None:
    app = Author("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com")
    given = snapshot(commits=[commit("a", author=app), commit("b", author=Author("Ann", "ann@example.org"))])
    assert [each.tags["author"] for each in metrics.landed(given)] == ["bot", "human"]


@pytest.mark.parametrize("sign", [{"subject": 'Revert "Add x"'}, {"reverts": True}])
def test_a_revert_is_known_by_subject_or_body(sign) -> None:
    given = snapshot(commits=[commit("a", **sign), commit("b", subject="do not revert this")])
    assert metrics.revert(given) == [point(1, at=NOON - HOUR, id="commit:a")]


@pytest.mark.parametrize(("subject", "counted"), [("Hotfix: x", 1), ("fix (HOTFIX)", 1), ("hotfixes", 0), ("fix", 0)])
def test_a_hotfix_is_a_whole_word_of_the_subject_in_any_case(subject, counted) -> None:
    assert len(metrics.hotfix(snapshot(commits=[commit("a", subject=subject)]))) == counted


def test_the_hotfix_pattern_is_a_setting() -> None:
    given = snapshot(commits=[commit("a", subject="URGENT: x")], rules=rules(hotfix="^urgent"))
    assert metrics.hotfix(given) == [point(1, at=NOON - HOUR, id="commit:a")]


def test_unreviewed_is_what_people_pushed_without_a_pull_request() -> None:
    known_by_pull = commit("d")
    given = snapshot(
        commits=[commit("a"), commit("b", pulls=[associated(1)]), commit("c", author="x[bot]"), known_by_pull],
        closed_pulls=[pr(9, merged=-HOUR, merge_parents=1, merge_commit="d")],
    )
    assert metrics.unreviewed(given) == [point(1, at=NOON - HOUR, id="commit:a")]


def test_lines_of_merges_do_not_count_twice() -> None:
    merge = commit("m", parents=("x", "a"), additions=90, deletions=9)
    given = snapshot(commits=[commit("a", additions=9), commit("b", deletions=4), merge])
    assert metrics.lines(given) == [
        point(9, at=NOON - HOUR, id="commit:a", change="added"),
        point(4, at=NOON - HOUR, id="commit:b", change="deleted"),
    ]


def test_files_changed_says_when_github_lists_no_more() -> None:
    assert metrics.files_changed(snapshot(changed_files=Comparison("a", "b", files=7))) == [point(7)]
    capped = Comparison("a", "b", files=300, all_files=False)
    assert metrics.files_changed(snapshot(changed_files=capped)) == [point(300, basis="lower_bound")]


def test_landings_that_cannot_be_known_are_an_error() -> None:
    with pytest.raises(MetricError, match="no right to read pull requests"):
        metrics.landed(snapshot(closed_pulls=Unavailable("no right to read pull requests")))
    with pytest.raises(MetricError, match="too old"):
        metrics.lines(snapshot(missing={"associated_pulls": "this server is too old"}))


def test_branches_are_stale_by_their_tip_and_the_default_one_is_none_of_them() -> None:
    tips = {"main": -DAY, "a": -30 * DAY, "b": -30 * DAY - 1, "feature/main": -DAY}
    given = snapshot(branches=[Branch(name, NOON + at) for name, at in tips.items()])
    assert branches.branches(given) == [
        point(2, of=("branch:a", "branch:feature/main"), activity="active"),
        point(1, of=("branch:b",), activity="stale"),
    ]
