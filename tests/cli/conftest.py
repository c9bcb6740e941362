"""A real repository and a way to call the command line as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.window import BUCKET, HOUR

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What a call printed and ended with."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Collect:
    """Calls `collect` in a folder, with a small environment of its own."""

    folder: Path
    python: str = sys.executable
    program: str = "run_collector"

    def __call__(self, *arguments: str, **environ: str) -> Answer:
        command = (self.python, "-m", self.program, *arguments)
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(**environ),
            check=False,
            timeout=60,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def environment(self, **environ: str) -> dict[str, str]:
        """A small environment, so that nothing of this machine's changes a test."""
        base = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        return {**base, **environ}


def git(folder: Path, *arguments: str, **environ: str) -> str:
    """What git says in that folder, as an author of its own."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _WHO.items()}
    done = subprocess.run(
        ("git", *arguments),
        cwd=folder,
        env={**os.environ, **who, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


_WHO = {"NAME": "Ada", "EMAIL": "ada@example.org"}


@pytest.fixture
def repository(tmp_path):
    """A clone's folder with three commits, one of them a revert, and a version tag."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name, message in (("a", "First"), ("b", "Second"), ("c", 'Revert "Second"')):
        (folder / name).write_text("one line\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", message)
    git(folder, "tag", "-a", "v1.0.0", "-m", "First release")
    return folder


@pytest.fixture
def collect(repository):
    return Collect(repository)


def commit_at(folder, when, name):
    """Commit something at that time."""
    (folder / name).write_text("one line\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", name, GIT_AUTHOR_DATE=f"{when} +0000", GIT_COMMITTER_DATE=f"{when} +0000")


@pytest.fixture
def quarter():
    """The end of the newest quarter that is closed, and stays so for the length of a test."""
    return int((time.time() - 120) // BUCKET * BUCKET)


@pytest.fixture
def history(tmp_path, quarter):
    """A clone with commits one to four days and some hours ago, and a release then and recently."""
    folder = tmp_path / "past" / "shop"
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for number, ago in enumerate((96, 95.9, 60, 31, 30.9, 30.8, 5, 4)):
        commit_at(folder, int(quarter - ago * HOUR), f"c{number}")
        if number in {1, 3, 6}:
            when = f"{int(quarter - ago * HOUR) + 60} +0000"
            git(folder, "tag", "-a", f"v1.{number}", "-m", "A release", GIT_COMMITTER_DATE=when)
    return folder


@pytest.fixture
def collect_there(history):
    return Collect(history)
