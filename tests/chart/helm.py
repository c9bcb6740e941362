"""Helm as a function: values in, Kubernetes objects or Helm's complaint out."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.parts.process import part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Object = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "quarterdeck"
CI = sorted((CHART / "ci").glob("*-values.yaml"))
READY = sorted((ROOT / "cronjobs").glob("*.yaml"))
BOTH = ("helm3", "helm4")
NEWEST = "1.37.0"


class HelmError(AssertionError):
    """Helm refused; the text is what it said."""


@dataclass(frozen=True)
class Release:
    """What a release is called, and on which Kubernetes by which Helm it is installed."""

    name: str = "quarterdeck"
    namespace: str = "metrics"
    kube: str = NEWEST
    helm: str = "helm4"
    chart: Path = CHART


def run_helm(helm: str, *arguments: str, cwd: Path = ROOT) -> str:
    """What Helm printed; raises `HelmError`. Skips the test where it is not installed."""
    folder = str(part(helm).parent.parent / "helm")
    homes = {f"HELM_{name}_HOME": folder for name in ("CACHE", "CONFIG", "DATA")}
    done = subprocess.run(
        (str(part(helm)), *arguments),
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": folder, **homes},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise HelmError(done.stderr + done.stdout)
    return done.stdout


def template(*files: Path, release: Release = Release(), options: Sequence[str] = ()) -> list[Object]:
    """The objects of the release with these values; raises `HelmError`."""
    return json.loads(_rendered(files, release, tuple(options)))


def given(values: Object, folder: Path) -> Path:
    """The values as a file below `folder`."""
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(values), "utf-8")
    return path


@cache
def _rendered(files: tuple[Path, ...], release: Release, options: tuple[str, ...]) -> str:
    where = (release.name, str(release.chart), "--namespace", release.namespace, "--kube-version", release.kube)
    values = [word for path in files for word in ("--values", str(path))]
    text = run_helm(release.helm, "template", *where, *values, *options)
    return json.dumps([each for each in yaml.safe_load_all(text) if each])


def of_kind(objects: Sequence[Object], kind: str) -> list[Object]:
    """The objects of a kind."""
    return [each for each in objects if each["kind"] == kind]


def named(objects: Sequence[Object], kind: str, ending: str) -> Object:
    """The one object of a kind whose name ends so."""
    (found,) = (each for each in of_kind(objects, kind) if each["metadata"]["name"].endswith(ending))
    return found


def jobs(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    """Name and spec of every Job, those of CronJobs included."""
    for each in objects:
        if each["kind"] == "CronJob":
            yield each["metadata"]["name"], each["spec"]["jobTemplate"]["spec"]
        elif each["kind"] == "Job":
            yield each["metadata"]["name"], each["spec"]


def pods(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    """Name and spec of every Pod, those of Jobs included."""
    for name, spec in jobs(objects):
        yield name, spec["template"]["spec"]
    for each in of_kind(objects, "Pod"):
        yield each["metadata"]["name"], each["spec"]


def settings_files(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    """Name and content of every settings file."""
    for each in of_kind(objects, "ConfigMap"):
        for key, text in each["data"].items():
            if key in {"quarterdeck.yaml", "leaving.yaml"}:
                yield f"{each['metadata']['name']}/{key}", yaml.safe_load(text)
