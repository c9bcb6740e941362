"""What each feature puts into the cluster."""

from __future__ import annotations

from tests.chart.helm import CI, Release, given, jobs, named, of_kind, pods, template


def objects_of(stem, **release):
    """The objects of one of the chart's own examples."""
    (values,) = (path for path in CI if path.stem == f"{stem}-values")
    return template(values, release=Release(**release))


def test_rights_are_a_role_in_each_namespace_and_cluster_wide_only_on_request():
    objects = objects_of("rights")
    roles = {each["metadata"]["namespace"]: each for each in of_kind(objects, "Role")}
    (wide,) = of_kind(objects, "ClusterRole")

    assert set(roles) == {"ci", "builds"}
    assert [each["rules"] for each in roles.values()] == [
        [{"apiGroups": ["tekton.dev"], "resources": ["pipelineruns"], "verbs": ["get", "list"]}]
    ] * 2
    for binding in of_kind(objects, "RoleBinding"):
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "quarterdeck-github", "namespace": "metrics"}]
        assert binding["roleRef"]["name"] == roles[binding["metadata"]["namespace"]]["metadata"]["name"]
    assert wide["metadata"]["name"] == "metrics:quarterdeck-everywhere"
    (binding,) = of_kind(objects, "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == "metrics:quarterdeck-everywhere"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "reader", "namespace": "metrics"}]


def test_a_tekton_collector_may_read_runs_and_nothing_else(tmp_path):
    values = {
        "settings": {"sinks": {"pushgateway": {"url": "http://pushgateway:9091"}}},
        "collectors": {"tekton": {"rbac": {"namespaces": ["ci"]}}},
    }
    # The release that brings the collector brings its settings' schema.
    objects = template(given(values, tmp_path), options=["--skip-schema-validation"])
    (role,) = of_kind(objects, "Role")

    assert role["metadata"]["namespace"] == "ci"
    assert role["rules"] == [
        {"apiGroups": ["tekton.dev"], "resources": ["pipelineruns", "taskruns"], "verbs": ["get", "list"]}
    ]
    assert dict(pods(objects))["quarterdeck-tekton"]["automountServiceAccountToken"] is True
    assert of_kind(objects, "ClusterRole") == []


def test_no_rights_are_asked_for_where_none_are_needed():
    kinds = {each["kind"] for each in objects_of("github")}

    assert kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} == set()


def test_an_external_secret_has_the_keys_that_settings_refer_to():
    objects = objects_of("external-secret")
    (secret,) = of_kind(objects, "ExternalSecret")
    (volume,) = (each for each in dict(pods(objects))["quarterdeck-github"]["volumes"] if each["name"] == "secrets")

    assert secret["spec"]["secretStoreRef"] == {"name": "vault", "kind": "ClusterSecretStore"}
    assert secret["spec"]["data"] == [
        {"secretKey": "DD_API_KEY", "remoteRef": {"key": "prod/datadog", "property": "api-key"}},
        {"secretKey": "GITHUB_TOKEN", "remoteRef": {"key": "prod/quarterdeck", "property": "GITHUB_TOKEN"}},
        {"secretKey": "PUSHGATEWAY_TOKEN", "remoteRef": {"key": "prod/quarterdeck", "property": "PUSHGATEWAY_TOKEN"}},
    ]
    assert volume["secret"]["secretName"] == secret["spec"]["target"]["name"] == "quarterdeck-secrets"


def test_aws_is_read_by_the_run_itself_with_a_role_for_the_service_account():
    objects = objects_of("aws")
    role = "arn:aws:iam::123456789012:role/quarterdeck"

    for name in ("quarterdeck-github", "quarterdeck-git"):
        account = named(objects, "ServiceAccount", name)
        assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": role}
        assert "secrets" not in {each["name"] for each in dict(pods(objects))[name]["volumes"]}
    (init,) = dict(pods(objects))["quarterdeck-git"]["initContainers"]
    assert {"name": "CLONE_TOKEN", "value": "aws:prod/quarterdeck#GITHUB_TOKEN"} in init["env"]
    assert {"name": "AWS_REGION", "value": "eu-west-1"} in init["env"]


