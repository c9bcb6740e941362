"""What the collector asks for is as GitHub describes it, and says the same twice."""

from __future__ import annotations

import msgspec
import pytest

from demo import Organisation
from tests.collectors.github.looking import TOKEN, look, looking
from tests.demo.published import published


@pytest.fixture(scope="module")
def small():
    return Organisation(seed=1, size="small")


def test_every_path_and_parameter_is_as_github_describes_it(small):
    paths = msgspec.json.decode(published("api.github.com.json").read_bytes())["paths"]
    with looking(small) as (server, collector):
        look(collector, small.end)
        asked = [(one.path, one.query) for one in server.requests if one.path != "/graphql"]
    assert len(asked) > 20
    assert [(path, query) for path, query in asked if not _described(paths, path, query)] == []


def _described(paths, path, query):
    for form, methods in paths.items():
        pattern, parts = form.split("/"), path.split("/")
        fits = len(pattern) == len(parts) and all(
            one == other or one.startswith("{") for one, other in zip(pattern, parts, strict=True)
        )
        if fits and "get" in methods:
            known = {_name(each) for each in methods["get"]["parameters"]}
            return set(query) <= known
    return False


def _name(parameter):
    return parameter.get("name") or {"per-page": "per_page"}.get(
        last := parameter["$ref"].rsplit("/", 1)[-1], last.replace("-", "_").removeprefix("workflow_run_")
    )


def test_the_requests_carry_the_token_and_nothing_else_does(small):
    with looking(small, "simulated-acme/tools", tokens=[TOKEN]) as (_, collector):
        seen = look(collector, small.end)
    assert seen.failures == {}
    assert TOKEN not in repr(collector) + seen.words


def test_two_runs_at_the_same_time_find_the_same(small):
    with looking(small, "simulated-acme/web") as (_, collector):
        assert look(collector, small.end).numbers == look(collector, small.end).numbers
