"""Pages of a connection: keyset cursors, so that a page begins after the last one's end, whatever moved since."""

from __future__ import annotations

import base64
import binascii
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demo.graphql.items import Item

Key = list[Any]


class Edge:
    """A node with its cursor."""

    def __init__(self, key: Key, node: Item) -> None:
        self.cursor, self.node = write_cursor(key), node


class Connection:
    """Records in order, the page of them that was asked for, and how an item is made of one."""

    kind = "Connection"

    def __init__(
        self, records: Sequence[Any], make: Callable[[Any], Item], args: dict[str, Any], *,
        key: Callable[[Any], Key] | None = None, down: bool = False,
    ) -> None:  # fmt: skip
        pairs = [(key(record) if key else [index], record) for index, record in enumerate(records)]
        if key:
            pairs.sort(key=lambda pair: pair[0], reverse=down)
        self.total, self.make = len(pairs), make
        self.page, self.before, self.after = _page(pairs, args, down=down and key is not None)

    @cached_property
    def nodes(self) -> list[Item]:
        """The page's items."""
        return [self.make(record) for _, record in self.page]

    @property
    def edges(self) -> list[Edge]:
        """The page's items with their cursors."""
        return [Edge(key, node) for (key, _), node in zip(self.page, self.nodes, strict=True)]

    @property
    def info(self) -> dict[str, Any]:
        """GitHub's PageInfo."""
        ends: list[str | None] = [write_cursor(key) for key, _ in (self.page[:1] + self.page[-1:])]
        ends = ends or [None, None]
        return {
            "startCursor": ends[0],
            "endCursor": ends[-1],
            "hasNextPage": self.after,
            "hasPreviousPage": self.before,
        }


def write_cursor(key: Key) -> str:
    """An opaque cursor."""
    return base64.b64encode(b"cursor:sim:" + json.dumps(key).encode()).decode()


def read_cursor(text: str) -> Key:
    """The key of a cursor; raises GitHub's error for one that we never gave out."""
    try:
        head, _, tail = base64.b64decode(text, validate=True).partition(b"cursor:sim:")
        key = json.loads(tail) if not head else None
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list):
        said = f"`{text}` does not appear to be a valid cursor."
        raise GraphQLError(said, extensions={"type": "INVALID_CURSOR_ARGUMENTS"})
    return key


def _page(
    pairs: list[tuple[Key, Any]], args: dict[str, Any], *, down: bool
) -> tuple[list[tuple[Key, Any]], bool, bool]:
    start, stop = 0, len(pairs)
    if args.get("after"):
        mark = read_cursor(args["after"])
        start = sum((key >= mark if down else key <= mark) for key, _ in pairs)
    if args.get("before"):
        mark = read_cursor(args["before"])
        stop = sum((key > mark if down else key < mark) for key, _ in pairs)
    if args.get("first") is not None:
        stop = min(stop, start + args["first"])
    if args.get("last") is not None:
        start = max(start, stop - args["last"])
    return pairs[start:stop], start > 0, stop < len(pairs)
