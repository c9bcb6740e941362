"""The node's reading of a Pod: what becomes of each field, and that none is passed over."""

import pytest

from tests.e2e.spec import RefusedSpecError, check_pod
from tests.e2e.status import State, begun, given_up, stamp
from tests.e2e.translate import MissingError, Sources, call, expanded, field_of
from tests.e2e.volumes import lay

NOON = 1_790_000_000


def pod_of(container=None, metadata=None, **spec):
    """A Pod with one container."""
    whole = {"name": "collect", "image": "quarterdeck:1", **(container or {})}
    about = {"name": "git-1", "namespace": "team", "uid": "u", **(metadata or {})}
    return {"metadata": about, "spec": {"restartPolicy": "Never", "containers": [whole], **spec}}


def call_of(pod, sources=None):
    check_pod(pod["spec"])
    return call(pod, pod["spec"]["containers"][0], sources or Sources())


def laid(pod, folder, **sources):
    return lay(pod, folder, Sources(**sources), claim=lambda name: folder / name, token=lambda wanted: "a-token")


def test_a_plain_container_is_its_image_and_arguments():
    made = call_of(pod_of({"args": ["git", "--push"]}))
    assert made.command == ["--security-opt=seccomp=unconfined", "quarterdeck:1", "git", "--push"]


def test_a_command_replaces_the_entry_point():
    made = call_of(pod_of({"command": ["sh", "-c"], "args": ["exit 3"]}))
    assert made.command[1:] == ['--entrypoint=["sh", "-c"]', "quarterdeck:1", "exit 3"]


def test_a_restricted_container_has_no_more_than_it_says():
    security = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    of_pod = {"runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65533, "fsGroup": 2000}
    profile = {"seccompProfile": {"type": "RuntimeDefault"}}
    made = call_of(pod_of({"securityContext": security}, securityContext={**of_pod, **profile}))
    assert made.options == (
        "--user=65532:65533",
        "--read-only",
        "--read-only-tmpfs=false",
        "--security-opt=no-new-privileges",
        "--cap-drop=ALL",
        "--group-add=2000",
    )


def test_the_containers_own_security_goes_before_the_pods():
    made = call_of(pod_of({"securityContext": {"runAsUser": 7}}, securityContext={"runAsUser": 1, "runAsGroup": 2}))
    assert made.options[0] == "--user=7:2"


def test_a_container_that_must_not_be_root_says_who_it_is():
    with pytest.raises(RefusedSpecError, match="runAsUser is None"):
        call_of(pod_of(securityContext={"runAsNonRoot": True}))
    with pytest.raises(RefusedSpecError, match="runAsUser is 0"):
        call_of(pod_of(securityContext={"runAsNonRoot": True, "runAsUser": 0}))


def test_variables_come_from_all_their_sources_and_no_value_is_an_argument():
    env = [
        {"name": "PLAIN", "value": "a $(PLAIN) $$(X)"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "token"}}},
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "level"}}},
        {"name": "WHERE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
        {"name": "ABSENT", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
        {"name": "BOTH", "value": "$(LEVEL)@$(WHERE)"},
    ]
    made = call_of(
        pod_of({"env": env, "envFrom": [{"prefix": "P_", "secretRef": {"name": "s"}}]}),
        Sources(config_maps={"c": {"level": "info"}}, secrets={"s": {"token": "secret-value"}}),
    )
    assert made.environment == {
        "P_token": "secret-value",
        "PLAIN": "a $(PLAIN) $(X)",
        "TOKEN": "secret-value",
        "LEVEL": "info",
        "WHERE": "team",
        "BOTH": "info@team",
    }
    assert made.command[-7:-1] == [f"--env={name}" for name in made.environment]
    assert "secret-value" not in " ".join(made.command)


def test_the_index_of_a_shard_is_its_annotation():
    annotation = "batch.kubernetes.io/job-completion-index"
    path = f"metadata.annotations['{annotation}']"
    pod = pod_of(
        {"env": [{"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": path}}}]},
        {"annotations": {annotation: "2"}},
    )
    assert call_of(pod).environment == {"JOB_COMPLETION_INDEX": "2"}
    assert field_of(pod, "metadata.labels['none']") == ""


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ({"secretKeyRef": {"name": "s", "key": "k"}}, "secret s not found"),
        ({"secretKeyRef": {"name": "t", "key": "k"}}, "key k in secret t not found"),
        ({"configMapKeyRef": {"name": "c", "key": "k"}}, "configmap c not found"),
    ],
)
def test_a_container_waits_for_what_it_refers_to(variable, words):
    pod = pod_of({"env": [{"name": "X", "valueFrom": variable}]})
    with pytest.raises(MissingError, match=words):
        call_of(pod, Sources(secrets={"t": {"other": "1"}}))


