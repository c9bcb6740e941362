"""Every feature on old and new Kubernetes: valid objects, the same from both Helms, and the promises kept by each."""

from __future__ import annotations

import re

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.chart.helm import BOTH, CI, NEWEST, READY, HelmError, Release, jobs, named, of_kind, pods, template

BETWEEN = (pytest.param(each, marks=pytest.mark.slow) for each in ("1.28.0", "1.29.0", "1.31.0", "1.34.0"))
KUBES = ("1.27.0", *BETWEEN, NEWEST)
VALUES = (*CI, *READY)
HOUR = 3600
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}


def custom(spec):
    """The schema of an object that Kubernetes' own schemas do not know, with this spec."""
    return {
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "metadata": {
                "additionalProperties": False,
                "required": ["name", "namespace"],
                "properties": {"name": {}, "namespace": {}, "labels": TEXTS, "annotations": TEXTS},
            },
            "spec": {"type": "object", "additionalProperties": False, **spec},
        },
    }


CUSTOM = {
    "external-secrets.io/v1/ExternalSecret": custom(
        {
            "required": ["secretStoreRef", "data"],
            "properties": {
                "refreshInterval": {"pattern": "^[0-9]+[hms]"},
                "secretStoreRef": {
                    "required": ["name"],
                    "properties": {"kind": {"enum": ["SecretStore", "ClusterSecretStore"]}},
                },
                "target": {"required": ["name"]},
                "data": {
                    "minItems": 1,
                    "items": {
                        "additionalProperties": False,
                        "required": ["secretKey", "remoteRef"],
                        "properties": {"secretKey": {}, "remoteRef": {"required": ["key", "property"]}},
                    },
                },
            },
        }
    ),
    "secrets-store.csi.x-k8s.io/v1/SecretProviderClass": custom(
        {"required": ["provider", "parameters"], "properties": {"provider": {"type": "string"}, "parameters": TEXTS}}
    ),
    "monitoring.coreos.com/v1/ServiceMonitor": custom(
        {
            "required": ["selector", "endpoints"],
            "properties": {
                "selector": {"required": ["matchLabels"]},
                "namespaceSelector": {"required": ["matchNames"]},
                "endpoints": {
                    "items": {"properties": {"honorLabels": {"const": True}}, "required": ["honorLabels", "port"]}
                },
            },
        }
    ),
    "monitoring.coreos.com/v1/PrometheusRule": custom(
        {
            "required": ["groups"],
            "properties": {"groups": {"minItems": 1, "items": {"required": ["name", "rules"]}}},
        }
    ),
}


