"""The script that brings clones into a Pod, against a git host, and the git collector on what it brought."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.chart.githost import running
from tests.chart.helm import CHART, ROOT, given, named, of_kind, pods, template
from tests.cli.conftest import git
from tests.parts.process import absent

pytestmark = pytest.mark.slow
TOKEN = "open-sesame-canary"


@pytest.fixture(autouse=True)
def _git_speaks_http():
    if not Path(git(ROOT, "--exec-path"), "git-remote-http").exists() or not shutil.which("timeout"):
        absent("needs git with its HTTP transport, and coreutils")


@pytest.fixture
def work(tmp_path):
    """A clone from which to push to the host's repository `acme/api.git`."""
    bare, folder = tmp_path / "host" / "acme" / "api.git", tmp_path / "work"
    bare.parent.mkdir(parents=True)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(tmp_path, "clone", "-q", str(bare), str(folder))
    git(folder, "checkout", "-q", "-b", "main")
    push(folder, "first")
    return folder


@pytest.fixture
def host(tmp_path, work):
    with running(tmp_path / "host", TOKEN) as started:
        yield started


def push(folder, name, *more):
    (folder / name).write_text("one line\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", name)
    git(folder, "push", "-q", "origin", "HEAD", "--tags", *more)


@dataclass(frozen=True)
class InitContainer:
    """The init container's command, in folders of this machine."""

    folder: Path
    urls: tuple[str, ...]
    token: str = TOKEN
    seconds: int = 60

    @property
    def clones(self):
        return self.folder / "clones"

    def __call__(self):
        rendered = render(self.urls, self.folder)
        files = named(rendered, "ConfigMap", "-git")["data"]
        (init,) = dict(pods(of_kind(rendered, "CronJob")))["quarterdeck-git"]["initContainers"]
        etc, secrets = self.folder / "etc", self.folder / "secrets"
        for place in (etc, secrets, self.clones):
            place.mkdir(exist_ok=True)
        for name, text in files.items():
            (etc / name).write_text(text)
            (etc / name).chmod(0o555)
        (secrets / "GIT_TOKEN").write_text(f"{self.token}\n")
        moved = {
            "/etc/quarterdeck": str(etc),
            "/var/lib/quarterdeck/clones": str(self.clones),
            "/run/quarterdeck/secrets": str(secrets),
            "/tmp": str(self.folder),
        }
        own = {each["name"]: here(each["value"], moved) for each in init["env"]} | {"CLONE_SECONDS": str(self.seconds)}
        base = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        command = [here(word, moved) for word in init["command"]]
        return subprocess.run(command, env=base | own, capture_output=True, text=True, check=False, timeout=60)


def here(text, moved):
    for there, place in moved.items():
        if text.removeprefix("file:").startswith(there):
            return text.replace(there, place, 1)
    return text


def render(urls, folder):
    values = {
        "settings": {"sinks": {"pushgateway": {"url": "http://pushgateway:9091"}}},
        "secrets": {"existingSecret": "quarterdeck"},
        "collectors": {"git": {"clone": {"repositories": list(urls), "token": "secret:GIT_TOKEN"}}},
    }
    return template(given(values, folder))


def landed(folder):
    """What the git collector counts in a clone."""
    command = (sys.executable, "-m", "run_collector", "git", "--json", "--only", "git.commit.landed")
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    (run,) = json.loads(done.stdout)["runs"]
    return sum(each["value"] for each in run["samples"]), {each["tags"]["repo"] for each in run["samples"]}


def at(container):
    (folder,) = container.clones.glob("*.git")
    return folder


def test_a_private_repository_is_cloned_with_its_whole_history_and_then_fetched(host, work, tmp_path):
    container = InitContainer(tmp_path, (f"{host.url}/acme/api.git",))
    first = container()

    assert (first.returncode, first.stderr) == (0, "")
    assert host.asked == {f"x-access-token:{TOKEN}"}
    assert landed(at(container)) == (1, {"acme/api"})
    push(work, "second")
    git(work, "tag", "-a", "v1.0.0", "-m", "A release")
    push(work, "third")
    assert container().returncode == 0
    assert landed(at(container)) == (3, {"acme/api"})
    assert git(at(container), "tag") == "v1.0.0"


