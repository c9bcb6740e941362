"""`collect ledger`: what is kept, what is pruned, and what an export holds."""

from __future__ import annotations

import json
import time

import pytest

from common.ledger import Change, Record, encode_body, open_ledger

DAY = 86_400


@pytest.fixture
def kept(repository):
    """A ledger with a record of today and one of last year, named in the folder's settings."""
    (repository / "quarterdeck.yaml").write_text("ledger: ledger.db\ninstance: here\n")
    now = time.time()
    ledger = open_ledger(str(repository / "ledger.db"), "here")
    records = [Record("release", name, at, 1.0, encode_body({"name": name})) for name, at in _releases(now)]
    ledger.commit(Change(collector="git", scope="shop", records=tuple(records), watermarks={"release": now}))
    ledger.close()
    return repository / "ledger.db"


def _releases(now):
    return (("v1", now - 365 * DAY), ("v2", now - 3600))


def test_show_tells_how_much_there_is_and_how_old(collect, kept):
    answer = collect("ledger", "show")
    assert (answer.code, answer.err) == (0, "")
    assert [line.split() for line in answer.out.splitlines()] == [
        ["collector", "scope", "kind", "count", "oldest", "newest", "bytes"],
        ["git", "shop", "release", "2", "365d", "1h", "18"],
        ["git", "shop", "watermark", "1", "-", "-", "8"],
        [str(kept.stat().st_size), "bytes", "on", "disk"],
    ]


def test_show_as_json(collect, kept):
    found = json.loads(collect("ledger", "show", "--json").out)
    assert found["schema"] == 1
    assert found["bytes"] == kept.stat().st_size
    assert [(row["kind"], row["count"]) for row in found["holdings"]] == [("release", 2), ("watermark", 1)]


def test_prune_shows_first_and_deletes_then(collect, kept):
    assert collect("ledger", "prune", "--before", "180d", "--dry-run").out == "would delete 1 release\n"
    assert collect("ledger", "prune", "--before", "180d").out == "deleted 1 release\n"
    assert collect("ledger", "prune", "--before", "180d").out == "nothing is older than 180d\n"


def test_prune_of_one_kind_leaves_the_others(collect, kept):
    answer = collect("ledger", "prune", "--before", "1m", "--kind", "deployment")
    assert (answer.code, answer.out) == (0, "nothing is older than 1m\n")


def test_export_is_a_line_of_json_for_each_entry(collect, kept):
    lines = [json.loads(line) for line in collect("ledger", "export").out.splitlines()]
    assert [(line["entry"], line.get("body")) for line in lines] == [
        ("record", {"name": "v1"}),
        ("record", {"name": "v2"}),
        ("watermark", None),
    ]


@pytest.mark.parametrize("command", [("show",), ("prune", "--before", "1d"), ("export",)])
def test_without_the_setting_each_command_says_so(collect, command):
    answer = collect("ledger", *command)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "collect: ledger is not set: give a path or a postgresql:// URL in the settings\n"


def test_a_damaged_ledger_is_one_sentence(collect, kept):
    kept.write_bytes(b"not a database " * 100)
    answer = collect("ledger", "show")
    assert answer.code == 1
    assert answer.err == (
        "collect: ledger: ledger.db: the file is not a ledger, or damaged; "
        "it may be deleted: the next run fetches again what the source still shows\n"
    )


def test_the_variable_names_a_ledger_where_the_settings_do_not(collect, kept, repository):
    (repository / "quarterdeck.yaml").write_text("instance: here\n")
    assert "release" in collect("ledger", "show", QUARTERDECK_LEDGER=str(kept)).out


def test_a_password_in_the_url_is_refused_without_repeating_it(collect, repository):
    (repository / "quarterdeck.yaml").write_text("ledger: postgresql://me:hunter2secret@db/x\n")
    answer = collect("ledger", "show")
    assert answer.code == 2
    assert answer.err.startswith("collect: ledger: no password in the URL; name it in ledger.password as a reference")
    assert "hunter2secret" not in answer.err


def test_a_password_that_is_not_set_names_the_variable(collect, repository):
    (repository / "quarterdeck.yaml").write_text("ledger: {url: postgresql://me@db/x, password: env:LEDGER_PASSWORD}\n")
    answer = collect("ledger", "show")
    assert answer.code == 2
    assert answer.err == "collect: ledger.password: the variable LEDGER_PASSWORD is not set (env:LEDGER_PASSWORD)\n"