def test_mounts_are_folders_of_this_machine(tmp_path):
    mounts = [
        {"name": "settings", "mountPath": "/etc/quarterdeck", "readOnly": True},
        {"name": "scratch", "mountPath": "/tmp"},
        {"name": "ledger", "mountPath": "/var/lib/quarterdeck", "subPath": "one"},
    ]
    volumes = [
        {"name": "settings", "configMap": {"name": "c", "defaultMode": 0o440}},
        {"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}},
        {"name": "ledger", "persistentVolumeClaim": {"claimName": "claim"}},
    ]
    pod = pod_of({"volumeMounts": mounts}, volumes=volumes)
    made = call_of(pod, laid(pod, tmp_path, config_maps={"c": {"quarterdeck.yaml": "window: 7d"}}))
    assert made.options[1:] == (
        f"--volume={tmp_path}/settings:/etc/quarterdeck:ro",
        f"--volume={tmp_path}/scratch:/tmp:rw",
        f"--volume={tmp_path}/claim/one:/var/lib/quarterdeck:rw",
    )
    written = tmp_path / "settings" / "quarterdeck.yaml"
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("window: 7d", 0o440)
    assert (tmp_path / "scratch").stat().st_mode & 0o777 == 0o777


def test_a_projected_volume_holds_token_authority_and_namespace(tmp_path):
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    pod = pod_of(volumes=[{"name": "access", "projected": {"defaultMode": 420, "sources": sources}}])
    check_pod(pod["spec"])
    laid(pod, tmp_path, config_maps={"kube-root-ca.crt": {"ca.crt": "PEM"}})
    written = {path.name: path.read_text() for path in (tmp_path / "access").iterdir()}
    assert written == {"token": "a-token", "ca.crt": "PEM", "namespace": "team"}


def test_a_volume_waits_for_its_secret(tmp_path):
    pod = pod_of(volumes=[{"name": "keys", "secret": {"secretName": "s"}}])
    with pytest.raises(MissingError, match='secret "s" not found'):
        laid(pod, tmp_path)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"restartPolicy": "OnFailure"}, r"spec\.restartPolicy is 'OnFailure'; this node does 'Never'"),
        ({"hostNetwork": True}, r"spec\.hostNetwork is True"),
        ({"activeDeadlineSeconds": 5}, r"spec\.activeDeadlineSeconds is nothing this node does: 5"),
        ({"nodeSelector": {"gpu": "yes"}}, r"spec\.nodeSelector is"),
        ({"volumes": [{"name": "v", "csi": {"driver": "d"}}]}, r"spec\.volumes\[0\]\.csi is nothing"),
        ({"volumes": [{"name": "v", "emptyDir": {"colour": "red"}}]}, r"spec\.volumes\[0\]\.emptyDir\.colour"),
        ({"initContainers": [{"name": "i", "restartPolicy": "Always"}]}, r"spec\.initContainers\[0\]\.restartPolicy"),
        ({"securityContext": {"seccompProfile": {"type": "Localhost"}}}, r"seccompProfile\.type is 'Localhost'"),
        ({"securityContext": {"sysctls": []}}, r"spec\.securityContext\.sysctls"),
    ],
)
def test_what_the_node_would_not_do_is_refused(spec, words):
    with pytest.raises(RefusedSpecError, match=words):
        check_pod(pod_of(**spec)["spec"])


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"livenessProbe": {}}, r"spec\.containers\[0\]\.livenessProbe"),
        ({"imagePullPolicy": "Always"}, r"imagePullPolicy is 'Always'"),
        ({"securityContext": {"privileged": True}}, r"securityContext\.privileged is True"),
        ({"securityContext": {"capabilities": {"ad": []}}}, r"capabilities\.ad"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "x"}]}, r"volumeMounts\[0\]\.subPathExpr"),
        ({"env": [{"name": "X", "valueFrom": {"resourceFieldRef": {}}}]}, r"env\[0\]\.valueFrom\.resourceFieldRef"),
        ({"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"file": "x"}}}]}, r"secretKeyRef\.file"),
        ({"envFrom": [{"fileRef": {}}]}, r"envFrom\[0\]\.fileRef"),
    ],
)
def test_so_is_what_a_container_asks_for(container, words):
    with pytest.raises(RefusedSpecError, match=words):
        check_pod(pod_of(container)["spec"])


def test_references_are_expanded_as_kubernetes_does():
    assert expanded("$(A) $(B) $$(A) $A", {"A": "1"}) == "1 $(B) $(A) $A"


def test_a_pod_is_pending_running_and_then_what_its_container_was():
    spec = {"initContainers": [{"name": "clone", "image": "i"}], "containers": [{"name": "collect", "image": "i"}]}
    report = begun(spec, stamp(NOON))
    assert (report.phase, report.since) == ("Pending", "2026-09-21T14:13:20Z")
    cloned = report.with_state(State("clone", "i", started="t", code=0, reason="Completed"))
    assert [each["status"] for each in cloned.status("t")["conditions"]] == ["True", "False", "False"]
    running = cloned.with_state(State("collect", "i", started="t"))
    assert running.phase == "Running"
    assert running.status("t")["containerStatuses"][0]["state"] == {"running": {"startedAt": "t"}}
    failed = running.with_state(State("collect", "i", started="t", finished="u", code=3, reason="Error"))
    assert (failed.phase, failed.status("u")["containerStatuses"][0]["state"]["terminated"]["exitCode"]) == (
        "Failed",
        3,
    )
    assert running.with_state(State("collect", "i", started="t", code=0)).phase == "Succeeded"
    assert report.with_state(State("clone", "i", started="t", code=1)).phase == "Failed"


def test_a_pod_ended_before_it_began_has_failed():
    report = given_up(begun({"containers": [{"name": "collect", "image": "i"}]}, "t"), "ContainerStatusUnknown", "u")
    assert (report.phase, report.status("u")["containerStatuses"][0]["state"]["terminated"]["exitCode"]) == (
        "Failed",
        137,
    )
