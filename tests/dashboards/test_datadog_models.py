"""Datadog's dashboards through Datadog's own models, strictly, and their queries against what is submitted."""

from __future__ import annotations

import re

import pytest

from tests.dashboards.rendered import EVERYWHERE, SLUGS, asked, catalogue, jsonnet, metrics, of, queries, widgets

COLUMNS = 12
LIVE_SPANS = {"1d", "1w", "1mo"}


@pytest.fixture(params=SLUGS)
def dashboard(request):
    return of("datadog")[request.param]


def parsed(data):
    from datadog_api_client.configuration import Configuration
    from datadog_api_client.model_utils import validate_and_convert_types
    from datadog_api_client.v1.model.dashboard import Dashboard

    return validate_and_convert_types(data, (Dashboard,), ["dashboard"], True, True, Configuration())


def complaints(model, raw, path="$"):
    """What the models do not know at any depth: they take unknown keys and values without a word."""
    from datadog_api_client.model_utils import ModelComposed, ModelNormal, UnparsedObject

    if isinstance(model, UnparsedObject) or getattr(model, "_unparsed", False):
        yield f"{path} is not understood"
    if isinstance(model, ModelComposed):
        for each in model._composed_instances[:1]:
            yield from complaints(each, raw, path)
    elif isinstance(model, ModelNormal):
        names = {key: name for name, key in model.attribute_map.items()}
        for key, value in raw.items():
            if key in names:
                yield from complaints(model._data_store.get(names[key]), value, f"{path}.{key}")
            else:
                yield f"{path}.{key} is unknown"
    elif isinstance(model, list):
        for i, (one, other) in enumerate(zip(model, raw, strict=True)):
            yield from complaints(one, other, f"{path}[{i}]")


def test_datadogs_models_understand_every_key_and_value(dashboard):
    assert list(complaints(parsed(dashboard), dashboard)) == []


def test_a_wrong_key_or_value_is_told():
    from copy import deepcopy

    wrong = deepcopy(of("datadog")["executive"])
    wrong["widgets"][1]["definition"]["colour"] = "red"
    wrong["widgets"][2]["layout"]["heigth"] = 3
    found = list(complaints(parsed(wrong), wrong))

    assert found == ["$.widgets[1].definition.colour is unknown", "$.widgets[2].layout.heigth is unknown"]

    wrong = deepcopy(of("datadog")["executive"])
    widgets(wrong)[1]["definition"]["requests"][0]["response_format"] = "scalars"
    assert "$ is not understood" in list(complaints(parsed(wrong), wrong))


def test_widgets_stand_on_twelve_columns_without_overlap(dashboard):
    assert dashboard["reflow_type"] == "fixed"
    for level in (dashboard["widgets"], *(group["definition"]["widgets"] for group in dashboard["widgets"])):
        cells = [
            (x, y)
            for each in level
            for at in (each["layout"],)
            for x in range(at["x"], at["x"] + at["width"])
            for y in range(at["y"], at["y"] + at["height"])
        ]
        assert len(set(cells)) == len(cells)
        assert {x for x, _ in cells} == set(range(COLUMNS))


def test_a_group_is_as_high_as_what_it_holds(dashboard):
    for group in dashboard["widgets"]:
        inner = max(each["layout"]["y"] + each["layout"]["height"] for each in group["definition"]["widgets"])
        assert group["layout"]["height"] == inner + 1


def test_every_widget_has_a_title_and_says_what_it_is_and_what_nothing_means(dashboard):
    for widget in widgets(dashboard):
        if widget["definition"]["type"] != "note":
            assert widget["definition"]["title"]
            assert re.search(r"\n\nWithout data: .+\.$", widget["definition"]["description"])


def test_an_age_says_that_it_does_not_grow_while_nothing_runs(dashboard):
    times = {each["datadog"] for each in metrics().values() if each["unit"] == "unix"}
    for widget in widgets(dashboard):
        requests = widget["definition"].get("requests", ())
        read = {asked(query["query"]).metric for request in requests for query in request["queries"]}
        assert bool(read & times) == ("it does not grow" in widget["definition"].get("description", ""))


def test_each_dashboard_leads_to_the_others(dashboard):
    (note,) = [each["definition"] for each in widgets(dashboard) if each["definition"]["type"] == "note"]

    assert note["content"].endswith("[Other dashboards](/dashboard/lists?q=Quarterdeck)")


