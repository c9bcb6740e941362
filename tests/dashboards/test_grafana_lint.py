"""Grafana's dashboards against the rules of a linter, and through the models of Grafana's own SDK."""

from __future__ import annotations

import json
import re

import pytest

from common.duration import parse_duration
from tests.dashboards.rendered import HAND_MADE, SLUGS, of, panels

COLUMNS = 24
INTERVAL = 900
# Classic JSON is what every Grafana imports; its SDK would rather have the next format.
CLASSIC = pytest.mark.filterwarnings("ignore:Prefer using dashboardv2:DeprecationWarning")
SECONDS = {"d": 86_400, "h": 3600, "m": 60}


@pytest.fixture(params=SLUGS)
def dashboard(request):
    return of("grafana")[request.param]


def test_the_dashboard_is_read_only_of_a_pinned_schema_and_says_what_it_is_for(dashboard):
    assert dashboard["schemaVersion"] == 39
    assert dashboard["editable"] is False
    assert re.fullmatch(r".+\. For .+\.", dashboard["description"])
    assert dashboard["title"].startswith("Quarterdeck / ")
    assert dashboard["tags"] == ["quarterdeck"]


def test_titles_are_unique():
    titles = [each["title"] for each in of("grafana").values()]

    assert len(set(titles)) == len(titles)


def test_time_is_relative_and_the_refresh_no_faster_than_a_third_of_the_interval(dashboard):
    assert re.fullmatch(r"now-\d+[hd]", dashboard["time"]["from"])
    assert dashboard["time"]["to"] == "now"
    number, unit = re.fullmatch(r"(\d+)([dhm])", dashboard["refresh"]).groups()
    assert int(number) * SECONDS[unit] >= INTERVAL / 3
    assert "timeFrom" not in dashboard


def test_each_dashboard_leads_to_the_others_and_keeps_time_and_variables(dashboard):
    (link,) = dashboard["links"]

    assert (link["type"], link["tags"], link["keepTime"], link["includeVars"]) == (
        "dashboards",
        ["quarterdeck"],
        True,
        True,
    )


