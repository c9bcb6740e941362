"""`deploy/compose`: every file held against a schema or the program that reads it, and an alert from end to end."""

import json
import re
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import jsonschema
import pytest
import requests
import yaml

from collectors import COLLECTORS
from dashboards.build import chart_files
from dashboards.rules.build import ALERTMANAGER
from tests.parts import alertmanager, pushgateway
from tests.parts.alertmanager import amtool, promtool
from tests.parts.process import Process, free_port, part, until
from tests.parts.prometheus import instant_query, is_ready

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose"
STACK = yaml.safe_load((COMPOSE / "compose.yaml").read_bytes())
SERVICES = STACK["services"]
STANDING = {name: each for name, each in SERVICES.items() if "profiles" not in each}


def test_the_compose_file_is_as_its_specification_says():
    said = subprocess.run([part("compose-schema")], capture_output=True, check=True).stdout
    # The schema is older than the project's name at the top.
    stack = {key: value for key, value in STACK.items() if key != "name"}
    assert [error.message for error in jsonschema.Draft201909Validator(json.loads(said)).iter_errors(stack)] == []


def test_every_image_is_pinned_and_every_standing_service_is_checked_and_keeps_its_data():
    assert set(STANDING) == {"pushgateway", "prometheus", "alertmanager", "grafana"}
    for name, each in STANDING.items():
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", each["image"]), name
        assert each["healthcheck"]["test"][0] == "CMD"
        assert each["restart"] == "unless-stopped"
        assert any(volume.startswith(f"{name}:") for volume in each["volumes"]), name
    assert set(STACK["volumes"]) == set(STANDING)


def test_the_one_shot_service_starts_only_when_asked():
    (name,) = set(SERVICES) - set(STANDING)
    assert SERVICES[name]["profiles"] == ["collect"]
    assert SERVICES[name]["read_only"] is True
    assert "restart" not in SERVICES[name]


def test_nothing_listens_beyond_this_machine_and_nothing_is_privileged():
    for each in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", []))
        assert each["cap_drop"] == ["ALL"]
        assert "privileged" not in each


def test_there_is_no_secret_in_it():
    text = "".join(path.read_text("utf-8") for path in COMPOSE.glob("*.yaml"))
    assert re.findall(r"(?i)password|secret|token|api_?key", re.sub(r"#.*", "", text)) == []


def test_what_is_mounted_is_there():
    mounted = [volume.split(":")[0] for each in SERVICES.values() for volume in each["volumes"]]
    paths = [path for path in mounted if path.startswith(".")]
    assert len(paths) == 6
    assert [path for path in paths if not (COMPOSE / path).exists()] == []


def test_alertmanagers_file_is_the_rendered_one(rendered_files):
    assert (COMPOSE / "alertmanager.yaml").read_bytes() == rendered_files[ALERTMANAGER]
    assert amtool("check-config", str(COMPOSE / "alertmanager.yaml"))[0] == 0


def test_promtool_takes_prometheus_file_with_the_rules_that_are_mounted(tmp_path):
    config = lay_out(tmp_path)
    code, said = promtool("check", "config", str(config))
    assert code == 0, said
    assert "SUCCESS: 1 rule files found" in said


def lay_out(folder, replaced=()):
    """The files as the compose file mounts them, with texts replaced; the path of Prometheus' own."""
    rules = folder / "rules"
    rules.mkdir()
    for path, content in chart_files(COLLECTORS).items():
        if path.startswith("rules/"):
            (folder / path).write_bytes(content)
    (folder / "prometheus.yaml").write_bytes((COMPOSE / "prometheus.yaml").read_bytes())
    for path in (folder / "prometheus.yaml", *rules.iterdir()):
        text = path.read_text("utf-8")
        for old, new in replaced:
            text = re.sub(old, new, text)
        path.write_text(text, "utf-8")
    return folder / "prometheus.yaml"


def health(gateway, now):
    """What a collector that failed in every run since two hours ago left in the gateway."""
    text = (
        "# TYPE collector_run_last_success_timestamp_seconds gauge\n"
        f"collector_run_last_success_timestamp_seconds {now - 7200:.0f}\n"
        "# TYPE collector_run_last_run_timestamp_seconds gauge\n"
        f"collector_run_last_run_timestamp_seconds {now:.0f}\n"
        "# TYPE collector_run_schedule_interval_seconds gauge\n"
        "collector_run_schedule_interval_seconds 900\n"
        "# TYPE collector_run_outcome gauge\n"
        'collector_run_outcome{outcome="failed"} 1\n'
    )
    address = f"{gateway.url}/metrics/job/quarterdeck-health/instance/compose/collector/git/shard/0"
    requests.put(address, data=text.encode(), timeout=10).raise_for_status()