def check(each, kube):
    """Raise for an object that this Kubernetes would not take."""
    kind = f"{each['apiVersion']}/{each['kind']}"
    if kind in CUSTOM:
        jsonschema.validate(each, CUSTOM[kind])
    else:
        kubernetes_validate.validate(each, kube.rsplit(".", 1)[0], strict=True)


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
@pytest.mark.parametrize("kube", KUBES)
def test_every_object_is_one_that_kubernetes_takes(values, kube):
    objects = template(values, release=Release(kube=kube))

    for each in objects:
        check(each, kube)
    assert len(
        {(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects}
    ) == len(objects)


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_both_helms_render_the_same(values):
    old, new = (template(values, release=Release(helm=helm)) for helm in BOTH)

    key = lambda each: (each["kind"], each["metadata"]["name"])  # noqa: E731
    assert sorted(old, key=key) == sorted(new, key=key)


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_pod_fits_the_restricted_security_standard(values):
    for name, spec in pods(template(values)):
        whole = spec["securityContext"]
        assert whole["runAsNonRoot"] is True, name
        assert whole["runAsUser"] > 0, name
        assert whole["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name
            assert not own.keys() & {"privileged", "runAsUser", "runAsNonRoot", "seccompProfile"}, name
            assert container["resources"]["limits"]["memory"], name
        kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "emptyDir", "secret", "persistentVolumeClaim", "csi"}, name


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_container_is_of_a_fixed_image_and_no_secret_is_in_a_spec(values):
    for name, spec in pods(template(values)):
        for container in (*spec.get("initContainers", ()), *spec["containers"]):
            assert re.fullmatch(r"(registry\.example\.com/)?quarterdeck:(0\.1\.0|1\.2)", container["image"]), name
            assert container["imagePullPolicy"] == "IfNotPresent", name
            assert not any("secret" in word or "token" in word for word in container.get("args", ())), name


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_a_token_for_the_api_is_only_where_rights_are(values):
    objects = template(values)
    accounts = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
    entitled = {
        subject["name"]
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for each in of_kind(objects, kind)
        for subject in each["subjects"]
    }

    assert all(each["automountServiceAccountToken"] is False for each in accounts.values())
    for name, spec in pods(objects):
        account = spec["serviceAccountName"]
        assert account != "default", name
        assert account in accounts or account == "reader", name
        assert spec["automountServiceAccountToken"] is (account in entitled), name


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_a_run_ends_before_its_job_and_that_before_the_next(values):
    objects = template(values)
    for each in of_kind(objects, "CronJob"):
        spec, job = each["spec"], each["spec"]["jobTemplate"]["spec"]
        pod = job["template"]["spec"]
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["timeZone"]
        assert 10 <= spec["startingDeadlineSeconds"] <= 300
        assert pod["restartPolicy"] == "Never"
        assert pod["terminationGracePeriodSeconds"] >= 30
        (container,) = pod["containers"]
        deadline = [word for word in container["args"] if word.startswith("--deadline=")]
        if not deadline:
            assert container["args"][:2] == ["sinks", "prune"]
            continue
        name = container["args"][0]
        settings = dict_of_settings(objects, each["metadata"]["name"])
        interval = int(settings["schedule_interval"].removesuffix("s"))
        seconds = int(deadline[0].removeprefix("--deadline=").removesuffix("s"))
        clones = sum(
            int(variable["value"])
            for init in pod.get("initContainers", ())
            for variable in init["env"]
            if variable["name"] == "CLONE_SECONDS"
        )
        assert list(settings["collectors"]) == [name]
        assert seconds >= 30
        assert seconds + clones < job["activeDeadlineSeconds"] < interval


def dict_of_settings(objects, name):
    """The settings file in the ConfigMap of that name."""
    return yaml.safe_load(named(objects, "ConfigMap", name)["data"]["quarterdeck.yaml"])


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_every_name_leaves_room_for_what_controllers_append(values):
    objects = template(values, release=Release("r" * 53))
    for each in objects:
        limit = 52 if each["kind"] == "CronJob" else 63
        name = each["metadata"]["name"].split(":")[-1]
        assert len(name) <= limit
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)
        for value in each["metadata"]["labels"].values():
            assert len(value) <= 63


@pytest.mark.parametrize("kube", ["1.28.0", "1.29.0"])
@pytest.mark.parametrize("values", CI, ids=lambda path: path.stem)
def test_failures_end_as_the_exit_codes_promise(values, kube):
    old = kube == "1.28.0"
    for name, job in jobs(template(values, release=Release(kube=kube))):
        disruption, codes = job["podFailurePolicy"]["rules"]
        assert disruption == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
        shards = job.get("completions", 1)
        final = codes["onExitCodes"]
        assert (final["containerName"], final["operator"]) == ("collect", "In")
        if shards == 1:
            assert (codes["action"], final["values"]) == ("FailJob", [2, 3]), name
            assert job["backoffLimit"] == (3 if "sinks-prune" in name else 1), name
        elif old:
            assert (codes["action"], final["values"], job["backoffLimit"]) == ("FailJob", [2], shards), name
        else:
            assert (codes["action"], final["values"], job["backoffLimitPerIndex"]) == ("FailIndex", [2, 3], 1), name


def test_kubernetes_older_than_supported_is_refused():
    with pytest.raises(HelmError, match=r"kubeVersion: >=1\.27\.0-0 which is incompatible"):
        template(CI[0], release=Release(kube="1.26.9"))
