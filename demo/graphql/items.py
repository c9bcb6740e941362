"""What resolvers hand around: a record with the moment and the repository it is seen in, and opaque ids for it."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demo.graph import Graph
    from demo.records import Repository
    from demo.world import View


class Item:
    """A GraphQL object: `kind` is its type's name, `record` what it shows."""

    __slots__ = ("kind", "record", "repository", "view")

    def __init__(self, kind: str, view: View, repository: Repository, record: Any) -> None:  # noqa: ANN401
        self.kind, self.view, self.repository, self.record = kind, view, repository, record

    @property
    def graph(self) -> Graph:
        """The commits of the item's repository."""
        return self.view.graph(self.repository)

    def other(self, kind: str, record: Any) -> Item:  # noqa: ANN401
        """Something else of the same repository and moment."""
        return Item(kind, self.view, self.repository, record)


def node_id(kind: str, *key: object) -> str:
    """A global id; opaque to clients, the same for ever."""
    text = ":".join(map(str, ("sim", kind, *key)))
    return f"{''.join(filter(str.isupper, kind))}_{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def read_node_id(text: str) -> list[str] | None:
    """The parts that an id was made of; `None` for one that we never gave out."""
    tail = text.partition("_")[2]
    try:
        parts = base64.urlsafe_b64decode(tail + "=" * (-len(tail) % 4)).decode().split(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return parts[1:] if parts[0] == "sim" else None


def actor(item: Item, login: str | None) -> Item | None:
    """Whoever did something, as GitHub's interface Actor; a bot's login comes without its suffix."""
    account = item.view.accounts.get(login or "")
    return None if account is None else item.other(account.kind, account)


def person(item: Item, login: str | None) -> Item | None:
    """An account where GitHub promises a User: bots come as one too, with their suffix."""
    account = item.view.accounts.get(login or "")
    return None if account is None else item.other("User", account)
