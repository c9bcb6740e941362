"""What a query costs by GitHub's documented formula: the argument is charged, not what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    InlineFragmentNode,
    get_named_type,
    get_operation_ast,
    is_composite_type,
    value_from_ast_untyped,
)

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLField, GraphQLNamedType, GraphQLSchema, SelectionSetNode

MOST_NODES = 500_000
MOST = 100
ASKS_FOR_ITEMS = {"nodes", "edges"}


class Cost(msgspec.Struct):
    """Requests that GitHub assumes, and the nodes that they could bring."""

    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        """What is taken from the hour's budget."""
        return max(1, round(self.requests / 100))


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.schema, self.variables, self.cost = schema, variables, Cost()
        self.fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def walk(self, of: GraphQLNamedType, selection: SelectionSetNode | None, times: int, path: list[str]) -> None:
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                self._field(of, node, times, path)
            elif isinstance(node, InlineFragmentNode):
                narrowed = self.schema.type_map[node.type_condition.name.value] if node.type_condition else of
                self.walk(narrowed, node.selection_set, times, path)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                narrowed = self.schema.type_map[fragment.type_condition.name.value]
                self.walk(narrowed, fragment.selection_set, times, path)

    def _field(self, of: GraphQLNamedType, node: FieldNode, times: int, path: list[str]) -> None:
        fields: dict[str, GraphQLField] = getattr(of, "fields", {})
        field = fields.get(node.name.value)
        if field is None:
            return
        below, here = get_named_type(field.type), [*path, (node.alias or node.name).value]
        args = {one.name.value: value_from_ast_untyped(one.value, self.variables) for one in node.arguments or ()}
        if below.name.endswith("Connection"):
            times = self._connection(node, args, times, here)
        elif node.name.value == "nodes" and of is self.schema.query_type:
            times = self._ids(args, times, here)
        if is_composite_type(below):
            self.walk(below, node.selection_set, times, here)

    def _connection(self, node: FieldNode, args: dict[str, Any], times: int, path: list[str]) -> int:
        name = node.name.value
        for word in ("first", "last"):
            asked = args.get(word)
            if asked is not None and not 0 <= asked <= MOST:
                said = (
                    f"Requesting {asked} records on the `{name}` connection exceeds the `{word}` limit of 100 records."
                )
                raise _refusal("EXCESSIVE_PAGINATION", said, node, path)
        size = args.get("first") if args.get("first") is not None else args.get("last")
        if size is None:
            if self._names(node.selection_set) & ASKS_FOR_ITEMS:
                said = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                raise _refusal("MISSING_PAGINATION_BOUNDARIES", said, node, path)
            return times
        self.cost.requests += times
        self.cost.nodes += times * size
        return times * int(size)

    def _ids(self, args: dict[str, Any], times: int, path: list[str]) -> int:
        count = len(args.get("ids") or ())
        if count > MOST:
            said = f"You may not provide more than 100 node ids; you provided {count}."
            raise _refusal("ARGUMENT_LIMIT", said, None, path)
        self.cost.nodes += count
        return times * count

    def _names(self, selection: SelectionSetNode | None) -> set[str]:
        found: set[str] = set()
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                found.add(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                found |= self._names(node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                found |= self._names(self.fragments[node.name.value].selection_set)
        return found


def cost_of(schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any], operation: str | None) -> Cost:
    """The cost of the operation; raises `GraphQLError` as GitHub refuses pages and queries that are too big."""
    found = get_operation_ast(document, operation)
    query = schema.query_type
    if found is None or not isinstance(query, GraphQLObjectType):
        raise GraphQLError("An operation name is required")
    defaults = {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in found.variable_definitions or ()
        if one.default_value
    }
    walk = _Walk(schema, document, defaults | variables)
    walk.walk(query, found.selection_set, 1, ["query"])
    if walk.cost.nodes > MOST_NODES:
        said = (
            f"This query requests up to {walk.cost.nodes:,} possible nodes which exceeds the maximum limit of 500,000."
        )
        raise GraphQLError(said, extensions={"type": "MAX_NODE_LIMIT_EXCEEDED"})
    return walk.cost


def _refusal(kind: str, said: str, node: FieldNode | None, path: list[str]) -> GraphQLError:
    return GraphQLError(said, node, path=[*path], extensions={"type": kind})
