"""Put the real programs that the tests run against into `.cache/parts/bin`; nothing else on the machine changes.

    python tests/parts/install.py [--require] [NAME...]

`QUARTERDECK_PARTS` names another folder. Needs only Python, and what each part's way needs: `apt-get` or Go.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 1800.0


class Unavailable(Exception):  # noqa: N818
    """A way to get a part that does not work here; the text says why."""


@dataclass(frozen=True)
class Debian:
    """A binary out of a Debian package, unpacked and never installed, so that no service starts."""

    package: str
    member: str

    def __str__(self) -> str:
        return f"Debian package {self.package}"

    def fetch(self, name: str, folder: Path) -> Path:
        """The unpacked binary below `folder`."""
        for tool in ("apt-get", "dpkg"):
            need(tool)
        download = ["apt-get", "download", "-qq", self.package]
        try:
            run(download, folder)
        except Unavailable:
            run(["apt-get", "update", "-qq"], folder)
            run(download, folder)
        for archive in folder.glob("*.deb"):
            run(["dpkg", "-x", archive.name, "tree"], folder)
        return folder / "tree" / self.member


@dataclass(frozen=True)
class Present:
    """A program that the machine has already, started by a script in its place."""

    pattern: str

    def __str__(self) -> str:
        return f"present as {self.pattern}"

    def fetch(self, name: str, folder: Path) -> Path:
        """A script below `folder` that starts the newest one."""
        found = sorted(Path("/").glob(self.pattern.lstrip("/")), key=_numbers)
        if not found:
            raise Unavailable("there is none")
        return script(folder / name, found[-1])


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
        found = sorted(tree.glob(self.member), key=_numbers)
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


def depends(package: str, prefix: str, folder: Path) -> list[str]:
    """The packages that `package` depends on and whose names begin with `prefix`."""
    said = run(["apt-cache", "depends", "--important", package], folder)
    found = re.findall(rf"^\s+Depends: ({re.escape(prefix)}[\w.+-]+)$", said, re.MULTILINE)
    return [name for name in found if name != "libc6"]


def script(path: Path, program: Path, libraries: Sequence[str] = ()) -> Path:
    """A script that becomes the program, with `libraries` searched before the system's."""
    search = f'LD_LIBRARY_PATH="{":".join(libraries)}" ' if libraries else ""
    path.write_text(f'#!/bin/sh\n{search}exec "{program}" "$@"\n', encoding="utf-8")
    return path


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


@dataclass(frozen=True)
class GoModule:
    """A program built inside its own module: `go install` refuses a `go.mod` with replacements."""

    module: str
    version: str
    package: str
    version_variable: str = ""

    def __str__(self) -> str:
        return f"Go module {self.module} {self.version}"

    def fetch(self, name: str, folder: Path) -> Path:
        """The freshly built binary below `folder`; the first build takes a minute or two."""
        need("go")
        said = run(["go", "mod", "download", "-json", f"{self.module}@{self.version}"], folder)
        stamp = f" -X {self.version_variable}={self.version}" if self.version_variable else ""
        build = ["go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w{stamp}"]
        source = Path(json.loads(said)["Dir"])
        run(["nice", *build, "-o", str(folder / name), self.package], source, CGO_ENABLED="0")
        return folder / name


Way = Debian | DebianTree | GoModule | Present


@dataclass(frozen=True)
class Part:
    """One program, the ways to get it in order of preference, and how it tells its version."""

    name: str
    ways: tuple[Way, ...]
    version_flag: str = "--version"


PUSHGATEWAY_MODULE = GoModule(
    "github.com/prometheus/pushgateway", "v1.11.1", ".", "github.com/prometheus/common/version.Version"
)
# Debian's VictoriaMetrics (1.79) has no /datadog/api/v2/series; later releases than this want a newer Go.
VICTORIAMETRICS_MODULE = GoModule(
    "github.com/VictoriaMetrics/VictoriaMetrics",
    "v1.110.0",
    "./app/victoria-metrics",
    "github.com/VictoriaMetrics/VictoriaMetrics/lib/buildinfo.Version",
)
POSTGRESQL = "usr/lib/postgresql/*/bin/"
PARTS = (
    Part("pushgateway", (Debian("prometheus-pushgateway", "usr/bin/prometheus-pushgateway"), PUSHGATEWAY_MODULE)),
    Part("prometheus", (Debian("prometheus", "usr/bin/prometheus"),)),
    Part("promtool", (Debian("prometheus", "usr/bin/promtool"),)),
    Part("victoria-metrics", (VICTORIAMETRICS_MODULE,), "-version"),
    *(
        Part(name, (Present(f"/{POSTGRESQL}{name}"), DebianTree("postgresql", f"{POSTGRESQL}{name}")))
        for name in ("initdb", "postgres")
    ),
)


def parts_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the parts are kept; the binaries are in its `bin`."""
    return Path(environ.get("QUARTERDECK_PARTS") or ROOT / ".cache" / "parts").resolve()


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


def version_of(part: Part, binary: Path) -> str:
    """What the binary says its version is; raises `Unavailable` if it does not run here."""
    said = run([str(binary), part.version_flag], binary.parent)
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else "of unknown version"


def installed(part: Part, folder: Path) -> str | None:
    """The way that `part` came by, if it is there and came by one that still stands in the table."""
    stamp = folder / "stamps" / part.name
    if not (folder / "bin" / part.name).is_file() or not stamp.is_file():
        return None
    way = stamp.read_text(encoding="utf-8")
    return way if way in {str(known) for known in part.ways} else None


def install(part: Part, way: Way, folder: Path) -> str:
    """Fetches `part`, proves that it runs and moves it into place at once; gives its version."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{part.name}-") as scratch:
        # apt-get drops its rights for the download and must be able to write here.
        Path(scratch).chmod(0o777)
        binary = way.fetch(part.name, Path(scratch))
        if not binary.is_file():
            raise Unavailable(f"{way} has no {binary.name}")
        binary.chmod(0o755)
        version = version_of(part, binary)
        binary.replace(folder / "bin" / part.name)
    (folder / "stamps" / part.name).write_text(str(way), encoding="utf-8")
    return version


def provide(part: Part, folder: Path) -> tuple[bool, str]:
    """Whether `part` is there now, and the line that says so."""
    if way := installed(part, folder):
        return True, f"found      {part.name} {version_of(part, folder / 'bin' / part.name)} ({way})"
    reasons = []
    for choice in part.ways:
        try:
            return True, f"installed  {part.name} {install(part, choice, folder)} ({choice})"
        except Unavailable as error:
            reasons.append(f"{choice}: {error}")
    return False, f"missing    {part.name}: {'; '.join(reasons)}"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps a second installer waiting until this one is done."""
    for name in ("bin", "stamps"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 if `--require` was given and a part is missing."""
    parser = argparse.ArgumentParser(description="Install the real programs that the tests run against.")
    parser.add_argument("--require", action="store_true", help="exit 1 if a part is missing")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(part.name for part in PARTS))
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {part.name for part in PARTS}:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    folder = parts_folder()
    complete = True
    with alone(folder):
        for part in PARTS:
            if not options.names or part.name in options.names:
                there, line = provide(part, folder)
                complete = complete and there
                print(line, flush=True)
    return 1 if options.require and not complete else 0


if __name__ == "__main__":
    sys.exit(main())