@contextmanager
def prometheus(folder, gateway, told, replaced=()):
    """The address of a Prometheus that runs with the stack's files; only addresses and clocks are others."""
    with free_port() as port:
        address = f"127.0.0.1:{port}"
        others = [
            ("pushgateway:9091", gateway.url.removeprefix("http://")),
            ("alertmanager:9093", told.removeprefix("http://")),
            ("localhost:9090", address),
            (r"interval: \d+m", "interval: 1s"),
            (r"for: \d+[mhd]", "for: 0s"),
        ]
        command = [
            str(part("prometheus")),
            f"--web.listen-address={address}",
            f"--config.file={lay_out(folder, [*others, *replaced])}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
        ]
        process = Process(command, folder / "prometheus.log", lambda: is_ready(f"http://{address}/-/ready"))
        try:
            process.start()
            yield f"http://{address}"
        finally:
            process.stop()


@pytest.mark.slow
def test_a_stale_collector_is_told_to_alertmanager_and_then_that_the_gateway_is_down(tmp_path):
    with ExitStack() as stack:
        gateway = stack.enter_context(pushgateway.running(tmp_path))
        told = stack.enter_context(alertmanager.running(tmp_path, COMPOSE / "alertmanager.yaml"))
        url = stack.enter_context(prometheus(tmp_path, gateway, told.url))
        health(gateway, instant_query(url, "time()", None)[0].value)

        def stale():
            found = told.alerts()
            silenced = {name for name, each in found.items() if each["status"]["inhibitedBy"]}
            return found if "QuarterdeckCollectorFailing" in silenced else None

        found = until(stale, what="the alert", within=90)
        alert = found["QuarterdeckCollectorStale"]
        assert alert["labels"] == {
            "alertname": "QuarterdeckCollectorStale",
            "severity": "page",
            "owner": "platform",
            "job": "quarterdeck-health",
            "instance": "compose",
            "collector": "git",
            "shard": "0",
        }
        assert [each["name"] for each in alert["receivers"]] == ["page-platform"]
        assert alert["annotations"]["summary"].startswith("git (instance compose, shard 0) last succeeded 2h 0m")
        assert alert["annotations"]["runbook_url"].endswith("/docs/runbooks/QuarterdeckCollectorStale.md")
        assert "PushgatewayDown" not in found

        gateway.stop()
        found = until(lambda: seen if "PushgatewayDown" in (seen := told.alerts()) else None, within=60)
        assert [each["name"] for each in found["PushgatewayDown"]["receivers"]] == ["page-platform"]


def totals(gateway, until_, **runs):
    """What a run leaves in the gateway: how far it counted, and the totals of workflows."""
    lines = [
        "# TYPE quarterdeck_counted_until_timestamp_seconds gauge",
        f'quarterdeck_counted_until_timestamp_seconds{{repo="acme/a"}} {until_}',
        "# TYPE github_workflow_run_completed_total counter",
    ]
    for workflow, total in runs.items():
        tags = f'repo="acme/a",workflow="{workflow}",branch="default",conclusion="success"'
        lines.append(f"github_workflow_run_completed_total{{{tags}}} {total}")
    address = f"{gateway.url}/metrics/job/quarterdeck/instance/compose/collector/github/shard/0"
    requests.put(address, data="\n".join([*lines, ""]).encode(), timeout=10).raise_for_status()


@pytest.mark.slow
def test_a_gateway_that_is_lost_and_back_loses_no_event_that_was_counted(tmp_path, closed_url):
    recorded = "repo_branch_conclusion_workflow:github_workflow_run_completed"
    with ExitStack() as stack:
        gateway = stack.enter_context(pushgateway.running(tmp_path))
        url = stack.enter_context(prometheus(tmp_path, gateway, closed_url, [("offset 1m", "offset 1s")]))

        def run(until_, *lost, **runs):
            totals(gateway, until_, **runs)
            runs |= dict.fromkeys(lost, 0)
            query = f"shard_{recorded}:total"

            def noted():
                notes = {row.labels["workflow"]: row.value for row in instant_query(url, query, None)}
                return True if notes == runs else None

            until(noted, what=f"the notes {runs}", within=60)

        def counted():
            query = f"sum by (workflow) (sum_over_time({recorded}:events[1h]))"
            return {row.labels["workflow"]: row.value for row in instant_query(url, query, None)}

        run(900, ci=1000)
        run(1800, ci=1002)
        run(2700, ci=1002, release=1)
        assert counted() == {"ci": 2, "release": 1}
        gateway.stop()
        gateway.start()
        run(4500, "release", ci=0)
        run(5400, ci=3, release=4)
        assert counted() == {"ci": 5, "release": 5}
