"""The chart as a package: its versions, its generated files, what lint says and what is in it."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib

import pytest
import yaml

from tests.chart.helm import BOTH, CHART, CI, READY, ROOT, run_helm


def test_the_chart_is_of_the_release():
    release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert chart["appVersion"] == release
    assert f"image: quarterdeck:{release}" in chart["annotations"]["artifacthub.io/images"]


def test_the_generated_files_are_up_to_date():
    command = (sys.executable, str(ROOT / "charts/generate.py"), "--check")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("helm", [pytest.param("helm3", marks=pytest.mark.slow), "helm4"])
def test_lint_has_nothing_to_say(helm):
    for values in (*CI, *READY):
        said = run_helm(helm, "lint", "--strict", "--values", str(values), str(CHART))

        assert "0 chart(s) failed" in said, values.name


@pytest.mark.parametrize("helm", BOTH)
def test_a_package_holds_what_it_needs_and_nothing_else(helm, tmp_path):
    run_helm(helm, "package", str(CHART), "--destination", str(tmp_path))
    (archive,) = tmp_path.glob("quarterdeck-*.tgz")
    with tarfile.open(archive) as package:
        found = {name.removeprefix("quarterdeck/") for name in package.getnames()}

    tracked = {str(path.relative_to(CHART)) for path in CHART.rglob("*") if path.is_file()}
    assert found == {name for name in tracked if not name.startswith("ci/")} - {".helmignore"} | (
        found & {".helmignore"}
    )
    assert {"Chart.yaml", "values.schema.json", "templates/NOTES.txt", "scripts/clone.sh"} <= found


def test_every_ready_file_is_named_like_a_collector_of_its_own():
    for path in READY:
        values = yaml.safe_load(path.read_text())

        assert list(values["collectors"]) == [path.stem]
        assert values["collectors"][path.stem]["schedule"] == "H/15 * * * *"
        assert f"-f cronjobs/{path.name}" in path.read_text()
