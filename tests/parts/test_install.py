"""The installer of real programs: idempotent, offline where it can be, and clear about what is missing."""

from dataclasses import dataclass, field

import pytest

from tests.parts import install
from tests.parts.install import Part, Unavailable, complaint, main, parts_folder


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
