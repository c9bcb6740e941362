"""Makes real repositories with `git fast-import`, and looks at them with the collector."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collectors.git.collector import GitCollector, GitSettings
from collectors.git.records import GitSnapshot
from common.collector import Context, Failure
from common.deadline import Deadline
from common.meter import Meter
from common.window import DAY, Window

NOON = 1_700_049_600
"""Every test's now: a Wednesday, 12:00 UTC."""
ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
ANN = b"Ann <ann@example.org>"


def git(folder: Path, *args: str, feed: bytes = b"") -> str:
    """What a git command says; identity and configuration are the test's own."""
    identity = {f"GIT_{role}_{part}": "x@x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", folder, *args], input=feed, capture_output=True, check=True, env={**ENVIRON, **identity}
    )
    return done.stdout.decode("utf-8", "replace").strip()


def wrapper(folder: Path, script: str) -> None:
    """A program called git in the folder: a shell script that finds the real one in $GIT."""
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\nGIT={shutil.which('git')}\n{script}\n")
    program.chmod(0o755)


class History:
    """Commits, branches and tags to be; a commit is known by its number, from 1."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._count = 0

    def commit(
        self,
        at: int,
        *parents: int,
        files: Mapping[str, str | bytes | None] | None = None,
        subject: str | bytes = "",
        author: bytes = ANN,
        authored: int | None = None,
        header: bytes = b"",
    ) -> int:
        """A commit landed or not; a file without a text is removed."""
        self._count += 1
        subject = subject or f"work {self._count}"  # the same commit twice would be one
        message = subject.encode() if isinstance(subject, str) else subject
        lines = [
            b"commit refs/heads/made\nmark :%d" % self._count,
            b"author %s %d +0000" % (author, at if authored is None else authored),
            b"committer %s %d +0000" % (author, at),
            *([header] if header else []),
            b"data %d\n%s" % (len(message), message),
            *(b"%s :%d" % (b"merge" if index else b"from", each) for index, each in enumerate(parents)),
        ]
        for path, text in (files or {}).items():
            content = text.encode() if isinstance(text, str) else text
            lines.append(
                b"D " + path.encode()
                if content is None
                else b"M 100644 inline %s\ndata %d\n%s" % (path.encode(), len(content), content)
            )
        start = b"" if parents else b"reset refs/heads/made\n\n"
        self._parts.append(start + b"\n".join(lines) + b"\n")
        return self._count

    def branch(self, name: str, commit: int) -> None:
        """A branch, or any other reference, at a commit."""
        full = name if name.startswith("refs/") else f"refs/heads/{name}"
        self._parts.append(b"reset %s\nfrom :%d\n\n" % (full.encode(), commit))

    def tag(self, name: str, commit: int, at: int | None = None) -> None:
        """A tag: annotated with its own date, lightweight without."""
        if at is None:
            self.branch(f"refs/tags/{name}", commit)
        else:
            self._parts.append(b"tag %s\nfrom :%d\ntagger %s %d +0000\ndata 1\nx\n" % (name.encode(), commit, ANN, at))

    def write(self, folder: Path, *, bare: bool = True, main: int | None = None) -> dict[int, str]:
        """Make the repository, with `main` at the last commit unless told; the ids of its commits."""
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "-q", "-b", "main", *(["--bare"] if bare else []))
        if self._count:
            self.branch("main", main or self._count)
        marks = folder.parent / f"{folder.name}.marks"
        git(folder, "fast-import", "--quiet", "--force", f"--export-marks={marks}", feed=b"".join(self._parts))
        if self._count:
            git(folder, "update-ref", "-d", "refs/heads/made")
        return {int(mark[1:]): sha for mark, sha in (line.split() for line in marks.read_text().splitlines())}


def collector(*paths: Path | str, environ: Mapping[str, str] = ENVIRON, **settings: Any) -> GitCollector:
    """A collector over the paths."""
    context = Context(Deadline(600), Meter(), environ)
    return GitCollector(GitSettings(paths=tuple(map(str, paths)), **settings), context)


def week(end: float = NOON) -> Window:
    """The seven days before `end`."""
    return Window(end - 7 * DAY, end)


def outcome(
    path: Path | str, window: Window | None = None, since: float | None = None, **settings: Any
) -> GitSnapshot | Failure:
    """What the collector makes of one path."""
    window = window or week()
    one = collector(path, **settings)
    scopes = {scope.name: window.start if since is None else since for scope in one.discover()}
    [item] = one.fetch(scopes, window)
    return item


def look(path: Path | str, window: Window | None = None, since: float | None = None, **settings: Any) -> GitSnapshot:
    """The snapshot of one path that can be read."""
    item = outcome(path, window, since, **settings)
    assert isinstance(item, GitSnapshot), item
    return item
