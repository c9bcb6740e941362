"""What the ways have in common: running a program, and saying why a way does not work here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PATIENCE = 1800.0


class Unavailable(Exception):  # noqa: N818
    """A way to get a part that does not work here; the text says why."""


def need(tool: str) -> None:
    """Raises `Unavailable` if `tool` is not on PATH."""
    if shutil.which(tool) is None:
        raise Unavailable(f"{tool} is not installed")


def run(command: Sequence[str], folder: Path, **environ: str) -> str:
    """What `command` printed, on standard output if anything; raises `Unavailable` with its complaint."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:3])}: {complaint(done.stderr or done.stdout) or done.returncode}")
    return done.stdout or done.stderr


def complaint(text: str) -> str:
    """The last two lines of an error, without addresses: those may carry credentials."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "<address>", " ".join(lines[-2:]))[:300]


def script(path: Path, program: Path, libraries: Sequence[str] = ()) -> Path:
    """A script that becomes the program, with `libraries` searched before the system's."""
    search = f'LD_LIBRARY_PATH="{":".join(libraries)}" ' if libraries else ""
    path.write_text(f'#!/bin/sh\n{search}exec "{program}" "$@"\n', encoding="utf-8")
    return path


def numbers(path: Path) -> list[int]:
    """The numbers in a path, by which the newest of several sorts last."""
    return [int(number) for number in re.findall(r"\d+", str(path))]
