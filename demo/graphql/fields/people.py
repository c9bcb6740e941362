"""Accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.graphql.items import node_id
from demo.stamp import stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.graphql.items import Item

SITE = "https://github.example"


def _shared(kind: str, login: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    return {
        "id": lambda one: node_id(kind, one.record.id),
        "login": lambda one: login(one.record.login),
        "databaseId": lambda one: one.record.id,
        "avatarUrl": lambda one, **_: f"{SITE}/avatars/{one.record.id}",
        "resourcePath": lambda one: f"/{login(one.record.login)}",
        "url": lambda one: f"{SITE}/{login(one.record.login)}",
        "createdAt": lambda _one: stamp(1_500_000_000),
    }


def _repositories(one: Item, **args: object) -> Any:  # noqa: ANN401
    from demo.graphql.fields.repositories import listed  # noqa: PLC0415

    return listed(one, args)


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "User": {**_shared("User", str), "name": lambda one: one.record.name, "email": lambda one: one.record.email},
    "Bot": _shared("Bot", lambda login: login.removesuffix("[bot]")),
    "Organization": {
        "id": lambda _one: node_id("Organization", 1),
        "login": lambda one: one.record,
        "databaseId": lambda _one: 1,
        "name": lambda one: f"{one.record} (SIMULATED)",
        "description": lambda _one: "SIMULATED: nothing here ever happened",
        "avatarUrl": lambda _one, **_: f"{SITE}/avatars/1",
        "resourcePath": lambda one: f"/{one.record}",
        "url": lambda one: f"{SITE}/{one.record}",
        "createdAt": lambda _one: stamp(1_500_000_000),
        "repositories": _repositories,
    },
}
