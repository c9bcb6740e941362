# ruff: noqa: E501  one case, one line
"""The settings files that the chart writes, read by the product itself."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from collectors import COLLECTORS
from common.cli.wiring import build_collector
from common.collector import Context
from common.deadline import Deadline
from common.meter import Meter
from common.secrets import FORMS
from common.settings import load_settings
from common.yamlfile import parse_yaml
from tests.chart.helm import (
    CI,
    READY,
    ROOT,
    HelmError,
    Release,
    given,
    jobs,
    named,
    of_kind,
    pods,
    settings_files,
    template,
)

SCHEMA = json.loads((ROOT / "docs/settings.schema.json").read_text())
GATEWAY = {"sinks": {"pushgateway": {"url": "http://pushgateway:9091"}}}
GITHUB = {"repositories": ["acme/*"]}


def texts(node):
    """Every text in a settings file."""
    if isinstance(node, dict):
        for each in node.values():
            yield from texts(each)
    elif isinstance(node, list):
        for each in node:
            yield from texts(each)
    elif isinstance(node, str):
        yield node


@pytest.mark.parametrize("values", [*CI, *READY], ids=lambda path: path.stem)
def test_every_settings_file_is_one_that_the_product_takes(values):
    for name, content in settings_files(template(values)):
        jsonschema.validate(content, SCHEMA)
        settings = load_settings(parse_yaml(yaml.safe_dump(content).encode()), {})
        assert settings.instance, name
        assert not [text for text in texts(content) if text.startswith("secret:")], name
        for collector, block in settings.collectors.items():
            if "sinks-prune" not in name:
                context = Context(Deadline(60.0), Meter(), {}, collector=collector)
                assert build_collector(COLLECTORS, collector, block, None, context) is not None


def mounted(objects, name):
    """The files of secrets that a collector's Pod sees, and what its settings refer to."""
    pod = dict(pods(of_kind(objects, "CronJob")))[name]
    volumes = {each["name"]: each for each in pod["volumes"]}
    seen = {item["path"] for item in volumes["secrets"]["secret"]["items"]} if "secrets" in volumes else set()
    return pod, seen


def test_a_pod_sees_the_keys_that_its_settings_refer_to_and_no_others():
    (values,) = (path for path in CI if path.stem == "github-values")
    objects = template(values)
    found = {name: mounted(objects, f"quarterdeck-{name}") for name in ("github", "github-internal")}

    assert found["github"][1] == {"GITHUB_TOKEN", "PUSHGATEWAY_PASSWORD"}
    assert found["github-internal"][1] == {"GITHUB_APP_KEY", "PUSHGATEWAY_PASSWORD"}
    for name, (pod, seen) in found.items():
        content = yaml.safe_load(named(objects, "ConfigMap", f"quarterdeck-{name}")["data"]["quarterdeck.yaml"])
        assert {text for text in texts(content) if text.startswith("file:")} == {
            f"file:/run/quarterdeck/secrets/{key}" for key in seen
        }
        assert pod["containers"][0]["env"][1] == {
            "name": "QUARTERDECK_CONFIG",
            "value": "/etc/quarterdeck/quarterdeck.yaml",
        }


MODES = {
    "existingSecret": ("mine", "file:/run/quarterdeck/secrets/{}"),
    "externalSecret": ({"store": {"name": "vault"}, "remoteKey": "prod"}, "file:/run/quarterdeck/secrets/{}"),
    "aws": ({"secret": "prod/quarterdeck", "region": "eu-west-1"}, "aws:prod/quarterdeck#{}"),
    "csi": ({"secretProviderClass": "shared"}, "file:/run/quarterdeck/secrets/{}"),
}


@pytest.mark.parametrize("mode", MODES)
def test_each_way_to_secrets_makes_references_that_the_product_reads(mode, tmp_path):
    block, form = MODES[mode]
    values = {
        "settings": {"sinks": {"pushgateway": {"url": "http://p:9091", "token": "secret:PUSH"}, "datadog": {}}},
        "secrets": {mode: block},
        "collectors": {
            "github": {
                "settings": GITHUB,
                "ledger": {"mode": "postgresql", "postgresql": {"url": "postgresql://q@db/m"}},
            }
        },
    }
    objects = template(given(values, tmp_path))
    content = yaml.safe_load(named(objects, "ConfigMap", "-github")["data"]["quarterdeck.yaml"])
    pod = dict(pods(of_kind(objects, "CronJob")))["quarterdeck-github"]

    assert content["collectors"]["github"]["token"] == form.format("GITHUB_TOKEN")
    assert content["sinks"]["datadog"]["api_key"] == form.format("DD_API_KEY")
    assert content["sinks"]["pushgateway"]["token"] == form.format("PUSH")
    assert content["ledger"]["password"] == form.format("LEDGER_PASSWORD")
    assert all(kind in FORMS for kind in ("file:PATH", "aws:SECRET#KEY"))
    volumes = {each["name"]: each for each in pod["volumes"]}
    region = [each["value"] for each in pod["containers"][0]["env"] if each["name"] == "AWS_REGION"]
    assert ("secrets" in volumes, region) == ((False, ["eu-west-1"]) if mode == "aws" else (True, []))


