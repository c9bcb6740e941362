"""GitHub's published schemas out of their npm packages, kept in `.cache/schemas` and never committed."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.parts.process import absent

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "schemas"
PACKAGES = {
    "schema.graphql": ("@octokit/graphql-schema@15.26.1", "package/schema.graphql"),
    "api.github.com.json": ("@octokit/openapi@23.0.2", "package/generated/api.github.com.json"),
}


def published(name: str) -> Path:
    """The file; without npm the test is skipped, or fails where QUARTERDECK_REQUIRE_PARTS=1."""
    package, member = PACKAGES[name]
    kept = CACHE / package.replace("/", "-").lstrip("@") / name
    if not kept.exists():
        try:
            fetch(package, member, kept)
        except (OSError, subprocess.SubprocessError, StopIteration) as error:
            absent(f"npm could not fetch {package}: {error}")
    return kept


def fetch(package: str, member: str, kept: Path) -> None:
    """Puts one file of the package where it is kept; whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    if shutil.which("npm") is None:
        raise FileNotFoundError("npm is not installed")
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        command = ["npm", "pack", package, "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=folder)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            source = archive.extractfile(member)
            assert source is not None, f"{package} has no {member}"
            part = Path(folder) / "part"
            with part.open("wb") as target:
                shutil.copyfileobj(source, target)
        part.replace(kept)
