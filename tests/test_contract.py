"""What holds for every collector and every metric, from the day they are added."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from collectors import COLLECTORS
from common.catalog import entry
from common.cli.listing import catalogue
from common.cli.wiring import collector_class
from common.metric import Kind
from common.naming import datadog_name, prometheus_name
from common.objectives import OBJECTIVES
from common.run import HEALTH
from common.sinks import Batch, RunKey
from common.sinks.pushgateway.exposition import render
from common.sinks.pushgateway.merge import families_of
from common.sinks.pushgateway.stored import Stored
from tests.samples import NOON, sample_of

ROOT = Path(__file__).resolve().parents[1]
CLASSES = {name: collector_class(COLLECTORS, name, name) for name in COLLECTORS}
METRICS = {metric.name: metric for known in CLASSES.values() for metric in known.metrics()}
EVERY = [*METRICS.values(), *HEALTH, *OBJECTIVES]
HEADINGS = ["What it reads", "Settings", "Rights", "Requests and cost", "Definitions", "Limits"]
by_name = pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.name)


@pytest.mark.parametrize("name", COLLECTORS)
def test_a_collector_keeps_its_name_scope_and_readme(name):
    known = CLASSES[name]
    headings = re.findall(r"^## (.+)$", (ROOT / "collectors" / name / "README.md").read_text(), re.MULTILINE)

    assert known.name == name
    assert re.fullmatch("[a-z_]+", known.scope)
    assert headings == HEADINGS


@pytest.mark.parametrize("name", COLLECTORS)
def test_every_metric_is_silent_or_zero_on_an_empty_snapshot(name):
    builders = importlib.import_module(f"tests.collectors.{name}.builders")
    values = {each.name: [point.value for point in each(builders.empty_snapshot())] for each in CLASSES[name].metrics()}

    assert {name: found for name, found in values.items() if any(found)} == {}


@by_name
def test_a_name_belongs_to_one_definition(metric):
    assert METRICS.get(metric.name, metric) is metric


def test_no_two_metrics_meet_in_a_sink():
    for translate in (prometheus_name, datadog_name):
        names = [translate(metric) for metric in EVERY]
        assert sorted(names) == sorted(set(names))


@by_name
def test_a_ratio_says_so(metric):
    if metric.unit == "1":
        assert prometheus_name(metric).endswith("_ratio")
        assert metric.kind is Kind.GAUGE


@by_name
def test_events_are_never_ratios_or_times(metric):
    if metric.kind.of_events:
        assert metric.unit not in {"1", "unix", "bool"}


def test_what_was_released_keeps_its_kind_and_unit():
    released = json.loads((ROOT / "docs/released.json").read_text())
    now = {each.name: {"kind": each.kind.value, "unit": each.unit} for each in EVERY}

    assert {name: now.get(name) for name in released["metrics"]} == released["metrics"]


def test_every_metric_passes_promtool(promtool):
    batch = Batch(RunKey("test", "every"), NOON, NOON, tuple(sample_of(metric) for metric in EVERY), tuple(EVERY))
    text = render(families_of(batch, Stored(), Stored())).decode()

    assert [metric.name for metric in EVERY if f"# TYPE {prometheus_name(metric)} " not in text] == []
    assert promtool.check_metrics(text) == []


def test_the_catalogue_holds_every_metric_once():
    assert [each.name for each in catalogue(COLLECTORS)] == sorted({metric.name for metric in EVERY})
    assert all(entry(metric, None).description.endswith(".") for metric in EVERY)
