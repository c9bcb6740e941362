"""A Pod's container as one podman call: a pure function of the spec and of what it refers to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.spec import RefusedSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Object = dict[str, Any]
_KEYED = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")
_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_.-][\w.-]*)\))")


class MissingError(Exception):
    """Something a Pod refers to is not there yet: a container waits for it."""


@dataclass(frozen=True)
class Sources:
    """What the API server holds of the things that Pods of one namespace refer to; `folders` are the Pod's volumes."""

    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """Options, image and arguments of `podman run`; `environment` is handed over, so that no value is an argument."""

    options: tuple[str, ...]
    image: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def command(self) -> list[str]:
        """What follows `podman run --name …`."""
        names = [f"--env={name}" for name in self.environment]
        return [*self.options, *names, self.image, *self.arguments]


def call(pod: Object, container: Object, sources: Sources) -> Call:
    """The call for one container; raises `MissingError` for what is not there yet, `RefusedSpecError` for the rest."""
    environment = variables(pod, container, sources)
    security = {**_inherited(pod), **(container.get("securityContext") or {})}
    entry = [expanded(each, environment) for each in container.get("command", ())]
    arguments = tuple(expanded(each, environment) for each in container.get("args", ()))
    options = (
        *_security_options(security),
        *_group_options(pod["spec"].get("securityContext") or {}),
        *_mount_options(container, sources),
        *([f"--workdir={container['workingDir']}"] if "workingDir" in container else ()),
        *([f"--hostname={pod['spec']['hostname']}"] if "hostname" in pod["spec"] else ()),
        *([f"--entrypoint={json.dumps(entry)}"] if entry else ()),
    )
    return Call(options, container["image"], arguments, environment)


def _inherited(pod: Object) -> Object:
    own = {"runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile"}
    return {name: value for name, value in (pod["spec"].get("securityContext") or {}).items() if name in own}


def _security_options(security: Object) -> Iterator[str]:
    user, group = security.get("runAsUser"), security.get("runAsGroup")
    if security.get("runAsNonRoot") and not user:
        raise RefusedSpecError(f"runAsNonRoot is set and runAsUser is {user!r}: this node wants a number")
    if user is not None:
        yield f"--user={user}" + (f":{group}" if group is not None else "")
    elif group is not None:
        raise RefusedSpecError("runAsGroup without runAsUser")
    if security.get("readOnlyRootFilesystem"):
        # Podman would put a writable /tmp, /run and /var/tmp into a read-only container; a kubelet does not.
        yield from ("--read-only", "--read-only-tmpfs=false")
    if security.get("allowPrivilegeEscalation") is False:
        yield "--security-opt=no-new-privileges"
    if "seccompProfile" not in security:
        yield "--security-opt=seccomp=unconfined"
    capabilities = security.get("capabilities") or {}
    yield from (f"--cap-drop={name}" for name in capabilities.get("drop", ()))
    yield from (f"--cap-add={name}" for name in capabilities.get("add", ()))


def _group_options(security: Object) -> Iterator[str]:
    groups = [*security.get("supplementalGroups", ()), *([security["fsGroup"]] if "fsGroup" in security else ())]
    yield from (f"--group-add={group}" for group in groups)


def _mount_options(container: Object, sources: Sources) -> Iterator[str]:
    for mount in container.get("volumeMounts", ()):
        folder = sources.folders[mount["name"]]
        source = folder / mount["subPath"] if mount.get("subPath") else folder
        yield f"--volume={source}:{mount['mountPath']}:{'ro' if mount.get('readOnly') else 'rw'}"


def variables(pod: Object, container: Object, sources: Sources) -> dict[str, str]:
    """The container's environment, references among its variables resolved."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        prefix = source.get("prefix", "")
        found.update({prefix + name: value for name, value in _all_of(source, sources).items()})
    for variable in container.get("env", ()):
        if "valueFrom" not in variable:
            found[variable["name"]] = expanded(variable.get("value", ""), found)
        elif (value := _referred(pod, variable["valueFrom"], sources)) is not None:
            found[variable["name"]] = value
    return found


def _all_of(source: Object, sources: Sources) -> Mapping[str, str]:
    held = sources.config_maps if "configMapRef" in source else sources.secrets
    reference = source.get("configMapRef") or source["secretRef"]
    if reference["name"] in held:
        return held[reference["name"]]
    if reference.get("optional"):
        return {}
    raise MissingError(f"{'configmap' if 'configMapRef' in source else 'secret'} {reference['name']} not found")


def _referred(pod: Object, source: Object, sources: Sources) -> str | None:
    if "fieldRef" in source:
        return field_of(pod, source["fieldRef"]["fieldPath"])
    kind, held = ("secret", sources.secrets) if "secretKeyRef" in source else ("configmap", sources.config_maps)
    reference = source.get("secretKeyRef") or source["configMapKeyRef"]
    value = held.get(reference["name"], {}).get(reference["key"])
    if value is None and not reference.get("optional"):
        there = reference["name"] in held
        what = f"key {reference['key']} in {kind} {reference['name']}" if there else f"{kind} {reference['name']}"
        raise MissingError(f"{what} not found")
    return value


def field_of(pod: Object, path: str) -> str:
    """What the downward API shows of a Pod; a missing label or annotation is empty."""
    if keyed := _KEYED.match(path):
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    if path not in {"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"}:
        raise RefusedSpecError(f"fieldRef {path} is nothing this node tells")
    part, name = path.split(".")
    return str(pod[part][name])


def expanded(text: str, environment: Mapping[str, str]) -> str:
    """`$(NAME)` replaced where it is known, `$$` by one dollar, as Kubernetes does in commands and values."""

    def replace(found: re.Match[str]) -> str:
        return "$" if found[1] == "$" else environment.get(found[2], found[0])

    return _REFERENCE.sub(replace, text)