def test_every_query_reads_a_metric_that_is_submitted_by_tags_that_it_has():
    names = {}
    for metric in metrics().values():
        names[metric["datadog"]] = metric
        for statistic in catalogue()["datadog_statistics"] if metric["kind"] == "distribution" else ():
            names[f"{metric['datadog']}.{statistic}"] = metric
    for widget, text in queries():
        query = asked(text)
        assert query.metric in names, widget
        metric = names[query.metric]
        tags = set(metric["tags"]) | EVERYWHERE
        assert set(query.by) <= tags, widget
        if query.metric == metrics()["quarterdeck.basis"]["datadog"]:
            assert query.scope == ("*",), f"{widget}: it carries no tag of the settings"
            continue
        for each in query.scope:
            if each.startswith("$"):
                assert each[1:] in tags, widget
                continue
            tag, _, value = each.lstrip("!").partition(":")
            assert tag in tags, widget
            assert not metric["tags"].get(tag) or value in metric["tags"][tag], widget


def test_counts_are_added_up_as_counts_and_nothing_else_is():
    kinds = {metric["datadog"]: metric for metric in metrics().values()}
    for widget, text in queries():
        query = asked(text)
        metric = kinds.get(query.metric)
        assert query.count is (metric is not None and metric["kind"] == "count"), widget
        if query.aggregator == "sum" and not query.count:
            assert metric["unit"] in {"By", "USD", "bool"} or metric["unit"].startswith("{"), widget


def test_numbers_that_cannot_be_averaged_are_not_averaged_over_time_either():
    for widget, text in queries():
        query = asked(text)
        assert query.count or query.aggregator == "sum" or query.rollup in {"max", "min"}, widget


def test_variables_exist_and_are_used(dashboard):
    named = {each["name"] for each in dashboard["template_variables"]}
    used = {
        each[1:]
        for widget in widgets(dashboard)
        for request in widget["definition"].get("requests", ())
        for query in request["queries"]
        for each in asked(query["query"]).scope
        if each.startswith("$")
    }

    assert used == named


def test_numbers_over_a_span_say_so_to_datadog(dashboard):
    for widget in widgets(dashboard):
        requests = widget["definition"].get("requests", ())
        counts = [q for request in requests for q in request["queries"] if ".as_count()" in q["query"]]
        if counts and requests[0]["response_format"] == "scalar":
            assert widget["definition"]["time"]["live_span"] in LIVE_SPANS
            assert {each["aggregator"] for each in counts} == {"sum"}


def test_formulas_use_every_query_of_their_request(dashboard):
    for widget in widgets(dashboard):
        for request in widget["definition"].get("requests", ()):
            names = [each["name"] for each in request["queries"]]
            used = {name for each in request["formulas"] for name in re.findall(r"\b[a-z]\d\b", each["formula"])}
            assert used == set(names)
            assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", sorted(catalogue()["metrics"]))
def test_every_metric_is_on_a_dashboard(name):
    own = metrics()[name]["datadog"]
    shown = {asked(text).metric for _, text in queries()}

    assert shown & {own, f"{own}.p50", f"{own}.p95"}


@pytest.mark.parametrize(
    ("query", "text", "formula"),
    [
        (
            "q.sum('github.pull_request.open', ['repo'], { draft: 'false' })",
            ["sum:github.pull_request.open{$env,$repo,draft:false} by {repo}"],
            "a0",
        ),
        (
            "q.count('github.workflow_run.completed', '7d', [], { conclusion: ['success', 'failure'] })",
            ["sum:github.workflow_run.completed{$env,$repo,!conclusion:cancelled,!conclusion:other}.as_count()"],
            "a0",
        ),
        (
            "q.quantile('git.commit.time_to_land', 'p95')",
            ["max:git.commit.time_to_land.p95{$env,$repo,!rollup:*} by {repo}.rollup(max)"],
            "a0",
        ),
        (
            "q.oldest('github.pull_request.oldest_open')",
            ["max:github.pull_request.oldest_open_age{$env,$repo,!rollup:*}.rollup(max)"],
            "a0",
        ),
        (
            "q.level('collector.run.outcome', 'outcome', ['success', 'partial', 'failed'], ['collector'])",
            [
                "max:collector.run.outcome{$env,outcome:partial} by {collector}.rollup(max)",
                "max:collector.run.outcome{$env,outcome:failed} by {collector}.rollup(max)",
            ],
            "a0 + 2 * a1",
        ),
        (
            "q.share(q.count('git.commit.revert', '7d'), q.count('git.commit.landed', '7d'))",
            ["sum:git.commit.revert{$env,$repo}.as_count()", "sum:git.commit.landed{$env,$repo}.as_count()"],
            "default_zero(a0) / a1",
        ),
    ],
)
def test_a_query_for_datadog(query, text, formula):
    context = "{ datadogSelectors: ['env'], variables: ['repo'] }"
    found = jsonnet(
        f"local q = import 'lib/query.libsonnet'; (import 'lib/datadogql.libsonnet').asked({query}, {context}, 'a')"
    )

    assert [each["text"] for each in found["queries"]] == text
    assert found["formula"] == formula
