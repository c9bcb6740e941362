"""Every REST path, parameter and answer is as GitHub's OpenAPI description has it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import requests
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from demo import serve
from demo.rest.routes import ROUTES
from tests.demo.build import generated
from tests.demo.published import published

WEB = "simulated-acme/web"
TOKEN = {"Authorization": "Bearer simulated"}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return msgspec.json.decode(published("api.github.com.json").read_bytes())


@pytest.fixture(scope="module")
def registry(description) -> Registry:
    plain = nullable_as_type({"components": {"schemas": description["components"]["schemas"]}})
    return Registry().with_resource("urn:github", Resource(contents=plain, specification=DRAFT202012))


@pytest.fixture(scope="module")
def server():
    with serve(generated()) as running:
        yield running


def nullable_as_type(node: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it, and references that find the description's schemas."""
    if isinstance(node, list):
        return [nullable_as_type(one) for one in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        return {"$ref": f"urn:github{node['$ref']}"}
    made = {name: nullable_as_type(one) for name, one in node.items() if name != "nullable"}
    if node.get("nullable") is True:
        return {"anyOf": [made, {"type": "null"}]}
    return made


def operation(description, route):
    return description["paths"][route.path][route.method.lower()]


def parameters(description, route):
    found = []
    for one in operation(description, route).get("parameters", ()):
        name = one["$ref"].rsplit("/", 1)[-1] if "$ref" in one else None
        found.append(description["components"]["parameters"][name] if name else one)
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_the_path_and_its_parameters_are_described(description, route):
    described = {one["name"] for one in parameters(description, route) if one["in"] == "query"}
    assert set(route.parameters) <= described


@pytest.fixture(scope="module")
def examples(server) -> dict[str, str]:
    def get(path):
        return requests.get(f"{server.url}/repos/{WEB}/{path}", headers=TOKEN, timeout=10).json()

    commits = get("commits?per_page=40")
    return {
        "owner": "simulated-acme",
        "repo": "web",
        "org": "simulated-acme",
        "run_id": str(get("actions/runs?per_page=1&status=completed")["workflow_runs"][0]["id"]),
        "attempt_number": "1",
        "pull_number": str(get("pulls?state=closed&per_page=1")[0]["number"]),
        "deployment_id": str(get("deployments?per_page=1")[0]["id"]),
        "installation_id": "7",
        "ref": "main",
        "basehead": f"{commits[30]['sha']}...{commits[0]['sha']}",
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_the_answer_is_valid(description, registry, server, examples, route):
    url = server.url + route.path.format_map(examples)
    paging = {"per_page": "3"} if "per_page" in route.parameters else {}
    answer = requests.request(route.method, url, params=paging, headers=TOKEN, timeout=10)
    content = operation(description, route)["responses"][str(answer.status_code)]["content"]
    schema = nullable_as_type(next(iter(content.values()))["schema"])
    errors = list(Draft202012Validator(schema, registry=registry).iter_errors(answer.json()))
    assert [f"{list(one.absolute_path)}: {one.message[:200]}" for one in errors[:5]] == []
    assert answer.json()


def test_the_validation_notices_a_missing_field(description, registry):
    schema = {"$ref": "urn:github#/components/schemas/workflow-run"}
    errors = list(Draft202012Validator(schema, registry=registry).iter_errors({"id": "1"}))
    assert any("'node_id' is a required property" in one.message for one in errors)
    assert any("is not of type 'integer'" in one.message for one in errors)


def test_the_rate_limit_is_as_described(description, registry, server):
    content = description["paths"]["/rate_limit"]["get"]["responses"]["200"]["content"]
    schema = nullable_as_type(content["application/json"]["schema"])
    answer = requests.get(f"{server.url}/rate_limit", headers=TOKEN, timeout=10)
    assert list(Draft202012Validator(schema, registry=registry).iter_errors(answer.json())) == []
