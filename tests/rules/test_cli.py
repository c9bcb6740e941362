"""`collect rules …` as it is called."""

import json
import stat
from pathlib import Path

import pytest
import yaml

from collectors import COLLECTORS
from common.cli import main
from dashboards.rules.build import TESTS, rule_files
from dashboards.rules.testing import check
from run_collector import GROUPS
from tests.parts.process import part


def collect(*arguments):
    return main(COLLECTORS, ["rules", *arguments], groups=GROUPS)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_what_was_built_is_up_to_date_until_somebody_edits_it(tmp_path, capsys):
    assert collect("build", "--out", "out") == 0
    assert collect("build", "--out", "out", "--check") == 0
    edited = tmp_path / "out" / "prometheus" / "quarterdeck.alerts.yaml"
    edited.write_text("groups: []\n", "utf-8")
    (tmp_path / "out/datadog/monitors/Gone.json").write_text("{}", "utf-8")
    capsys.readouterr()
    assert collect("build", "--out", "out", "--check") == 1
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "out of date: out/prometheus/quarterdeck.alerts.yaml",
        "out of date: out/datadog/monitors/Gone.json",
    ]
    assert edited.read_text("utf-8") == "groups: []\n"
    assert collect("build", "--out", "out") == 0
    assert not (tmp_path / "out/datadog/monitors/Gone.json").exists()


def test_the_settings_collectors_are_expected(tmp_path):
    Path("quarterdeck.yaml").write_text("instance: prod\ncollectors:\n  git: {paths: [.]}\n", "utf-8")
    assert collect("build", "--out", "out") == 0
    groups = yaml.safe_load((tmp_path / "out/prometheus/quarterdeck.rules.yaml").read_bytes())["groups"]
    assert groups[-1]["rules"] == [
        {
            "record": "collector:quarterdeck_expected:bool",
            "expr": "vector(1)",
            "labels": {"collector": "git", "instance": "prod"},
        }
    ]


def test_the_settings_deadline_is_the_one_that_long_runs_are_held_against(tmp_path):
    Path("quarterdeck.yaml").write_text("deadline: 25m\n", "utf-8")
    assert collect("build", "--out", "out") == 0
    groups = yaml.safe_load((tmp_path / "out/prometheus/quarterdeck.alerts.yaml").read_bytes())["groups"]
    (rule,) = (each for group in groups for each in group["rules"] if each["alert"] == "QuarterdeckRunNearDeadline")
    assert rule["expr"] == "max_over_time(collector_run_duration_seconds[45m]) > 1200"
    assert ", of 25 minutes that it has." in rule["annotations"]["description"]
    monitor = json.loads((tmp_path / "out/datadog/monitors/QuarterdeckRunNearDeadline.json").read_bytes())
    assert monitor["options"]["thresholds"] == {"critical": 1200}


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("", "utf-8")
    assert collect("build", "--out", "file") == 2
    assert "--out file: " in capsys.readouterr().err


def test_a_missing_promtool_is_named_with_its_option(capsys):
    assert collect("test") == 2
    assert "promtool is not on PATH: give its path by --promtool" in capsys.readouterr().err


def test_a_wrong_path_of_amtool_is_named(tmp_path, capsys):
    assert collect("test", "--promtool", program(tmp_path / "promtool", "exit 0"), "--amtool", "nowhere") == 2
    assert "--amtool nowhere: there is no such file" in capsys.readouterr().err


def test_what_a_tool_complains_about_is_shown_and_ends_with_1(tmp_path, capsys):
    good, bad = program(tmp_path / "good", "exit 0"), program(tmp_path / "bad", "echo no such route; exit 1")
    assert collect("test", "--promtool", good, "--amtool", good) == 0
    assert capsys.readouterr().out.endswith("all checks passed\n")
    assert collect("test", "--promtool", good, "--amtool", bad) == 1
    said = capsys.readouterr().out
    assert "failed: Alertmanager's configuration\nno such route\n" in said
    assert said.endswith("14 checks failed\n")


@pytest.mark.slow
def test_the_real_tools_are_asked_as_they_understand():
    files = {
        path: content
        for path, content in rule_files(COLLECTORS).items()
        if not path.startswith(TESTS) or path.endswith("/delivery.test.yaml")
    }
    said = []
    check(files, part("promtool"), part("amtool"), said.append)
    assert [each for each in said if each.startswith("ok: ")][:3] == [
        "ok: lint of the rules\n",
        "ok: unit tests in prometheus/tests/delivery.test.yaml\n",
        "ok: Alertmanager's configuration\n",
    ]
    assert sum(each.startswith("ok: route of ") for each in said) == 13
    assert "failed: PushgatewayDown fires in no test\n" in said
