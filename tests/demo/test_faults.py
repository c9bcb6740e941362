"""Every fault, as a client meets it."""

from __future__ import annotations

import http.client

import pytest
import requests

from demo import faults, serve
from tests.demo.build import NOW, branch, commit, landing, organisation, pull

ROOT = commit("a", -9)
TOKEN = {"Authorization": "Bearer simulated"}
NAME = "simulated-acme/hand"
HAND = f"/repos/{NAME}"
TEXT = """{repository(owner:"simulated-acme",name:"hand"){
    name issues{totalCount} pullRequests(first:5){nodes{number state}}}}"""


@pytest.fixture
def server():
    history = organisation(ROOT, landing(ROOT), branch("main", "a", -9), pull(1, -1, commits="a"))
    with serve(history, lambda: NOW) as running:
        yield running


def get(server, path: str = HAND, **more):
    return requests.get(server.url + path, headers=TOKEN, timeout=more.pop("timeout", 10), **more)


def query(server, text: str = TEXT):
    return requests.post(server.graphql_url, json={"query": text}, headers=TOKEN, timeout=10)


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (faults.unauthorised(), 401, "Bad credentials"),
        (faults.forbidden(), 403, "Resource not accessible by integration"),
        (faults.not_found(), 404, "Not Found"),
        (faults.secondary(403), 403, "secondary rate limit"),
        (faults.secondary(429, 9), 429, "secondary rate limit"),
        (faults.server_error(), 500, "Server Error"),
        (faults.gateway_page(), 502, "<h1>502</h1>"),
        (faults.timed_out(), 504, "in time"),
    ],
)
def test_an_answer_of_its_own(server, fault, status, said):
    server.faults.add(fault)
    wrong, right = get(server), get(server)
    assert wrong.status_code == status
    assert said in wrong.text
    assert right.status_code == 200
    assert [one.fault for one in server.requests] == ["Answer", ""]


def test_a_secondary_limit_says_when_to_come_back(server):
    server.faults.add(faults.secondary(429, 9))
    server.faults.add(faults.secondary(403, None))
    assert [get(server).headers.get("Retry-After") for _ in range(2)] == ["9", None]


def test_an_exhausted_budget_stays_exhausted(server):
    server.faults.add(faults.Exhausted())
    server.faults.add(faults.Exhausted(), query="repository")
    rest = [get(server) for _ in range(2)]
    graphql = [query(server) for _ in range(2)]
    assert [one.status_code for one in rest] == [403, 403]
    assert {one.headers["X-RateLimit-Remaining"] for one in [*rest, *graphql]} == {"0"}
    assert [one.status_code for one in graphql] == [200, 200]
    assert [one.json()["errors"][0]["type"] for one in graphql] == ["RATE_LIMITED"] * 2


def test_partial_data_comes_with_an_error(server):
    server.faults.add(faults.partial("repository", "issues"))
    body = query(server).json()
    assert body["data"]["repository"]["issues"] is None
    assert body["data"]["repository"]["name"] == "hand"
    assert body["errors"][0]["path"] == ["repository", "issues"]


def test_json_can_be_cut_in_half(server):
    server.faults.add(faults.Truncated())
    answer = get(server)
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_connection_can_be_reset_or_stay_silent(server):
    server.faults.add(faults.Reset())
    server.faults.add(faults.Silence(30))
    with pytest.raises(requests.exceptions.ConnectionError):
        get(server)
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(server, timeout=0.2)
    assert get(server).status_code == 200
    assert [one.status for one in server.requests] == [0, 0, 200]


def test_values_can_be_odd_null_or_missing(server):
    server.faults.add(faults.with_value("state", "AJAR"))
    server.faults.add(faults.with_value("state", None))
    server.faults.add(faults.without("state"))
    nodes = [query(server).json()["data"]["repository"]["pullRequests"]["nodes"] for _ in range(4)]
    assert nodes == [
        [{"number": 1, "state": "AJAR"}],
        [{"number": 1, "state": None}],
        [{"number": 1}],
        [{"number": 1, "state": "OPEN"}],
    ]


def test_a_fault_finds_its_request(server):
    server.faults.add(faults.server_error(), nth=2)
    server.faults.add(faults.server_error(503), path=r"/pulls\b", times=2)
    server.faults.add(faults.timed_out(), query="totalCount")
    asked = [get(server), get(server), get(server, f"{HAND}/pulls"), get(server), get(server, f"{HAND}/pulls")]
    assert [one.status_code for one in asked] == [200, 500, 503, 200, 503]
    assert [query(server, "{viewer{login}}").status_code, query(server).status_code] == [200, 504]
    assert get(server, f"{HAND}/pulls").status_code == 200


def test_faults_can_be_taken_back(server):
    server.faults.add(faults.server_error(), times=9)
    server.faults.clear()
    assert get(server).status_code == 200


def test_a_renamed_repository_redirects_and_graphql_follows(server):
    server.faults.add(faults.renamed(NAME, "simulated-acme/new"), nth=2)
    before = get(server).json()["full_name"]
    moved = get(server, f"{HAND}/pulls?state=all", allow_redirects=False)
    followed = get(server)
    assert before == NAME
    assert (moved.status_code, moved.headers["Location"]) == (301, f"{server.url}/repositories/1/pulls?state=all")
    assert get(server, f"{HAND}/pulls?state=all").json()[0]["number"] == 1
    assert followed.json()["full_name"] == "simulated-acme/new"
    assert query(server).json()["data"]["repository"]["name"] == "new"


@pytest.mark.parametrize("change", [faults.deleted, faults.hidden])
def test_a_repository_can_vanish(server, change):
    server.faults.add(change(NAME))
    assert [get(server).status_code, get(server, f"{HAND}/pulls").status_code] == [404, 404]
    body = query(server).json()
    assert body["data"] == {"repository": None}
    assert body["errors"][0]["type"] == "NOT_FOUND"


def test_a_repository_can_be_archived_or_emptied(server):
    server.faults.add(faults.archived(NAME))
    server.faults.add(faults.emptied(NAME), nth=2)
    assert get(server).json()["archived"] is True
    assert get(server, f"{HAND}/commits").status_code == 409
    body = query(server, '{repository(owner:"simulated-acme",name:"hand"){isEmpty defaultBranchRef{name}}}').json()
    assert body["data"]["repository"] == {"isEmpty": True, "defaultBranchRef": None}


def test_a_default_branch_can_be_renamed(server):
    server.faults.add(faults.default_branch(NAME, "trunk"))
    assert get(server).json()["default_branch"] == "trunk"
    text = '{repository(owner:"simulated-acme",name:"hand"){defaultBranchRef{name target{oid}}}}'
    found = query(server, text).json()["data"]["repository"]["defaultBranchRef"]
    assert found == {"name": "trunk", "target": {"oid": "a"}}


def test_a_connection_is_kept_alive(server):
    host = server.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    seen = []
    for _ in range(3):
        connection.request("GET", HAND, headers=TOKEN)
        answer = connection.getresponse()
        answer.read()
        seen.append((answer.status, answer.version, connection.sock is not None))
    connection.close()
    assert seen == [(200, 11, True)] * 3
