"""Datadog's monitors: as its models describe them, over windows that hold enough runs, of metrics that exist."""

import json
import re

import pytest
from datadog_api_client.v1.model.monitor import Monitor

from collectors import COLLECTORS
from dashboards.catalogue import catalogue_json
from dashboards.rules.build import MONITORS, rule_files
from tests.servers.models import complaints

CATALOGUE = json.loads(catalogue_json(COLLECTORS))["metrics"]
SHOWN = {each["datadog"]: each for each in CATALOGUE.values()}
FORM = re.compile(
    r"(?P<time>min|max|sum)\(last_(?P<window>\w+)\):(?P<space>min|max|sum):(?P<metric>[\w.]+)"
    r"\{(?P<filter>[^}]+)\} by \{(?P<by>[\w,]+)\}(?P<count>\.as_count\(\))? (?P<op>[<>]=?) (?P<threshold>[\d.]+)"
)
MONITORED = {
    path.rpartition("/")[2]: json.loads(content)
    for path, content in rule_files(COLLECTORS).items()
    if path.startswith(MONITORS)
}


@pytest.fixture(params=sorted(MONITORED))
def monitor(request):
    return MONITORED[request.param]


def test_a_monitor_is_as_datadogs_models_describe_it(monitor):
    assert complaints(monitor, Monitor) == []


def test_a_misspelt_key_would_be_found():
    monitor = dict(next(iter(MONITORED.values())), querry="x")
    assert complaints(monitor, Monitor) != []


def test_a_query_reads_a_metric_and_tags_that_exist(monitor):
    found = FORM.fullmatch(monitor["query"])
    metric = SHOWN[found["metric"]]
    tags = {*metric["tags"], "collector", *(["instance"] if metric["scope"] == "collector" else [])}
    assert set(found["by"].split(",")) <= tags
    asked = dict(each.split(":") for each in found["filter"].split(" AND ") if each != "*")
    assert asked.keys() <= tags
    assert all(value in (metric["tags"][tag] or [value]) for tag, value in asked.items())
    assert bool(found["count"]) == (metric["kind"] == "count") == (found["time"] == "sum")
    assert float(found["threshold"]) == monitor["options"]["thresholds"]["critical"]


def test_a_window_holds_at_least_four_runs_and_is_never_asked_to_be_full(monitor):
    window = FORM.fullmatch(monitor["query"])["window"]
    assert int(window[:-1]) * {"h": 4, "d": 96, "w": 672}[window[-1]] >= 4
    assert monitor["options"]["require_full_window"] is False
    assert monitor["options"]["evaluation_delay"] == 900


def test_only_staleness_tells_of_silence():
    silent = {name for name, each in MONITORED.items() if each["options"]["notify_no_data"]}
    assert silent == {"QuarterdeckCollectorStale.json"}
    assert MONITORED["QuarterdeckCollectorStale.json"]["options"]["no_data_timeframe"] == 120


def test_a_monitor_says_whose_it_is_in_datadogs_words(monitor):
    assert [each.partition(":")[0] for each in monitor["tags"]] == ["managed-by", "alert", "severity", "owner"]
    assert "$" not in monitor["message"]
    named = set(re.findall(r"\{\{(\w+)\.name\}\}", monitor["message"]))
    assert named <= set(FORM.fullmatch(monitor["query"])["by"].split(","))
    assert "shard" not in re.sub(r"`[^`]*`|shards", "", monitor["message"])
    assert "/docs/runbooks/" in monitor["message"]


def test_a_monitor_that_knows_less_than_the_alert_is_not_called_by_the_alerts_title():
    assert MONITORED["DeliveryDeploymentsFail.json"]["name"] == "[Quarterdeck] Deployments fail"


def test_an_expected_text_is_given_whole():
    monitor = MONITORED["QuarterdeckBudgetLow.json"]
    assert monitor["query"] == ("min(last_1h):min:collector.api.budget_remaining{*} by {instance,collector,api} < 0.1")
    assert monitor["message"].startswith("In the last hour the rate limit of {{api.name}} was down to {{value}} after")
