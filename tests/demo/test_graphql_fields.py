"""Every field of our part of the schema can be asked for; the search and the lists find what they should."""

from __future__ import annotations

import pytest
from graphql import (
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_required_argument,
    is_union_type,
)

from demo.graphql.execute import Invalid, prepare, run, schema
from tests.demo.build import generated

DEEPEST = 4
ARGUMENTS = {
    "refPrefix": '"refs/heads/"', "qualifiedName": '"main"', "headRef": '"main"', "number": "3",
}  # fmt: skip
SKIPPED = {"Query.node", "Query.nodes", "Query.search", "Query.repository", "Query.organization"}


@pytest.fixture(scope="module")
def view():
    organisation = generated()
    return organisation.at(organisation.end)


def ask(view, text, **variables):
    return run(prepare(text, variables, None, frozenset()), view, None)


def selection(kind, depth, seen):
    """Every field of the type, and those of what they lead to, down to a depth."""
    if is_union_type(kind):
        members = [f"... on {one.name} {{{selection(one, depth, seen)}}}" for one in kind.types]
        return " ".join(["__typename", *members])
    parts = ["__typename"]
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        if f"{kind.name}.{name}" in SKIPPED or (is_composite_type(below) and depth == 0):
            continue
        seen.add(f"{kind.name}.{name}")
        given = [f"{arg}:{ARGUMENTS[arg]}" for arg, value in field.args.items() if is_required_argument(value)]
        given += ["first:1"] if "first" in field.args else []
        given += ['expression:"main"'] if name == "object" else []
        inner = f"{{{selection(below, depth - 1, seen)}}}" if is_composite_type(below) else ""
        alias = f"{kind.name.lower()}_{name}:" if given or inner else f"{name}_{kind.name.lower()}:"
        parts.append(f"{alias}{name}{'(' + ','.join(given) + ')' if given else ''}{inner}")
    if is_abstract_type(kind):
        parts += [f"... on {one.name} {{id}}" for one in schema().get_possible_types(kind) if "id" in one.fields][:3]
    return " ".join(parts)


def asked_fields(kinds):
    """(queries, the fields that they ask for): one query from the repository through each of its own fields."""
    seen, queries = set(), []
    repository = schema().type_map["Repository"]
    for name, field in repository.fields.items():
        below = get_named_type(field.type)
        given = [f"{arg}:{ARGUMENTS[arg]}" for arg, value in field.args.items() if is_required_argument(value)]
        given += ["last:2"] if "last" in field.args else []
        given += ['expression:"main"'] if name == "object" else []
        inner = f"{{{selection(below, DEEPEST if name in kinds else 2, seen)}}}" if is_composite_type(below) else ""
        call = f"{name}{'(' + ','.join(given) + ')' if given else ''}{inner}"
        queries.append(f'{{repository(owner:"simulated-acme",name:"web"){{{call}}}}}')
    return queries, seen


def test_every_field_answers_without_an_error(view):
    deep = {"pullRequests", "issues", "deployments", "releases"}
    queries, seen = asked_fields(deep)
    assert len(seen) > 250
    for text in queries:
        assert "errors" not in ask(view, text), text[:200]


def test_a_commit_and_all_that_hangs_on_it(view):
    seen: set[str] = set()
    inside = selection(schema().type_map["Commit"], 3, seen)
    text = (
        f'{{repository(owner:"simulated-acme",name:"web"){{object(expression:"main"){{... on Commit{{{inside}}}}}}}}}'
    )
    body = ask(view, text)
    assert "errors" not in body
    assert {"CheckRun.conclusion", "WorkflowRun.event", "StatusCheckRollup.state", "GitActor.user"} <= seen


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("repo:simulated-acme/web is:pr", lambda one: True),
        ("repo:simulated-acme/web is:pr is:merged", lambda one: any(e.kind == "merged" for e in one.events)),
        ("repo:simulated-acme/web is:pr created:<2026-03-01", lambda one: one.created < 1_772_323_200),
        ("repo:simulated-acme/web is:pr -label:dependencies", lambda one: "dependencies" not in one.labels),
    ],
)
def test_the_search_finds_what_fits(view, words, count):
    repository = view.repository("simulated-acme/web")
    body = ask(view, "query($q:String!){search(type:ISSUE,query:$q,first:1){issueCount}}", q=words)
    happened = [one for one in repository.pulls if one.created <= view.now]
    if "merged" in words:
        happened = [one for one in happened if any(e.kind == "merged" and e.at <= view.now for e in one.events)]
    assert body["data"]["search"]["issueCount"] == sum(count(one) for one in happened) > 0


def test_the_organisation_lists_its_repositories(view):
    text = """{organization(login:"simulated-acme"){name repositories(first:100,isArchived:false,isFork:false,
        orderBy:{field:NAME,direction:ASC}){totalCount nodes{name description}}}}"""
    found = ask(view, text)["data"]["organization"]
    assert [one["name"] for one in found["repositories"]["nodes"]] == ["api", "empty", "tools", "web"]
    assert "SIMULATED" in found["name"]
    assert all("SIMULATED" in one["description"] for one in found["repositories"]["nodes"])


def test_nodes_are_found_by_their_ids_and_lost_ones_are_named(view):
    text = '{repository(owner:"simulated-acme",name:"web"){id pullRequests(first:1){nodes{id number}}}}'
    found = ask(view, text)["data"]["repository"]
    ids = [found["id"], found["pullRequests"]["nodes"][0]["id"], "R_bogus"]
    body = ask(view, "query($ids:[ID!]!){nodes(ids:$ids){__typename id}}", ids=ids)
    assert [one and one["__typename"] for one in body["data"]["nodes"]] == ["Repository", "PullRequest", None]
    assert [(one["type"], one["path"]) for one in body["errors"]] == [("NOT_FOUND", ["nodes", 2])]


def test_more_than_a_hundred_ids_are_refused(view):
    with pytest.raises(Invalid, match="more than 100 node ids; you provided 101"):
        ask(view, "query($ids:[ID!]!){nodes(ids:$ids){id}}", ids=["x"] * 101)


def test_an_operation_needs_its_name_where_there_are_two(view):
    text = "query A{viewer{login}} query B{viewer{login}}"
    assert run(prepare(text, {}, "B", frozenset()), view, None)["data"] == {"viewer": {"login": "ada-sim"}}
    with pytest.raises(Invalid, match="operation name"):
        prepare(text, {}, None, frozenset())
