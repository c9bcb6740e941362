"""One container of the image under test, as a strict cluster would run it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.parts.containers import CONTAINER_LIMITS, podman_command

UID = 1000730000
STRICT = (
    *("--rm", "--pull=never", "--network=host", "--log-driver=none", "--passwd=false", f"--user={UID}:0"),
    *("--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"),
)
"""A user without a name, as OpenShift chooses them, without rights, and nothing to write to but an empty /tmp."""


def command(tag: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
    """The command that runs the image with these arguments for its entry point, and `podman run`'s own options."""
    return [*podman_command(), "run", *STRICT, *CONTAINER_LIMITS, *options, tag, *arguments]


def run(tag: str, *arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """How the container ended and what it printed."""
    return subprocess.run(
        command(tag, *arguments, options=options), capture_output=True, text=True, check=False, timeout=120
    )


def inspected(tag: str) -> dict[str, Any]:
    """What podman knows of the image."""
    said = subprocess.run([*podman_command(), "image", "inspect", tag], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(said.stdout)[0]
    return found
