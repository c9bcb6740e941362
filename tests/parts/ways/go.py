"""Programs built from the Go modules they are released as."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.parts.ways.commands import need, run


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


@dataclass(frozen=True)
class Kubernetes:
    """Kubernetes' programs, built together as they share most of their packages: some ten minutes on two cores."""

    version: str
    programs: tuple[str, ...] = ("kube-apiserver", "kube-controller-manager")

    def __str__(self) -> str:
        return f"Go module k8s.io/kubernetes {self.version}"

    def fetch(self, name: str, folder: Path) -> Path:
        """The freshly built binary, from a tree that keeps those built with it until they are asked for."""
        need("go")
        built = folder.parent / "trees" / f"kubernetes-{self.version}"
        if not (built / name).is_file():
            self._build(folder, built)
        return built / name

    def _build(self, folder: Path, built: Path) -> None:
        said = run(["go", "mod", "download", "-json", f"k8s.io/kubernetes@{self.version}"], folder)
        source = Path(json.loads(said)["Dir"])
        shutil.copyfile(source / "go.sum", folder / "go.sum")
        requirements = released((source / "go.mod").read_text(encoding="utf-8"), self.version)
        (folder / "go.mod").write_text(requirements, encoding="utf-8")
        stamps = {"gitVersion": self.version, "gitMajor": "1", "gitMinor": self.version.split(".")[1]}
        flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())
        build = ["nice", "go", "build", "-mod=mod", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w {flags}"]
        packages = [f"k8s.io/kubernetes/cmd/{program}" for program in self.programs]
        built.mkdir(parents=True, exist_ok=True)
        run([*build, "-o", f"{built}/", *packages], folder, CGO_ENABLED="0")


def released(requirements: str, version: str) -> str:
    """A go.mod like that of Kubernetes `version`, with its sister modules' releases in place of folders beside it."""
    sister_version = version.replace("v1.", "v0.", 1)
    sisters = sorted(set(re.findall(r"(k8s\.io/[\w.-]+) => \./staging/", requirements)))
    text = re.sub(r"^replace \(.*?^\)$", "", requirements, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^module .*$", "module quarterdeck/parts", text, flags=re.MULTILINE)
    text = re.sub(r"\bv0\.0\.0(?=\s)", sister_version, text)
    replaced = "".join(f"\t{name} => {name} {sister_version}\n" for name in sisters)
    return f"{text}\nrequire k8s.io/kubernetes {version}\n\nreplace (\n{replaced})\n"
