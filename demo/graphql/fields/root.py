"""What a query begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from demo.graphql.connections import Connection
from demo.graphql.fields.search import found_by
from demo.graphql.items import Item, read_node_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.records import Repository

LISTS = {
    "PullRequest": "pulls",
    "Issue": "issues",
    "CheckSuite": "runs",
    "WorkflowRun": "runs",
    "Deployment": "deployments",
    "Release": "releases",
}


def _repository(root: Item, *, owner: str, name: str, followRenames: bool = True) -> Item:  # noqa: N803
    wanted = f"{owner}/{name}"
    moved = root.view.moved(wanted)
    found = root.view.repository(moved or wanted) if followRenames or moved is None else None
    if found is None:
        raise GraphQLError(
            f"Could not resolve to a Repository with the name '{wanted}'.", extensions={"type": "NOT_FOUND"}
        )
    return Item("Repository", root.view, found, found)


def _organization(root: Item, *, login: str) -> Item:
    if login.lower() != root.view.organisation.owner.lower():
        said = f"Could not resolve to an Organization with the login of '{login}'."
        raise GraphQLError(said, extensions={"type": "NOT_FOUND"})
    return root.other("Organization", root.view.organisation.owner)


def _node(root: Item, *, id: str) -> Item:  # noqa: A002
    parts = read_node_id(id)
    found = _of_repository(root, parts) if parts and len(parts) > 1 else None
    if found is None:
        raise GraphQLError(
            f"Could not resolve to a node with the global id of '{id}'", extensions={"type": "NOT_FOUND"}
        )
    return found


def _of_repository(root: Item, parts: list[str]) -> Item | None:
    kind, number, *key = parts
    repository = next((one for one in root.view.repositories() if str(one.id) == number), None)
    if repository is None:
        return None
    if kind == "Repository":
        return Item(kind, root.view, repository, repository)
    if kind == "Commit":
        commit = repository.commits.get(key[0])
        return None if commit is None else Item(kind, root.view, repository, commit)
    record = root.view.record(repository, LISTS[kind], int(key[0])) if kind in LISTS else None
    return None if record is None else Item(kind, root.view, repository, record)


def _nodes(root: Item, *, ids: list[str]) -> list[Item | GraphQLError]:
    return [_or_error(root, one) for one in ids]


def _or_error(root: Item, one: str) -> Item | GraphQLError:
    try:
        return _node(root, id=one)
    except GraphQLError as error:
        return error


def _search(root: Item, *, query: str, type: str, **args: object) -> Connection:  # noqa: A002
    def make(pair: tuple[Repository, str, Any]) -> Item:
        return Item(pair[1], root.view, pair[0], pair[2])

    return Connection(found_by(root.view, query, type), make, args)


FIELDS: dict[str, dict[str, Callable[..., Any]]] = {
    "Query": {
        "rateLimit": lambda root, **_: root.record,
        "repository": _repository,
        "organization": _organization,
        "node": _node,
        "nodes": _nodes,
        "search": _search,
        "viewer": lambda root: root.other("User", next(iter(root.view.accounts.values()))),
    },
}
