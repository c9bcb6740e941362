"""People, told apart by login: how many were active and how evenly they worked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.github.ids import commit_id
from collectors.github.lifecycle import counted_reviews
from collectors.github.people import AUTHOR, is_bot, is_bot_author, person
from collectors.github.records import Author
from collectors.github.snapshot import GitHubSnapshot
from common.metric import Point, metric, point


def _authors(snapshot: GitHubSnapshot) -> Iterator[tuple[str, bool]]:
    rules = snapshot.rules
    for commit, at in snapshot.landed:
        if commit.author.login and at in snapshot.window:
            yield person(commit.author.login), is_bot_author(commit.author, rules)
    for pull in snapshot.merged:
        if pull.author and pull.merged is not None and pull.merged in snapshot.window:
            yield person(pull.author.login), is_bot(pull.author, rules)


def _reviewers(snapshot: GitHubSnapshot) -> Iterator[tuple[str, bool]]:
    for pull in snapshot.pulls:
        own = person(pull.author.login) if pull.author else None
        for review in counted_reviews(pull):
            if review.author and review.at in snapshot.window and person(review.author.login) != own:
                yield person(review.author.login), is_bot(review.author, snapshot.rules)


def _activity(snapshot: GitHubSnapshot) -> set[tuple[str, str, bool]]:
    """What each person did: login, role, and whether it is a bot."""
    snapshot.need("reviews")
    wrote = {(login, "author", bot) for login, bot in _authors(snapshot)}
    return wrote | {(login, "reviewer", bot) for login, bot in _reviewers(snapshot)}


@metric(
    "github.contributor.active",
    unit="{person}",
    tags={"role": ("author", "reviewer", "both"), "author": AUTHOR},
    better="higher",
    semconv="vcs.contributor.count",
    facts=_activity,
)
def active(activity: Iterable[tuple[str, str, bool]]) -> Iterator[Point]:
    """People who wrote or reviewed something.

    Distinct logins in the window. Author: of a landed commit or a merged pull request. Reviewer: submitted a review of
    somebody else's pull request (of a merged one, before the merge). Each person has one role. Authors of commits that
    GitHub links to no account are not counted.
    """
    known = frozenset(activity)
    bots = {login for login, _, bot in known if bot}
    wrote, reviewed = ({login for login, did, _ in known if did == role} for role in ("author", "reviewer"))
    roles = {"author": wrote - reviewed, "reviewer": reviewed - wrote, "both": wrote & reviewed}
    for role, logins in roles.items():
        for author, these in (("human", logins - bots), ("bot", logins & bots)):
            yield point(len(these), of=(f"person:{login}" for login in sorted(these)), role=role, author=author)


def _identity(author: Author) -> str:
    return f"login {author.login}" if author.login else f"mail {author.email.casefold()}"


def _written(snapshot: GitHubSnapshot) -> Iterator[tuple[str, str]]:
    """Person and commit."""
    for commit, at in snapshot.landed:
        if at in snapshot.window and not is_bot_author(commit.author, snapshot.rules):
            yield _identity(commit.author), commit_id(commit)


@metric("github.contributor.commits_each", unit="{commit}", facts=_written)
def commits_each(written: Iterable[tuple[str, str]]) -> Iterator[Point]:
    """Commits that landed for each person who wrote some.

    Commits landed in the window by humans / their distinct authors, by login, else by e-mail. None: no point.
    """
    commits = tuple(written)
    people = {person for person, _ in commits}
    if people:
        yield point(len(commits) / len(people), of=(commit for _, commit in commits))
