"""Resolvers: type → field → function of the item and the arguments; what is not here is the record's own attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.graphql.fields import checks, commits, delivery, issues, people, pulls, repositories, root, timeline

if TYPE_CHECKING:
    from collections.abc import Callable

FIELDS: dict[str, dict[str, Callable[..., Any]]] = {}
for _part in (root, people, repositories, issues, pulls, timeline, commits, checks, delivery):
    FIELDS.update(_part.FIELDS)