def test_without_secrets_the_usual_variables_stay_the_products_own_business(tmp_path):
    values = {"settings": {"sinks": {"datadog": {}}}, "collectors": {"github": {"settings": GITHUB}}}
    content = yaml.safe_load(
        named(template(given(values, tmp_path)), "ConfigMap", "-github")["data"]["quarterdeck.yaml"]
    )

    assert content["sinks"] == {"datadog": {}}
    assert content["collectors"] == {"github": GITHUB}


def test_settings_of_the_user_are_written_as_they_are(tmp_path):
    own = {"window": "14d", "tags": {"env": "prod"}, "metrics": {"exclude": ["github.code.*"]}, **GATEWAY}
    block = {**GITHUB, "hotfix": r'\b(<hot>|"fix"&)\b', "bots": ["*[bot]"], "reserve": 0.25, "jobs": True}
    values = {"settings": own, "collectors": {"github": {"settings": block}}}
    content = yaml.safe_load(
        named(template(given(values, tmp_path)), "ConfigMap", "-github")["data"]["quarterdeck.yaml"]
    )

    assert content == {
        **own,
        "instance": "metrics/quarterdeck",
        "schedule_interval": "900s",
        "collectors": {"github": block},
    }


def test_an_instance_is_short_enough_and_the_releases_own(tmp_path):
    values = given({"settings": GATEWAY, "collectors": {"github": {"settings": GITHUB}}}, tmp_path)
    releases = [Release("r" * 53, "n" * 62 + end) for end in "ab"]
    instances = [
        yaml.safe_load(of_kind(template(values, release=each), "ConfigMap")[0]["data"]["quarterdeck.yaml"])["instance"]
        for each in releases
    ]

    assert [len(each) for each in instances] == [100, 100]
    assert len(set(instances)) == 2


def test_a_collectors_block_wins_over_the_defaults_also_with_nothing(tmp_path):
    values = {
        "settings": GATEWAY,
        "collectorDefaults": {
            "retries": 3,
            "env": {"A": "1", "B": "1"},
            "tolerations": [{"operator": "Exists"}],
            "suspend": True,
        },
        "collectors": {
            "github": {"settings": GITHUB, "retries": 0, "env": {"B": "2"}, "tolerations": [], "suspend": False}
        },
    }
    objects = template(given(values, tmp_path))
    ((_, job),) = (each for each in jobs(objects) if each[0] == "quarterdeck-github")
    pod = job["template"]["spec"]

    assert job["backoffLimit"] == 0
    assert named(objects, "CronJob", "-github")["spec"]["suspend"] is False
    assert "tolerations" not in pod
    assert pod["containers"][0]["env"][2:] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]


def test_a_shard_is_told_how_many_there_are():
    (values,) = (path for path in CI if path.stem == "sharded-values")
    ((_, job),) = (each for each in jobs(template(values)) if each[0] == "quarterdeck-github")

    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", 4, 4)
    assert job["template"]["spec"]["containers"][0]["args"] == ["github", "--push", "--deadline=600s", "--shard=4"]


REFUSED = {
    "sinks.pushgateway.token": ({"settings": {"sinks": {"pushgateway": {"url": "http://p", "token": "hunter2-canary"}}}}, "token must be a reference"),
    "sinks.datadog.api_key": ({"settings": {"sinks": {"datadog": {"api_key": "hunter2-canary"}}}}, "api_key must be a reference"),
    "collector's token": ({"collectors": {"github": {"settings": {"token": "ghp_hunter2-canary"}}}}, "token must be a reference"),
    "app's key": ({"collectors": {"github": {"settings": {"app": {"id": 1, "private_key": "hunter2-canary"}}}}}, "private_key must be a reference"),
    "ledger's password": (
        {"collectors": {"github": {"ledger": {"mode": "postgresql", "postgresql": {"url": "postgresql://q@d/m", "password": "hunter2-canary"}}}}},
        "password must be a reference",
    ),
    "ledger's address": (
        {"collectors": {"github": {"ledger": {"mode": "postgresql", "postgresql": {"url": "postgresql://q:hunter2-canary@d/m"}}}}},
        "an address must not hold a password or token",
    ),
    "gateway's address": ({"settings": {"sinks": {"pushgateway": {"url": "http://u:hunter2-canary@p:9091"}}}}, "an address must not hold"),
    "clone's address": (
        {"collectors": {"git": {"clone": {"repositories": ["https://hunter2-canary@github.com/acme/api"]}}}},
        "each must be an https address without a user name",
    ),
    "clone's token": (
        {"collectors": {"git": {"clone": {"repositories": ["https://github.com/acme/api"], "token": "hunter2-canary"}}}},
        "clone.token must be a reference",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_a_secret_in_the_values_is_refused_and_not_repeated(case, helm, tmp_path):
    values, said = REFUSED[case]
    (base,) = (path for path in READY if path.stem == "github")

    with pytest.raises(HelmError) as refused:
        template(base, given(values, tmp_path), release=Release(helm=helm))
    assert said in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_every_setting_that_is_a_reference_is_guarded():
    templates = (ROOT / "charts/quarterdeck/templates/_settings.tpl").read_text()
    kinds = [each["properties"] for each in (*SCHEMA["$defs"].values(), SCHEMA)]
    references = {
        name
        for properties in kinds
        for name, entry in properties.items()
        if entry.get("description", "").startswith("A reference")
    }

    assert references == {"api_key", "app_key", "password", "private_key", "token"}
    assert "(api_key|app_key|cloneToken|password|private_key|token)" in templates
