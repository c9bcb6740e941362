"""The image as the chart's init container: it clones and fetches over HTTPS, and the git collector finds the clones."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.chart.githost import GitHost, running
from tests.chart.helm import ROOT, given, named, of_kind, pods, template
from tests.cli.conftest import git
from tests.image.building import built_image
from tests.image.running import run
from tests.parts.certificate import loopback_certificate
from tests.parts.process import absent

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
TOKEN = "open-sesame-canary"
AUTHORITY = "/etc/authority"
REPOSITORY = "acme/api"


@dataclass(frozen=True)
class Pod:
    """The Pod that the chart makes of `cronjobs/git.yaml`, its volumes as folders that group 0 may write to."""

    spec: dict[str, Any]
    volumes: Path
    authority: Path

    def clone(self) -> subprocess.CompletedProcess[str]:
        """How the init container ended."""
        (container,) = self.spec["initContainers"]
        return self._run(container, f"--entrypoint={json.dumps(container['command'])}")

    def landed(self) -> tuple[int, set[str]]:
        """How many commits the collector counts, and in which repositories; it may only read the clones."""
        (container,) = self.spec["containers"]
        ended = self._run(container, arguments=("git", "--json", "--only=git.commit.landed"))
        assert (ended.returncode, ended.stderr) == (0, "")
        (run_,) = json.loads(ended.stdout)["runs"]
        return sum(each["value"] for each in run_["samples"]), {each["tags"]["repo"] for each in run_["samples"]}

    def _run(
        self, container: dict[str, Any], *options: str, arguments: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        variables = (f"--env={each['name']}={each['value']}" for each in container["env"])
        mounts = (
            f"--volume={self.volumes / each['name']}:{each['mountPath']}:{'ro' if each.get('readOnly') else 'rw'}"
            for each in container["volumeMounts"]
        )
        more = ("--read-only-tmpfs=false", f"--volume={self.authority}:{AUTHORITY}:ro")
        return run(built_image("git"), *arguments, options=(*more, *variables, *mounts, *options))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone from which to push to the host's repository."""
    bare, folder = tmp_path / "host" / f"{REPOSITORY}.git", tmp_path / "work"
    bare.parent.mkdir(parents=True)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(tmp_path, "clone", "-q", str(bare), str(folder))
    git(folder, "checkout", "-q", "-b", "main")
    push(folder, "first")
    return folder


@pytest.fixture
def host(tmp_path: Path, work: Path) -> Iterator[GitHost]:
    if not Path(git(ROOT, "--exec-path"), "git-http-backend").exists():
        absent("git's own server for HTTP is not here")
    with running(tmp_path / "host", TOKEN, loopback_certificate(tmp_path)) as started:
        yield started


def push(folder: Path, name: str) -> None:
    (folder / name).write_text("one line\n", "utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", name)
    git(folder, "push", "-q", "origin", "HEAD")


def pod(host: GitHost, folder: Path, **environ: str) -> Pod:
    """The Pod for the host's repository, whose private authority git is told of by `environ`."""
    clone = {"repositories": [f"{host.url}/{REPOSITORY}.git"], "token": "secret:GIT_TOKEN", "env": environ}
    values = {"secrets": {"existingSecret": "quarterdeck"}, "collectors": {"git": {"clone": clone}}}
    rendered = template(ROOT / "cronjobs" / "git.yaml", given(values, folder))
    files = {"settings": named(rendered, "ConfigMap", "-git")["data"], "secrets": {"GIT_TOKEN": f"{TOKEN}\n"}}
    for name in ("settings", "secrets", "clones", "tmp"):
        volume = folder / "volumes" / name
        volume.mkdir(parents=True)
        volume.chmod(0o2770)
        for key, text in files.get(name, {}).items():
            (volume / key).write_text(text, "utf-8")
            (volume / key).chmod(0o555 if name == "settings" else 0o440)
    spec = dict(pods(of_kind(rendered, "CronJob")))["quarterdeck-git"]
    return Pod(spec, folder / "volumes", folder / "certificate.pem")


def test_a_private_repository_is_cloned_fetched_and_counted(host, work, tmp_path):
    made = pod(host, tmp_path, GIT_SSL_CAINFO=AUTHORITY)

    first = made.clone()
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "")
    assert host.asked == {f"x-access-token:{TOKEN}"}
    assert made.landed() == (1, {REPOSITORY})
    push(work, "second")
    again = made.clone()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert made.landed() == (2, {REPOSITORY})


def test_a_host_with_an_unknown_certificate_is_told_no_token(host, tmp_path):
    made = pod(host, tmp_path)
    ended = made.clone()

    assert (ended.returncode, ended.stdout, host.asked) == (0, "", set())
    assert "certificate verification failed" in ended.stderr
    assert f"cannot clone {host.url}/{REPOSITORY}.git" in ended.stderr
    assert list((made.volumes / "clones").iterdir()) == []
