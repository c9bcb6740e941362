"""When commits land, against a slow and obvious oracle on real repositories."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.git.history import PATIENCE, boundaries
from common.window import DAY, HOUR, Window
from tests.collectors.git.history import ENVIRON, NOON, History, git, look, wrapper


@st.composite
def histories(draw):
    """Up to 14 commits: any parents, dates that go back and forth over ten days."""
    size = draw(st.integers(1, 14))
    graph = []
    for number in range(1, size + 1):
        parents = draw(st.lists(st.integers(1, number - 1), max_size=3, unique=True)) if number > 1 else []
        graph.append((draw(st.integers(NOON - 10 * DAY, NOON + DAY)), parents))
    return graph


def made(graph, folder):
    history = History()
    for at, parents in graph:
        history.commit(at, *parents)
    return history.write(folder)


def oracle(folder):
    """Commit → landing: for each first-parent commit, oldest first, the commits of M^1..M by brute force."""
    landed = {}
    for line in git(folder, "rev-list", "--first-parent", "--timestamp", "--reverse", "main").splitlines():
        at, sha = line.split()
        older = [f"^{sha}^1"] if landed else []
        for each in git(folder, "rev-list", sha, *older).splitlines():
            landed.setdefault(each, int(at))
    return landed


def landings(folder, start, end):
    return {commit.sha: commit.landed for commit in look(folder, Window(start, end)).commits}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.integers(NOON - 10 * DAY, NOON))
def test_landings_are_the_oracles_and_splitting_a_window_changes_no_total(graph, split):
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "repo"
        made(graph, folder)
        expected = {sha: at for sha, at in oracle(folder).items() if at < NOON}
        whole = landings(folder, NOON - 20 * DAY, NOON)
        assert whole == expected
        early, late = landings(folder, NOON - 20 * DAY, split), landings(folder, split, NOON)
        assert early | late == whole
        assert not early.keys() & late.keys()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.data())
def test_releases_deliver_what_no_release_before_them_had(graph, data):
    dates = data.draw(st.lists(st.integers(NOON - 20 * DAY, NOON - 1), min_size=2, max_size=5, unique=True))
    marks = [data.draw(st.integers(1, len(graph))) for _ in dates]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "repo"
        history = History()
        for at, parents in graph:
            history.commit(at, *parents)
        for at, mark in sorted(zip(dates, marks, strict=True)):
            history.tag(f"v1.{at}", mark, at)
        history.write(folder)
        [track] = look(folder).delivery.tracks
        commits = [each.commit for each in track.deployments]
        assert [each.finished for each in track.deployments] == kept(folder, sorted(dates))
        for index, each in enumerate(track.deployments[1:], 1):
            older = [f"^{commit}" for commit in commits[:index]]
            assert {change.id for change in each.changes} == set(rev_list(folder, each.commit, *older))
            assert each.returns == (each.commit in rev_list(folder, commits[index - 1]))


def rev_list(folder, *args):
    return git(folder, "rev-list", *args).splitlines()


def kept(folder, dates):
    """The dates of the tags whose commit is not that of the tag before."""
    shas = [git(folder, "rev-parse", f"v1.{at}^{{commit}}") for at in dates]
    return [at for index, at in enumerate(dates) if not index or shas[index] != shas[index - 1]]


def test_a_branch_of_month_old_commits_lands_with_its_merge(tmp_path):
    history = History()
    root = history.commit(NOON - 60 * DAY)
    old = history.commit(NOON - 30 * DAY, root)
    main = history.commit(NOON - 10 * DAY, root)
    history.commit(NOON - HOUR, main, old)
    shas = history.write(tmp_path / "repo")
    assert landings(tmp_path / "repo", NOON - 7 * DAY, NOON) == {shas[2]: NOON - HOUR, shas[4]: NOON - HOUR}


def test_an_octopus_lands_all_its_branches_and_a_merge_of_merges_the_inner_ones(tmp_path):
    history = History()
    root = history.commit(NOON - 20 * DAY)
    arms = [history.commit(NOON - 9 * DAY, root) for _ in range(3)]
    inner = history.commit(NOON - 3 * DAY, arms[0], arms[1])
    outer = history.commit(NOON - 2 * DAY, root, inner, arms[2])
    shas = history.write(tmp_path / "repo")
    assert set(landings(tmp_path / "repo", NOON - 7 * DAY, NOON).values()) == {NOON - 2 * DAY}
    assert len(landings(tmp_path / "repo", NOON - 7 * DAY, NOON)) == len({*arms, inner, outer}) == len(shas) - 1


def test_a_criss_cross_lands_each_commit_once(tmp_path):
    history = History()
    root = history.commit(NOON - 6 * DAY)
    left, right = history.commit(NOON - 5 * DAY, root), history.commit(NOON - 5 * DAY, root)
    cross = history.commit(NOON - 4 * DAY, right, left)
    first = history.commit(NOON - 3 * DAY, left, right)
    history.commit(NOON - 2 * DAY, first, cross)
    shas = history.write(tmp_path / "repo")
    ages = {1: 6, 2: 5, 3: 3, 5: 3, 4: 2, 6: 2}
    assert landings(tmp_path / "repo", NOON - 7 * DAY, NOON) == {
        shas[mark]: NOON - days * DAY for mark, days in ages.items()
    }


def test_a_commit_from_the_future_waits_and_what_came_after_it_does_not(tmp_path):
    history = History()
    root = history.commit(NOON - 6 * DAY)
    future = history.commit(NOON + 900 * DAY, root)
    history.commit(NOON - DAY, future)
    shas = history.write(tmp_path / "repo")
    assert landings(tmp_path / "repo", NOON - 7 * DAY, NOON) == {shas[1]: NOON - 6 * DAY, shas[3]: NOON - DAY}


def test_a_clock_that_went_back_hides_nothing_behind_it(tmp_path):
    history = History()
    tip = history.commit(NOON - 2 * DAY)
    for age in range(40, 90):
        tip = history.commit(NOON - age * DAY, tip)
    shas = history.write(tmp_path / "repo")
    assert landings(tmp_path / "repo", NOON - 7 * DAY, NOON) == {shas[1]: NOON - 2 * DAY}


def test_the_walk_back_ends_after_enough_old_commits_in_a_row():
    read = []

    def chain():
        for number in range(100_000):
            read.append(number)
            yield b"%d" % number, 1_000_000 - number

    assert boundaries(chain(), [1_000_000 - 10.0]) == {1_000_000 - 10.0: b"11"}
    assert len(read) == 11 + PATIENCE


def test_a_short_window_reads_only_its_own_commits_from_the_log(tmp_path):
    history = History()
    tip = history.commit(NOON - 400 * DAY)
    for number in range(4_000):
        tip = history.commit(NOON - 399 * DAY + number * 8_600, tip)
    history.write(tmp_path / "repo")
    wrapper(tmp_path / "bin", f'case "$*" in *numstat*) "$GIT" "$@" | tee {tmp_path}/log;; *) exec "$GIT" "$@";; esac')
    seen = look(tmp_path / "repo", environ={**ENVIRON, "PATH": f"{tmp_path}/bin:{ENVIRON['PATH']}"})
    assert (tmp_path / "log").read_bytes().count(b"\x02") == len(seen.commits) > 0
