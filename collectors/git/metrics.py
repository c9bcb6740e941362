"""The `git.*` metrics: pure functions over a snapshot of one clone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

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


def _people(commit: Commit) -> dict[str, Person]:
    """The commit's author and co-authors, each once."""
    return {person.key: person for person in (commit.author, *commit.coauthors)}


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
def files_changed(snapshot: GitSnapshot) -> float:
    """Distinct files that landed commits touched.

    Distinct paths over the non-merge commits landed in the window; a rename counts both paths.
    """
    _commits(snapshot)
    return snapshot.files


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


@metric("git.contributor.active", unit="{person}", tags={"author": AUTHOR}, better="higher")
def contributors(snapshot: GitSnapshot) -> Iterator[Point]:
    """People who wrote commits that landed.

    Distinct authors and co-authors, after `.mailmap`, of commits landed in the window; e-mail addresses tell people
    apart. Bots have a `[bot]` suffix or are in the setting `bots`.
    """
    people: dict[str, Person] = {}
    for commit in _in_window(snapshot):
        people[commit.author.key] = commit.author
        for person in commit.coauthors:
            people[person.key] = person
    bots = sum(person.bot for person in people.values())
    yield point(len(people) - bots, author="human")
    yield point(bots, author="bot")


@metric("git.contributor.half_share", unit="1")
def half_share(snapshot: GitSnapshot) -> float | None:
    """Smallest share of the contributors who together wrote at least half of the commits.

    Over the people and commits of `git.contributor.active`, bots included; a commit of n people gives each 1/n of it.
    One person: 1. Nobody: no point.
    """
    shares: Counter[tuple[str, int]] = Counter()
    commits = _in_window(snapshot)
    for commit in commits:
        people = _people(commit) if commit.coauthors else (commit.author.key,)
        for key in people:
            shares[key, len(people)] += 1
    wrote: dict[str, Fraction] = {}
    for (key, sharers), count in shares.items():
        wrote[key] = wrote.get(key, Fraction(0)) + Fraction(count, sharers)
    reached = Fraction(0)
    for rank, amount in enumerate(sorted(wrote.values(), reverse=True), 1):
        reached += amount
        if 2 * reached >= len(commits):
            return rank / len(wrote)
    return None


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
    if snapshot.cut is not None:  # a clone that leaves out commits leaves out their tags
        raise MetricError(snapshot.cut)
    for release in snapshot.releases:
        yield point(1, at=release.at, id=release.name)
