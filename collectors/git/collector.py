"""The `git` collector: settings, which clones to look at, and one snapshot of each."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec

from collectors.git.client import OLDEST_GIT, Git, Repository
from collectors.git.parse import Rules, glob_pattern, read_origin
from collectors.git.reader import Reader, Wishes, default_branch
from collectors.git.records import GitSnapshot
from common.collector import BaseCollector, Check, Context, Evidence, Failure, Scope
from common.duration import Duration
from common.errors import ConfigError, DeadlineError, FetchError
from common.metric import Metric
from common.settings import CollectorSettings, DeliverySettings
from common.window import DAY, Window

GENERATED = (
    *("*.lock", "*.lockfile", "package-lock.json", "npm-shrinkwrap.json", "packages.lock.json", "pnpm-lock.yaml"),
    *("bun.lockb", "go.sum", "*.min.js", "*.min.css", "*.js.map", "*.css.map", "*.snap", "*.generated.*"),
    *("*.pb.go", "*.pb.cc", "*.pb.h", "*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*.designer.cs"),
    *("**/node_modules/**", "**/vendor/**", "**/third_party/**", "**/__snapshots__/**", "**/__generated__/**"),
)


class GitSettings(CollectorSettings, frozen=True, kw_only=True):
    """Local clones, bare ones included."""

    paths: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = (".",)
    """Clones, or globs of them."""
    default_branch: str | None = None
    """The default branch's short name, where it cannot be told from the clone."""
    hotfix: str = r"\bhotfix\b"
    """A regular expression that finds a hotfix in a commit's subject, in any case."""
    release_tags: str = r"v?\d+(\.\d+)+"
    """A regular expression for the whole name of a tag that is a release."""
    generated: tuple[str, ...] = GENERATED
    """Globs of generated and lock files, whose lines are not counted; replaces the built-in list."""
    bots: tuple[str, ...] = ()
    """Names or e-mail addresses of bots, besides those with a `[bot]` suffix."""
    stale_after: Duration = Duration(30 * DAY)
    """How old a branch's tip is when the branch counts as stale."""
    delivery: DeliverySettings = DeliverySettings()
    """Releases, read as deployments."""

    def with_window(self, window: Duration) -> GitSettings:
        """The same settings with both windows set to this one."""
        delivery = msgspec.structs.replace(self.delivery, window=window)
        return msgspec.structs.replace(self, window=window, delivery=delivery)


class Clone(msgspec.Struct, frozen=True):
    """A path of the settings, and its repository or why there is none; `identified` where its name is its own."""

    path: str
    repository: Repository | None = None
    problem: str = ""
    identified: bool = False


class GitCollector(BaseCollector[GitSettings, GitSnapshot]):
    """Commits, branches, contributors and releases of local clones."""

    name = "git"
    scope = "repo"
    modules = ("collectors.git.metrics", "common.delivery")
    settings_type = GitSettings

    def __init__(self, settings: GitSettings, context: Context) -> None:
        """Raises `ConfigError` for a pattern that is not a regular expression, and for a path that is named twice."""
        super().__init__(settings, context)
        _refuse_repeated(settings.paths)
        self._git = Git(context)
        self._clones: dict[str, Clone] = {}
        self._wishes = Wishes(
            rules=Rules(
                hotfix=_pattern(settings.hotfix, "hotfix", re.IGNORECASE),
                generated=glob_pattern(settings.generated),
                bots=frozenset(name.casefold() for name in settings.bots),
            ),
            release_tags=_pattern(settings.release_tags, "release_tags"),
            stale_after=settings.stale_after,
            delivery_window=settings.delivery.window,
            environment=settings.delivery.environment,
            default_branch=settings.default_branch,
        )

    def window_of(self, metric: Metric, window: Window) -> Window:
        """Delivery's own window for `delivery.*`, the run's for the others."""
        if metric.name.startswith("delivery."):
            return Window(max(0.0, window.end - self.settings.delivery.window), window.end)
        return window

    def discover(self) -> Sequence[Scope]:
        """A scope for each clone, and a stand-in for each path without one; raises `FetchError` without git."""
        self._git.version()
        found: dict[str, Clone] = {}
        for path in self.settings.paths:
            for clone in self._expand(path):
                found.setdefault(clone.repository.folder if clone.repository else clone.path, clone)
        self._clones = _named(found.values())
        return tuple(Scope(name, identified=clone.identified) for name, clone in self._clones.items())

    def fetch(self, since: Mapping[str, float], window: Window) -> Iterator[GitSnapshot | Failure]:
        """One snapshot of each clone, or why it could not be read."""
        if not since.keys() <= self._clones.keys():
            self.discover()
        for scope, start in since.items():
            clone = self._clones.get(scope)
            if clone is None or clone.repository is None:
                yield Failure(scope, clone.problem if clone else "this clone is not in collectors.git.paths")
                continue
            try:
                snapshot, newest = Reader(self._git, clone.repository, self._wishes, start, window).read(scope)
            except DeadlineError:
                raise
            except FetchError as error:
                yield Failure(scope, _text(str(error)))
                continue
            if 0 < newest <= window.end:
                self.context.meter.event(newest)
            yield snapshot

    def describe(self, snapshot: GitSnapshot, record: str) -> Evidence:
        """A commit (by its author date), release or branch: when, what, where to see it; no e-mail addresses."""
        text = _story(snapshot, record)
        base = snapshot.origin.commit_url if snapshot.origin else None
        is_commit = record in snapshot.commits_by_sha or record in snapshot.changes_by_sha
        sha = record if is_commit else _released(snapshot).get(record, (0.0, None))[1]
        shown = "".join(letter if letter.isprintable() else " " for letter in text)
        return Evidence(shown, f"{base}{sha}" if base and sha else None)

    def check(self) -> Iterator[Check]:
        """Whether git is there, and each path is a repository that can be read in full."""
        try:
            version = self._git.version()
            self.discover()
        except FetchError as error:
            yield _failed("git", str(error))
            return
        shown = ".".join(map(str, version))
        if version < OLDEST_GIT:
            yield Check("git", "failed", f"version {shown}", f"install {'.'.join(map(str, OLDEST_GIT))} or newer")
        else:
            yield Check("git", "ok", f"version {shown}")
        for scope, clone in self._clones.items():
            yield self._check_clone(scope, clone)

    def _check_clone(self, scope: str, clone: Clone) -> Check:
        at, path = clone.repository, _text(clone.path)
        if at is None:
            return _failed(path, clone.problem)
        try:
            tip = default_branch(self._git.refs(at), at, self.settings.default_branch)
        except FetchError as error:
            return _failed(path, _text(str(error)))
        detail = f"{scope}, " + (f"default branch {tip.name.removeprefix('refs/')}" if tip else "no branch yet")
        if at.shallow:
            return Check(path, "warning", f"{detail}, shallow", "complete it with: git fetch --unshallow")
        if at.partial:
            return Check(path, "warning", f"{detail}, a partial clone", "clone it again without --filter")
        return Check(path, "ok", detail)

    def _expand(self, path: str) -> Iterator[Clone]:
        full = str(Path(path).expanduser())
        if not glob.has_magic(full):
            yield self._locate(full)
            return
        found = [each for each in sorted(glob.glob(full, recursive=True)) if _looks_like_clone(Path(each))]  # noqa: PTH207
        if not found:
            yield Clone(path, problem=f"collectors.git.paths: {path} matches no clone")
        for each in found:
            yield self._locate(each)

    def _locate(self, path: str) -> Clone:
        if not os.path.isdir(path):  # noqa: PTH112  Path's raises where a folder may not be looked into
            return Clone(path, problem=_text(f"collectors.git.paths: {path} is not a folder"))
        try:
            return Clone(path, self._git.locate(path), identified=True)
        except DeadlineError:
            raise
        except FetchError as error:
            return Clone(path, problem=_text(str(error)))


