"""What is rendered from the specs: only what exists, complete, and the same every time."""

import json
import re

import pytest
import yaml

from collectors import COLLECTORS
from common.errors import ConfigError
from common.sinks.pushgateway.stored import WATERMARK, WATERMARK_METRIC
from dashboards.catalogue import catalogue_json
from dashboards.rules.build import ALERTS, RULES, Expected, rendered, rule_files
from dashboards.rules.coverage import alerts, recorded, untested, unused
from dashboards.rules.runbooks import DOCS, END, SECTIONS, pages, specs
from tests.dashboards.rendered import EVERYWHERE, selectors

SLUGS = {"executive", "platform-health", "developer", "collectors", "operations"}
CATALOGUE = json.loads(catalogue_json(COLLECTORS))
FOREIGN = {"up", "push_time_seconds", "push_failure_time_seconds"}
WORDS = frozenset((
    "sum", "count", "min", "max", "group", "by", "without", "and", "or", "unless", "on", "ignoring", "offset", "bool",
    "abs", "absent", "time", "vector", "label_replace", "last_over_time", "sum_over_time", "avg_over_time",
    "min_over_time", "max_over_time",
))  # fmt: skip


def rules(content):
    return [rule for group in yaml.safe_load(content)["groups"] for rule in group["rules"]]


