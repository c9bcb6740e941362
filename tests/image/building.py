"""The image under test: a Debian base made here, and the image built on it from this tree."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.parts.containers import POLICY, STORAGE, buildah_command, podman_command
from tests.parts.install import ROOT
from tests.parts.process import absent, part
from tests.parts.ways import complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGES = "python3,python3-venv,ca-certificates"
UNUSED = 'cd "$1/usr/share" && rm -rf doc/* man/* locale/*'
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = {"index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "retries"}
PATIENCE = 900.0
# Of the process as it was started: a test's own environment is bare, and the way to the index may be in this one.
ENVIRON = dict(os.environ)


def base_image() -> str:
    """The tag of the Debian base in `containers.podman_command()`'s storage; made once, then found."""
    sources = _debian_sources()
    key = _hash([PACKAGES, UNUSED, *(path.read_text(encoding="utf-8") for path in sources)])
    tag = f"localhost/quarterdeck-base:{key}"
    with _alone("base"):
        if not _exists(tag):
            _make_base(tag, sources)
    return tag


def built_image(extras: str = "all") -> str:
    """The tag of the image of this tree's sources with `extras`; built once for each state of the sources."""
    base = base_image()
    key = _hash([base, *(f"{path.relative_to(ROOT)} {_hash([path.read_bytes()])}" for path in _sources())])
    tag = f"localhost/quarterdeck:{extras.replace(',', '-')}-{key}"
    with _alone(extras):
        if not _exists(tag):
            _build(tag, base, extras)
            _run([*podman_command(), "image", "prune", "--force", "--all", *_OLD], 60)
    return tag


def version() -> str:
    """The version in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


_OLD = ("--filter=label=org.opencontainers.image.title=Quarterdeck", "--filter=until=24h")


def _debian_sources() -> list[Path]:
    """The files that tell apt where this machine has Debian's own packages from."""
    folder = Path("/etc/apt")
    found = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.*"))]
    suite = re.compile(rf"^[^#\n]*(?<![\w-]){_codename()}(?![\w-])", re.MULTILINE)
    kept = [path for path in found if path.suffix in {".list", ".sources"} and path.is_file()]
    kept = [path for path in kept if suite.search(path.read_text(encoding="utf-8"))]
    if not kept:
        absent("the base image is made of Debian packages, and apt here has no source of them")
    return kept


def _codename() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "unknown")


def _make_base(tag: str, sources: Sequence[Path]) -> None:
    """Debian's smallest system with Python, without documentation, as this machine's apt can get it."""
    options = ["--mode=root", "--variant=apt", f"--include={PACKAGES}", f"--customize-hook={UNUSED}"]
    # Durability is of no use to a folder that is packed and removed.
    options += ["--dpkgopt=force-unsafe-io", *(f"--aptopt={option}" for option in _apt_checks())]
    with tempfile.TemporaryDirectory(dir=STORAGE, prefix="base-") as scratch:
        packed = f"{scratch}/base.tar"
        _run([str(part("mmdebstrap")), *options, _codename(), packed, *map(str, sources)], PATIENCE)
        _run([*podman_command(), "import", f"--signature-policy={POLICY}", packed, tag], PATIENCE)


def _apt_checks() -> list[str]:
    """Which checks of a mirror's dates this machine's apt leaves out."""
    said = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return [line.rstrip(";") for line in said.splitlines() if line.startswith("Acquire::Check-")]


def _build(tag: str, base: str, extras: str) -> None:
    arguments = {"BASE": base, "EXTRAS": extras, "VERSION": version(), "REVISION": "of-a-test"}
    command = [*buildah_command(), "bud", "--isolation=chroot", "--layers", "--ulimit=nofile=1024:1024", "--quiet"]
    command += [f"--signature-policy={POLICY}", "--pull-never", f"--tag={tag}"]
    command += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as settings:
        settings.write(_pip_settings())
        settings.flush()
        command.append(f"--secret=id=pip,src={settings.name}")
        if CERTIFICATES.is_file():
            command.append(f"--secret=id=certificates,src={CERTIFICATES}")
        _run([*command, str(ROOT)], PATIENCE)


def _pip_settings() -> str:
    """A configuration file with this machine's way to the package index, which may hold a password."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True, env=ENVIRON
    ).stdout
    found: dict[str, str] = {}
    for line in said.splitlines():
        name, _, value = line.partition("=")
        # The environment's come first in the list and win.
        found.setdefault(name.rpartition(".")[2], str(ast.literal_eval(value)))
    kept = {name: value for name, value in found.items() if name in PIP_SETTINGS}
    return "[global]\n" + "".join(f"{name} = {' '.join(value.split())}\n" for name, value in kept.items())


def _sources() -> list[Path]:
    """What the image is made of: the files that .dockerignore lets in, and the recipe."""
    names = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    roots = [ROOT / name.removeprefix("!") for name in names if name.startswith("!")]
    within = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*"))]
    files = [path for path in within if path.is_file() and "__pycache__" not in path.parts]
    return sorted([*files, ROOT / "Dockerfile", ROOT / ".dockerignore"])


def _hash(texts: Sequence[str | bytes]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() if isinstance(text, str) else text)
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _exists(tag: str) -> bool:
    command = [*podman_command(), "image", "exists", tag]
    return subprocess.run(command, capture_output=True, check=False, env=ENVIRON).returncode == 0


def _run(command: Sequence[str], seconds: float) -> None:
    """Runs what makes an image; the test fails with its complaint, without addresses."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRON, timeout=seconds)
    if done.returncode:
        pytest.fail(f"{Path(command[-1]).name}: {complaint(done.stderr or done.stdout) or done.returncode}")


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Keeps the other test processes waiting: whoever comes second finds the image made."""
    STORAGE.mkdir(parents=True, exist_ok=True)
    with (STORAGE / f"building-{what}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