def test_ids_are_unique_and_panels_do_not_overlap(dashboard):
    ids = [each["id"] for each in dashboard["panels"]]
    cells = [
        (x, y)
        for each in dashboard["panels"]
        for at in (each["gridPos"],)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert ids == list(range(1, len(ids) + 1))
    assert len(set(cells)) == len(cells)
    assert {x for x, _ in cells} == set(range(COLUMNS))


def test_every_panel_has_a_title_a_description_a_source_and_words_for_nothing(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "text":
            continue
        assert panel["title"], panel["id"]
        assert len(panel["description"]) > 20, panel["title"]
        assert re.search(r"run|counted|Counted", panel["description"]), f"{panel['title']}: how fresh is it?"
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert panel["targets"]
        assert all(each["datasource"] == panel["datasource"] for each in panel["targets"])
        assert panel["fieldConfig"]["defaults"]["noValue"] not in {"", "0"}


def test_titles_of_panels_are_unique(dashboard):
    titles = [each["title"] for each in panels(dashboard)]

    assert len(set(titles)) == len(titles)


def test_every_unit_is_one_that_grafana_knows(dashboard):
    from grafana_foundation_sdk.models import units

    known = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
    used = {each["fieldConfig"]["defaults"]["unit"] for each in panels(dashboard) if "targets" in each}
    used |= {
        each["value"]
        for panel in panels(dashboard)
        if "targets" in panel
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "unit"
    }

    assert used <= known


def test_thresholds_rise_and_begin_at_the_bottom(dashboard):
    for panel in panels(dashboard):
        if "targets" not in panel:
            continue
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        values = [each["value"] for each in steps]
        assert values[0] is None
        assert values[1:] == sorted(values[1:]), panel["title"]


def test_variables_reload_with_time_and_all_takes_series_without_the_label(dashboard):
    source, *others = dashboard["templating"]["list"]

    assert (source["type"], source["name"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert [each["name"] for each in others][:2] == ["instance", "env"]
    for each in others:
        assert (each["refresh"], each["includeAll"], each["multi"]) == (2, True, True)
        assert each["allValue"] == (".+" if each["name"] == "rollup" else ".*")


def test_scopes_are_offered_whatever_environment_is_chosen_for_watermarks_carry_none(dashboard):
    offered = {each["name"]: each.get("definition") for each in dashboard["templating"]["list"]}

    assert offered.get("repo") in {
        None,
        'label_values(quarterdeck_counted_until_timestamp_seconds{instance=~"$instance"}, repo)',
    }


def test_every_variable_is_used_and_every_used_one_exists(dashboard):
    named = {each["name"] for each in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z_]+)", json.dumps([each.get("targets") for each in dashboard["panels"]])))

    assert used == named


def test_every_dashboard_says_whether_data_is_simulated_or_not_measured(dashboard):
    first = {each["title"]: each for each in panels(dashboard)[:5]}

    assert "SIMULATED DATA" in json.dumps(first["Simulated data"]["fieldConfig"]["defaults"]["mappings"])
    assert 'simulated="true"' in first["Simulated data"]["targets"][0]["expr"]
    assert "quarterdeck_basis_info" in first["Not measured"]["targets"][0]["expr"]


def test_legends_name_labels_that_the_query_keeps(dashboard):
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            named = set(re.findall(r"\{\{([a-z_]+)\}\}", target["legendFormat"]))
            kept = {each.strip() for by in re.findall(r"by \(([^)]*)\)", target["expr"]) for each in by.split(",")}
            assert named <= kept, panel["title"]


def test_instant_queries_feed_numbers_and_range_queries_graphs(dashboard):
    instant = {"stat", "bargauge", "table"}
    for panel in panels(dashboard):
        for target in panel.get("targets", ()):
            assert target["instant"] is (panel["type"] in instant)
            assert target["range"] is not target["instant"]
            assert (target["format"] == "table") is (panel["type"] == "table")


def test_bars_stand_as_wide_as_what_they_count(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "timeseries" and panel["fieldConfig"]["defaults"]["custom"]["drawStyle"] == "bars":
            (span,) = {re.search(r"\[(\w+)\]", each["expr"]).group(1) for each in panel["targets"]}
            assert parse_duration(panel["interval"]) == {"59m59s": 3600, "23h59m59s": 86_400}[span]
            assert panel["maxDataPoints"] == 3000


@CLASSIC
def test_the_models_of_grafana_lose_no_key(dashboard):
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    back = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))

    assert list(lost(dashboard, back)) == []


@CLASSIC
def test_the_round_trip_tells_a_misspelt_key():
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    wrong = json.loads(json.dumps(of("grafana")["executive"]))
    panels(wrong)[1]["targets"][0]["exprr"] = "1"
    panels(wrong)[1]["options"]["colourMode"] = "none"
    back = json.loads(json.dumps(Dashboard.from_json(wrong), cls=JSONEncoder))

    assert sorted(each.split(".")[-1] for each in lost(wrong, back)) == ["colourMode", "exprr"]


def test_the_five_dashboards_differ_in_range_and_audience():
    found = of("grafana")

    assert {slug: found[slug]["time"]["from"] for slug in HAND_MADE} == {
        "executive": "now-30d",
        "platform-health": "now-24h",
        "developer": "now-7d",
        "collectors": "now-24h",
        "operations": "now-24h",
    }
    assert len({found[slug]["description"].split(" For ")[-1] for slug in HAND_MADE}) == 5


def lost(given, back, path="$"):
    """The paths at which `back` has not what was given."""
    if isinstance(given, dict) and isinstance(back, dict):
        for key, value in given.items():
            if key in back:
                yield from lost(value, back[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(given, list) and isinstance(back, list) and len(given) == len(back):
        for i, (one, other) in enumerate(zip(given, back, strict=True)):
            yield from lost(one, other, f"{path}[{i}]")
    elif given != back:
        yield path


def test_counts_are_shown_as_whole_numbers_and_nothing_else_is_cut(dashboard):
    for panel in panels(dashboard):
        counts = [":events{" in each["expr"] for each in panel.get("targets", ())]
        if panel["type"] == "table":
            by_column = {
                override["matcher"]["options"]: {each["id"]: each["value"] for each in override["properties"]}
                for override in panel["fieldConfig"]["overrides"]
            }
            renamed = panel["transformations"][1]["options"]["renameByName"]
            whole = ["decimals" in by_column[name] for _, name in sorted(renamed.items())]
            shares = ["/" in each["expr"] for each in panel["targets"]]
            assert whole == [count and not share for count, share in zip(counts, shares, strict=True)], panel["title"]
        elif "targets" in panel and "decimals" in panel["fieldConfig"]["defaults"]:
            assert all(counts), panel["title"]


def test_a_tables_empty_cells_are_no_zeros_and_no_sentences(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "table":
            blanks = {
                override["matcher"]["options"]
                for override in panel["fieldConfig"]["overrides"]
                if {"id": "noValue", "value": "–"} in override["properties"]
            }
            options = panel["transformations"][1]["options"]
            assert blanks == {*options["renameByName"].values(), *options["indexByName"]}
