"""What is rendered, and that it stays so."""

from __future__ import annotations

import json

import pytest

from collectors import COLLECTORS
from common.cli import main
from dashboards.build import chart_files, differences, renders, write
from run_collector import GROUPS
from tests.cli.conftest import ROOT
from tests.dashboards.rendered import SLUGS, files, jsonnet, of

A_CONFIG_MAP = 1 << 20
CHART = ROOT / "charts/quarterdeck/files"


def test_each_dashboard_is_rendered_for_both_products():
    assert sorted(files()) == sorted(f"{product}/{slug}.json" for product in ("grafana", "datadog") for slug in SLUGS)


def test_rendering_twice_gives_the_same_bytes():
    assert renders(COLLECTORS) == files()


def test_files_have_sorted_keys_two_spaces_and_a_last_newline():
    for path, body in files().items():
        assert body.decode() == json.dumps(json.loads(body), indent=2, sort_keys=True, ensure_ascii=False) + "\n", path


def test_every_dashboard_fits_into_a_config_map():
    assert max(map(len, files().values())) < A_CONFIG_MAP - 4096


def test_what_the_chart_ships_is_what_is_rendered():
    wanted = chart_files(COLLECTORS)

    assert differences(wanted, CHART) == []
    assert {path.relative_to(CHART).as_posix() for path in CHART.rglob("*") if path.is_file()} == set(wanted)


def test_the_rules_of_the_chart_hold_records_and_alerts():
    import yaml

    groups = yaml.safe_load(chart_files(COLLECTORS)["rules/quarterdeck.rules.yaml"])["groups"]
    kinds = {kind for group in groups for rule in group["rules"] for kind in ("record", "alert") if kind in rule}

    assert kinds == {"record", "alert"}
    assert len({group["name"] for group in groups}) == len(groups)


def test_another_configuration_changes_prefixes_and_selectors():
    changed = renders(
        COLLECTORS,
        {"selectors": ["instance"], "uidPrefix": "qd-", "titlePrefix": "QD: ", "tags": ["x"], "refresh": "10m"},
    )
    found = json.loads(changed["grafana/developer.json"])

    assert (found["uid"], found["title"], found["tags"]) == ("qd-developer", "QD: Developer", ["x"])
    assert [each["name"] for each in found["templating"]["list"]] == ["datasource", "instance", "repo", "team"]
    assert "$env" not in json.dumps(found)


def test_writing_changes_only_what_differs_and_removes_what_is_no_more(tmp_path):
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana/old.json").write_text("{}")
    made = {"grafana/a.json": b"1\n", "grafana/b.json": b"2\n"}

    assert write(made, tmp_path) == ["grafana/a.json", "grafana/b.json", "grafana/old.json"]
    assert write({**made, "grafana/b.json": b"3\n"}, tmp_path) == ["grafana/b.json"]
    assert sorted(path.name for path in (tmp_path / "grafana").iterdir()) == ["a.json", "b.json"]


@pytest.fixture
def build(tmp_path, monkeypatch, capsys):
    """`collect dashboards build …` in an empty folder: its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def called(*arguments):
        code = main(COLLECTORS, ["dashboards", "build", *arguments], groups=GROUPS)
        return code, capsys.readouterr().out

    return called


@pytest.mark.slow
def test_the_command_writes_then_finds_nothing_to_do_and_tells_what_was_changed(build, tmp_path):
    first, again, checked = build(), build(), build("--check")
    (tmp_path / "build/dashboards/grafana/executive.json").write_text("{}")
    (tmp_path / "build/dashboards/datadog/collectors.json").unlink()
    stale = build("--check")

    assert (first[0], again, checked) == (
        0,
        (0, "14 dashboards, 0 written\n"),
        (0, "14 dashboards, 0 out of date\n"),
    )
    assert first[1].endswith("wrote: build/dashboards/grafana/platform-health.json\n14 dashboards, 14 written\n")
    assert (stale[0], stale[1].splitlines()) == (
        1,
        [
            "out of date: build/dashboards/datadog/collectors.json",
            "out of date: build/dashboards/grafana/executive.json",
            "14 dashboards, 2 out of date",
        ],
    )


def test_uids_are_unique_fixed_and_short():
    uids = {slug: dashboard["uid"] for slug, dashboard in of("grafana").items()}

    assert uids == {slug: f"quarterdeck-{slug}" for slug in SLUGS}
    assert max(map(len, uids.values())) <= 40


def test_the_mixin_exports_rules_and_alerts_under_the_usual_names():
    found = jsonnet(
        "local mixin = import 'mixin.libsonnet'; local names(object) = std.objectFieldsAll(object);"
        "local groups(of) = std.length(mixin[of].groups);"
        "{ names: [each for each in names(mixin) if each != '_config'],"
        " rules: groups('prometheusRules'), alerts: groups('prometheusAlerts') }"
    )

    assert found["names"] == ["datadogDashboards", "grafanaDashboards", "prometheusAlerts", "prometheusRules"]
    assert found["rules"] > 5
    assert found["alerts"] > 3
