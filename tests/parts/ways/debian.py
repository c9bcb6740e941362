"""Programs out of Debian packages, unpacked and never installed, and those the machine has already."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.parts.ways.commands import Unavailable, need, numbers, run, script

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Debian:
    """A binary out of a Debian package, unpacked and never installed, so that no service starts."""

    package: str
    member: str

    def __str__(self) -> str:
        return f"Debian package {self.package}"

    def fetch(self, name: str, folder: Path) -> Path:
        """The unpacked binary below `folder`."""
        return unpacked([self.package], folder) / self.member


@dataclass(frozen=True)
class DebianGroup:
    """A program out of its Debian package, which finds the programs and libraries of others in the same tree."""

    package: str
    beside: tuple[str, ...]

    def __str__(self) -> str:
        return f"Debian packages {self.package} and {len(self.beside)} beside it"

    def fetch(self, name: str, folder: Path) -> Path:
        """A script below `folder` that starts the program in the tree, which is kept."""
        found = unpacked([self.package, *self.beside, "patchelf"], folder)
        tree = folder.parent / "trees" / self.package
        tree.parent.mkdir(exist_ok=True)
        shutil.rmtree(tree, ignore_errors=True)
        found.replace(tree)
        # These start themselves again with an empty environment, so the libraries' place is written into them.
        libraries = ":".join(str(path) for path in sorted(tree.glob("usr/lib/*-linux-*")))
        for program in sorted(tree.glob("usr/*bin/*")):
            if program.name in {self.package, *self.beside}:
                run([str(tree / "usr/bin/patchelf"), "--force-rpath", "--set-rpath", libraries, str(program)], folder)
        return script(folder / name, tree / "usr/bin" / self.package)


@dataclass(frozen=True)
class DebianTree:
    """A program that needs files and libraries beside it: its packages unpacked whole, never installed."""

    package: str
    member: str

    def __str__(self) -> str:
        return f"Debian packages of {self.package}"

    def fetch(self, name: str, folder: Path) -> Path:
        """A script below `folder` that starts the program in the tree, which is kept."""
        for tool in ("apt-get", "apt-cache", "dpkg"):
            need(tool)
        tree = folder.parent / "trees" / self.package
        if not list(tree.glob(self.member)):
            self._unpack(folder, tree)
        found = sorted(tree.glob(self.member), key=numbers)
        if not found:
            raise Unavailable(f"{self} have no {self.member}")
        libraries = [str(path) for path in sorted(tree.glob("usr/lib/*-linux-*")) if path.is_dir()]
        return script(folder / name, found[-1], libraries)

    def _unpack(self, folder: Path, tree: Path) -> None:
        if not (server := depends(self.package, f"{self.package}-", folder)):
            run(["apt-get", "update", "-qq"], folder)
            server = depends(self.package, f"{self.package}-", folder)
        libraries = [each for name in (*server, "libpq5") for each in depends(name, "lib", folder)]
        run(["apt-get", "download", "-qq", *server, "libpq5", *dict.fromkeys(libraries)], folder)
        for archive in folder.glob("*.deb"):
            run(["dpkg", "-x", archive.name, "tree"], folder)
        tree.parent.mkdir(exist_ok=True)
        shutil.rmtree(tree, ignore_errors=True)
        (folder / "tree").replace(tree)


@dataclass(frozen=True)
class Present:
    """A program that the machine has already, started by a script in its place."""

    pattern: str

    def __str__(self) -> str:
        return f"present as {self.pattern}"

    def fetch(self, name: str, folder: Path) -> Path:
        """A script below `folder` that starts the newest one."""
        found = sorted(Path("/").glob(self.pattern.lstrip("/")), key=numbers)
        if not found:
            raise Unavailable("there is none")
        return script(folder / name, found[-1])


def unpacked(packages: Sequence[str], folder: Path) -> Path:
    """A tree below `folder` with what the packages hold."""
    for tool in ("apt-get", "dpkg"):
        need(tool)
    download = ["apt-get", "download", "-qq", *packages]
    try:
        run(download, folder)
    except Unavailable:
        run(["apt-get", "update", "-qq"], folder)
        run(download, folder)
    for archive in folder.glob("*.deb"):
        run(["dpkg", "-x", archive.name, "tree"], folder)
    return folder / "tree"


def depends(package: str, prefix: str, folder: Path) -> list[str]:
    """The packages that `package` depends on and whose names begin with `prefix`."""
    said = run(["apt-cache", "depends", "--important", package], folder)
    found = re.findall(rf"^\s+Depends: ({re.escape(prefix)}[\w.+-]+)$", said, re.MULTILINE)
    return [name for name in found if name != "libc6"]
