"""Budgets, costs, ETags and secondary limits."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from demo import Organisation, Rates, serve
from tests.demo.build import NOW, branch, commit, landing, organisation

ROOT = commit("a", -9)
TOKEN = {"Authorization": "Bearer simulated"}
HAND = "/repos/simulated-acme/hand"


def get(server, path: str, **headers: str) -> requests.Response:
    return requests.get(server.url + path, headers=TOKEN | headers, timeout=10, allow_redirects=False)


def query(server, text: str, **variables: Any) -> requests.Response:
    return requests.post(server.graphql_url, json={"query": text, "variables": variables}, headers=TOKEN, timeout=10)


def by_hand(*parts: Any, **more: Any) -> Organisation:
    return organisation(ROOT, landing(ROOT), branch("main", "a", -9), *parts, **more)


def standing(*parts: Any, **more: Any):
    return serve(by_hand(*parts), lambda: NOW, **more)


def test_headers_tell_the_budget_the_time_and_who_answered():
    with standing(skew=300) as server:
        headers = get(server, HAND).headers
    assert headers["X-RateLimit-Limit"] == "5000"
    assert headers["X-RateLimit-Remaining"] == "4999"
    assert headers["X-RateLimit-Resource"] == "core"
    assert headers["X-RateLimit-Reset"] == str(NOW + 3_600)
    assert headers["X-GitHub-Request-Id"] == "SIM:1"
    assert headers["Date"] == "Mon, 21 Sep 2026 14:18:20 GMT"


def test_an_unchanged_answer_costs_nothing_and_belongs_to_its_token():
    with standing() as server:
        first = get(server, HAND)
        mark = {"If-None-Match": first.headers["ETag"]}
        again = get(server, HAND, **mark)
        other = get(server, HAND, Authorization="Bearer other", **mark)
        costs = [one.cost for one in server.requests]
    assert [again.status_code, again.content, again.headers["X-RateLimit-Remaining"]] == [304, b"", "4999"]
    assert other.status_code == 200
    assert costs == [1, 0, 1]


def test_an_empty_budget_is_a_403_in_rest_and_a_200_in_graphql_until_it_is_reset():
    now = [NOW]
    with serve(by_hand(), lambda: now[0], rates=Rates(core=1, graphql=1)) as server:
        text = "{viewer{login}}"
        assert get(server, HAND).status_code == 200
        refused = get(server, HAND)
        query(server, text)
        limited = query(server, text)
        left = get(server, "/rate_limit").json()["resources"]
        now[0] = NOW + 3_600
        later = get(server, HAND)
    assert refused.status_code == 403
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert limited.status_code == 200
    assert limited.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert limited.headers["X-RateLimit-Remaining"] == "0"
    assert [left["core"]["remaining"], left["graphql"]["remaining"]] == [0, 0]
    assert later.status_code == 200


def test_a_server_without_limits_says_nothing_of_them():
    with standing(rates=Rates(unlimited=True)) as server:
        answer = requests.get(f"{server.url}/api/v3{HAND}", headers=TOKEN, timeout=10)
        rates = requests.get(f"{server.url}/api/v3/rate_limit", headers=TOKEN, timeout=10)
        body = {"query": "{rateLimit{cost} viewer{login}}"}
        asked = requests.post(f"{server.url}/api/graphql", json=body, headers=TOKEN, timeout=10)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("x-ratelimit")]
    assert answer.json()["url"] == f"{server.url}/api/v3{HAND}"
    assert rates.status_code == 404
    assert asked.json() == {"data": {"rateLimit": None, "viewer": {"login": "ada-sim"}}}


def test_too_many_requests_in_a_minute_break_a_secondary_limit():
    seconds = [0.0]
    with standing(rates=Rates(core_a_minute=2, retry_after=7), seconds=lambda: seconds[0]) as server:
        first = [get(server, HAND).status_code for _ in range(2)]
        third = get(server, HAND)
        seconds[0] = 60.0
        later = get(server, HAND)
    assert first == [200, 200]
    assert [third.status_code, third.headers["Retry-After"]] == [403, "7"]
    assert "secondary rate limit" in third.json()["message"]
    assert later.status_code == 200


def test_the_argument_is_charged_and_not_the_result():
    text = """{rateLimit{cost nodeCount} repository(owner:"simulated-acme",name:"hand"){
        pullRequests(first:100){totalCount nodes{reviews(first:50){totalCount} commits(last:10){totalCount}}}
        issues{totalCount}}}"""
    with standing() as server:
        body = query(server, text).json()
    assert body["data"]["rateLimit"] == {"cost": 2, "nodeCount": 100 + 5_000 + 1_000}
    assert body["data"]["repository"]["pullRequests"] == {"totalCount": 0, "nodes": []}


def test_aliases_are_charged_each():
    fields = " ".join(
        f'r{n}:repository(owner:"simulated-acme",name:"hand"){{a:issues(first:1){{totalCount}} refs(first:1,refPrefix:"refs/heads/"){{totalCount}}}}'  # noqa: E501
        for n in range(100)
    )
    with standing() as server:
        answer = query(server, f"{{rateLimit{{cost}} {fields}}}").json()
    assert answer["data"]["rateLimit"]["cost"] == 2
    assert answer["data"]["r99"]["refs"] == {"totalCount": 1}


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("pullRequests(first:101){totalCount}", "EXCESSIVE_PAGINATION"),
        ("pullRequests{nodes{number}}", "MISSING_PAGINATION_BOUNDARIES"),
        (
            "pullRequests(first:100){nodes{reviews(first:100){nodes{comments(first:100){totalCount}}}}}",
            "MAX_NODE_LIMIT_EXCEEDED",
        ),
    ],
)
def test_what_is_too_much_is_refused_and_not_charged(fields, kind):
    with standing() as server:
        answer = query(server, f'{{repository(owner:"simulated-acme",name:"hand"){{{fields}}}}}')
        cost = server.requests[0].cost
    assert answer.status_code == 200
    assert [one["type"] for one in answer.json()["errors"]] == [kind]
    assert cost == 0


def test_a_heavy_query_times_out_and_costs():
    with standing(heaviest=500) as server:
        text = """{repository(owner:"simulated-acme",name:"hand"){
            pullRequests(first:%d){nodes{reviews(first:10){totalCount}}}}}"""
        heavy, light = query(server, text % 60), query(server, text % 40)
        costs = [one.cost for one in server.requests]
    assert [heavy.status_code, light.status_code] == [504, 200]
    assert costs == [1, 1]


def test_the_documented_example_costs_51_points():
    text = """{rateLimit{cost} organization(login:"simulated-acme"){repositories(first:100){nodes{
        issues(first:50){nodes{labels(first:60){nodes{name}}}}}}}}"""
    with standing() as server:
        body = query(server, text).json()
    assert body["data"]["rateLimit"]["cost"] == 51
