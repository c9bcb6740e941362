"""Reads one clone: which branch is the default one, what landed on it, and which releases delivered what."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from collectors.git.client import Git, Repository
from collectors.git.history import Landings, Owners, boundaries
from collectors.git.parse import (
    SUBJECT_LENGTH,
    Header,
    LogReader,
    Ref,
    Rules,
    coauthors_in,
    person,
    read_header,
    read_origin,
    says_revert,
    subject_of,
)
from collectors.git.records import Branch, Commit, GitSnapshot, Person, Release
from collectors.git.releases import Dated, Earlier, settled, short, version
from common.delivery import Change, Delivery, Deployment, Track, in_order
from common.errors import FetchError
from common.window import Window

USUAL = ("main", "master", "trunk")
CUT = "the clone is shallow and its history ends inside the window; complete it with: git fetch --unshallow"
UNTAGGED = "the clone is shallow and has no release tags; complete it with: git fetch --unshallow --tags"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings want from every clone."""

    rules: Rules
    release_tags: re.Pattern[str]
    stale_after: float
    delivery_window: float
    environment: str
    default_branch: str | None = None


class Reader:
    """One clone at one moment: references are read once, and only commit ids after that."""

    def __init__(self, git: Git, at: Repository, wishes: Wishes, since: float, window: Window) -> None:
        self._git, self._at, self._wishes, self._since, self._window = git, at, wishes, since, window
        self._deployed = Window(max(0.0, window.end - wishes.delivery_window), window.end)
        self._reach = min(since, self._deployed.start)
        self._commits: tuple[Commit, ...] = ()
        self._files = 0
        self._cut = self._reach_cut = False

    def read(self, scope: str) -> tuple[GitSnapshot, int]:
        """The snapshot, and the committer date of the default branch's tip (0: the repository is empty)."""
        refs = self._git.refs(self._at)
        tip = default_branch(refs, self._at, self._wishes.default_branch)
        if tip is None and self._git.has_commits(self._at):
            raise FetchError(
                f"{self._at.path}: HEAD is detached and there is no branch; name one in collectors.git.default_branch"
            )
        tags = [ref for ref in refs if self._is_release(ref)]
        landed, boundary = self._walk(tip, [ref.commit for ref in tags if ref.tagged is None]) if tip else ({}, None)
        dated = [(ref, at) for ref in tags if (at := _own_date(ref, landed)) >= 0]
        undated = [ref for ref in tags if _own_date(ref, landed) < 0]
        snapshot = GitSnapshot(
            scope=scope,
            window=self._window,
            stale_after=self._wishes.stale_after,
            delivery=self._delivery(dated, undated, boundary),
            commits=self._commits,
            branches=branches(refs, self._at, tip),
            releases=tuple(Release(short(ref.name), ref.commit.decode(), at) for ref, at in dated if at >= self._reach),
            files=self._files,
            cut=CUT if self._cut else None,
            untagged=UNTAGGED if self._at.shallow and not tags else None,
            origin=read_origin(self._at.remotes[self._at.remote]) if self._at.remote else None,
        )
        return snapshot, tip.time if tip else 0

    def _is_release(self, ref: Ref) -> bool:
        is_version = ref.name.startswith("refs/tags/") and self._wishes.release_tags.fullmatch(short(ref.name))
        return bool(is_version and ref.commit)

    def _walk(self, tip: Ref, wanted: Sequence[bytes]) -> tuple[Mapping[bytes, int], bytes | None]:
        """Read what landed; when the wanted commits did (-1: not within reach), and the boundary of the reach."""
        found: Mapping[float, bytes | None] = dict.fromkeys((self._since, self._reach))
        if self._reach > 0:
            chain = self._git.first_parents(self._at, tip.commit)
            with contextlib.closing(chain):
                found = boundaries(chain, (self._since, self._reach))
        rules = self._wishes.rules
        reader = LogReader(rules, tip.commit, self._since, self._window, wanted)
        boundary = found[self._since]
        if boundary != tip.commit:
            tokens = self._git.log(self._at, [tip.commit], [boundary] if boundary else [], lines=True)
            self._commits = tuple(reader.commits(tokens))
        self._commits = self._with_mailmap(self._commits, rules.bots)
        self._files, self._cut = len(reader.files), self._at.shallow and reader.rootless
        landed: Mapping[bytes, int] = reader.landed
        if (wanted or self._at.shallow) and self._reach < self._since:
            landed = self._landings(tip, found[self._reach], wanted)
        return landed, found[self._reach]

    def _landings(self, tip: Ref, boundary: bytes | None, wanted: Sequence[bytes]) -> Mapping[bytes, int]:
        """When the wanted commits landed within the reach; notes whether the clone's history ends there."""
        landed, landings = dict.fromkeys(wanted, -1), Landings(tip.commit)
        if boundary == tip.commit:
            return landed
        tokens = self._git.log(self._at, [tip.commit], [boundary] if boundary else [], lines=False)
        for token in tokens:
            header = read_header(token, tokens)
            at = landings.place(header.sha, header.parents, header.committed)
            self._reach_cut |= self._at.shallow and not header.parents
            if header.sha in landed:
                landed[header.sha] = at
        return landed

    def _with_mailmap(self, commits: tuple[Commit, ...], bots: frozenset[str]) -> tuple[Commit, ...]:
        """The commits with their co-authors as `.mailmap` has them; authors come mapped from the log."""
        people = coauthors_in(commits)
        if not people:
            return commits
        lines = self._git.mailmapped(self._at, [f"{each.name} <{each.key}>".encode() for each in people])
        mapped: dict[Person, Person] = {}
        for each, line in zip(people, lines, strict=True):
            name, _, mail = line.rpartition(b"<")
            mapped[each] = person(name.strip(), mail.rstrip(b">"), bots)
        return tuple(
            msgspec.structs.replace(commit, coauthors=tuple(mapped[each] for each in commit.coauthors))
            if commit.coauthors
            else commit
            for commit in commits
        )

    def _delivery(self, dated: Sequence[tuple[Ref, int]], undated: Sequence[Ref], boundary: bytes | None) -> Delivery:
        """The releases as deployments of one environment: those within reach, and what is needed from before."""
        if not dated and not undated:
            reason = CUT if self._cut or self._reach_cut else UNTAGGED
            return Delivery(self._deployed, unknown=reason if self._at.shallow else None)
        ordered = sorted((at, version(ref.name), ref) for ref, at in dated if at < self._window.end)
        old = [(at, ref) for at, _, ref in ordered if at < self._reach]
        recent = [(at, ref) for at, _, ref in ordered if at >= self._reach]
        loose = [ref for ref in undated if boundary and ref.time < self._reach]
        earlier = Earlier(old, loose, self._landed_by(boundary))
        before = earlier.next(1)
        cut = self._cut or self._reach_cut
        if self._at.shallow and (
            cut or not before or not boundary
        ):  # a clone that leaves out commits leaves out their tags
            return Delivery(self._deployed, unknown=CUT)
        deployments, whole = self._with_changes([*before, *recent], old)
        if not whole:
            return Delivery(self._deployed, unknown=CUT)
        while not settled(deployments, self._reach) and (more := earlier.next(max(1, len(before)))):
            before = [*more, *before]
            wider, whole = self._with_changes([*before, *recent], old)
            if not whole:
                break
            deployments = wider
        from_the_start = whole and earlier.exhausted and not self._at.shallow
        reaches_back = from_the_start or settled(deployments, self._reach)
        return Delivery(self._deployed, (Track(self._wishes.environment, "tag", deployments, reaches_back),))

    def _landed_by(self, boundary: bytes | None) -> Callable[[Ref], bool]:
        return lambda ref: boundary is not None and self._git.is_ancestor(self._at, ref.commit, boundary)

    def _with_changes(self, releases: Sequence[Dated], old: Sequence[Dated]) -> tuple[tuple[Deployment, ...], bool]:
        """The releases with what each contains first, and whether the clone's history was enough to tell.

        What the other `old` ones contain is no part of any.
        """
        deployments = in_order(
            Deployment(id=short(ref.name), commit=ref.commit.decode(), finished=at) for at, ref in releases
        )
        if len(deployments) < 2:
            return deployments, True
        looked_at = {ref.name for _, ref in releases}
        hidden = [ref.commit for _, ref in old if ref.name not in looked_at]
        commits = [each.commit.encode() for each in deployments]
        owners, whole = Owners(commits), True
        changes: list[list[Change]] = [[] for _ in commits]
        known = {commit.sha: commit for commit in self._commits}
        tokens = self._git.log(self._at, commits[1:], [commits[0], *hidden], lines=False)
        fresh = {0}
        for token in tokens:
            header = read_header(token, tokens)
            owner = owners.place(header.sha, header.parents)
            if header.sha == commits[owner]:
                fresh.add(owner)
            whole &= bool(header.parents) or not self._at.shallow
            changes[owner].append(_change(header, known, self._wishes.rules))
        return tuple(
            msgspec.structs.replace(
                each,
                changes=tuple(changes[index]),
                returns=index not in fresh and self._git.is_ancestor(self._at, commits[index], commits[index - 1]),
            )
            for index, each in enumerate(deployments)
        ), whole


