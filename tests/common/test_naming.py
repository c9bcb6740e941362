"""Names and units in each sink's own words: unique, and as promtool wants them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import COLLECTORS
from common import health
from common.cli.wiring import collector_class
from common.metric import Kind, Metric, metrics_in
from common.naming import datadog_name, datadog_tag, datadog_tag_value, datadog_unit, prometheus_name
from tests.common.test_metric import define
from tests.parts.process import part
from tests.parts.prometheus import Promtool

CASES = [
    ("test.time_to_merge", "s", Kind.DISTRIBUTION, "test_time_to_merge_seconds", "test.time_to_merge", "second"),
    ("test.commit", "{commit}", Kind.COUNT, "test_commit_total", "test.commit", "commit"),
    ("test.branch.open", "{branch}", Kind.GAUGE, "test_branch_open", "test.branch.open", None),
    ("test.size", "By", Kind.GAUGE, "test_size_bytes", "test.size", "byte"),
    ("test.sent", "By", Kind.CUMULATIVE, "test_sent_bytes_total", "test.sent", "byte"),
    ("test.failure_ratio", "1", Kind.GAUGE, "test_failure_ratio", "test.failure_ratio", "fraction"),
    ("test.coverage", "1", Kind.GAUGE, "test_coverage_ratio", "test.coverage", "fraction"),
    ("test.cost", "USD", Kind.COUNT, "test_cost_usd_total", "test.cost", "dollar"),
    ("test.last_run", "unix", Kind.GAUGE, "test_last_run_timestamp_seconds", "test.last_run_age", "second"),
    ("test.up", "bool", Kind.GAUGE, "test_up", "test.up", None),
]


def catalogue() -> list[Metric]:
    """Every metric of every collector, and those about the runs."""
    found = [each for name in COLLECTORS for each in collector_class(COLLECTORS, name, name).metrics()]
    return [*found, *metrics_in(health)]


@pytest.mark.parametrize(("name", "unit", "kind", "prometheus", "datadog", "datadog_unit_name"), CASES)
def test_names_and_units(name, unit, kind, prometheus, datadog, datadog_unit_name):
    made = define(name, unit=unit, kind=kind)

    assert (prometheus_name(made), datadog_name(made), datadog_unit(made)) == (prometheus, datadog, datadog_unit_name)


@pytest.mark.parametrize("naming", [prometheus_name, datadog_name])
def test_no_two_metrics_of_the_catalogue_share_a_name_in_a_sink(naming):
    of_name = {
        naming(each): {other.name for other in catalogue() if naming(other) == naming(each)} for each in catalogue()
    }

    assert {name: found for name, found in of_name.items() if len(found) > 1} == {}


def test_every_name_of_the_catalogue_is_one_that_the_sinks_take():
    for each in catalogue():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", prometheus_name(each))
        assert re.fullmatch(r"[a-z][a-z0-9_.]{0,199}", datadog_name(each))


def exposition(metrics: list[Metric]) -> str:
    """One sample of each, as the Pushgateway would show it."""
    lines = []
    for name, each in {prometheus_name(each): each for each in metrics}.items():
        kind = {Kind.GAUGE: "gauge", Kind.DISTRIBUTION: "summary"}.get(each.kind, "counter")
        lines += [f"# HELP {name} {each.description}", f"# TYPE {name} {kind}"]
        lines += [f"{name}_sum 1", f"{name}_count 1"] if kind == "summary" else [f"{name} 1"]
    return "\n".join(lines) + "\n"


def test_promtool_finds_nothing_in_the_catalogue():
    promtool = Promtool(part("promtool"))
    cases = [define(name, unit=unit, kind=kind) for name, unit, kind, *_ in CASES]

    assert promtool.check_metrics(exposition([*catalogue(), *cases])) == []
    assert promtool.check_metrics("# TYPE x_total gauge\nx_total 1\n") != []


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("main", "main"),
        ("Feature/ABC-1", "feature/abc-1"),
        ("a b  c", "a_b_c"),
        ("déjà", "déjà"),
        ("a\nb", "a_b"),
        ("x__y_", "x_y"),
        ("", "none"),
        ("!!!", "none"),
        ("x:", "x"),
        ("y" * 300, "y" * 200),
    ],
)
def test_tag_values_are_as_datadog_stores_them(text, stored):
    assert datadog_tag_value(text) == stored


@given(st.text(max_size=250))
def test_a_stored_tag_value_is_stored_as_it_is(text):
    once = datadog_tag_value(text)

    assert datadog_tag_value(once) == once
    assert 1 <= len(once) <= 200
    assert len(datadog_tag("repository", text)) <= 200
