"""The image, built on a Debian made here: how large it is, what is in it, and that it runs as strictly as can be."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.image.building import base_image, built_image, version
from tests.image.running import UID, command, inspected, run
from tests.parts.install import ROOT
from tests.parts.process import until

pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000
LIBRARIES = "boto3, datadog_api_client, github, prometheus_client, psycopg, zstandard, dashboards.cli"
INSTALLED = "import json, importlib.metadata as m; print(json.dumps(sorted(d.name for d in m.distributions())))"

COMPILED = """
import json, pathlib, sysconfig
found = list(pathlib.Path(sysconfig.get_path("purelib")).rglob("*.pyc"))
modes = sorted({path.read_bytes()[4] for path in found})  # 0: by the source's time, 1: by its hash, unchecked
print(json.dumps([len(found) > 1000, modes, [str(path) for path in found if "datadog_api_client/v2" in str(path)]]))
"""


@pytest.fixture(scope="module")
def image():
    return built_image()


@pytest.fixture(scope="module")
def small():
    return built_image("git")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of this repository that belongs to somebody else than the container's user, who may read it."""
    at = tmp_path_factory.mktemp("clone") / "repo"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(at)], check=True)
    at.parent.chmod(0o755)
    return at


def added(tag):
    return inspected(tag)["Size"] - inspected(base_image())["Size"]


def test_all_extras_add_less_than_250_megabytes(image):
    assert added(image) < 250 * MEGABYTE


def test_one_extra_adds_a_fraction_of_that(small):
    assert added(small) < 60 * MEGABYTE


def test_labels_user_and_entry_point(image):
    config = inspected(image)["Config"]
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in config["Labels"].items()
        if name.startswith("org.opencontainers.image.")
    }
    assert labels == {
        "title": "Quarterdeck",
        "description": "Small scheduled jobs that look once at Git, GitHub, Tekton or a data pipeline and submit "
        "numbers that are right",
        "version": version(),
        "revision": "of-a-test",
        "source": "",
        "licenses": "Apache-2.0",
    }
    assert config["User"] == "65532:0"
    assert config["WorkingDir"] == "/repo"
    assert config["Entrypoint"] == ["/opt/quarterdeck/bin/python", "/opt/quarterdeck/run_collector.py"]


def test_nothing_that_built_the_image_is_left_in_it(image):
    ended = run(image, "-c", INSTALLED, options=("--entrypoint=/opt/quarterdeck/bin/python",))
    names = set(json.loads(ended.stdout))
    assert "quarterdeck" in names
    assert not names & {"pip", "setuptools", "wheel", "pytest", "mypy", "ruff"}
    ended = run(image, "-d", "/source", "/installer", "/etc/pip.conf", "/run/certificates.pem", "/opt/quarterdeck",
                options=("--entrypoint=ls",))  # fmt: skip
    assert ended.stdout.split() == ["/opt/quarterdeck"]


def test_the_libraries_of_every_extra_load(image):
    ended = run(image, "-c", f"import {LIBRARIES}", options=("--entrypoint=/opt/quarterdeck/bin/python",))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_what_is_used_is_compiled_whatever_the_times_of_its_files(image):
    ended = run(image, "-c", COMPILED, options=("--entrypoint=/opt/quarterdeck/bin/python",))
    assert json.loads(ended.stdout) == [True, [1], []]


def test_git_fetches_with_libraries_that_scanners_can_see(small):
    told = run(small, "/usr/lib/git-core/git-remote-https", options=("--entrypoint=ldd",)).stdout
    assert "libcurl-gnutls.so.4 => " in told
    assert "not found" not in told
    records = run(small, "/var/lib/dpkg/status.d", options=("--entrypoint=ls",)).stdout.split()
    assert "git" in records
    assert [name for name in records if name.startswith("libcurl")] != []


def test_a_strange_user_on_a_read_only_root_collects_the_same_numbers(image, clone):
    outside = subprocess.run(
        [sys.executable, str(ROOT / "run_collector.py"), "git", "--dry-run", "--json"],
        capture_output=True, text=True, check=True, cwd=clone,
    )  # fmt: skip
    inside = run(image, "git", "--dry-run", "--json", options=(f"--volume={clone}:/repo:ro",))
    assert (inside.returncode, inside.stderr) == (outside.returncode, outside.stderr)
    expected, found = (json.loads(text)["runs"][0] for text in (outside.stdout, inside.stdout))
    assert found["samples"] == expected["samples"]
    assert found["without_value"] == expected["without_value"]
    assert (found["outcome"], found["scopes"], len(found["samples"]) > 10) == ("success", ["repo"], True)


def test_it_runs_without_any_place_to_write(small, clone):
    options = (f"--volume={clone}:/repo:ro", "--read-only-tmpfs=false")
    ended = run(small, "git", "--dry-run", "--json", options=options)
    assert (ended.returncode, json.loads(ended.stdout)["runs"][0]["outcome"], ended.stderr) == (0, "success", "")


def test_the_user_has_no_name_and_no_rights(image):
    ended = run(image, "/proc/self/status", options=("--entrypoint=cat",))
    status = dict(line.split(":\t", 1) for line in ended.stdout.splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(UID)] * 4
    assert int(status["CapEff"], 16) == 0
    assert str(UID) not in run(image, "/etc/passwd", options=("--entrypoint=cat",)).stdout


def test_a_mistake_in_the_settings_is_told_and_ends_with_2(image, tmp_path):
    settings = tmp_path / "quarterdeck.yaml"
    settings.write_text("collectors:\n  git:\n    pathes: [.]\n", encoding="utf-8")
    tmp_path.chmod(0o755)
    ended = run(image, "--dry-run", options=(f"--volume={settings}:/etc/quarterdeck/quarterdeck.yaml:ro",))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "collectors.git.pathes" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_sigterm_ends_a_run_that_waits_for_git_with_143(small, clone, tmp_path):
    stuck = tmp_path / "repo"
    shutil.copytree(clone, stuck)
    config = stuck / ".git" / "config"
    config.unlink()
    os.mkfifo(config, 0o644)
    tmp_path.chmod(0o755)
    options = (f"--volume={stuck}:/repo:ro",)
    process = subprocess.Popen(
        command(small, "git", options=options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        # It opens as soon as git reads at the other end, which then gets nothing.
        held = until(lambda: opened(config), within=60, what="git")
        process.terminate()  # podman hands it on to the container's first process, as the kubelet gives it
        said = process.communicate(timeout=60)
        os.close(held)
    assert (process.returncode, "the run was told to stop" in said[0]) == (143, True), said


def opened(pipe):
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nobody reads yet
            return None
        raise
