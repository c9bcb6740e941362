"""The recipe agrees with the project, without building anything."""

from __future__ import annotations

import re
import tomllib

from tests.parts.install import ROOT

RECIPE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_labels_say_what_the_project_says():
    project = PROJECT["project"]
    assert re.findall(r"^ARG VERSION=(.*)$", RECIPE, re.MULTILINE) == [project["version"]]
    assert re.findall(r'\.description="(.*?)"', RECIPE) == [project["description"]]
    assert re.findall(r'\.licenses="(.*?)"', RECIPE) == [project["license"]]


def test_only_what_is_installed_goes_into_the_build():
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line[0] == "!"}
    packages = {name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]}
    modules = {f"{name}.py" for name in PROJECT["tool"]["setuptools"]["py-modules"]}
    assert allowed == packages | modules | {"LICENSE", "README.md", "pyproject.toml"}


def test_the_base_image_can_be_chosen():
    assert re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE) == ["${BASE}", "${BASE}"]
