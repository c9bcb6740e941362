"""Every query, whole and without each of its parts, is valid against the schema that GitHub publishes."""

from __future__ import annotations

import pytest
from graphql import build_schema, parse, validate

from collectors.github.client.query import build, names, query
from tests.demo.published import published

QUERIES = tuple(name for name in names() if name != "fragments")
NUMBERED = {"branch_pages", "commits", "probe", "pull", "rotation"}


@pytest.fixture(scope="module")
def schema():
    text = published("schema.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_is_valid_with_and_without_its_parts(schema, name):
    times = 3 if name in NUMBERED else 1
    parts = sorted(set(query(name).parts.values()))
    forms = [query(name, frozenset(left_out), times) for left_out in ([], *([part] for part in parts), parts)]
    assert [validate(schema, parse(form.text)) for form in forms] == [[] for _ in forms]


def test_a_query_asks_for_nothing_twice_and_leaves_out_whole_lines():
    text = "query A($x: Int! # part:b\n) {\n  a\n  b(x: $x) { ...Page } # part:b\n}\n"
    whole, less = build("A", text), build("A", text, {"b"})
    assert (whole.parts, less.parts) == ({1: "b", 4: "b"}, {})
    assert "fragment Page" in whole.text
    assert less.text == ") {\n  a\n}"


def test_what_is_numbered_is_repeated():
    found = query("pull", frozenset(), 3).text
    assert [found.count(f"pull{index}: pullRequest(number: $number{index})") for index in range(4)] == [1, 1, 1, 0]
    assert "$number0: Int!, $number1: Int!, $number2: Int!)" in found


def test_an_error_names_its_part_by_line_or_by_path():
    found = query("start")
    line = next(number for number, part in found.parts.items() if part == "environments")
    assert found.part_of([line], []) == "environments"
    assert found.part_of([], ["repository", "vulnerabilityAlerts"]) == "vulnerability_alerts"
    assert found.part_of([], ["repository", "openIssues", "nodes", 3]) == "issues"
    assert found.part_of([], ["repository", "stargazerCount"]) is None