def test_a_force_push_a_deleted_branch_and_another_default_branch_are_followed(host, work, tmp_path):
    container = InitContainer(tmp_path, (f"{host.url}/acme/api.git",))
    git(work, "push", "-q", "origin", "HEAD:refs/heads/old")
    container()
    git(work, "push", "-q", "origin", ":refs/heads/old")
    git(work, "checkout", "-q", "-b", "trunk")
    git(work, "commit", "-q", "--amend", "-m", "rewritten")
    git(work, "push", "-q", "--force", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/trunk")
    git(tmp_path / "host/acme/api.git", "symbolic-ref", "HEAD", "refs/heads/trunk")

    assert container().returncode == 0
    assert git(at(container), "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main", "refs/heads/trunk"]
    assert git(at(container), "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert git(at(container), "log", "-1", "--format=%s", "main") == "rewritten"


def test_one_that_cannot_be_fetched_is_put_aside_and_comes_back(host, work, tmp_path):
    other = tmp_path / "host" / "acme" / "web.git"
    shutil.copytree(tmp_path / "host" / "acme" / "api.git", other)
    container = InitContainer(tmp_path, tuple(f"{host.url}/acme/{name}.git" for name in ("api", "web")))
    container()
    whole = sorted(path.name for path in container.clones.iterdir())
    host.broken.add("acme/web.git")
    done = container()

    assert done.returncode == 0
    assert f"cannot fetch {host.url}/acme/web.git" in done.stderr
    assert sorted(path.name for path in container.clones.iterdir()) == [whole[0], f"{whole[1]}.aside"]
    host.broken.clear()
    assert container().returncode == 0
    assert sorted(path.name for path in container.clones.iterdir()) == whole


def test_a_wrong_token_leaves_nothing_and_is_told_to_nobody(host, tmp_path):
    container = InitContainer(tmp_path, (f"{host.url}/acme/api.git",), token="wrong-canary")
    done = container()

    assert done.returncode == 0
    assert f"cannot clone {host.url}/acme/api.git" in done.stderr
    assert "canary" not in done.stdout + done.stderr
    assert list(container.clones.iterdir()) == []


def test_a_fetch_that_was_killed_does_not_stop_the_next(host, work, tmp_path):
    container = InitContainer(tmp_path, (f"{host.url}/acme/api.git",))
    container()
    for name in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock"):
        (at(container) / name).write_text("")
    shutil.copytree(at(container), at(container).with_suffix(".git.new"))
    push(work, "second")

    assert (container().returncode, landed(at(container))[0]) == (0, 2)


def test_a_broken_clone_is_cloned_anew(host, tmp_path):
    container = InitContainer(tmp_path, (f"{host.url}/acme/api.git",))
    container()
    (at(container) / "HEAD").unlink()

    assert (container().returncode, landed(at(container))[0]) == (0, 1)


def test_what_is_not_listed_any_more_takes_no_room(host, tmp_path):
    both = InitContainer(tmp_path, (f"{host.url}/acme/api.git", f"{host.url}/acme/gone"))
    both()
    (both.clones / "old.git").mkdir()
    (both.clones / "older.git.aside").mkdir()
    one = InitContainer(tmp_path, (f"{host.url}/acme/api",))

    assert one().returncode == 0
    assert [path.name for path in one.clones.iterdir()] == [f"127.0.0.1_{host.server_port}+acme+api.git"]


def test_without_time_every_clone_is_put_aside(host, tmp_path):
    container = InitContainer(tmp_path, (f"{host.url}/acme/api.git",))
    container()
    done = InitContainer(tmp_path, container.urls, seconds=0)()

    assert done.returncode == 0
    assert [path.suffix for path in container.clones.iterdir()] == [".aside"]


def test_the_token_is_told_to_listed_hosts_only(tmp_path):
    clones = tmp_path / "clones"
    clones.write_text("github.com+acme+api.git https://github.com/acme/api.git\n")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "CLONE_LIST": str(clones),
        "CLONE_USERNAME": "bot",
        "CLONE_TOKEN": "env:T",
        "T": TOKEN,
    }

    def ask(question):
        command = (sys.executable, str(CHART / "scripts/askpass.py"), question)
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert ask("Username for 'https://github.com': ") == (0, "bot\n", "")
    assert ask("Password for 'https://bot@github.com': ") == (0, f"{TOKEN}\n", "")
    for question in (
        "Password for 'https://bot@github.com.evil.example': ",
        "Password for 'https://github.com@evil.example': ",
        "Enter passphrase: ",
    ):
        code, said, why = ask(question)
        assert (code, said) == (1, "")
        assert "no token for" in why
        assert TOKEN not in why


def test_the_collector_looks_where_the_clones_are(tmp_path):
    objects = render(("https://github.com/acme/api.git", "https://git.example.com:8443/~team/web"), tmp_path)
    files = named(objects, "ConfigMap", "-git")["data"]
    folders = [line.split()[0] for line in files["clones"].splitlines()]

    assert folders == ["github.com+acme+api.git", "git.example.com_8443+~team+web.git"]
    assert yaml.safe_load(files["quarterdeck.yaml"])["collectors"]["git"]["paths"] == [
        f"/var/lib/quarterdeck/clones/{each}" for each in folders
    ]