def default_branch(refs: Sequence[Ref], at: Repository, wanted: str | None) -> Ref | None:
    """The default branch's reference, `None` where there is no branch at all; raises `FetchError` if none stands out.

    The setting; the default remote's HEAD; a bare repository's HEAD; main, master or trunk, the remote's first; the
    branch that is checked out.
    """
    by_name = {ref.name: ref for ref in refs}
    places = [*([f"refs/remotes/{at.remote}/"] if at.remote else []), "refs/heads/"]
    head = by_name.get(f"{places[0]}HEAD")
    current = [ref.name for ref in refs if ref.head]
    names = [f"{place}{name}" for name in ([wanted] if wanted else USUAL) for place in places]
    if not wanted:
        names = [head.symref if head else "", *(current if at.bare else []), *names, *current]
    for name in names:
        if name in by_name:
            return by_name[name]
    branch_names = [ref.name for ref in refs if not ref.name.startswith("refs/tags/")]
    if not branch_names and not wanted:
        return None
    found = f"there is no branch {wanted!r}" if wanted else "no branch is known to be the default one"
    raise FetchError(
        f"{at.path}: {found}; name one in collectors.git.default_branch, or: git remote set-head origin -a"
    )


def branches(refs: Sequence[Ref], at: Repository, default: Ref | None) -> tuple[Branch, ...]:
    """Each short name over local heads and the default remote once, with its newest tip, but the default one's."""
    newest: dict[str, int] = {}
    for ref in refs:
        if not ref.name.startswith("refs/tags/") and not ref.symref:
            name = _branch_name(ref.name, at)
            newest[name] = max(ref.time, newest.get(name, 0))
    if default is not None:
        newest.pop(_branch_name(default.name, at), None)
    return tuple(Branch(name, newest[name]) for name in sorted(newest))


def _change(header: Header, known: Mapping[str, Commit], rules: Rules) -> Change:
    sha = header.sha.decode("ascii")
    commit = known.get(sha)
    if commit is not None:  # its texts are in memory already
        return Change(commit.sha, commit.authored, commit.merge, commit.reverts or commit.hotfix, commit.subject)
    subject = subject_of(header.message)
    marked = says_revert(header.message) or rules.hotfix.search(subject) is not None
    return Change(sha, header.authored, len(header.parents) > 1, marked, subject[:SUBJECT_LENGTH])


def _branch_name(name: str, at: Repository) -> str:
    return name.removeprefix("refs/heads/").removeprefix(f"refs/remotes/{at.remote}/")


def _own_date(ref: Ref, landed: Mapping[bytes, int]) -> int:
    return ref.tagged if ref.tagged is not None else landed.get(ref.commit, -1)
