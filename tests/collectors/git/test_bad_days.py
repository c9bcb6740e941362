"""Repositories that are odd, broken or hostile: no wrong number, and a reason for each that is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from collectors.git import metrics
from common import delivery
from common.collector import Check, Failure, Scope
from common.errors import ConfigError, DeadlineError, FetchError, MetricError
from common.metric import point
from common.window import DAY, HOUR
from tests.collectors.git.history import (
    ENVIRON,
    NOON,
    History,
    collector,
    git,
    look,
    outcome,
    week,
    wrapper,
)

ROOT = Path(__file__).parents[3]


def line_of(folder, commits, *, step=DAY, bare=True):
    """A straight history that ends a day before noon."""
    history, tip = History(), []
    for number in range(commits):
        tip = [history.commit(NOON - (commits - number) * step, *tip, files={f"f{number}": "1\n"})]
    return history.write(folder, bare=bare)


def with_git(tmp_path, script):
    wrapper(tmp_path / "bin", script)
    return {**ENVIRON, "PATH": f"{tmp_path}/bin:{ENVIRON['PATH']}"}


def reason(item):
    assert isinstance(item, Failure), item
    return item.reason


@pytest.mark.parametrize("bare", [True, False])
def test_an_empty_repository_has_true_zeros_and_no_ratio(tmp_path, bare):
    History().write(tmp_path / "repo", bare=bare)
    empty = look(tmp_path / "repo")
    assert (empty.commits, empty.branches, empty.files, empty.cut) == ((), (), 0, None)
    assert metrics.half_share(empty) == []
    assert delivery.change_failure_ratio(empty) == []


def test_a_shallow_clone_that_reaches_over_the_window_is_as_good_as_a_whole_one(tmp_path):
    line_of(tmp_path / "whole", 30)
    git(tmp_path, "clone", "-q", "--depth=15", f"file://{tmp_path}/whole", "repo")
    shallow, whole = look(tmp_path / "repo"), look(tmp_path / "whole")
    assert shallow.commits == whole.commits
    assert (len(shallow.commits), shallow.cut) == (7, None)


def test_a_shallow_clone_that_ends_inside_the_window_tells_nothing_about_commits(tmp_path):
    line_of(tmp_path / "whole", 30)
    git(tmp_path, "clone", "-q", "--depth=3", f"file://{tmp_path}/whole", "repo")
    seen = look(tmp_path / "repo")
    for each in (metrics.landed, metrics.lines, metrics.files_changed, metrics.half_share):
        with pytest.raises(MetricError, match="git fetch --unshallow"):
            each(seen)
    assert metrics.branches(seen) == [point(0, activity="active"), point(0, activity="stale")]


def test_a_shallow_clone_never_takes_old_commits_of_a_side_branch_for_new(tmp_path):
    history = History()
    fork = history.commit(NOON - 90 * DAY)
    side, main = history.commit(NOON - 80 * DAY, fork), fork
    for age in range(60, 2, -1):
        main = history.commit(NOON - age * DAY, main)
    history.commit(NOON - DAY, main, side)
    history.write(tmp_path / "whole")
    git(tmp_path, "clone", "-q", "--depth=20", f"file://{tmp_path}/whole", "repo")
    assert len(look(tmp_path / "whole").commits) == 2 + 5
    assert "shallow" in (look(tmp_path / "repo").cut or "")


def test_releases_of_a_shallow_clone_tell_nothing_where_its_history_ends_between_them(tmp_path):
    history = History()
    first, other = history.commit(NOON - 9 * DAY), history.commit(NOON - 9 * DAY)
    tip = history.commit(NOON - 8 * DAY, first)
    for age in range(7, 0, -1):
        tip = history.commit(NOON - age * DAY, tip)
    history.tag("v1.0", other, NOON - 9 * DAY)
    history.tag("v1.1", tip, NOON - DAY)
    history.write(tmp_path / "whole", main=tip)
    git(tmp_path, "clone", "-q", "--depth=4", "--no-single-branch", f"file://{tmp_path}/whole", "repo")
    git(tmp_path / "repo", "fetch", "-q", "--depth=4", "origin", "tag", "v1.0")
    with pytest.raises(MetricError, match="shallow"):
        delivery.lead_time(look(tmp_path / "repo"))


EVERY_DELIVERY = (
    *(delivery.completed, delivery.interval, delivery.lead_time),
    *(delivery.change_failure_ratio, delivery.recovery_time, delivery.rework_ratio),
)


@pytest.mark.parametrize(("depth", "why"), [(3, "ends inside"), (15, "ends inside"), (45, "no release tags")])
@pytest.mark.parametrize("tags", ["--no-tags", "--tags"])
def test_a_shallow_clone_without_tags_does_not_know_of_releases(tmp_path, depth, why, tags):
    shas = line_of(tmp_path / "whole", 60)
    git(tmp_path / "whole", "tag", "v1.0" if tags == "--no-tags" else "other", shas[58])
    git(tmp_path, "clone", "-q", f"--depth={depth}", tags, f"file://{tmp_path}/whole", "repo")
    seen = look(tmp_path / "repo")
    for each in EVERY_DELIVERY:
        with pytest.raises(MetricError, match=f"^the clone is shallow .*{why}.*; complete it with: git fetch"):
            each(seen)
    with pytest.raises(MetricError, match="the clone is shallow"):
        metrics.releases(seen)


def test_a_shallow_clone_cut_in_a_side_branch_within_the_thirty_days_does_not_know_of_releases(tmp_path):
    history = History()
    main = root = history.commit(NOON - 90 * DAY)
    history.tag("v1.0", root, NOON - 90 * DAY)
    for age in (70, 60, 50, 40):
        main = history.commit(NOON - age * DAY, main)
    history.tag("v1.1", main, NOON - 39 * DAY)
    side = root
    for _ in range(9):
        side = history.commit(NOON - 25 * DAY, side)
    main = history.commit(NOON - 20 * DAY, main, side)
    for age in (9, 8):
        main = history.commit(NOON - age * DAY, main)
    history.write(tmp_path / "whole", main=main)
    git(tmp_path, "clone", "-q", "--depth=6", f"file://{tmp_path}/whole", "repo")
    assert delivery.completed(look(tmp_path / "whole"))[-1].id == "v1.1"
    with pytest.raises(MetricError, match="ends inside the window"):
        delivery.completed(look(tmp_path / "repo"))


def test_a_detached_head_changes_nothing(tmp_path):
    shas = line_of(tmp_path / "repo", 5, bare=False)
    git(tmp_path / "repo", "checkout", "-q", "--detach", shas[2])
    assert len(look(tmp_path / "repo").commits) == 5


def test_a_detached_head_without_any_branch_is_a_failure_that_says_what_to_do(tmp_path):
    shas = line_of(tmp_path / "repo", 2, bare=False)
    git(tmp_path / "repo", "checkout", "-q", "--detach", shas[2])
    git(tmp_path / "repo", "branch", "-qD", "main")
    assert "HEAD is detached" in reason(outcome(tmp_path / "repo"))


def test_without_a_default_branch_there_is_a_failure_and_the_setting_mends_it(tmp_path):
    shas = line_of(tmp_path / "repo", 3)
    git(tmp_path / "repo", "update-ref", "refs/heads/one", shas[3])
    git(tmp_path / "repo", "update-ref", "refs/heads/two", shas[2])
    git(tmp_path / "repo", "update-ref", "-d", "refs/heads/main")
    assert "collectors.git.default_branch" in reason(outcome(tmp_path / "repo"))
    assert len(look(tmp_path / "repo", default_branch="two").commits) == 2
    assert "there is no branch 'three'" in reason(outcome(tmp_path / "repo", default_branch="three"))


def test_the_checked_out_branch_is_the_default_one_where_nothing_else_tells(tmp_path):
    line_of(tmp_path / "repo", 3, bare=False)
    git(tmp_path / "repo", "branch", "-m", "main", "work")
    assert len(look(tmp_path / "repo").commits) == 3


def test_names_and_messages_in_any_encoding_are_read(tmp_path):
    history, tip = History(), []
    authors = (b"J\xf6rg <j@x>", b"\xff\xfe <f@x>", b" <only@x>", b"Nobody <>", b"\xe2\x80\xa8Line <l@x>")
    for author in authors:
        tip = [
            history.commit(NOON - DAY, *tip, author=author, subject=b"caf\xe9 \x02\x1b[31m", header=b"encoding x-none")
        ]
    tip = [history.commit(NOON - DAY, *tip, author=b"J\xf6rg <j@x>", subject=b"caf\xe9", header=b"encoding ISO-8859-1")]
    shas = history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo")
    assert seen.commits_by_sha[shas[6]].subject == "café"
    assert seen.commits_by_sha[shas[6]].author.name == "Jörg"
    assert metrics.contributors(seen)[0].value == 5
    assert "\x1b" not in collector(tmp_path / "repo").describe(seen, shas[1]).text


def test_a_message_cannot_pass_for_another_commit(tmp_path):
    history = History()
    fake = b"x\n\n1\t2\tfile\n\x02" + b"0" * 40 + b"\n"
    root = history.commit(NOON - DAY, subject=b"\x02" + fake, author=b"\x02A <a@x>", files={"a": "1\n"})
    history.commit(NOON - HOUR, root, subject=fake, files={'"\\0021"': "1\n"})
    history.write(tmp_path / "repo")
    assert [commit.added for commit in look(tmp_path / "repo").commits] == [1, 1]


def test_dates_that_make_no_sense_cost_only_what_needs_them(tmp_path):
    history = History()
    root = history.commit(0, authored=99_999_999_999)
    history.commit(NOON - DAY, root, authored=NOON)
    history.write(tmp_path / "repo")
    seen = look(tmp_path / "repo")
    assert len(seen.commits) == 1
    assert metrics.time_to_land(seen) == []


def test_a_force_push_shows_what_the_repository_says_now(tmp_path):
    shas = line_of(tmp_path / "repo", 5)
    assert len(look(tmp_path / "repo").commits) == 5
    git(tmp_path / "repo", "update-ref", "refs/heads/main", shas[3])
    assert {commit.sha for commit in look(tmp_path / "repo").commits} == {shas[1], shas[2], shas[3]}


def test_a_folder_that_is_no_repository_costs_only_itself(tmp_path):
    line_of(tmp_path / "repo", 2)
    (tmp_path / "plain").mkdir()
    one = collector(tmp_path / "repo", tmp_path / "plain", tmp_path / "missing", tmp_path / "*.x")
    items = list(one.fetch({scope.name: NOON - 7 * DAY for scope in one.discover()}, look(tmp_path / "repo").window))
    assert [item.scope for item in items] == ["repo", "plain", "missing", "*.x"]
    assert "is not a Git repository" in reason(items[1])
    assert "is not a folder" in reason(items[2])
    assert "matches no clone" in reason(items[3])


def test_without_git_nothing_can_be_known(tmp_path):
    one = collector(tmp_path, environ={"PATH": str(tmp_path)})
    with pytest.raises(FetchError, match="install it and put it on PATH"):
        one.discover()
    assert [(each.subject, each.state) for each in one.check()] == [("git", "failed")]


def test_a_repository_of_another_user_is_refused_with_the_remedy(tmp_path):
    line_of(tmp_path / "repo", 2)
    environ = with_git(tmp_path, 'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "$GIT" "$@"')
    said = reason(outcome(tmp_path / "repo", environ=environ))
    assert f"git config --global --add safe.directory {tmp_path}/repo" in said
    [_, check] = collector(tmp_path / "repo", environ=environ).check()
    assert check.state == "failed"
    assert check.remedy.endswith(f"safe.directory {tmp_path}/repo")


@pytest.mark.parametrize("command", ["--numstat", "rev-list", "for-each-ref", "--no-patch"])
def test_a_killed_git_leaves_a_failure_and_no_partial_numbers(tmp_path, command):
    history, tip = History(), []
    for age in range(40, 0, -1):
        tip = [history.commit(NOON - age * DAY, *tip)]
    history.tag("v1.0", 20, NOON - 20 * DAY)
    history.tag("v1.1", 40, NOON - DAY)
    history.write(tmp_path / "repo")
    killed = f'case "$*" in *{command}*) "$GIT" "$@" | head -c 300; kill -9 $$;; *) exec "$GIT" "$@";; esac'
    said = reason(outcome(tmp_path / "repo", environ=with_git(tmp_path, killed)))
    assert said.endswith("was ended by signal 9")


@pytest.mark.parametrize(("missing", "command"), [("", "rev-list"), (":f2", "log")])
def test_a_missing_object_is_a_failure(tmp_path, missing, command):
    shas = line_of(tmp_path / "repo", 5)
    lost = git(tmp_path / "repo", "rev-parse", f"{shas[3]}{missing}")
    (tmp_path / "repo" / "objects" / lost[:2] / lost[2:]).unlink()
    assert f"git {command} ended with 128" in reason(outcome(tmp_path / "repo"))


def test_a_partial_clone_fetches_nothing_and_says_what_is_missing(tmp_path):
    line_of(tmp_path / "whole", 5)
    git(tmp_path / "whole", "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{tmp_path}/whole", "repo")
    before = sorted(map(str, (tmp_path / "repo").rglob("*")))
    assert "clone without --filter" in reason(outcome(tmp_path / "repo"))
    assert sorted(map(str, (tmp_path / "repo").rglob("*"))) == before


def test_the_users_own_configuration_changes_no_number(tmp_path):
    line_of(tmp_path / "repo", 5)
    expected = look(tmp_path / "repo")
    for key, value in {
        "log.showSignature": "true", "log.follow": "true", "diff.renames": "false", "color.ui": "always",
        "core.quotePath": "true", "log.showRoot": "false", "diff.external": "/bin/false", "diff.orderFile": "/none",
        "log.date": "relative", "format.pretty": "oneline", "diff.noprefix": "true", "core.pager": "false",
    }.items():  # fmt: skip
        git(tmp_path / "repo", "config", key, value)
    environ = {**ENVIRON, "GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_NAMESPACE": "x"}
    assert look(tmp_path / "repo", environ=environ) == expected


def test_nothing_in_the_repository_is_written(tmp_path):
    line_of(tmp_path / "repo", 5, bare=False)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "repo").rglob("*")}
    look(tmp_path / "repo")
    list(collector(tmp_path / "repo").check())
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "repo").rglob("*")} == before


def looked(one):
    return list(one.fetch({scope.name: NOON - 7 * DAY for scope in one.discover()}, week()))


def test_two_clones_of_one_name_cost_only_that_name(tmp_path):
    for folder in ("a/repo", "b/repo", "c/other"):
        line_of(tmp_path / folder, 1)
    one = collector(tmp_path / "*" / "*")
    assert one.discover() == (Scope("repo"), Scope("other"))
    clash, other = looked(one)
    assert reason(clash) == (
        f"collectors.git.paths: {tmp_path}/a/repo and {tmp_path}/b/repo are all called repo; "
        "name only one of them there, or look at the others with a second collector of type git"
    )
    assert (clash.scope, other.scope, len(other.commits)) == ("repo", "other", 1)
    assert [each.state for each in one.check()] == ["ok", "failed", "ok"]


def test_one_clone_through_a_path_and_a_glob_is_one(tmp_path):
    line_of(tmp_path / "a" / "repo", 1)
    assert collector(tmp_path / "a" / "repo", tmp_path / "a" / "re*").discover() == (Scope("repo"),)


def test_a_path_that_is_named_twice_is_a_settings_error(tmp_path):
    with pytest.raises(ConfigError, match=r"collectors.git.paths: .*/repo and .*/a/../repo are the same folder"):
        collector(tmp_path / "repo", tmp_path / "a" / ".." / "repo")


def test_a_clone_that_cannot_be_read_or_found_is_named_by_a_stand_in(tmp_path):
    line_of(tmp_path / "good", 1)
    line_of(tmp_path / "pay", 1)
    git(tmp_path / "pay", "config", "remote.origin.url", "https://github.com/acme/pay.git")
    one = collector(tmp_path / "good", tmp_path / "pay", tmp_path / "gone", tmp_path / "gone" / "*.git")
    (tmp_path / "gone").mkdir()
    assert Scope("acme/pay", identified=True) in one.discover()
    (tmp_path / "pay" / "HEAD").rename(tmp_path / "pay" / "no-head")
    assert one.discover() == (
        Scope("good"),
        Scope("pay", identified=False),
        Scope("gone", identified=False),
        Scope("*.git", identified=False),
    )


def test_a_stand_in_takes_no_clones_name(tmp_path):
    (tmp_path / "a" / "repo" / ".git").mkdir(parents=True)
    line_of(tmp_path / "b" / "repo", 1)
    assert collector(tmp_path / "*" / "repo").discover() == (
        Scope("repo"),
        Scope(f"{tmp_path}/a/repo", identified=False),
    )


def test_what_a_glob_finds_and_cannot_look_into_costs_only_itself(tmp_path):
    line_of(tmp_path / "repo", 1)
    (tmp_path / "locked").symlink_to("y" * 300)
    assert collector(tmp_path / "*").discover() == (Scope("repo"), Scope("y" * 300, identified=False))


def test_a_folder_whose_name_is_not_utf_8_has_a_name_that_can_be_written(tmp_path):
    line_of(tmp_path / "plain", 2)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    (tmp_path / "plain").rename(odd)
    program = [sys.executable, str(ROOT / "run_collector.py"), "git", "--dry-run", "--json"]
    done = subprocess.run(program, cwd=odd, env={**os.environ, **ENVIRON}, capture_output=True, check=False)
    [ran] = json.loads(done.stdout)["runs"]
    assert (done.returncode, ran["outcome"]) == (0, "success")
    assert {sample["tags"]["repo"] for sample in ran["samples"]} == {"caf\\udce9"}
    (odd / "objects").rename(odd / "no-objects")
    (odd / "refs").rename(odd / "no-refs")
    failed, check = looked(collector(odd)), list(collector(odd).check())[1]
    assert (check.state, failed[0].scope) == ("failed", "caf\\udce9")
    assert b"caf" in msgspec.json.encode((failed, check))


@pytest.mark.parametrize("setting", ["hotfix", "release_tags"])
def test_a_wrong_pattern_is_a_settings_error(setting):
    with pytest.raises(ConfigError, match=f"collectors.git.{setting} is not a regular expression"):
        collector(".", **{setting: "("})


def test_the_deadline_is_not_a_scopes_failure(tmp_path):
    line_of(tmp_path / "repo", 1)
    one = collector(tmp_path / "repo")
    scopes = dict.fromkeys((scope.name for scope in one.discover()), NOON - DAY)
    one.context.deadline._end = 0
    with pytest.raises(DeadlineError):
        list(one.fetch(scopes, look(tmp_path / "repo").window))


def test_credentials_in_the_origin_are_shown_nowhere(tmp_path):
    shas = line_of(tmp_path / "repo", 2)
    git(tmp_path / "repo", "config", "remote.origin.url", "https://bot:s3cr3t@github.com/acme/pay.git")
    seen, one = look(tmp_path / "repo"), collector(tmp_path / "repo")
    assert seen.scope == "acme/pay"
    assert "s3cr3t" not in repr((seen, one.describe(seen, shas[1]), list(one.check())))


def test_check_tells_what_it_found_and_warns_of_a_shallow_clone(tmp_path):
    line_of(tmp_path / "whole", 3)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/whole", "repo")
    [version, whole, shallow] = collector(tmp_path / "whole", tmp_path / "repo").check()
    assert (version.subject, version.state) == ("git", "ok")
    assert whole == Check(str(tmp_path / "whole"), "ok", "whole, default branch heads/main")
    assert (shallow.state, shallow.remedy) == ("warning", "complete it with: git fetch --unshallow")


@pytest.mark.slow
def test_a_commit_of_100_000_files_is_read_in_flat_memory(tmp_path):
    history = History()
    history.commit(NOON - DAY, files={f"some/folder/of/the/tree{n % 100}/file{n}.py": "1\n" for n in range(100_000)})
    history.write(tmp_path / "repo")
    code = (
        "from tests.memory import peak_mebibytes\nfrom tests.collectors.git.history import look\n"
        f"seen = look({str(tmp_path / 'repo')!r})\n"
        "print(seen.files, seen.commits[0].added, round(peak_mebibytes()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    files, added, mebibytes = map(int, done.stdout.split())
    assert (files, added) == (100_000, 100_000)
    assert mebibytes < 100
