"""Who is a bot, and who is somebody else. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from collectors.github.records import Actor, Author, PullRequest
from collectors.github.rules import Rules, matches

AUTHOR = ("human", "bot")


def _listed(names: Iterable[str], rules: Rules) -> bool:
    return any(matches(pattern, name) for name in names for pattern in rules.bots)


def is_bot(actor: Actor | None, rules: Rules) -> bool:
    """GitHub's kind, a `[bot]` suffix or the settings' list say so; a deleted account is human."""
    if actor is None:
        return False
    return actor.kind == "Bot" or actor.login.endswith("[bot]") or _listed((actor.login,), rules)


def is_bot_author(author: Author, rules: Rules) -> bool:
    """The same for a commit's author, whom GitHub links to no account if it is an app: name and e-mail tell it."""
    mailbox = author.email.partition("@")[0]
    names = tuple(filter(None, (author.login, author.name, mailbox)))
    return any(name.endswith("[bot]") for name in names) or _listed((*names, author.email), rules)


def kind_of(actor: Actor | None, rules: Rules) -> str:
    """The value of the tag `author`."""
    return "bot" if is_bot(actor, rules) else "human"


def is_another_human(actor: Actor | None, pull: PullRequest, rules: Rules) -> bool:
    """Whether the account is known, no bot, and not the pull request's author."""
    if actor is None or is_bot(actor, rules):
        return False
    return pull.author is None or actor.login != pull.author.login


def person(login: str) -> str:
    """The login by which people are told apart: an app has a `[bot]` suffix in one of GitHub's interfaces only."""
    return login.removesuffix("[bot]")