def test_a_csi_volume_is_mounted_from_a_class_that_is_made_or_exists():
    made, existing = objects_of("csi"), objects_of("csi-existing")

    assert [each["metadata"]["name"] for each in of_kind(made, "SecretProviderClass")] == ["quarterdeck"]
    assert of_kind(existing, "SecretProviderClass") == []
    for objects, name in ((made, "quarterdeck"), (existing, "shared")):
        (volume,) = (each for each in dict(pods(objects))["quarterdeck-github"]["volumes"] if each["name"] == "secrets")
        assert volume["csi"]["volumeAttributes"] == {"secretProviderClass": name}


def test_a_ledger_on_a_volume_stays_when_the_release_goes_and_clones_do_not():
    objects = objects_of("git")
    ledger, clones = (named(objects, "PersistentVolumeClaim", f"-{name}") for name in ("ledger", "clones"))
    settings = named(objects, "ConfigMap", "-git")["data"]["quarterdeck.yaml"]
    (container,) = dict(pods(objects))["quarterdeck-git"]["containers"]

    assert ledger["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert ledger["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    assert "annotations" not in clones["metadata"]
    assert "url: /var/lib/quarterdeck/ledger/ledger.db" in settings
    assert {"name": "ledger", "mountPath": "/var/lib/quarterdeck/ledger"} in container["volumeMounts"]
    assert {"name": "clones", "mountPath": "/var/lib/quarterdeck/clones", "readOnly": True} in container["volumeMounts"]


def test_the_network_policy_opens_the_ports_that_the_settings_name():
    (policy,) = of_kind(objects_of("network-policy"), "NetworkPolicy")
    names, rest, own = policy["spec"]["egress"]

    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert policy["spec"]["ingress"] == []
    assert [(each["port"], each["protocol"]) for each in names["ports"]] == [(53, "UDP"), (53, "TCP")]
    assert [each["port"] for each in rest["ports"]] == [443, 3128, 5432, 8443, 9091]
    assert rest["to"][1] == {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}
    assert own == {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}


def test_the_network_policy_is_about_every_pod_of_the_release_and_no_other():
    objects = objects_of("network-policy")
    (policy,) = of_kind(objects, "NetworkPolicy")
    wanted = policy["spec"]["podSelector"]["matchLabels"].items()
    labels = [spec["template"]["metadata"]["labels"] for _, spec in jobs(objects)]

    assert wanted == {"app.kubernetes.io/name": "quarterdeck", "app.kubernetes.io/instance": "quarterdeck"}.items()
    assert all(wanted <= each.items() for each in labels)
    assert len(labels) == 3


def test_helm_test_tries_every_collector_with_its_secrets_and_without_its_volumes():
    objects = objects_of("git")
    (pod,) = of_kind(objects, "Pod")
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}

    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert pod["spec"]["containers"][0]["args"] == ["check", "git"]
    assert set(volumes) == {"settings", "tmp", "secrets", "clones"}
    assert volumes["clones"] == {"name": "clones", "emptyDir": {"sizeLimit": "10Gi"}}


def test_labels_and_placement_reach_the_pods():
    objects = objects_of("placement")
    cron = named(objects, "CronJob", "-github")
    template_ = cron["spec"]["jobTemplate"]["spec"]["template"]
    spec = template_["spec"]

    assert cron["metadata"]["labels"].items() >= {"team": "platform", "tier": "metrics"}.items()
    assert cron["metadata"]["annotations"] == {
        "example.com/contact": "platform@example.com",
        "example.com/runbook": "none",
    }
    assert template_["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
    assert spec["securityContext"]["runAsUser"] == 1000660000
    assert spec["tolerations"][0]["tolerationSeconds"] == 3000000
    assert spec["priorityClassName"] == "low"
    assert spec["imagePullSecrets"] == [{"name": "registry"}, {"name": "shared"}]
    assert cron["spec"]["jobTemplate"]["spec"]["ttlSecondsAfterFinished"] == 2592000
    assert cron["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def test_every_object_has_the_usual_labels():
    for stem in ("git", "rights", "prune", "external-secret", "monitoring", "network-policy"):
        for each in objects_of(stem):
            assert {
                "helm.sh/chart", "app.kubernetes.io/name", "app.kubernetes.io/instance",
                "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
            } <= each["metadata"]["labels"].keys()  # fmt: skip
