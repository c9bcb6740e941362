"""The only file that runs git: reading commands, in a fixed environment, without network, hooks or terminal."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import IO

import msgspec

from collectors.git.parse import LOG_FORMAT, REF_FORMAT, Ref, read_chain, read_refs, tokens_of
from common.collector import Context
from common.errors import FetchError

CHUNK = 1 << 18
SMALL = 120.0
"""Seconds that a command with a short answer may take; a log may take all the time that a run has."""
OLDEST_GIT = (2, 31)
_KEPT = re.compile(r"GIT_(EXEC_PATH|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))")
_FIXED = {
    "GIT_ALLOW_PROTOCOL": "none",  # no transport at all, also in versions that know no GIT_NO_LAZY_FETCH
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_FLUSH": "0",
    "LC_ALL": "C",
}
_CONFIG = (
    *("core.quotePath=false", "core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false"),
    *("i18n.logOutputEncoding=UTF-8", "log.showRoot=true", "diff.renameLimit=1000"),
)
_NUMSTAT = (
    *("--numstat", "-M", "-O/dev/null", "--diff-algorithm=myers", "--ignore-submodules=none"),
    *("--no-diff-merges", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative"),
)


class Repository(msgspec.Struct, frozen=True):
    """A clone that git can read: where it is, its own folder, and the addresses of its remotes."""

    path: str
    folder: str
    bare: bool
    shallow: bool
    remotes: Mapping[str, str]
    partial: bool = False

    @property
    def remote(self) -> str | None:
        """The default remote: `origin`, else the only one."""
        return "origin" if "origin" in self.remotes else next(iter(self.remotes)) if len(self.remotes) == 1 else None


class Git:
    """Git's reading commands; each raises `FetchError` with what to do about it, and is counted by the meter."""

    def __init__(self, context: Context) -> None:
        self._deadline, self._meter = context.deadline, context.meter
        own = {name: value for name, value in context.environ.items() if not name.startswith("GIT_")}
        kept = {name: value for name, value in context.environ.items() if _KEPT.fullmatch(name)}
        self._environ = {**own, **kept, **_FIXED}

    def version(self) -> tuple[int, ...]:
        """Git's version."""
        text = self._output(None, ["version"]).decode("ascii", "replace")
        return tuple(int(part) for part in re.findall(r"\d+", text)[:3])

    def locate(self, path: str) -> Repository:
        """The repository that the path is in."""
        asked = ("--is-bare-repository", "--is-shallow-repository", "--git-common-dir")
        answer = self._output(path, ["rev-parse", *asked]).decode("utf-8", "surrogateescape")
        bare, shallow, folder = answer.rstrip("\n").split("\n", 2)
        config = self._config(path, r"^(remote\..*\.(url|promisor|partialclonefilter)|extensions\.partialclone)$")
        remotes: dict[str, str] = {}
        for key, value in config:
            if key.endswith(".url"):
                remotes.setdefault(key.removeprefix("remote.").removesuffix(".url"), value)
        partial = any(not key.endswith(".url") for key, _ in config)
        return Repository(path, str(Path(path, folder).resolve()), bare == "true", shallow == "true", remotes, partial)

    def refs(self, at: Repository) -> tuple[Ref, ...]:
        """The local heads, the default remote's branches, and the tags."""
        places = ["refs/heads", "refs/tags", *([f"refs/remotes/{at.remote}"] if at.remote else [])]
        found = read_refs(self._output(at.path, ["for-each-ref", f"--format={REF_FORMAT}", *places]))
        return tuple(self._peeled(at, ref) for ref in found)

    def has_commits(self, at: Repository) -> bool:
        """Whether HEAD points to a commit."""
        return bool(self._output(at.path, ["rev-parse", "-q", "--verify", "HEAD^{commit}"], accept=(0, 1, 128)))

    def first_parents(self, at: Repository, tip: bytes) -> Generator[tuple[bytes, int], None, None]:
        """The first-parent commits with their committer dates, newest first; stop it when enough is seen."""
        return read_chain(self._chunks(at.path, ["rev-list", "--first-parent", "--timestamp", tip.decode()]))

    def log(self, at: Repository, tips: Iterable[bytes], hidden: Iterable[bytes], *, lines: bool) -> Iterator[bytes]:
        """The log's tokens, children before parents, of what the tips reach and the hidden do not."""
        shas = b"".join([*(b"%s\n" % tip for tip in tips), *(b"^%s\n" % sha for sha in hidden)])
        form = _NUMSTAT if lines else ("--no-patch",)
        args = ["log", "-z", "--topo-order", f"--format={LOG_FORMAT}", *form, "--stdin"]
        return chain.from_iterable(tokens_of(self._chunks(at.path, args, shas)))

    def is_ancestor(self, at: Repository, old: bytes, new: bytes) -> bool:
        """Whether `new` reaches `old`."""
        args = ["merge-base", "--is-ancestor", old.decode(), new.decode()]
        return self._run(at.path, args, b"", (0, 1))[0] == 0

    def mailmapped(self, at: Repository, people: Sequence[bytes]) -> list[bytes]:
        """The `Name <address>` lines as `.mailmap` has them."""
        answer = self._output(at.path, ["check-mailmap", "--stdin"], b"".join(b"%s\n" % each for each in people))
        return answer.split(b"\n")[:-1]

    def _peeled(self, at: Repository, ref: Ref) -> Ref:
        """The reference with its commit, also behind a tag of a tag."""
        if ref.commit or not ref.annotated:
            return ref
        args = ["rev-parse", "-q", "--verify", f"{ref.name}^{{commit}}"]
        return msgspec.structs.replace(ref, commit=self._output(at.path, args, accept=(0, 1, 128)).strip())

    def _config(self, path: str, pattern: str) -> list[tuple[str, str]]:
        listing = self._output(path, ["config", "-z", "--get-regexp", pattern], accept=(0, 1))
        entries = (entry.partition("\n") for entry in listing.decode("utf-8", "replace").split("\0") if entry)
        return [(key, value) for key, _, value in entries]

    def _output(self, path: str | None, args: Sequence[str], feed: bytes = b"", accept: Sequence[int] = (0,)) -> bytes:
        return self._run(path, args, feed, accept)[1]

    def _run(self, path: str | None, args: Sequence[str], feed: bytes, accept: Sequence[int]) -> tuple[int, bytes]:
        limit = self._deadline.limit(SMALL)
        with self._start(path, args) as process, self._deadline.child(process):
            try:
                answer, errors = process.communicate(feed, timeout=limit)
            except subprocess.TimeoutExpired:
                self._meter.request("git", "timeout")
                raise FetchError(f"{path}: git {args[0]} took longer than {limit:.0f} s") from None
        self._settle(path, args[0], process.returncode, errors, accept)
        return process.returncode, answer

    def _chunks(self, path: str, args: Sequence[str], feed: bytes = b"") -> Iterator[bytes]:
        """What git writes, as it comes; raises `FetchError` at the end unless git ended well."""
        self._deadline.limit(SMALL)
        finished = False
        with self._start(path, args) as process:
            errors = _Drain(_pipe(process.stderr))
            try:
                with self._deadline.child(process):
                    _feed(_pipe(process.stdin), feed)
                    while chunk := _pipe(process.stdout).read(CHUNK):
                        yield chunk
                    process.wait()
                    finished = True
            finally:
                words = errors.text()
                if not finished:
                    self._meter.request("git", "stopped")  # the reader had seen enough
        self._settle(path, args[0], process.returncode, words, (0,))

    def _start(self, path: str | None, args: Sequence[str]) -> subprocess.Popen[bytes]:
        command = ["git", "--no-pager", *(["-C", path] if path is not None else [])]
        command += [part for setting in _CONFIG for part in ("-c", setting)]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(
                [*command, *args],
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env=self._environ,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            self._meter.request("git", "error")
            raise FetchError(f"git cannot be started ({error.strerror}); install it and put it on PATH") from error

    def _settle(self, path: str | None, command: str, code: int, errors: bytes, accept: Sequence[int]) -> None:
        self._meter.request("git", "ok" if code in accept else "killed" if code < 0 else "error")
        if code not in accept:
            raise FetchError(_explain(path or "", command, code, errors.decode("utf-8", "replace")))


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("git was started without a pipe")
    return stream


def _feed(stream: IO[bytes], text: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # git ended early; its status says why
        rest = memoryview(text)
        while rest:
            rest = rest[stream.write(rest) :]
    stream.close()


class _Drain:
    """Keeps the end of what a process says on standard error, so that it never blocks on saying it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._kept = stream, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while chunk := self._stream.read(4096):
            self._kept = (self._kept + chunk)[-4096:]

    def text(self) -> bytes:
        self._thread.join()
        return self._kept


def _explain(path: str, command: str, code: int, errors: str) -> str:
    """What went wrong and what to do, in one sentence."""
    if code < 0:
        return f"{path}: git {command} was ended by signal {-code}"
    if "dubious ownership" in errors or "safe.directory" in errors:
        return (
            f"{path}: another user owns this repository and git refuses to read it; "
            f"allow it with: git config --global --add safe.directory {Path(path).resolve()}"
        )
    if "not a git repository" in errors:
        return f"{path} is not a Git repository; name a clone or a bare repository in collectors.git.paths"
    if "promisor" in errors or re.search(r"transport '.*' not allowed|lazy fetching disabled", errors):
        return (
            f"{path}: a partial clone lacks objects that are needed, and they are not fetched; clone without --filter"
        )
    said = [line for line in errors.splitlines() if line.startswith(("fatal:", "error:"))] or errors.splitlines()
    words = re.sub(r"://[^/@\s]*@", "://", " ".join(said))[:300]
    return f"{path}: git {command} ended with {code}: {words or 'no reason given'}"
