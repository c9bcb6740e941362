# ruff: noqa: E501  one case, one line
"""Wrong values: each is refused, by both Helms, with the path of what is wrong."""

from __future__ import annotations

import pytest

from tests.chart.helm import BOTH, READY, HelmError, Release, given, template

(GITHUB,) = (path for path in READY if path.stem == "github")


def github(**block):
    return {"collectors": {"github": block}}


def git(**block):
    clone = {"repositories": ["https://example.com/a"]}
    return {"collectors": {"github": None, "git": {"clone": clone, **block}}}


# What is wrong → the values beside those of cronjobs/github.yaml, the path, and what Helm 4 says.
SCHEMA = {
    "unknown value": ({"colectors": {}}, "", "additional properties 'colectors' not allowed"),
    "unknown key of a collector": (github(schedul="x"), "collectors/github", "additional properties 'schedul' not allowed"),
    "unknown key of the defaults": ({"collectorDefaults": {"shard": 2}}, "collectorDefaults", "additional properties 'shard' not allowed"),
    "unknown top-level setting": ({"settings": {"windw": "7d"}}, "settings", "additional properties 'windw' not allowed"),
    "a setting that is the chart's": ({"settings": {"deadline": "5m"}}, "settings", "additional properties 'deadline' not allowed"),
    "unknown setting of a sink": (
        {"settings": {"sinks": {"pushgateway": {"ulr": "x"}}}}, "settings/sinks/pushgateway", "additional properties 'ulr' not allowed",
    ),
    "unknown setting of a collector": (
        github(settings={"repos": []}), "collectors/github/settings", "additional properties 'repos' not allowed",
    ),
    "unknown setting of a rule": (
        github(settings={"repositories": [{"match": "a/b", "tag": {}}]}), "collectors/github/settings/repositories/0", "",
    ),
    "wrong type of a setting": (github(settings={"reserve": "much"}), "collectors/github/settings/reserve", "got string, want number"),
    "wrong length of time": ({"settings": {"window": "7 days"}}, "settings/window", "'7 days' does not match pattern"),
    "a name that is no type": ({"collectors": {"payments": {"enabled": True}}}, "collectors/payments", "missing property 'settings'"),
    "unknown type": (
        {"collectors": {"payments": {"settings": {"type": "gitlab"}}}}, "collectors/payments/settings/type", "value must be one of 'git', 'github'",
    ),
    "another type's setting": (
        {"collectors": {"payments": {"settings": {"type": "git", "repositories": []}}}}, "collectors/payments/settings", "'repositories' not allowed",
    ),
    "name of a collector": ({"collectors": {"Payments": {"settings": {"type": "git"}}}}, "collectors/Payments", "false schema"),
    "minute": (github(schedule="61 * * * *"), "collectors/github/schedule", "'61 * * * *' does not match pattern"),
    "four fields": (github(schedule="*/15 * * *"), "collectors/github/schedule", "does not match pattern"),
    "words": (github(schedule="every 15 minutes"), "collectors/github/schedule", "does not match pattern"),
    "H in a date": (github(schedule="0 3 H * *"), "collectors/github/schedule", "does not match pattern"),
    "no shards": (github(shards=0), "collectors/github/shards", "minimum: got 0, want 1"),
    "grace": (github(terminationGracePeriodSeconds=5), "collectors/github/terminationGracePeriodSeconds", "minimum: got 5, want 30"),
    "starting deadline": (github(startingDeadlineSeconds=5), "collectors/github/startingDeadlineSeconds", "minimum: got 5, want 10"),
    "deadline": (github(deadline=600), "collectors/github/deadline", "got number, want string"),
    "ledger's mode": (github(ledger={"mode": "sqlite"}), "collectors/github/ledger/mode", "value must be one of 'none', 'pvc', 'postgresql'"),
    "ledger's address": (github(ledger={"postgresql": {"url": "mysql://q@d/m"}}), "collectors/github/ledger/postgresql/url", "does not match pattern"),
    "size": (github(ledger={"pvc": {"size": "lots"}}), "collectors/github/ledger/pvc/size", "'lots' does not match pattern"),
    "access mode": (github(ledger={"pvc": {"accessModes": ["Once"]}}), "collectors/github/ledger/pvc/accessModes/0", "value must be one of"),
    "variable": (github(env={"NOT-ONE": "x"}), "collectors/github/env/NOT-ONE", "false schema"),
    "clone by ssh": (git(clone={"repositories": ["ssh://github.com/acme/api"]}), "collectors/git/clone/repositories/0", "does not match pattern"),
    "clone's way up": (git(clone={"repositories": ["https://example.com/../etc"]}), "collectors/git/clone/repositories/0", "does not match pattern"),
    "rights without verbs": (github(rbac={"rules": [{"resources": ["pods"]}]}), "collectors/github/rbac/rules/0", "missing property 'verbs'"),
    "unknown way to secrets": ({"secrets": {"vault": {}, "existingSecret": None}}, "secrets", "additional properties 'vault' not allowed"),
    "store": ({"secrets": {"existingSecret": None, "externalSecret": {"remoteKey": "x"}}}, "secrets/externalSecret", "missing property 'store'"),
    "role": ({"secrets": {"existingSecret": None, "aws": {"secret": "x", "roleArn": "role"}}}, "secrets/aws/roleArn", "does not match pattern"),
    "both classes": (
        {"secrets": {"existingSecret": None, "csi": {"secretProviderClass": "a", "provider": "b", "parameters": {}}}}, "secrets/csi", "oneOf",
    ),
    "latest": ({"image": {"tag": "latest"}}, "image/tag", "'not' failed"),
    "digest": ({"image": {"digest": "sha256:short"}}, "image/digest", "does not match pattern"),
    "policy": ({"image": {"pullPolicy": "Sometimes"}}, "image/pullPolicy", "value must be one of 'IfNotPresent', 'Always', 'Never'"),
    "prune": ({"prune": {"enabled": "yes"}}, "prune/enabled", "value must be one of 'auto', true, false"),
    "port": ({"networkPolicy": {"extraPorts": [70000]}}, "networkPolicy/extraPorts/0", "maximum: got 70,000, want 65,535"),
    "label": ({"monitoring": {"rules": {"labels": {"a": 1}}}}, "monitoring/rules/labels/a", "got number, want string"),
    "unknown monitoring": ({"monitoring": {"alerts": {}}}, "monitoring", "additional properties 'alerts' not allowed"),
}  # fmt: skip


