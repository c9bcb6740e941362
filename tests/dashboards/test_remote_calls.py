"""`collect dashboards …` over an account, as a person types it."""

from __future__ import annotations

import json

import pytest

from collectors import COLLECTORS
from common.cli import main
from dashboards.build import renders
from run_collector import GROUPS
from tests.servers.datadog import API_KEY, APP_KEY


@pytest.fixture
def collect(monkeypatch, tmp_path, datadog_server):
    """Types a command in a folder without settings, with the variables of an account."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DD_API_KEY", API_KEY)
    monkeypatch.setenv("DD_APP_KEY", APP_KEY)
    monkeypatch.setenv("DD_URL", datadog_server.url)
    return lambda *words: main(COLLECTORS, ["dashboards", *words], groups=GROUPS)


SLUGS = sorted(path.removeprefix("datadog/").removesuffix(".json") for path in renders(COLLECTORS) if path[0] == "d")


@pytest.mark.slow
def test_every_dashboard_is_pushed_listed_compared_and_deleted(collect, datadog_server, capsys):
    assert collect("push") == 0
    assert len(datadog_server.dashboards.held) == len(SLUGS)
    capsys.readouterr()
    assert collect("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["dashboards"]
    assert [(each["slug"], each["state"]) for each in rows] == [(slug, "same") for slug in SLUGS]
    assert collect("diff", "--strict") == 0
    assert capsys.readouterr().out == "nothing differs\n"
    assert collect("push") == 0
    assert capsys.readouterr().out == "nothing to do\n"
    assert collect("delete", "--all") == 0
    assert datadog_server.dashboards.held == {}


def test_a_push_of_one_dashboard_leaves_the_others(collect, datadog_server):
    assert collect("push", "executive") == 0
    assert len(datadog_server.dashboards.held) == 1


def test_an_unknown_dashboard_is_named_with_those_that_exist(collect, capsys):
    assert collect("push", "exective") == 2
    assert f"'exective' is not a dashboard; there are {', '.join(SLUGS)}" in capsys.readouterr().err


def test_without_an_account_the_variables_are_named(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(COLLECTORS, ["dashboards", "list"], groups=GROUPS) == 2
    assert "there is no Datadog sink: set DD_API_KEY and DD_APP_KEY" in capsys.readouterr().err


def test_without_an_application_key_the_scopes_are_named(collect, monkeypatch, capsys):
    monkeypatch.delenv("DD_APP_KEY")
    assert collect("list") == 2
    assert "with the scopes dashboards_read, dashboards_write and metrics_read" in capsys.readouterr().err


def test_a_lock_file_that_cannot_be_written_is_named_before_anything_is_pushed(
    collect, datadog_server, tmp_path, capsys
):
    assert collect("push", "executive", "--lock", str(tmp_path / "no/such/folder/x.json")) == 2
    assert "x.json: the lock file cannot be written: " in capsys.readouterr().err
    assert datadog_server.dashboards.held == {}
