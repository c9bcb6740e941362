"""Our GraphQL schema is a part of the one that GitHub publishes: nothing in it is ours."""

from __future__ import annotations

import pytest
from graphql import (
    GraphQLNonNull,
    GraphQLSchema,
    build_schema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
    is_required_argument,
    is_union_type,
    specified_scalar_types,
    validate_schema,
)

from demo.graphql.execute import SDL
from demo.graphql.fields import FIELDS
from tests.demo.published import published


@pytest.fixture(scope="module")
def ours() -> GraphQLSchema:
    return build_schema(SDL.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def theirs() -> GraphQLSchema:
    return build_schema(published("schema.graphql").read_text(encoding="utf-8"), assume_valid=True)


def our_types(ours):
    return [
        one for name, one in ours.type_map.items() if not name.startswith("__") and name not in specified_scalar_types
    ]


def differences(one, other):
    """How a type of ours says anything that the published one does not."""
    if type(one) is not type(other):
        return [f"{one.name} is another kind of type"]
    if is_enum_type(one):
        return [f"{one.name}.{value}" for value in one.values if value not in other.values]
    if is_union_type(one):
        members = {each.name for each in other.types}
        return [f"{one.name} | {each.name}" for each in one.types if each.name not in members]
    if is_input_object_type(one):
        found = [f"{one.name}.{name}" for name, field in one.fields.items() if not same(field, other.fields.get(name))]
        required = [name for name, field in other.fields.items() if isinstance(field.type, GraphQLNonNull)]
        return found + [f"{one.name} lacks {name}" for name in required if name not in one.fields]
    if is_object_type(one) or is_interface_type(one):
        promised = {each.name for each in other.interfaces}
        found = [f"{one.name} implements {each.name}" for each in one.interfaces if each.name not in promised]
        return found + [
            text for name, field in one.fields.items() for text in field_differences(one, name, field, other)
        ]
    return []


def same(one, other):
    return other is not None and str(one.type) == str(other.type) and one.default_value == other.default_value


def field_differences(one, name, field, other):
    published_field = other.fields.get(name)
    if published_field is None or str(published_field.type) != str(field.type):
        return [f"{one.name}.{name}: {field.type}"]
    wrong = [arg for arg, value in field.args.items() if not same(value, published_field.args.get(arg))]
    needed = [
        arg for arg, value in published_field.args.items() if is_required_argument(value) and arg not in field.args
    ]
    return [f"{one.name}.{name}({arg})" for arg in wrong + needed]


def test_every_type_field_argument_and_value_is_published(ours, theirs):
    types = our_types(ours)
    assert len(types) > 150
    unknown = [one.name for one in types if one.name not in theirs.type_map]
    assert unknown == []
    assert [text for one in types for text in differences(one, theirs.type_map[one.name])] == []


def test_the_comparison_finds_what_is_not_published(theirs):
    made_up = build_schema(
        "type Query { repository(owner: String!, name: String): Repository viewer: User }"
        " type User { login: String! } type Repository { name: String! invented: Int } enum IssueState { OPEN AJAR }"
    )
    found = [text for one in our_types(made_up) for text in differences(one, theirs.type_map[one.name])]
    assert sorted(found) == [
        "IssueState.AJAR",
        "Query.repository(name)",
        "Query.viewer: User",
        "Repository.invented: Int",
    ]


def test_our_part_is_a_valid_schema(ours):
    assert validate_schema(ours) == []


def test_every_resolver_belongs_to_a_field(ours):
    loose = [
        f"{kind}.{name}"
        for kind, fields in FIELDS.items()
        for name in fields
        if name not in getattr(ours.type_map[kind], "fields", {})
    ]
    shared = {"actor", "enqueuer", "reason", "requestedReviewer", "mergeRefName", "commit"}
    assert [name for name in loose if name.partition(".")[2] not in shared] == []
