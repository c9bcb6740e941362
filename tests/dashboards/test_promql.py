"""The queries of Grafana's panels: real PromQL, over what is submitted, and never an average of what has none."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from tests.dashboards.rendered import (
    EVERYWHERE,
    catalogue,
    expressions,
    grouped_by,
    jsonnet,
    metrics,
    names_in,
    of,
    panels,
    recorded,
    selectors,
    shown_as,
)

WITH_QUANTILES = {"quantile", "statistic"}


def owner(name):
    """The metric that a series in Prometheus is of."""
    for metric in metrics().values():
        if name in shown_as(metric["name"]):
            return metric
    raise AssertionError(f"{name} is of no metric")


def test_promtool_reads_every_expression(promtool, tmp_path):
    rules = [
        {"record": f"panel:{i}:value", "expr": re.sub(r"\$\w+", ".*", expression)}
        for i, (_, expression) in enumerate(expressions())
    ]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool.path, "check", "rules", path], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(rules)} rules found" in done.stdout


def test_every_series_is_one_that_is_submitted_or_recorded():
    known = {name for metric in metrics() for name in shown_as(metric)}
    unknown = {(panel, name) for panel, text in expressions() for name in names_in(text) if name not in known}

    assert unknown == set()


def test_every_label_is_one_that_the_series_has():
    for panel, text in expressions():
        labels = set()
        for each in selectors(text):
            metric = owner(each.name)
            own = set(metric["tags"]) | EVERYWHERE
            assert set(each.labels) <= own | WITH_QUANTILES, panel
            for label, value in each.labels.items():
                allowed = metric["tags"].get(label)
                if allowed and not value.startswith("$"):
                    assert set(value.split("|")) <= set(allowed), panel
            labels |= own
        assert grouped_by(text) <= labels, panel


def test_every_selector_takes_the_instance_and_environment_that_were_chosen():
    for panel, text in expressions():
        for each in selectors(text):
            assert each.labels["instance"] == "$instance", panel
            if owner(each.name) is metrics()["quarterdeck.basis"]:  # the sink gives it no tag of the settings
                assert each.labels.keys() == {"instance"}, panel
                continue
            overall = each.name in recorded() and owner(each.name)["scope"] not in recorded()[each.name]["by"]
            assert each.labels.get("env") == (None if overall else "$env"), panel


def test_nothing_is_averaged_and_no_rate_is_taken():
    for panel, text in expressions():
        called = set(re.findall(r"([a-z_]+)(?: by \([^)]*\) )?\(", text)) - {"by"}
        assert called <= {"count", "max", "min", "sum", "sum_over_time", "time", "topk"}, panel


def test_only_what_adds_up_is_summed():
    for panel, text in expressions():
        for name in re.findall(r"\bsum(?: by \([^)]*\) )?\(([a-zA-Z_:][\w:]*)\{", text):
            metric = owner(name)
            assert metric["kind"] == "gauge", panel
            assert metric["unit"] in {"By", "USD", "bool"} or metric["unit"].startswith("{"), panel


def test_a_sum_over_time_is_one_of_recorded_events():
    for panel, text in expressions():
        for name in re.findall(r"sum_over_time\(([a-zA-Z_:][\w:]*)", text):
            assert recorded()[name]["stat"] == "events", panel


def test_quantiles_keep_every_label_of_their_series():
    for panel, text in expressions():
        for each in selectors(text):
            if WITH_QUANTILES & each.labels.keys():
                fixed = {label for label, value in each.labels.items() if not value.startswith("$")}
                scope = owner(each.name)["scope"]
                wanted = set(owner(each.name)["tags"]) - fixed
                if each.name.endswith("_rollup"):
                    wanted = wanted - {scope} | {"rollup"}
                assert wanted <= grouped_by(text), panel


def test_the_verdicts_of_two_collectors_on_one_objective_stay_apart():
    for panel, text in expressions():
        if re.match(r"executive: (Objectives|Health of seven days) [A-Z]$", panel):
            assert grouped_by(text) == {"objective", "repo", "rollup", "collector"}, panel


def test_gauges_that_roll_up_are_told_apart_from_their_rollups():
    rolled = {
        each["prometheus"] for each in catalogue()["metrics"].values() if each["rolls_up"] and each["kind"] == "gauge"
    }
    for panel, text in expressions():
        for each in selectors(text):
            if each.name in rolled:
                assert each.labels.get("rollup") in {"", "$rollup"}, panel


@pytest.mark.parametrize("name", sorted(catalogue()["metrics"]))
def test_every_metric_is_on_a_dashboard(name):
    shown = {each for _, text in expressions() for each in names_in(text)}

    assert shown & shown_as(name)


def test_a_number_is_coloured_only_where_one_direction_is_better():
    for dashboard in of("grafana").values():
        for panel in panels(dashboard):
            if "targets" not in panel or len(panel["fieldConfig"]["defaults"]["thresholds"]["steps"]) < 3:
                continue
            shown = [owner(name) for name in names_in(panel["targets"][0]["expr"])]
            assert any(each["better"] or each["kind"] == "count" or "outcome" in each["tags"] for each in shown), panel[
                "title"
            ]


CHOSEN = '{instance=~"$instance", repo=~"$repo"'
OF_A_DAY = f"sum(sum_over_time(repo:git_commit_{{}}:events{{{CHOSEN}}}}}[23h59m59s]))"
ROLLED = '{instance=~"$instance", rollup!=""'
OUTCOME = 'max by (collector) (collector_run_outcome{instance=~"$instance", outcome='


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            "q.sum('github.pull_request.open', ['repo'], { draft: 'false' })",
            f'sum by (repo) (github_pull_request_open{CHOSEN}, draft="false"}})',
        ),
        (
            "q.count('github.commit.landed', '7d', ['author'])",
            f"sum by (author) (sum_over_time(repo_author:github_commit_landed:events{CHOSEN}}}[6d23h59m59s]))",
        ),
        (
            "q.quantile('git.commit.time_to_land', 'p95')",
            f'max by (repo) (git_commit_time_to_land_seconds{CHOSEN}, quantile="0.95"}})',
        ),
        (
            "q.ofRollups(q.quantile('git.commit.time_to_land', 'p95'))",
            f'max by (rollup) (git_commit_time_to_land_seconds_rollup{ROLLED}, statistic="p95"}})',
        ),
        (
            "q.ofRollups(q.value('github.pull_request.review_coverage'))",
            f"max by (rollup) (github_pull_request_review_coverage_ratio{ROLLED}}})",
        ),
        (
            "q.value('github.pull_request.review_coverage')",
            f'max by (repo) (github_pull_request_review_coverage_ratio{CHOSEN}, rollup=""}})',
        ),
        (
            "q.oldest('github.pull_request.oldest_open')",
            f'time() - min(github_pull_request_oldest_open_timestamp_seconds{CHOSEN}, rollup=""}})',
        ),
        (
            "q.untrue('github.workflow.passing')",
            f"count(github_workflow_passing{CHOSEN}}}) - sum(github_workflow_passing{CHOSEN}}})",
        ),
        (
            "q.level('collector.run.outcome', 'outcome', ['success', 'partial', 'failed'], ['collector'])",
            f'{OUTCOME}"partial"}}) + 2 * {OUTCOME}"failed"}})',
        ),
        (
            "q.highest(5, q.max('github.workflow_run.consecutive_failure', ['workflow']))",
            f"topk(5, max by (workflow) (github_workflow_run_consecutive_failure{CHOSEN}}}))",
        ),
        (
            "q.share(q.count('git.commit.revert', '1d'), q.count('git.commit.hotfix', '1d'))",
            f"({OF_A_DAY.format('revert')} or 0 * {OF_A_DAY.format('hotfix')}) / ({OF_A_DAY.format('hotfix')} > 0)",
        ),
        (
            "q.recorded('org:github_workflow_run_success:ratio7d', better='higher')",
            'max by (org) (org:github_workflow_run_success:ratio7d{instance=~"$instance"})',
        ),
    ],
)
def test_a_query_in_promql(asked, expected):
    context = "{ selectors: ['instance'], variables: ['repo'] }"
    found = jsonnet(
        f"local q = import 'lib/query.libsonnet'; (import 'lib/promql.libsonnet').expression({asked}, {context})"
    )

    assert found == expected
