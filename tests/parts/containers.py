"""Building and running containers: buildah and podman out of the cache, with a storage of their own."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from tests.parts.install import ROOT, parts_folder
from tests.parts.process import absent, part

STORAGE = ROOT / ".cache" / "containers"
POLICY = STORAGE / "policy.json"
"""For `--signature-policy`: whoever writes an image needs one, and these are all made here."""
LIMITS = ("nofile=1024:1024", "nproc=1000:1000")
CONTAINER_LIMITS = tuple(f"--ulimit={limit}" for limit in LIMITS)
"""The same as in the settings here: the programs' own are more than some machines allow."""


def podman_command() -> list[str]:
    """What stands before `run`, `import`, `inspect` ...; a container has the host's network unless told otherwise.

    Skips the test without the parts, or fails it where QUARTERDECK_REQUIRE_PARTS=1.
    """
    return [*_settings(), str(part("podman"))]


def buildah_command() -> list[str]:
    """What stands before `bud`, `images` ...: as `podman_command`, with the same storage."""
    return [*_settings(), str(part("buildah"))]


def _settings() -> list[str]:
    if os.getuid() != 0:
        absent("containers are built and run as root here")
    STORAGE.mkdir(parents=True, exist_ok=True)
    engine, storage = STORAGE / "containers.conf", STORAGE / "storage.conf"
    _put(engine, _engine(parts_folder() / "trees" / "podman"))
    _put(storage, _storage())
    _put(POLICY, json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    return ["env", f"CONTAINERS_CONF={engine}", f"CONTAINERS_STORAGE_CONF={storage}"]


def _put(path: Path, text: str) -> None:
    """Writes the file whole or not at all: other test processes read it."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).replace(path)


def _engine(tree: Path) -> str:
    """Settings without systemd, without shared memory of the machine's own podman, and with the programs in `tree`."""
    limits = ", ".join(f'"{limit}"' for limit in LIMITS)
    return f"""[containers]
default_ulimits = [{limits}]
netns = "host"
[network]
network_config_dir = "{STORAGE}/networks"
[engine]
cgroup_manager = "cgroupfs"
conmon_path = ["{tree}/usr/bin/conmon"]
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "{STORAGE}/state"
volume_path = "{STORAGE}/volumes"
[engine.runtimes]
runc = ["{tree}/usr/sbin/runc"]
"""


def _storage() -> str:
    """Settings that leave no mount behind, so that the cache can be removed."""
    return f"""[storage]
driver = "overlay"
graphroot = "{STORAGE}/storage"
runroot = "{STORAGE}/run"
[storage.options.overlay]
skip_mount_home = "true"
"""
