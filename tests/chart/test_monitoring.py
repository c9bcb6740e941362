"""Dashboards, rules and the ServiceMonitor, from whatever files the chart was packaged with."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess

import pytest
import yaml

from tests.chart.helm import CHART, CI, HelmError, Release, named, of_kind, run_helm, template
from tests.parts.process import part

(VALUES,) = (path for path in CI if path.stem == "monitoring-values")
RULES = """\
groups:
  - name: quarterdeck
    rules:
      - alert: Stale
        expr: up == 0
        annotations: {summary: "{{ $labels.collector }} is silent for {{ $value | humanizeDuration }}"}
"""


@pytest.fixture
def chart(tmp_path):
    """A copy of the chart with files that a test writes."""
    folder = tmp_path / "quarterdeck"
    shutil.copytree(CHART, folder)
    shutil.rmtree(folder / "files", ignore_errors=True)
    (folder / "files" / "grafana").mkdir(parents=True)
    (folder / "files" / "rules").mkdir()
    return folder


def test_each_dashboard_is_a_configmap_as_it_is(chart):
    text = json.dumps({"title": 'Über {{repo}} "quoted"', "panels": [{"legendFormat": "{{ repo }}"}]}, indent=2) + "\n"
    for name in ("executive", "platform-health"):
        (chart / "files/grafana" / f"{name}.json").write_text(text, "utf-8")
    found = [
        each
        for each in of_kind(template(VALUES, release=Release(chart=chart)), "ConfigMap")
        if "dashboard" in each["metadata"]["name"]
    ]

    assert [each["metadata"]["name"] for each in found] == [
        "quarterdeck-dashboard-executive",
        "quarterdeck-dashboard-platform-health",
    ]
    for each in found:
        ((_, content),) = each["data"].items()
        assert json.loads(content) == json.loads(text)
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert each["metadata"]["annotations"] == {"grafana_folder": "Delivery"}
        assert each["metadata"]["namespace"] == "grafana"


def test_a_dashboard_too_large_for_a_configmap_is_refused(chart):
    (chart / "files/grafana/large.json").write_text(json.dumps(["x" * 1_000_000]))

    with pytest.raises(HelmError, match=r"files/grafana/large\.json has 1000004 bytes, and a ConfigMap holds 1 MiB"):
        template(VALUES, release=Release(chart=chart))


def test_the_rules_are_a_prometheusrule_as_they_are(chart):
    (chart / "files/rules/quarterdeck.rules.yaml").write_text(RULES)
    rule = named(template(VALUES, release=Release(chart=chart)), "PrometheusRule", "quarterdeck")

    assert rule["spec"] == yaml.safe_load(RULES)
    assert rule["metadata"]["labels"]["release"] == "prometheus"


def test_prometheus_is_told_which_collectors_to_expect(chart):
    (expected,) = of_kind(template(VALUES, release=Release(chart=chart)), "PrometheusRule")
    labels = {"collector": "github", "instance": "metrics/quarterdeck"}

    assert expected["spec"]["groups"] == [
        {
            "name": "quarterdeck-expected-metrics-quarterdeck",
            "interval": "1m",
            "rules": [{"record": "collector:quarterdeck_expected:bool", "expr": "vector(1)", "labels": labels}],
        }
    ]


def test_the_rules_read_what_the_release_records(tmp_path):
    rules = of_kind(template(VALUES), "PrometheusRule")
    for number, each in enumerate(rules):
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump(each["spec"]), "utf-8")
    files = [str(path) for path in sorted(tmp_path.glob("*.yaml"))]
    done = subprocess.run(
        (str(part("promtool")), "check", "rules", *files), capture_output=True, text=True, check=False
    )

    assert len(files) == 2
    assert "collector:quarterdeck_expected:bool" in (CHART / "files/rules/quarterdeck.rules.yaml").read_text("utf-8")
    assert (done.returncode, done.stderr) == (0, "")


def test_alerts_link_to_the_grafana_that_is_there():
    own = ("--set", "monitoring.rules.grafanaUrl=https://grafana.example.com/delivery")
    rule = named(template(VALUES, options=own), "PrometheusRule", "quarterdeck")
    links = [
        each["annotations"]["dashboard_url"]
        for group in rule["spec"]["groups"]
        for each in group["rules"]
        if "alert" in each
    ]

    assert links
    assert [link for link in links if not link.startswith("https://grafana.example.com/delivery/d/quarterdeck-")] == []


def test_a_chart_without_files_says_so(chart):
    objects = template(VALUES, release=Release(chart=chart))
    client = ("install", "rel", str(chart), "--dry-run=client", "-f", str(VALUES))
    notes = run_helm("helm4", *client).split("NOTES:\n")[1]

    assert [each["metadata"]["name"] for each in of_kind(objects, "PrometheusRule")] == ["quarterdeck-expected"]
    assert [each for each in of_kind(objects, "ConfigMap") if "dashboard" in each["metadata"]["name"]] == []
    assert "packaged without rules" in notes
    assert "packaged without dashboards" in notes


def test_the_release_fits_into_the_secret_that_helm_keeps_it_in(tmp_path):
    run_helm("helm4", "package", str(CHART), "--destination", str(tmp_path))
    (archive,) = tmp_path.glob("*.tgz")
    manifest = gzip.compress(yaml.safe_dump_all(template(VALUES)).encode())

    # Helm packs both together and writes them as base64.
    assert (archive.stat().st_size + len(manifest)) * 4 / 3 < 700_000


def test_the_pushgateway_is_scraped_with_its_own_labels(chart):
    (monitor,) = of_kind(template(VALUES, release=Release(chart=chart)), "ServiceMonitor")

    (endpoint,) = monitor["spec"]["endpoints"]
    # The job by which the rules know it.
    assert endpoint.pop("relabelings") == [{"targetLabel": "job", "replacement": "pushgateway"}]
    assert endpoint == {"port": "http", "interval": "30s", "honorLabels": True}
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["monitoring"]}
    assert monitor["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus-pushgateway"}


def test_the_files_of_this_chart_fit_into_configmaps():
    objects = template(VALUES)
    sizes = [len(text.encode()) for each in of_kind(objects, "ConfigMap") for text in each["data"].values()]

    assert max(sizes, default=0) < 1024 * 1024
    assert len(of_kind(objects, "ServiceMonitor")) == 1
