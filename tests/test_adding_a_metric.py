"""Adding a metric edits two files by hand, its module and its test: everything else follows from the definition."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest

from collectors.git.collector import GitCollector
from common.catalog import entry
from common.metric import Kind, metric, point
from common.naming import prometheus_name
from common.sinks import Batch, RunKey
from common.sinks.datadog.metadata import metadata_of
from common.sinks.datadog.series import Options, encode
from common.sinks.pushgateway.exposition import render
from common.sinks.pushgateway.merge import families_of
from common.sinks.pushgateway.stored import Stored
from tests.samples import NOON, sample_of

GENERATOR = Path(__file__).resolve().parents[1] / "docs/generate.py"


@metric("git.commit.lonely", unit="{commit}", kind=Kind.COUNT, tags={"mood": ("sad", "fine")}, better="lower")
def lonely(snapshot):
    """Commits that nobody looked at. Defined here and nowhere else."""
    for commit in snapshot.commits:
        yield point(1, at=commit.landed, id=commit.sha, mood="sad")


@pytest.fixture
def added(monkeypatch):
    """The metrics of a collector with one more module, as the module alone would bring it."""
    module = types.ModuleType("metrics_of_tomorrow")
    module.lonely = lonely
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(GitCollector, "modules", (*GitCollector.modules, module.__name__))
    return {each.name: each for each in GitCollector.metrics()}


def test_the_collector_finds_it(added):
    assert added["git.commit.lonely"] is lonely


def test_docs_and_catalogue_hold_it(added):
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    entries = [entry(each, "repo") for each in added.values()]

    row = "| `git.commit.lonely` | count | `{commit}` | `repo`, `mood` (sad, fine) | Commits that nobody looked at. |"
    assert row in generate.metrics_page(entries)
    assert row in generate.collector_page("<!-- metrics -->\n<!-- /metrics -->", entries)


def test_both_sinks_carry_it(added):
    sample = sample_of(added["git.commit.lonely"])
    batch = Batch(RunKey("test", "git"), NOON, NOON, (sample,), tuple(added.values()), scope_tag="repo")
    text = render(families_of(batch, Stored(), Stored())).decode()
    series = b"".join(each.json for each in encode([sample], Options(NOON, NOON - 3000)).texts)

    assert f"# TYPE {prometheus_name(lonely)} counter" in text
    assert b'"metric":"git.commit.lonely"' in series


def test_datadog_learns_what_it_means(added):
    (known,) = metadata_of([entry(added["git.commit.lonely"], "repo")], ["p50"])

    assert (known.name, known.type, known.unit) == ("git.commit.lonely", "count", "commit")
    assert known.description == "Commits that nobody looked at."
