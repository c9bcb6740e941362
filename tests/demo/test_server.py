"""The server: authorisation, rights, caps, pages, and what it shows at which time."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from demo import Organisation, serve
from tests.demo.build import NOW, at, branch, commit, generated, landing, organisation, pull, run

ROOT = commit("a", -9)
TOKEN = {"Authorization": "Bearer simulated"}
HAND = "/repos/simulated-acme/hand"


def get(server, path: str, **headers: str) -> requests.Response:
    return requests.get(server.url + path, headers=TOKEN | headers, timeout=10, allow_redirects=False)


def query(server, text: str, **variables: Any) -> requests.Response:
    return requests.post(server.graphql_url, json={"query": text, "variables": variables}, headers=TOKEN, timeout=10)


@pytest.fixture(scope="module")
def small() -> Organisation:
    return generated()


def by_hand(*parts: Any, **more: Any) -> Organisation:
    return organisation(ROOT, landing(ROOT), branch("main", "a", -9), *parts, **more)


def standing(*parts: Any, **more: Any):
    return serve(by_hand(*parts), lambda: NOW, **more)


def test_a_request_needs_a_token_and_a_known_one():
    with standing(tokens=["known"]) as server:
        bare = requests.get(server.url + HAND, timeout=10)
        wrong = get(server, HAND)
        right = get(server, HAND, Authorization="token known")
    assert [bare.status_code, wrong.status_code, right.status_code] == [401, 401, 200]
    assert wrong.json()["message"] == "Bad credentials"
    assert right.json()["description"] == "SIMULATED: hand never existed"


def test_an_installation_token_lives_for_an_hour():
    now = [NOW]
    with serve(by_hand(), lambda: now[0], tokens=[]) as server:
        path = "/app/installations/7/access_tokens"
        jwt = {"Authorization": "Bearer head.body.sign"}
        made = requests.post(server.url + path, headers=jwt, timeout=10)
        token = {"Authorization": f"Bearer {made.json()['token']}"}
        first = get(server, HAND, **token)
        now[0] = NOW + 3_600
        second = get(server, HAND, **token)
    assert [made.status_code, first.status_code, second.status_code] == [201, 200, 401]


def test_an_older_server_does_not_know_a_field():
    with standing(without=["PullRequest.isInMergeQueue"]) as server:
        text = '{repository(owner:"simulated-acme",name:"hand"){pullRequests(first:1){nodes{isInMergeQueue}}}}'
        error = query(server, text).json()["errors"][0]
    assert error["message"] == "Field 'isInMergeQueue' doesn't exist on type 'PullRequest'"
    assert error["extensions"]["code"] == "undefinedField"


def test_a_missing_right_costs_only_what_needs_it():
    with standing(denied=["vulnerability_alerts", "administration"]) as server:
        text = '{repository(owner:"simulated-acme",name:"hand"){name vulnerabilityAlerts(states:OPEN){totalCount}}}'
        body = query(server, text).json()
        runners = get(server, f"{HAND}/actions/runners")
    assert body["data"]["repository"] == {"name": "hand", "vulnerabilityAlerts": None}
    assert [body["errors"][0][name] for name in ("type", "path")] == [
        "FORBIDDEN",
        ["repository", "vulnerabilityAlerts"],
    ]
    assert runners.status_code == 403


def test_a_filtered_list_of_runs_ends_at_a_thousand():
    many = [run(number, -1, (-1, -0.5, "success")) for number in range(1, 1_002)]
    with standing(*many) as server:
        path = f"{HAND}/actions/runs?per_page=100"
        last = get(server, f"{path}&created=>=2026-09-01&page=10")
        beyond = get(server, f"{path}&created=>=2026-09-01&page=11")
        unfiltered = get(server, f"{path}&page=11")
    assert [last.json()["total_count"], len(last.json()["workflow_runs"])] == [1_001, 100]
    assert 'rel="next"' not in last.headers["Link"]
    assert beyond.json() == {"total_count": 1_001, "workflow_runs": []}
    assert len(unfiltered.json()["workflow_runs"]) == 1


@pytest.mark.parametrize(
    ("created", "found"),
    [
        (">=2026-09-21T10:13:20Z", [4, 3]),
        (">2026-09-21T10:13:20Z", [4]),
        ("<=2026-09-21T10:13:20Z", [3, 2, 1]),
        ("2026-09-20T14:13:20Z..2026-09-21T10:13:20Z", [3, 2]),
        ("*..2026-09-20", [2, 1]),
        ("2026-09-19", [1]),
    ],
)
def test_runs_are_filtered_by_creation(created, found):
    runs = [run(number, hours, (hours, hours + 0.1, "success")) for number, hours in enumerate((-48, -24, -4, -2), 1)]
    with standing(*runs) as server:
        body = get(server, f"{HAND}/actions/runs?created={created}").json()
    assert [one["id"] for one in body["workflow_runs"]] == found


def test_a_branch_filter_finds_forks_too_and_says_where_they_came_from():
    runs = (run(1, -2, (-2, -1, "success")), run(2, -2, (-2, -1, "success"), fork="outsider-sim/hand"))
    with standing(*runs) as server:
        body = get(server, f"{HAND}/actions/runs?branch=main").json()["workflow_runs"]
    assert [one["head_repository"]["full_name"] for one in body] == ["outsider-sim/hand", "simulated-acme/hand"]


def test_attempts_keep_their_own_conclusions():
    again = run(7, -9, (-9, -8, "failure"), (-2, -1, "success"))
    with standing(again) as server:
        whole, first = (get(server, f"{HAND}/actions/runs/7{end}").json() for end in ("", "/attempts/1"))
        missing = get(server, f"{HAND}/actions/runs/7/attempts/3")
        suite = whole["check_suite_node_id"]
        text = """query($ids:[ID!]!){nodes(ids:$ids){... on CheckSuite{
            all:checkRuns(first:9,filterBy:{checkType:ALL}){nodes{conclusion}}
            checkRuns(first:9){nodes{conclusion}}}}}"""
        seen = query(server, text, ids=[suite]).json()["data"]["nodes"][0]
    assert [whole["run_attempt"], whole["conclusion"], whole["created_at"]] == [2, "success", "2026-09-21T05:13:20Z"]
    assert [first["run_attempt"], first["conclusion"], first["run_started_at"]] == [
        1,
        "failure",
        "2026-09-21T05:13:20Z",
    ]
    assert missing.status_code == 404
    assert seen["all"]["nodes"] == [{"conclusion": "FAILURE"}, {"conclusion": "SUCCESS"}]
    assert seen["checkRuns"]["nodes"] == [{"conclusion": "SUCCESS"}]


def test_what_comes_later_does_not_exist_yet():
    now = [at(-3)]
    history = by_hand(commit("b", -2, "a"), pull(1, -1, commits="b"), run(1, -2, (-2, -1, "success")))
    with serve(history, lambda: now[0]) as server:
        text = '{repository(owner:"simulated-acme",name:"hand"){pullRequests{totalCount}}}'
        seen = []
        for hours in (-3, -1.5, 0):
            now[0] = at(hours)
            runs = get(server, f"{HAND}/actions/runs").json()["workflow_runs"]
            pulls = query(server, text).json()["data"]["repository"]["pullRequests"]["totalCount"]
            seen.append((pulls, [one["status"] for one in runs]))
    assert seen == [(0, []), (0, ["in_progress"]), (1, ["completed"])]


def test_pages_hang_together_and_cursors_last(small):
    text = """query($after:String){repository(owner:"simulated-acme",name:"web"){pullRequests(first:7,after:$after,
        orderBy:{field:UPDATED_AT,direction:DESC}){totalCount pageInfo{hasNextPage endCursor}
        nodes{number updatedAt}}}}"""
    found, after = [], None
    with serve(small) as server:
        for _ in range(40):
            page = query(server, text, after=after).json()["data"]["repository"]["pullRequests"]
            found += [(one["updatedAt"], one["number"]) for one in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        wrong = query(server, text, after="nonsense").json()
    assert len({number for _, number in found}) == page["totalCount"] == len(found)
    assert found == sorted(found, reverse=True)
    assert wrong["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


def test_links_lead_through_a_rest_list(small):
    with serve(small) as server:
        url, numbers = f"{server.url}/repos/simulated-acme/web/pulls?state=all&per_page=50", []
        while url:
            answer = requests.get(url, headers=TOKEN, timeout=10)
            numbers += [one["number"] for one in answer.json()]
            url = answer.links.get("next", {}).get("url")
        requested = server.requests
    assert len(numbers) == len(set(numbers)) > 100
    assert numbers == sorted(numbers, reverse=True)
    assert [one.unknown for one in requested] == [()] * len(requested)


def test_bots_have_their_suffix_in_rest_and_none_in_graphql():
    with standing(pull(1, -1, commits="a", author="dependabot[bot]"), pull(2, -1, commits="a", author=None)) as server:
        text = (
            '{repository(owner:"simulated-acme",name:"hand"){pullRequests(first:2){nodes{author{__typename login}}}}}'
        )
        graphql = query(server, text).json()["data"]["repository"]["pullRequests"]["nodes"]
        body = get(server, f"{HAND}/issues").json()
    assert graphql == [{"author": {"__typename": "Bot", "login": "dependabot"}}, {"author": None}]
    assert [one["user"]["login"] for one in body] == ["ghost", "dependabot[bot]"]


def test_requests_are_written_down():
    with standing() as server:
        get(server, f"{HAND}/branches?per_page=5&sort=name")
        query(server, "query Who{viewer{login}}")
        first, second = server.requests
        cost = server.cost
    assert (first.method, first.path, first.status, first.cost) == ("GET", f"{HAND}/branches", 200, 1)
    assert first.unknown == ("sort",)
    assert (second.path, second.status, second.cost, second.resource) == ("/graphql", 200, 1, "graphql")
    assert cost == {"core": 1, "graphql": 1}


def test_a_head_request_has_no_body():
    with standing() as server:
        answer = requests.head(server.url + HAND, headers=TOKEN, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 1_000


def test_bad_bodies_are_told_so():
    with standing() as server:
        unreadable = requests.post(server.graphql_url, data=b"{", headers=TOKEN, timeout=10)
        unparsable = query(server, "{")
    assert [unreadable.status_code, unreadable.json()["message"]] == [400, "Problems parsing JSON"]
    assert "Syntax Error" in json.dumps(unparsable.json()["errors"])
