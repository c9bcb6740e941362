"""A Pod's volumes as folders of this machine: ConfigMaps, Secrets and tokens as files, claims as they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.spec import RefusedSpecError
from tests.e2e.translate import MissingError, Sources, field_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Object = dict[str, Any]
PLAIN, SHARED = 0o644, 0o777


def lay(
    pod: Object, folder: Path, sources: Sources, claim: Callable[[str], Path], token: Callable[[Object], str]
) -> Sources:
    """`sources` with the Pod's volumes made below `folder`; raises `MissingError` for what is not there yet."""
    group = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    folders = {}
    for volume in pod["spec"].get("volumes", ()):
        if "hostPath" in volume:
            folders[volume["name"]] = _host_path(volume["hostPath"])
            continue
        if "persistentVolumeClaim" in volume:
            place = claim(volume["persistentVolumeClaim"]["claimName"])
        else:
            place = folder / volume["name"]
            place.mkdir(parents=True, exist_ok=True)
            place.chmod(SHARED)
            for path, (content, mode) in files(pod, volume, sources, token).items():
                _write(place / path, content, mode, group)
        if group is not None:
            os.chown(place, -1, group)
            place.chmod(place.stat().st_mode | 0o2770)
        folders[volume["name"]] = place
    return Sources(sources.config_maps, sources.secrets, folders)


def files(pod: Object, volume: Object, sources: Sources, token: Callable[[Object], str]) -> dict[str, tuple[str, int]]:
    """The files that a volume begins with: path → content and mode."""
    if "emptyDir" in volume:
        return {}
    if "configMap" in volume:
        return _keys(volume["configMap"], volume["configMap"]["name"], sources.config_maps, "configmap")
    if "secret" in volume:
        return _keys(volume["secret"], volume["secret"]["secretName"], sources.secrets, "secret")
    projected = volume["projected"]
    found: dict[str, tuple[str, int]] = {}
    for source in projected["sources"]:
        found |= _projection(pod, {"defaultMode": projected.get("defaultMode", PLAIN)}, source, sources, token)
    return found


def _projection(
    pod: Object, defaults: Object, source: Object, sources: Sources, token: Callable[[Object], str]
) -> dict[str, tuple[str, int]]:
    if wanted := source.get("serviceAccountToken"):
        return {wanted["path"]: (token(wanted), 0o600)}
    if wanted := source.get("configMap"):
        return _keys({**defaults, **wanted}, wanted["name"], sources.config_maps, "configmap")
    if wanted := source.get("secret"):
        return _keys({**defaults, **wanted}, wanted["name"], sources.secrets, "secret")
    items = source["downwardAPI"]["items"]
    return {item["path"]: (field_of(pod, item["fieldRef"]["fieldPath"]), defaults["defaultMode"]) for item in items}


def _keys(content: Object, name: str, held: Mapping[str, Mapping[str, str]], kind: str) -> dict[str, tuple[str, int]]:
    mode: int = content.get("defaultMode") or PLAIN
    if name not in held:
        if content.get("optional"):
            return {}
        raise MissingError(f'{kind} "{name}" not found')
    items: Iterable[Object] = content.get("items") or [{"key": key, "path": key} for key in held[name]]
    for item in items:
        if item["key"] not in held[name] and not content.get("optional"):
            raise MissingError(f'{kind} "{name}" has no key {item["key"]}')
    there = [item for item in items if item["key"] in held[name]]
    return {item["path"]: (held[name][item["key"]], int(item.get("mode") or mode)) for item in there}


def _write(path: Path, content: str, mode: int, group: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(mode if group is None else mode | 0o040)
    if group is not None:
        os.chown(path, -1, group)


def _host_path(wanted: Object) -> Path:
    path = Path(wanted["path"])
    if wanted.get("type", "") not in {"", "Directory"}:
        raise RefusedSpecError(f"hostPath of type {wanted['type']!r}")
    if not path.is_dir():
        raise MissingError(f"hostPath {path} is no directory")
    return path
