"""Runs with a ledger and rollups, from the settings file to real sinks."""

from __future__ import annotations

import json

import pytest

from common.ledger import open_ledger
from tests.cli.conftest import git


@pytest.fixture
def settings(repository):
    (repository / "quarterdeck.yaml").write_text("ledger: ledger.db\n")
    return repository / "ledger.db"


def kinds(collect):
    rows = json.loads(collect("ledger", "show", "--json").out)["holdings"]
    return {(row["scope"], row["kind"]) for row in rows}


def test_a_push_keeps_what_it_counted_and_its_history(collect, settings, pushgateway):
    answer = collect("--push", PUSHGATEWAY_URL=pushgateway.url)

    assert answer.code == 0, answer.err
    expected = {("shop", "progress"), ("shop", "sample"), ("", "run"), ("", "watermark")}
    assert expected <= kinds(collect)
    assert "collector_event_late" in pushgateway.metrics()


def test_a_dry_run_reads_a_ledger_and_creates_none(collect, settings):
    assert collect("--dry-run").code == 0
    assert not settings.exists()


def test_a_run_beside_another_ends_with_1_and_leaves_the_gateway_alone(collect, settings, pushgateway):
    ledger = open_ledger(str(settings))
    with ledger.lock("git", "0"):
        answer = collect("--push", PUSHGATEWAY_URL=pushgateway.url)
    ledger.close()

    assert answer.code == 1
    assert "another run of default/git/0 is under way" in answer.err
    assert pushgateway.groups() == []


def test_a_ledger_that_cannot_be_used_is_one_sentence_and_nothing_is_sent(collect, settings, pushgateway):
    settings.write_bytes(b"not a database " * 100)
    answer = collect("--push", PUSHGATEWAY_URL=pushgateway.url)

    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("collect: ledger: ledger.db: the file is not a ledger, or damaged")
    assert pushgateway.groups() == []


def test_a_rollup_of_two_clones_counts_people_once(collect, repository):
    other = repository / "more" / "tools"
    other.mkdir(parents=True)
    git(other, "init", "-q", "-b", "main")
    (other / "file").write_text("one line\n")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "First here")
    (repository / "quarterdeck.yaml").write_text(
        'collectors: {git: {paths: [., more/tools]}}\nrollups: [{name: both, match: ["sho?", tools]}]\n'
    )
    (run,) = json.loads(collect("--dry-run", "--json").out)["runs"]
    people = {
        tuple(sorted(each["tags"].items())): each["value"]
        for each in run["samples"]
        if each["metric"] == "git.contributor.active" and each["tags"]["author"] == "human"
    }

    assert people == {
        (("author", "human"), ("repo", "shop")): 1,
        (("author", "human"), ("repo", "tools")): 1,
        (("author", "human"), ("rollup", "both")): 1,
    }
    rolled = {each["metric"] for each in run["samples"] if each["tags"].get("rollup")}
    assert {"git.contributor.half_share", "git.commit.time_to_land"} < rolled
    assert "git.commit.landed" not in rolled


def test_shards_share_the_scopes_out(collect, repository):
    (repository / "quarterdeck.yaml").write_text("collectors: {git: {paths: [.]}}\n")
    runs = [
        json.loads(collect("--dry-run", "--json", "--shard", f"{shard}/2").out)["runs"][0]["scopes"]
        for shard in range(2)
    ]
    assert sorted(map(tuple, runs)) == [(), ("shop",)]