def series_of(expression):
    """The names of series in an expression: what is neither a label, a value, a span nor a word of PromQL."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\b(by|without|on|ignoring) \([^)]*\)", "", bare)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|offset \d+[smhdw]", "", bare)
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)) - WORDS


def expressions(files):
    return [rule["expr"] for path in (RULES, ALERTS) for rule in rules(files[path])]


def test_rendering_twice_gives_the_same_bytes(rendered_files):
    rendered.cache_clear()
    assert rule_files(COLLECTORS) == rendered_files


def test_every_series_in_an_expression_exists(rendered_files):
    known = {each["prometheus"] for each in CATALOGUE["metrics"].values()} | set(CATALOGUE["series"].values())
    known |= {*recorded(rendered_files), "collector:quarterdeck_expected:bool"} | FOREIGN
    assert {name for each in expressions(rendered_files) for name in series_of(each)} - known == set()


def test_a_misspelt_metric_ends_the_build():
    text = json.dumps(CATALOGUE).replace('"collector.run.gap"', '"collector.run.gaps"')
    with pytest.raises(ConfigError, match=r"no metric is called collector\.run\.gap"):
        rendered(text, (), "")


def test_a_value_that_a_tag_does_not_have_ends_the_build():
    text = json.dumps(CATALOGUE).replace('"partial"', '"parted"')
    with pytest.raises(ConfigError, match=r"collector\.run\.outcome has no outcome=partial"):
        rendered(text, (), "")


def test_nothing_reads_a_rate_of_totals(rendered_files):
    assert [each for each in expressions(rendered_files) if re.search(r"\b(rate|increase|irate|delta)\(", each)] == []


def test_only_whether_something_holds_is_averaged(rendered_files):
    averaged = {
        name for each in expressions(rendered_files) for name in re.findall(r"avg[a-z_]*[ (]+([a-zA-Z_:]+)", each)
    }
    assert averaged == {"collector_shard:collector_run_fresh:bool", "github_default_branch_passing"}


def test_only_what_adds_up_is_summed_and_nothing_is_divided_by_how_many(rendered_files):
    about = rendered(catalogue_json(COLLECTORS), (), "")["series"]
    metrics = {each["prometheus"]: each for each in CATALOGUE["metrics"].values()}
    summed = r"\b(sum|count)(?: (?:by|without) \([^)]*\))? ?\((?:label_replace\()?([a-zA-Z_:][\w:]*)\{?"
    for expression in expressions(rendered_files):
        for operator, name in re.findall(summed, expression):
            assert operator == "sum", expression
            if name in about:
                assert about[name]["stat"] in {"events", "count"}, expression
            elif name in metrics:
                assert metrics[name]["kind"] == "gauge", expression
                assert metrics[name]["unit"].startswith("{"), expression


def test_a_series_is_selected_by_labels_and_values_that_it_has(rendered_files):
    about = rendered(catalogue_json(COLLECTORS), (), "")["series"]
    metrics = {each["prometheus"]: each for each in CATALOGUE["metrics"].values()}
    metrics |= {name: CATALOGUE["metrics"][each["metric"]] for name, each in about.items()}
    anywhere = EVERYWHERE | {"quantile"}
    for expression in expressions(rendered_files):
        for each in selectors(expression):
            tags = metrics[each.name]["tags"] if each.name in metrics else {}
            if each.name in metrics:
                assert each.labels.keys() <= tags.keys() | anywhere, expression
            for label, value in each.labels.items():
                if tags.get(label):
                    assert set(value.split("|")) <= {*tags[label], ""}, expression


def test_there_are_enough_recording_rules_and_each_is_used(rendered_files):
    from dashboards.build import renders

    assert len(recorded(rendered_files)) >= 25
    assert unused(rendered_files, [content.decode() for content in renders(COLLECTORS).values()]) == []


def test_an_unused_recording_rule_is_named(rendered_files):
    found = unused(rendered_files, [])
    assert "repo_change:git_code_lines:events" in found
    assert "collector_shard:collector_run_stale:ratio45m" not in found


def test_what_is_read_as_an_instant_is_recorded_more_often_than_prometheus_looks_back(rendered_files):
    intervals = {group["name"]: group["interval"] for group in yaml.safe_load(rendered_files[RULES])["groups"]}
    slow = {name for name, interval in intervals.items() if interval not in ("1m", "4m")}
    # What these record is summed over time, or read by the rules that follow in the same evaluation.
    assert slow == {name for name in intervals if name.startswith("quarterdeck-events-")}


def test_every_alert_says_whose_it_is_and_what_to_do(rendered_files):
    for rule in rules(rendered_files[ALERTS]):
        assert set(rule["labels"]) == {"severity", "owner"}
        assert set(rule["annotations"]) == {"summary", "description", "action", "runbook_url", "dashboard_url"}
        assert all(rule["annotations"].values()), rule["alert"]
        assert rule["annotations"]["dashboard_url"].rpartition("/quarterdeck-")[2] in SLUGS


def test_every_alert_has_a_runbook_where_its_address_points(rendered_files):
    for rule in rules(rendered_files[ALERTS]):
        path = DOCS / "runbooks" / rule["annotations"]["runbook_url"].rpartition("/")[2]
        written = path.read_text("utf-8").partition(END)[2]
        parts = re.split(r"^(## .+)$", written, flags=re.MULTILINE)
        assert tuple(parts[1::2]) == SECTIONS, rule["alert"]
        assert all(part.strip() for part in parts[2::2]), rule["alert"]


def test_no_runbook_is_left_of_an_alert_that_is_gone(rendered_files):
    assert {path.stem for path in (DOCS / "runbooks").glob("*.md")} == set(alerts(rendered_files))


def test_the_generated_parts_of_the_docs_are_up_to_date():
    assert [path.name for path, text in pages(COLLECTORS) if path.read_text("utf-8") != text] == []


def test_an_alert_has_a_monitor_or_says_why_not(rendered_files):
    monitored = {path.rpartition("/")[2].removesuffix(".json") for path in rendered_files if "monitors/" in path}
    for each in specs(COLLECTORS):
        assert (each.name in monitored) == (each.unmonitored is None)
        assert (each.monitor is None) == (each.unmonitored is not None)


def test_every_rule_is_tested(rendered_files):
    assert untested(rendered_files) == []


def test_a_rule_without_a_test_is_named(rendered_files):
    fewer = {path: content for path, content in rendered_files.items() if not path.endswith("gateway.test.yaml")}
    found = untested(fewer)
    assert "PushgatewayDown fires in no test" in found
    assert "PushgatewayDown is silent in no test" in found
    without = {path: content for path, content in fewer.items() if not path.endswith("freshness.test.yaml")}
    assert "collector_shard:collector_run_fresh:bool is recorded, and no test asserts a value of it" in untested(
        without
    )


def test_the_notes_read_a_scopes_time_as_the_sink_writes_it(rendered_files):
    (step, *_) = rules(rendered_files[RULES])
    assert step["expr"].startswith(
        f'max without (pod) ({WATERMARK}{{{WATERMARK_METRIC}="",repo!=""}}) - ignoring (counted)'
    )


def test_alerts_link_to_the_grafana_that_is_named():
    (first, *_) = rules(rule_files(COLLECTORS, dashboards="https://grafana.example/")[ALERTS])
    assert first["annotations"]["dashboard_url"] == "https://grafana.example/d/quarterdeck-developer"


def test_the_collectors_that_should_be_there_are_recorded():
    files = rule_files(COLLECTORS, (Expected("prod", "git"), Expected("prod", "github")))
    found = [rule for rule in rules(files[RULES]) if rule["record"] == "collector:quarterdeck_expected:bool"]
    assert found == [
        {"record": "collector:quarterdeck_expected:bool", "expr": "vector(1)", "labels": labels}
        for labels in ({"collector": "git", "instance": "prod"}, {"collector": "github", "instance": "prod"})
    ]