@pytest.mark.parametrize("case", SCHEMA)
def test_a_wrong_value_is_refused_with_its_path(case, tmp_path):
    values, path, said = SCHEMA[case]
    file = given(values, tmp_path)

    with pytest.raises(HelmError) as new:
        template(GITHUB, file, release=Release(helm="helm4"))
    assert f"at '{f'/{path}' if path else ''}'" in str(new.value)
    assert said in str(new.value)
    with pytest.raises(HelmError) as old:
        template(GITHUB, file, release=Release(helm="helm3"))
    assert f"- {path.replace('/', '.') or '(root)'}" in str(old.value)


TEMPLATES = {
    "H that does not divide": (github(schedule="H/7 * * * *"), "collectors.github.schedule: H/7 does not divide 60 evenly"),
    "interval unknown": (github(schedule="0 8,18 * * 1-5"), 'collectors.github.interval: the schedule "0 8,18 * * 1-5" does not tell'),
    "deadline too long": (github(deadline="14m"), "collectors.github.activeDeadlineSeconds: 810 s is too short for deadline (840 s)"),
    "deadline too short": (github(deadline="10s"), "collectors.github.deadline: 10 s are left for a run"),
    "job too long": (github(activeDeadlineSeconds=900), "collectors.github.activeDeadlineSeconds: 900 s must be below the 900 s between two runs"),
    "clones too long": (git(clone={"repositories": ["https://example.com/a"], "timeout": "10m"}), "collectors.git.deadline: 0 s are left for a run"),
    "shards on a file": (github(shards=2, ledger={"mode": "pvc"}), "collectors.github.ledger.mode: pvc is one file for one Pod, and there are 2 shards"),
    "shards on clones": (git(shards=2), "collectors.git.clone.pvc.enabled: one volume for one Pod, and there are 2 shards"),
    "no database": (github(ledger={"mode": "postgresql"}), "collectors.github.ledger.postgresql.url: give it"),
    "no account": (github(serviceAccount={"create": False}), "collectors.github.serviceAccount.name: name the one that exists"),
    "no sink": ({"settings": {"sinks": {"pushgateway": None}}}, "settings.sinks: collectors.github has nowhere to submit to"),
    "no repository": (github(settings={"repositories": []}), "collectors.github.settings.repositories: name the repositories"),
    "no clone": ({"collectors": {"git": {}}}, "collectors.git.clone.repositories: name the repositories to look at"),
    "clones for another": (github(clone={"repositories": ["https://example.com/a"]}), "collectors.github.clone.repositories: only the git collector"),
    "two ways to secrets": ({"secrets": {"aws": {"secret": "x"}}}, "secrets: there are aws and existingSecret; keep one of them"),
    "clone by scp": (git(clone={"repositories": ["git@github.com:acme/api"]}), "collectors.git.clone.repositories: each must be an https address"),
    "no way to secrets": (
        {"secrets": {"existingSecret": None}, **github(settings={"token": "secret:MINE"})}, 'refers to "secret:MINE"; say where secrets come from',
    ),
    "prune without a gateway": (
        {"settings": {"sinks": {"pushgateway": None, "datadog": {}}}, "prune": {"enabled": True}}, "prune.enabled: the settings name no Pushgateway",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TEMPLATES)
@pytest.mark.parametrize("helm", BOTH)
def test_values_that_do_not_fit_each_other_are_refused_with_what_to_do(case, helm, tmp_path):
    values, said = TEMPLATES[case]

    with pytest.raises(HelmError) as refused:
        template(GITHUB, given(values, tmp_path), release=Release(helm=helm))
    assert said in str(refused.value)