def _refuse_repeated(paths: Sequence[str]) -> None:
    seen: dict[Path, str] = {}
    for path in paths:
        if not glob.has_magic(path):
            folder = Path(path).expanduser().resolve()
            if folder in seen:
                raise ConfigError(f"collectors.git.paths: {seen[folder]} and {path} are the same folder; remove one")
            seen[folder] = path


def _named(clones: Iterable[Clone]) -> dict[str, Clone]:
    """The clones by name. Those that share one are one that cannot be read; a stand-in takes no clone's name."""
    by_name: dict[str, list[Clone]] = {}
    stand_ins: list[Clone] = []
    for clone in clones:
        if clone.repository is None:
            stand_ins.append(clone)
        else:
            by_name.setdefault(_scope_name(clone.repository), []).append(clone)
    named = {name: same[0] if len(same) == 1 else _shared(name, same) for name, same in by_name.items()}
    for clone in stand_ins:
        path = Path(clone.path).resolve()
        name = _text(path.name or clone.path)
        named[name if name not in named else _text(str(path))] = clone
    return named


def _shared(name: str, clones: Sequence[Clone]) -> Clone:
    paths = " and ".join(_text(each.path) for each in clones)
    return Clone(
        clones[0].path,
        problem=f"collectors.git.paths: {paths} are all called {name}; name only one of them there, "
        "or look at the others with a second collector of type git",
        identified=True,
    )


def _scope_name(at: Repository) -> str:
    origin = read_origin(at.remotes[at.remote]) if at.remote else None
    folder = Path(at.folder)
    own = (folder.parent if folder.name == ".git" else folder).name.removesuffix(".git")
    return origin.name if origin else _text(own)


def _text(name: str) -> str:
    """The same, with what is not UTF-8 in a name of the file system spelled out."""
    return name.encode("utf-8", "backslashreplace").decode()


def _looks_like_clone(path: Path) -> bool:
    try:
        return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())
    except OSError:  # it may be one: whoever reads it next says what is wrong
        return True


def _pattern(text: str, setting: str, flags: int = 0) -> re.Pattern[str]:
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise ConfigError(f"collectors.git.{setting} is not a regular expression: {error}") from None


def _failed(subject: str, problem: str) -> Check:
    detail, _, remedy = problem.partition("; ")
    return Check(subject, "failed", detail, remedy)


def _story(snapshot: GitSnapshot, record: str) -> str:
    commit = snapshot.commits_by_sha.get(record)
    if commit is not None:
        return f"{commit.sha[:10]}  written {_day(commit.authored)}  {commit.subject}  by {commit.author.name}"
    change = snapshot.changes_by_sha.get(record)
    if change is not None:
        return f"{change.id[:10]}  written {_day(change.authored)}  {change.title}"
    if record in (released := _released(snapshot)):
        at, sha = released[record]
        return f"{record}  released {_day(at)}  {sha[:10]}"
    for branch in snapshot.branches:
        if branch.name == record:
            return f"{branch.name}  newest commit {_day(branch.tip_time)}"
    return record


def _released(snapshot: GitSnapshot) -> dict[str, tuple[float, str]]:
    """When each release was made, and of which commit; with those before the reach that deliveries look at."""
    deployments = (each for track in snapshot.delivery.tracks for each in track.deployments)
    return {
        **{each.id: (each.finished, each.commit) for each in deployments},
        **{each.name: (each.at, each.commit) for each in snapshot.releases},
    }


def _day(time: float | None) -> str:
    if time is None or not 0 <= time < 253_402_300_800:
        return "no date"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
