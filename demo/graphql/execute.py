"""Executes a query with graphql-core over our part of the published schema and answers in GitHub's forms."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    is_abstract_type,
    is_object_type,
    parse,
    validate,
)

from demo.graphql.connections import Connection
from demo.graphql.cost import Cost, cost_of
from demo.graphql.fields import FIELDS
from demo.graphql.items import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from demo.world import View

SDL = Path(__file__).with_name("schema.graphql")
CONNECTION = {
    "nodes": lambda page: page.nodes,
    "edges": lambda page: page.edges,
    "pageInfo": lambda page: page.info,
    "totalCount": lambda page: page.total,
    "issueCount": lambda page: page.total,
    "repositoryCount": lambda page: page.total,
}
RIGHTS = {
    "Repository.vulnerabilityAlerts": "vulnerability_alerts",
    "Repository.pullRequests": "pull_requests",
    "Repository.issues": "issues",
    "Repository.deployments": "deployments",
    "Repository.defaultBranchRef": "contents",
    "Repository.refs": "contents",
    "Repository.releases": "contents",
    "PullRequest.statusCheckRollup": "checks",
    "Commit.statusCheckRollup": "checks",
    "CheckSuite.checkRuns": "checks",
}
UNKNOWN_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")


class Invalid(Exception):  # noqa: N818
    """A query that GitHub refuses before it runs; `bodies` are its errors."""

    def __init__(self, errors: Iterable[GraphQLError]) -> None:
        self.bodies = [error_body(error) for error in errors]
        super().__init__(self.bodies[0]["message"])


class Query(msgspec.Struct, frozen=True):
    """A query that may be executed, with its price."""

    document: DocumentNode
    cost: Cost
    variables: dict[str, Any]
    operation: str | None
    schema: GraphQLSchema


@lru_cache(maxsize=16)
def schema(without: frozenset[str] = frozenset()) -> GraphQLSchema:
    """Our schema with its resolvers; `without` names fields (`Type.field`) that an older server lacks."""
    made = build_schema(SDL.read_text(encoding="utf-8"))
    for name in without:
        owner, _, missing = name.partition(".")
        made.type_map[owner].fields.pop(missing)  # type: ignore[attr-defined]
    for name, kind in made.type_map.items():
        if is_abstract_type(kind):
            kind.resolve_type = lambda value, *_: value.kind
        elif is_object_type(kind) and not name.startswith("__"):
            table = CONNECTION if name.endswith("Connection") else FIELDS.get(name, {})
            for field_name, field in kind.fields.items():
                found = table.get(field_name)
                if found and f"{name}.{field_name}" in RIGHTS:
                    found = _guarded(found, RIGHTS[f"{name}.{field_name}"])
                field.resolve = _resolver(found, field_name, with_args=bool(field.args))
    return made


def prepare(text: str, variables: dict[str, Any], operation: str | None, without: frozenset[str]) -> Query:
    """The query parsed, checked and priced; raises `Invalid`."""
    found = schema(without)
    try:
        document, errors = _checked(text, without)
        cost = Cost() if errors else cost_of(found, document, variables, operation)
    except GraphQLError as error:
        raise Invalid([error]) from error
    if errors:
        raise Invalid(errors)
    return Query(document, cost, variables, operation, found)


def run(query: Query, view: View, rate: dict[str, Any] | None) -> dict[str, Any]:
    """The answer's body: data, and errors where there were some."""
    root = Item("Query", view, None, rate)  # type: ignore[arg-type]
    done = execute_sync(
        query.schema, query.document, root, variable_values=query.variables, operation_name=query.operation
    )
    body: dict[str, Any] = {"data": done.data}
    if done.errors:
        body["errors"] = [error_body(error) for error in done.errors]
    return body


def error_body(error: GraphQLError) -> dict[str, Any]:
    """An error as GitHub writes it."""
    kind = (error.extensions or {}).get("type")
    body: dict[str, Any] = {"type": kind} if kind else {}
    if error.path:
        body["path"] = list(error.path)
    if error.locations:
        body["locations"] = [{"line": one.line, "column": one.column} for one in error.locations]
    unknown = UNKNOWN_FIELD.match(error.message)
    if unknown:
        field, name = unknown.groups()
        body["extensions"] = {"code": "undefinedField", "typeName": name, "fieldName": field}
        return {**body, "message": f"Field '{field}' doesn't exist on type '{name}'"}
    return {**body, "message": error.message}


@lru_cache(maxsize=256)
def _checked(text: str, without: frozenset[str]) -> tuple[DocumentNode, tuple[GraphQLError, ...]]:
    document = parse(text)
    return document, tuple(validate(schema(without), document))


def _guarded(found: Callable[..., Any], right: str) -> Callable[..., Any]:
    def resolve(source: Item, **args: Any) -> Any:  # noqa: ANN401
        if right in source.view.denied:
            raise GraphQLError("Resource not accessible by integration", extensions={"type": "FORBIDDEN"})
        return found(source, **args)

    return resolve


def _resolver(found: Callable[..., Any] | None, name: str, *, with_args: bool) -> Callable[..., Any]:
    if found is None:
        return lambda source, _info, **_args: _plain(source, name)
    if with_args:
        return lambda source, _info, **args: found(source, **args)
    return lambda source, _info: found(source)


def _plain(source: object, name: str) -> object:
    if isinstance(source, Item):
        source = source.record
    if isinstance(source, dict):
        return source.get(name)
    if isinstance(source, Connection):
        return None
    return getattr(source, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
