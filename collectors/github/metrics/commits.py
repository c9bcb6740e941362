"""Commits that reached the default branch: with the merge of their pull request, else at their committer date."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.github.ids import commit_id
from collectors.github.messages import is_hotfix, is_revert
from collectors.github.people import AUTHOR, is_bot_author
from collectors.github.records import known
from collectors.github.snapshot import GitHubSnapshot
from common.metric import Kind, Point, metric, point


@metric("github.commit.landed", unit="{commit}", kind=Kind.COUNT, tags={"author": AUTHOR}, better="higher")
def landed(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Commits that reached the default branch.

    Each commit once, when it landed: at the merge of its pull request into the default branch, so that a branch merged
    today counts today, else at its committer date. Merge commits included.
    """
    for commit, at in snapshot.landed:
        author = "bot" if is_bot_author(commit.author, snapshot.rules) else "human"
        yield point(1, at=at, id=commit_id(commit), author=author)


@metric("github.commit.revert", unit="{commit}", kind=Kind.COUNT, better="lower")
def revert(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Landed commits that revert another.

    The subject is `Revert "…"`, or the body says `This reverts commit <sha>`. A revert of a revert is one more.
    """
    for commit, at in snapshot.landed:
        if is_revert(commit):
            yield point(1, at=at, id=commit_id(commit))


@metric("github.commit.hotfix", unit="{commit}", kind=Kind.COUNT, better="lower")
def hotfix(snapshot: GitHubSnapshot) -> Iterator[Point]:
    r"""Landed commits whose subject says hotfix.

    The setting `hotfix` is searched for anywhere in the subject, in any case; by default `\bhotfix\b`.
    """
    for commit, at in snapshot.landed:
        if is_hotfix(commit, snapshot.rules):
            yield point(1, at=at, id=commit_id(commit))


@metric("github.commit.unreviewed", unit="{commit}", kind=Kind.COUNT, better="lower")
def unreviewed(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Commits that people pushed to the default branch without a pull request.

    Landed commits by humans that GitHub associates with no pull request.
    """
    of_pulls = {commit.sha for pull in snapshot.merged for commit in pull.commits}
    of_pulls |= {pull.merge_commit for pull in snapshot.merged if pull.merge_commit}
    for commit, at in snapshot.landed:
        if not commit.pulls and commit.sha not in of_pulls and not is_bot_author(commit.author, snapshot.rules):
            yield point(1, at=at, id=commit_id(commit))


@metric("github.code.lines", unit="{line}", kind=Kind.COUNT, tags={"change": ("added", "deleted")})
def lines(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Lines added and deleted by landed commits.

    Non-merge commits against their parent, by landing, generated files included.
    """
    for commit, at in snapshot.landed:
        if commit.merge:
            continue
        if commit.additions:
            yield point(commit.additions, at=at, id=commit_id(commit), change="added")
        if commit.deletions:
            yield point(commit.deletions, at=at, id=commit_id(commit), change="deleted")


@metric("github.code.files_changed", unit="{file}")
def files_changed(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Files that differ on the default branch from the start of the window to now.

    Distinct files of one comparison of the two commits; a change that was taken back does not show. GitHub lists 300
    at most: then the number is a lower bound. A branch that is younger than the window: no point.
    """
    compared = known(snapshot.changed_files)
    if compared is not None:
        yield point(compared.files, basis="measured" if compared.all_files else "lower_bound")
