"""An upgrade that takes away a collector or a shard: what they pushed leaves the Pushgateway, and nothing else does."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

import pytest
import requests
import yaml

from tests.chart.helm import ROOT, Release, given, jobs, named, of_kind, template

pytestmark = pytest.mark.slow
PRUNE = "quarterdeck-sinks-prune"
GITHUB = {"type": "github", "repositories": ["acme/*"]}


def values(url, **collectors):
    return {"settings": {"sinks": {"pushgateway": {"url": url}}}, "collectors": collectors}


def fill(url, instance, *keys):
    """Groups as runs leave them, of data and of health."""
    for collector, shard in keys:
        for job in ("quarterdeck", "quarterdeck-health"):
            path = f"/metrics/job/{job}/instance@base64/{encoded(instance)}/collector/{collector}/shard/{shard}"
            requests.put(url + path, data="x 1\n", timeout=5).raise_for_status()


def encoded(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def left(gateway):
    """What is in the gateway: (instance, collector, shard)."""
    return {tuple(each["labels"][name] for name in ("instance", "collector", "shard")) for each in gateway.groups()}


def run_as_told(objects, job, folder):
    """Run the command of a Job with its settings file, as its Pod would."""
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    (file,) = (each["value"] for each in container["env"] if each["name"] == "QUARTERDECK_CONFIG")
    (volume,) = (each["configMap"]["name"] for each in pod["volumes"] if each["name"] == "settings")
    settings = named(objects, "ConfigMap", volume)["data"][file.removeprefix("/etc/quarterdeck/")]
    (folder / "settings.yaml").write_text(settings)
    return subprocess.run(
        (sys.executable, "-m", "run_collector", *container["args"]),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "QUARTERDECK_CONFIG": str(folder / "settings.yaml")},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def after_upgrade(objects):
    """The Job that an upgrade starts at once, and the one of every day."""
    once = [(name, spec) for name, spec in jobs(of_kind(objects, "Job")) if not name.endswith("-leave")]
    daily = [(name, spec) for name, spec in jobs(of_kind(objects, "CronJob")) if name == PRUNE]
    assert [len(once), len(daily)] == [1, 1]
    assert once[0][1] == daily[0][1]
    return once[0]


def test_retired_collectors_and_shards_leave_and_neighbours_stay(pushgateway, tmp_path):
    own, other = "metrics/quarterdeck", "metrics/other"
    keys = [("github", str(shard)) for shard in range(4)] + [("old", "0")]
    for instance in (own, other):
        fill(pushgateway.url, instance, *keys)
    before = template(
        given(values(pushgateway.url, github={"shards": 4, "settings": GITHUB}, old={"settings": GITHUB}), tmp_path)
    )
    nothing = run_as_told(before, after_upgrade(before)[1], tmp_path)

    assert (nothing.returncode, nothing.stdout) == (0, "nothing to delete\n")
    upgraded = tmp_path / "upgraded"
    upgraded.mkdir()
    after = template(given(values(pushgateway.url, github={"shards": 2, "settings": GITHUB}), upgraded))
    name, job = after_upgrade(after)
    done = run_as_told(after, job, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert left(pushgateway) == {(other, *key) for key in keys} | {(own, "github", "0"), (own, "github", "1")}
    assert name != after_upgrade(before)[0]
    assert [each["metadata"]["name"] for each in of_kind(after, "CronJob")] == ["quarterdeck-github", PRUNE]


def test_a_release_without_collectors_takes_all_of_its_own_away(pushgateway, tmp_path):
    fill(pushgateway.url, "metrics/quarterdeck", ("github", "0"), ("git", "0"))
    fill(pushgateway.url, "metrics/other", ("git", "0"))
    objects = template(given(values(pushgateway.url, github={"enabled": False, "settings": GITHUB}), tmp_path))

    assert run_as_told(objects, after_upgrade(objects)[1], tmp_path).returncode == 0
    assert left(pushgateway) == {("metrics/other", "git", "0")}


def test_uninstalling_takes_all_of_its_own_away_where_that_is_wanted(pushgateway, tmp_path):
    fill(pushgateway.url, "metrics/quarterdeck", ("github", "0"), ("github", "1"))
    fill(pushgateway.url, "metrics/other", ("github", "0"))
    wanted = {**values(pushgateway.url, github={"settings": GITHUB}), "prune": {"onUninstall": True}}
    objects = template(given(wanted, tmp_path))
    hook = named(objects, "Job", "-leave")

    assert hook["metadata"]["annotations"]["helm.sh/hook"] == "pre-delete"
    assert run_as_told(objects, hook["spec"], tmp_path).returncode == 0
    assert left(pushgateway) == {("metrics/other", "github", "0")}


def test_a_gateway_that_is_away_fails_no_upgrade(closed_url, tmp_path):
    objects = template(given(values(closed_url, github={"settings": GITHUB}), tmp_path))
    name, job = after_upgrade(objects)
    upgrade = named(objects, "Job", name)

    assert "annotations" not in upgrade["metadata"]
    assert job["backoffLimit"] == 3
    done = run_as_told(objects, job, tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "prune", "there"),
    [
        ({}, {}, True),
        ({"instance": "prod"}, {}, False),
        ({"instance": "prod"}, {"enabled": True}, True),
        ({}, {"enabled": False}, False),
        ({"sinks": {"pushgateway": None, "datadog": {}}}, {}, False),
    ],
)
def test_an_instance_that_others_may_share_is_only_pruned_on_request(settings, prune, there, tmp_path):
    whole = values("http://pushgateway:9091", github={"settings": GITHUB})
    whole["settings"] |= settings
    objects = template(given({**whole, "prune": prune}, tmp_path))

    assert (PRUNE in [each["metadata"]["name"] for each in of_kind(objects, "CronJob")]) is there


def test_an_upgrade_that_changes_nothing_starts_nothing(tmp_path):
    file = given(values("http://pushgateway:9091", github={"settings": GITHUB}), tmp_path)
    names = [after_upgrade(template(file, release=Release(helm=helm)))[0] for helm in ("helm3", "helm4")]

    assert names[0] == names[1]


def test_the_prune_job_reads_the_gateways_secret_and_no_other(tmp_path):
    whole = values("http://pushgateway:9091", github={"settings": GITHUB})
    whole["settings"]["sinks"]["pushgateway"]["token"] = "secret:PUSH"
    objects = template(given({**whole, "secrets": {"existingSecret": "quarterdeck"}}, tmp_path))
    (volume,) = (each for each in after_upgrade(objects)[1]["template"]["spec"]["volumes"] if each["name"] == "secrets")
    settings = yaml.safe_load(named(objects, "ConfigMap", PRUNE)["data"]["quarterdeck.yaml"])

    assert [item["key"] for item in volume["secret"]["items"]] == ["PUSH"]
    assert settings["sinks"] == {
        "pushgateway": {"url": "http://pushgateway:9091", "token": "file:/run/quarterdeck/secrets/PUSH"}
    }
