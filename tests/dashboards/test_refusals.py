"""What is misspelt, or would mean nothing, ends the build and says why."""

from __future__ import annotations

import pytest

from common.errors import ConfigError
from dashboards.jsonnet import ROOT, evaluate
from tests.dashboards.rendered import jsonnet

HEAD = "local q = import 'lib/query.libsonnet'; local v = import 'lib/view.libsonnet'; "
SEVERAL = "numbers of several series cannot be made one; add to `by`"
EMPTY = """{"metrics": {}, "own": {}, "quantiles": {}, "series": {}, "jobs": {}, "datadog_statistics": []}"""
DATADOG = "(import 'lib/datadogql.libsonnet').asked({}, {{ datadogSelectors: [], variables: [] }}, 'a')"


def refused(snippet):
    with pytest.raises(ConfigError) as caught:
        jsonnet(HEAD + snippet)
    return str(caught.value).split("RUNTIME ERROR: ")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("q.sum('github.pull_request.opne').by", "no metric is called github.pull_request.opne"),
        (
            "q.sum('github.pull_request.open', ['repository']).metric",
            "github.pull_request.open has no tag repository; it has author, draft, repo",
        ),
        ("q.sum('github.pull_request.open', [], { draft: 'no' }).metric", "github.pull_request.open has no draft=no"),
        (
            "q.sum('github.pull_request.open', [], { state: 'x' }).metric",
            "github.pull_request.open has no tag state; it has author, draft, repo",
        ),
        (
            "q.sum('github.pull_request.review_coverage')",
            "sum of github.pull_request.review_coverage: its unit is 1, which does not add up",
        ),
        (
            "q.sum('github.pull_request.median_open_age')",
            "sum of github.pull_request.median_open_age: its unit is s, which does not add up",
        ),
        (
            "q.sum('github.contributor.active', ['author'])",
            "sum of github.contributor.active: its scopes do not add up; add repo to `by`",
        ),
        (
            "q.quantile('delivery.lead_time', 'p50', ['repo'])",
            f"quantile of delivery.lead_time: {SEVERAL}: environment, proxy",
        ),
        (
            "q.value('github.workflow_run.success_ratio', ['repo'], { branch: 'default' })",
            f"value of github.workflow_run.success_ratio: {SEVERAL}: workflow",
        ),
        ("q.quantile('delivery.lead_time', 'p42')", "p42 of delivery.lead_time is not kept"),
        ("q.sum('github.pull_request.merged')", "sum of github.pull_request.merged: it is a count"),
        ("q.count('github.pull_request.open', '7d')", "count of github.pull_request.open: it is a gauge"),
        ("q.oldest('github.pull_request.open')", "oldest of github.pull_request.open: it is no time"),
        ("q.untrue('github.pull_request.open')", "untrue of github.pull_request.open: it is no bool"),
        (
            "q.ofRollups(q.count('github.pull_request.merged', '7d'))",
            "count of github.pull_request.merged: rollups have none, add the scopes up",
        ),
        (
            "v.stat('Open', { query: q.sum('github.pull_request.open'), thresholds: { warn: 1, bad: 2 } })",
            "Open: its metric has no better direction, so nothing can be coloured",
        ),
        (
            DATADOG.format("q.quantile('delivery.lead_time', 'p99')"),
            "Datadog is not sent p99 of delivery.lead_time unless the settings say so",
        ),
    ],
)
def test_a_query_that_cannot_be_right_ends_the_build(asked, message):
    assert refused(asked) == message


def test_a_panel_of_two_spans_has_no_time_of_its_own_in_datadog():
    asked = "[q.count('github.pull_request.merged', each) for each in ['1d', '7d']]"

    assert refused(f"(import 'lib/datadogql.libsonnet').span({asked})") == "one panel counts over 1d and 7d"


def test_a_file_outside_of_the_folder_is_not_read():
    with pytest.raises(ConfigError, match=r"\.\./pyproject\.toml lies outside of dashboards/"):
        jsonnet("importstr '../pyproject.toml'")


def test_the_error_names_the_view():
    with pytest.raises(ConfigError, match=r"dashboards\.jsonnet: RUNTIME ERROR: no metric is called "):
        evaluate("dashboards.jsonnet", {"catalogue.json": EMPTY})


def test_the_evaluator_is_named_where_it_is_not_installed(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "_gojsonnet", None)
    with pytest.raises(
        ConfigError, match=r"dashboards need gojsonnet; install it with: pip install 'quarterdeck\[dashboards\]'"
    ):
        evaluate("lib/layout.libsonnet", {})


def test_every_jsonnet_file_is_below_the_folder_that_is_packaged():
    assert {path.suffix for path in ROOT.rglob("*sonnet")} == {".jsonnet", ".libsonnet"}
