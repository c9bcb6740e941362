"""The `git.*` metrics: pure functions over a snapshot of one clone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from collectors.git.records import Commit, GitSnapshot, Person
from common.errors import MetricError
from common.metric import Kind, Point, metric, point

AUTHOR = ("human", "bot")


def _commits(snapshot: GitSnapshot) -> tuple[Commit, ...]:
    if snapshot.cut is not None:
        raise MetricError(snapshot.cut)
    return snapshot.commits


def _in_window(snapshot: GitSnapshot) -> list[Commit]:
    return [commit for commit in _commits(snapshot) if commit.landed in snapshot.window]


def _kind_of(person: Person) -> str:
    return "bot" if person.bot else "human"


class Wrote(NamedTuple):
    """Somebody and one of their commits: one that they are the author of, where there is one."""

    person: Person
    sha: str


class Writers(NamedTuple):
    """A commit, and the keys of its author and co-authors, each once."""

    sha: str
    keys: tuple[str, ...]


def _people(snapshot: GitSnapshot) -> Iterable[Wrote]:
    commits = _in_window(snapshot)
    people: dict[str, Wrote] = {}
    for commit in commits:
        people.setdefault(commit.author.key, Wrote(commit.author, commit.sha))
    for commit in commits:
        for person in commit.coauthors:
            people.setdefault(person.key, Wrote(person, commit.sha))
    return people.values()


def _writers(snapshot: GitSnapshot) -> Iterator[Writers]:
    for commit in _in_window(snapshot):
        key = commit.author.key
        keys = tuple({key, *(person.key for person in commit.coauthors)}) if commit.coauthors else (key,)
        yield Writers(commit.sha, keys)


@metric(
    "git.commit.landed",
    unit="{commit}",
    kind=Kind.COUNT,
    tags={"author": AUTHOR, "shape": ("merge", "single")},
    better="higher",
)
def landed(snapshot: GitSnapshot) -> Iterator[Point]:
    """Commits that reached the default branch.

    Each commit once, when it landed: at the committer date of the default branch's first-parent commit that first
    reaches it, so that a branch merged today counts today. A merge has two or more parents.
    """
    for commit in _commits(snapshot):
        shape = "merge" if commit.merge else "single"
        yield point(1, at=commit.landed, id=commit.sha, author=_kind_of(commit.author), shape=shape)


@metric("git.commit.revert", unit="{commit}", kind=Kind.COUNT, better="lower")
def revert(snapshot: GitSnapshot) -> Iterator[Point]:
    """Landed commits that revert another.

    The subject is `Revert "…"`, or the body says `This reverts commit <sha>`. A revert of a revert is one more.
    """
    for commit in _commits(snapshot):
        if commit.reverts:
            yield point(1, at=commit.landed, id=commit.sha)


@metric("git.commit.hotfix", unit="{commit}", kind=Kind.COUNT, better="lower")
def hotfix(snapshot: GitSnapshot) -> Iterator[Point]:
    r"""Landed commits whose subject says hotfix.

    The setting `hotfix` is searched for anywhere in the subject, in any case; by default `\bhotfix\b`.
    """
    for commit in _commits(snapshot):
        if commit.hotfix:
            yield point(1, at=commit.landed, id=commit.sha)


@metric("git.code.lines", unit="{line}", kind=Kind.COUNT, tags={"change": ("added", "deleted")})
def lines(snapshot: GitSnapshot) -> Iterator[Point]:
    """Lines added and deleted by landed commits.

    Non-merge commits against their parent, by landing. Binary files have no lines; generated and lock files (the
    setting `generated`) are left out; a renamed file counts its changed lines only.
    """
    for commit in _commits(snapshot):
        if commit.added:
            yield point(commit.added, at=commit.landed, id=commit.sha, change="added")
        if commit.deleted:
            yield point(commit.deleted, at=commit.landed, id=commit.sha, change="deleted")


@metric("git.code.files_changed", unit="{file}")
def files_changed(snapshot: GitSnapshot) -> Iterator[Point]:
    """Distinct files that landed commits touched.

    Distinct paths over the non-merge commits landed in the window; a rename counts both paths.
    """
    touching = [commit.sha for commit in _in_window(snapshot) if not commit.merge]
    yield point(snapshot.files, of=touching)


@metric("git.branch.existing", unit="{branch}", tags={"activity": ("active", "stale")}, better="lower")
def branches(snapshot: GitSnapshot) -> Iterator[Point]:
    """Branches besides the default one.

    Distinct short names over local heads and the default remote. Stale: the newest tip of that name is older than the
    setting `stale_after`, 30 days by default.
    """
    oldest = snapshot.window.end - snapshot.stale_after
    active = [branch.name for branch in snapshot.branches if branch.tip_time >= oldest]
    stale = [branch.name for branch in snapshot.branches if branch.tip_time < oldest]
    yield point(len(active), of=active, activity="active")
    yield point(len(stale), of=stale, activity="stale")


@metric("git.contributor.active", unit="{person}", tags={"author": AUTHOR}, better="higher", facts=_people)
def contributors(people: Iterable[Wrote]) -> Iterator[Point]:
    """People who wrote commits that landed.

    Distinct authors and co-authors, after `.mailmap`, of commits landed in the window; e-mail addresses tell people
    apart. Bots have a `[bot]` suffix or are in the setting `bots`.
    """
    known = {each.person.key: each for each in people}
    for kind in AUTHOR:
        commits = [each.sha for each in known.values() if _kind_of(each.person) == kind]
        yield point(len(commits), of=dict.fromkeys(commits), author=kind)


@metric("git.contributor.half_share", unit="1", facts=_writers)
def half_share(writers: Iterable[Writers]) -> Iterator[Point]:
    """Smallest share of the contributors who together wrote at least half of the commits.

    Over the people and commits of `git.contributor.active`, bots included; a commit of n people gives each 1/n of it.
    One person: 1. Nobody: no point.
    """
    shares: Counter[tuple[str, int]] = Counter()
    commits = list(writers)
    for each in commits:
        for key in each.keys:
            shares[key, len(each.keys)] += 1
    wrote: dict[str, Fraction] = {}
    for (key, sharers), count in shares.items():
        wrote[key] = wrote.get(key, Fraction(0)) + Fraction(count, sharers)
    reached, top = Fraction(0), set[str]()
    for key in sorted(wrote, key=lambda key: (-wrote[key], key)):
        reached += wrote[key]
        top.add(key)
        if 2 * reached >= len(commits):
            theirs = [each.sha for each in commits if not top.isdisjoint(each.keys)]
            yield point(len(top) / len(wrote), of=theirs)
            return


@metric("git.commit.time_to_land", unit="s", kind=Kind.DISTRIBUTION, better="lower")
def time_to_land(snapshot: GitSnapshot) -> Iterator[Point]:
    """How long commits take from being written to reaching the default branch.

    Population: non-merge commits, by landing. Start: author date. End and event time: landing. A commit whose author
    date is missing or after its landing (a wrong clock) is left out.
    """
    for commit in _commits(snapshot):
        if not commit.merge and commit.authored is not None and commit.authored <= commit.landed:
            yield point(commit.landed - commit.authored, at=commit.landed, id=commit.sha)


@metric("git.release.tagged", unit="{release}", kind=Kind.COUNT, better="higher")
def releases(snapshot: GitSnapshot) -> Iterator[Point]:
    """Version tags.

    By the tag's own date; a lightweight tag has none, so its commit's landing counts, and it waits until that commit is
    on the default branch. The setting `release_tags` says which tags are versions.
    """
    reason = snapshot.cut or snapshot.untagged  # a clone that leaves out commits leaves out their tags
    if reason is not None:
        raise MetricError(reason)
    for release in snapshot.releases:
        yield point(1, at=release.at, id=release.name)
