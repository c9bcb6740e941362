"""The command line as a user calls it: what it prints, where, and what it ends with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.cli.conftest import git

ROOT = Path(__file__).resolve().parents[2]


def values(answer, metric):
    """Tags and value of each sample of that metric in a `--json` answer."""
    samples = json.loads(answer.out)["runs"][0]["samples"]
    return [(each["tags"], each["value"]) for each in samples if each["metric"] == metric]


def test_a_dry_run_is_the_default_and_needs_no_settings(collect):
    answer = collect()

    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("git of shop: success (dry run) · ")
    assert "git.commit.revert" in answer.out
    assert "datadog: a submission would send" in answer.out
    assert "pushgateway: a submission would send" in answer.out


def test_json_follows_its_published_schema_and_tells_true_numbers(collect):
    answer = collect("git", "--json")

    jsonschema.validate(json.loads(answer.out), json.loads((ROOT / "docs/run.schema.json").read_text()))
    assert values(answer, "git.commit.revert") == [({"repo": "shop"}, 1)]
    assert values(answer, "git.release.tagged") == [({"repo": "shop"}, 1)]
    assert sum(value for _, value in values(answer, "git.commit.landed")) == 3


def test_only_computes_what_matches_and_names_what_it_left_out(collect):
    answer = collect("--only", "git.commit.*")

    assert "git.commit.landed" in answer.out
    assert "left out by --only or the settings: 12 metrics (-v names them)" in answer.out


def test_a_glob_that_matches_nothing_is_an_error(collect):
    answer = collect("--only", "git.comit.*")

    assert answer.code == 2
    assert answer.err == (
        "collect: --only 'git.comit.*' matches no metric of these collectors; `collect metrics` lists them\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dry-run", "--push"), "--dry-run and --push exclude each other"),
        (("--push",), "--push needs a sink: set PUSHGATEWAY_URL or DD_API_KEY"),
        (("gitt",), "'gitt' is not in `collectors` of the settings; there: git"),
        (("--window", "7"), "--window '7': a length of time is a number with s, m, h, d or w"),
        (("--deadline", "soon"), "--deadline 'soon': a length of time"),
        (("--shard", "4/4"), "--shard '4/4': write I/N with I from 0 to N-1"),
        (("--config", "none.yaml"), "none.yaml cannot be read: No such file or directory"),
        (("--nonsense",), "No such option: --nonsense"),
        (("explain", "git.commit.reverts"), "did you mean git.commit.revert"),
        (("metrics", "gitt"), "'gitt' is not a collector; there are"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_2(collect, arguments, words):
    answer = collect(*arguments)

    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_a_folder_that_is_no_repository_fails_with_a_remedy(collect, tmp_path):
    (tmp_path / "empty").mkdir()
    answer = type(collect)(tmp_path / "empty")()

    assert answer.code == 1
    assert (
        ". is not a Git repository; name a clone or a bare repository in collectors.git.paths"
        in answer.out + answer.err
    )
    assert "Traceback" not in answer.err


def test_explain_lists_the_commits_behind_a_number(collect):
    answer = collect("explain", "git.commit.revert")

    assert answer.code == 0
    assert answer.out.startswith("git.commit.revert (count, {commit})\n")
    assert "1 {commit} repo=shop" in answer.out or "1 {commit}" in answer.out
    assert 'Revert "Second"' in answer.out


def test_explain_as_json_lists_the_same(collect):
    found = json.loads(collect("explain", "git.commit.landed", "--json", "--limit", "2").out)

    assert found["metric"] == "git.commit.landed"
    assert found["explanations"][0]["records_in_all"] == 3
    assert len(found["explanations"][0]["records"]) == 2


def test_list_names_the_collectors_and_the_settings(collect):
    answer = collect("list")

    assert answer.code == 0
    assert answer.out.startswith("settings: none found; git over this folder\ngit ")


def test_metrics_lists_the_catalogue_without_credentials(collect):
    rows = json.loads(collect("metrics", "--json").out)["metrics"]

    assert {"git.commit.landed", "delivery.lead_time", "collector.run.outcome"} <= {row["name"] for row in rows}
    assert all(row["description"] and row["prometheus"] and row["datadog"] for row in rows)


def test_check_says_what_works_and_what_to_do_about_the_rest(collect, closed_url):
    healthy = collect("check")
    broken = collect("check", PUSHGATEWAY_URL=closed_url)

    assert healthy.code == 0
    assert "0 failed" in healthy.out
    assert broken.code == 1
    assert "FAILED   pushgateway" in broken.out
    assert "→ " in broken.out


def test_version_is_told(collect):
    assert collect("--version").out.strip()


def test_a_full_disk_under_standard_output_is_told(collect):
    with Path("/dev/full").open("w") as full:
        command = (sys.executable, "-m", "run_collector", "--json")
        done = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )

    assert done.returncode == 1
    assert done.stderr == "collect: standard output could not be written: No space left on device\n"


def test_the_gravest_of_several_runs_decides_the_exit_code(collect, tmp_path):
    (collect.folder / "quarterdeck.yaml").write_text(
        "collectors:\n  git: {paths: [.]}\n  other: {type: git, paths: [./nowhere]}\n"
    )
    answer = collect("--json")
    outcomes = {run["collector"]: run["outcome"] for run in json.loads(answer.out)["runs"]}

    assert outcomes == {"git": "success", "other": "failed"}
    assert answer.code == 1


def test_collectors_that_a_deadline_leaves_no_time_for_are_named(collect, tmp_path):
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text('#!/bin/sh\ncase "$*" in *rev-parse*) exec sleep 30;; *) exec /usr/bin/git "$@";; esac\n')
    (slow / "git").chmod(0o755)
    (collect.folder / "quarterdeck.yaml").write_text("collectors:\n  git: {paths: [.]}\n  other: {type: git}\n")
    answer = collect("--json", "--deadline", "2s", PATH=f"{slow}:{os.environ['PATH']}")
    runs = {run["collector"]: run for run in json.loads(answer.out)["runs"]}

    assert answer.code == 3
    assert {name: run["outcome"] for name, run in runs.items()} == {"git": "failed", "other": "failed"}
    assert runs["other"]["failures"][0]["reason"] == "not read: the deadline passed"


def test_two_shards_look_at_every_scope_once(collect, tmp_path):
    paths = []
    for number in range(6):
        folder = tmp_path / f"clone{number}"
        git(tmp_path, "clone", "-q", str(collect.folder), str(folder))
        git(folder, "remote", "set-url", "origin", f"https://example.org/acme/clone{number}.git")
        paths.append(str(folder))
    (collect.folder / "quarterdeck.yaml").write_text(f"collectors: {{git: {{paths: {json.dumps(paths)}}}}}\n")
    shards = [json.loads(collect("--json", "--shard", f"{index}/2").out)["runs"][0]["scopes"] for index in (0, 1)]

    assert sorted(shards[0] + shards[1]) == [f"acme/clone{number}" for number in range(6)]
    assert all(shards)


def test_a_reader_that_has_seen_enough_is_no_failure(collect):
    command = f"{sys.executable} -m run_collector metrics --json"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -c 1"],
        cwd=collect.folder, env=collect.environment(), capture_output=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, b"")


def test_check_tells_of_globs_and_tags_that_select_nothing(collect):
    (collect.folder / "quarterdeck.yaml").write_text('metrics: {exclude: ["gti.*"], drop_tags: [autor, shape]}\n')
    answer = collect("check")

    assert answer.code == 0
    assert "metrics.exclude: 'gti.*' matches no metric" in answer.out
    assert "metrics.drop_tags: no metric has the tag 'autor'" in answer.out
    assert "'shape'" not in answer.out
