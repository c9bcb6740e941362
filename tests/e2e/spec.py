"""What of a Pod's spec the node understands: everything else is refused, so that nothing the chart says is ignored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Object = dict[str, Any]


class RefusedSpecError(AssertionError):
    """A Pod says something that this node would not do; the text holds the path and what it says."""


# Fields that change nothing here whatever they say, and why.
WITHOUT_EFFECT = {
    "spec": {
        "nodeName": "there is one node",
        "tolerations": "it has no taint",
        "priority": "nothing competes for it",
        "priorityClassName": "the same",
        "preemptionPolicy": "the same",
        "serviceAccount": "the old name of serviceAccountName",
        "automountServiceAccountToken": "the API server has turned it into a volume or not",
        "enableServiceLinks": "the namespaces of the tests hold no Service",
    },
    "container": {"resources": "the machine is not divided"},
}
# Fields that are understood in these values only.
ONLY: Mapping[str, Mapping[str, tuple[object, ...]]] = {
    "spec": {
        "restartPolicy": ("Never",),
        "dnsPolicy": ("ClusterFirst", "Default"),
        "schedulerName": ("default-scheduler",),
        "hostNetwork": (False,),
        "hostPID": (False,),
        "hostIPC": (False,),
        "shareProcessNamespace": (False,),
        "hostUsers": (True,),
        "imagePullSecrets": ([],),
        "nodeSelector": ({}, {"kubernetes.io/os": "linux"}),
        "affinity": ({},),
    },
    "container": {
        "imagePullPolicy": ("IfNotPresent", "Never"),
        "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
        "stdin": (False,),
        "tty": (False,),
    },
    "pod security": {"fsGroupChangePolicy": ("Always", "OnRootMismatch")},
    "security": {"privileged": (False,)},
    "seccomp": {"type": ("RuntimeDefault",)},
    "mount": {"mountPropagation": ("None",), "recursiveReadOnly": ("Disabled",)},
}
UNDERSTOOD = {
    "spec": {
        *("containers", "initContainers", "volumes", "securityContext", "serviceAccountName", "hostname"),
        *("terminationGracePeriodSeconds",),
    },
    "container": {
        *("name", "image", "command", "args", "workingDir", "env", "envFrom", "volumeMounts", "securityContext"),
        *("terminationMessagePath",),
    },
    "pod security": {"runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "supplementalGroups", "seccompProfile"},
    "security": {
        *("runAsUser", "runAsGroup", "runAsNonRoot", "readOnlyRootFilesystem", "allowPrivilegeEscalation"),
        *("capabilities", "seccompProfile"),
    },
    "seccomp": set(),
    "capabilities": {"add", "drop"},
    "mount": {"name", "mountPath", "readOnly", "subPath"},
    "variable": {"name", "value", "valueFrom"},
    "variable source": {"secretKeyRef", "configMapKeyRef", "fieldRef"},
    "key": {"name", "key", "optional"},
    "field": {"apiVersion", "fieldPath"},
    "variables": {"prefix", "configMapRef", "secretRef"},
    "reference": {"name", "optional"},
    "volume": {"name", "configMap", "secret", "emptyDir", "persistentVolumeClaim", "hostPath", "projected"},
    "configMap": {"name", "items", "defaultMode", "optional"},
    "secret": {"secretName", "items", "defaultMode", "optional"},
    "item": {"key", "path", "mode"},
    "emptyDir": {"medium", "sizeLimit"},
    "persistentVolumeClaim": {"claimName", "readOnly"},
    "hostPath": {"path", "type"},
    "projected": {"sources", "defaultMode"},
    "projection": {"serviceAccountToken", "configMap", "downwardAPI", "secret"},
    "token": {"audience", "expirationSeconds", "path"},
    "downward": {"items"},
    "downward item": {"path", "fieldRef", "mode"},
}


def checked(kind: str, value: Object, where: str) -> Object:
    """`value`, if all of its fields are understood; raises `RefusedSpecError`."""
    only = ONLY.get(kind, {})
    known = UNDERSTOOD[kind] | set(WITHOUT_EFFECT.get(kind, ())) | set(only)
    for field, found in value.items():
        if field not in known:
            raise RefusedSpecError(f"{where}.{field} is nothing this node does: {found!r}")
        if field in only and found not in only[field]:
            accepted = ", ".join(repr(each) for each in only[field])
            raise RefusedSpecError(f"{where}.{field} is {found!r}; this node does {accepted}")
    return value


def check_pod(spec: Object) -> None:
    """Raises `RefusedSpecError` at the first field of a Pod's spec that the node would not do."""
    checked("spec", spec, "spec")
    pod_security = checked("pod security", spec.get("securityContext") or {}, "spec.securityContext")
    _check_seccomp(pod_security, "spec.securityContext")
    for kind in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(kind, ())):
            _check_container(container, f"spec.{kind}[{number}]")
    for number, volume in enumerate(spec.get("volumes", ())):
        _check_volume(volume, f"spec.volumes[{number}]")


def _check_container(container: Object, where: str) -> None:
    checked("container", container, where)
    security = checked("security", container.get("securityContext") or {}, f"{where}.securityContext")
    _check_seccomp(security, f"{where}.securityContext")
    checked("capabilities", security.get("capabilities") or {}, f"{where}.securityContext.capabilities")
    _each("mount", container.get("volumeMounts", ()), f"{where}.volumeMounts")
    _each("variable", container.get("env", ()), f"{where}.env")
    for number, variable in enumerate(container.get("env", ())):
        if source := variable.get("valueFrom"):
            _check_source(source, f"{where}.env[{number}].valueFrom")
    _each("variables", container.get("envFrom", ()), f"{where}.envFrom")
    for number, source in enumerate(container.get("envFrom", ())):
        for name in ("configMapRef", "secretRef"):
            checked("reference", source.get(name) or {}, f"{where}.envFrom[{number}].{name}")


def _check_seccomp(security: Object, where: str) -> None:
    checked("seccomp", security.get("seccompProfile") or {}, f"{where}.seccompProfile")


def _check_source(source: Object, where: str) -> None:
    checked("variable source", source, where)
    for name in ("secretKeyRef", "configMapKeyRef"):
        checked("key", source.get(name) or {}, f"{where}.{name}")
    checked("field", source.get("fieldRef") or {}, f"{where}.fieldRef")


def _check_volume(volume: Object, where: str) -> None:
    checked("volume", volume, where)
    for kind in UNDERSTOOD["volume"] - {"name"}:
        content = checked(kind, volume.get(kind) or {}, f"{where}.{kind}")
        _each("item", content.get("items") or (), f"{where}.{kind}.items")
    for number, projection in enumerate((volume.get("projected") or {}).get("sources", ())):
        inner = f"{where}.projected.sources[{number}]"
        checked("projection", projection, inner)
        checked("token", projection.get("serviceAccountToken") or {}, f"{inner}.serviceAccountToken")
        checked("reference-items", projection.get("configMap") or {}, f"{inner}.configMap")
        checked("reference-items", projection.get("secret") or {}, f"{inner}.secret")
        checked("downward", projection.get("downwardAPI") or {}, f"{inner}.downwardAPI")
        _each("downward item", (projection.get("downwardAPI") or {}).get("items", ()), f"{inner}.downwardAPI.items")


UNDERSTOOD["reference-items"] = {"name", "items", "optional"}


def _each(kind: str, values: Iterable[Object], where: str) -> None:
    for number, value in enumerate(values):
        checked(kind, value, f"{where}[{number}]")
