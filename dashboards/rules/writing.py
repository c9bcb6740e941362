"""Rendered files and a folder: what differs, and making it the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common.errors import ConfigError
from dashboards.rules.build import MONITORS, TESTS

OURS = (f"{MONITORS}/*.json", f"{TESTS}/*.test.yaml")
"""Files that only ever come from here: one that is not rendered any more belongs to a spec that is gone."""


def differences(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """The paths that the folder lacks, has otherwise, or still has of a spec that is gone."""
    gone = {path.relative_to(folder).as_posix() for pattern in OURS for path in folder.glob(pattern)} - files.keys()
    return [path for path, content in files.items() if _content(folder / path) != content] + sorted(gone)


def write(files: Mapping[str, bytes], folder: Path) -> list[str]:
    """Make the folder hold these files; the paths that changed. Raises `ConfigError` where it cannot be written to."""
    changed = differences(files, folder)
    for path in changed:
        target = folder / path
        try:
            if path in files:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(files[path])
            else:
                target.unlink()
        except OSError as error:
            raise ConfigError(f"--out {folder}: {target} cannot be written: {error.strerror}") from None
    return changed


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
