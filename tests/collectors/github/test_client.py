"""Where GitHub is, with which token, and what its limits look like."""

from __future__ import annotations

import pytest
import responses

from collectors.github.budget import Budget, BudgetError, rotated
from collectors.github.client.access import Places, places, token
from collectors.github.client.errors import CredentialsError
from collectors.github.client.limits import graphql_transience, rest_transience
from collectors.github.collector import GitHubCollector
from collectors.github.parse_rest import attempts
from collectors.github.raw import RawCheckRun
from collectors.github.records import Attempt
from collectors.github.settings import AppSettings, GitHubSettings
from common.collector import Context
from common.deadline import Deadline
from common.errors import ConfigError
from common.http import HttpClient, Response
from common.meter import Meter
from demo import Organisation
from tests.collectors.github.looking import TOKEN, collector_for, looking, settings_for

NOW = 1_000_000_000.0
SETTINGS = GitHubSettings(repositories=("acme/api",))


def _response(status, body=b"{}", **headers):
    return Response(
        "GET", "https://api.github.com/x", status, {k.replace("_", "-"): v for k, v in headers.items()}, body
    )


def _client():
    return HttpClient("rest", Deadline(60), Meter(), sleep=lambda _: None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, Places("https://api.github.com", "https://api.github.com/graphql")),
        (
            "https://git.acme.example/api/v3/",
            Places("https://git.acme.example/api/v3", "https://git.acme.example/api/graphql"),
        ),
        ("https://api.acme.ghe.com", Places("https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql")),
    ],
)
def test_the_addresses_follow_from_the_rest_apis(url, expected):
    assert places(SETTINGS, {"GITHUB_API_URL": url} if url else {}) == expected


def test_an_address_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"collectors\.github\.api_url \(GITHUB_API_URL\)"):
        places(GitHubSettings(api_url="github.acme.example"), {})


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GH_TOKEN"])
def test_either_variable_holds_the_token(name):
    assert token(SETTINGS, {name: f"{TOKEN}\n"}, places(SETTINGS, {}), _client) == TOKEN


def test_without_a_token_the_variables_are_named():
    with pytest.raises(ConfigError, match="GITHUB_TOKEN and GH_TOKEN are not set"):
        token(SETTINGS, {}, places(SETTINGS, {}), _client)


@pytest.fixture(scope="module")
def private_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, form).decode()


@responses.activate
def test_an_app_is_lent_one_installation_token(private_key):
    settings = GitHubSettings(repositories=("acme/*",), app=AppSettings(id=7, private_key="env:APP_KEY"))
    responses.get("https://api.github.com/orgs/acme/installation", json={"id": 42})
    responses.post("https://api.github.com/app/installations/42/access_tokens", json={"token": TOKEN}, status=201)
    assert token(settings, {"APP_KEY": private_key}, places(settings, {}), _client) == TOKEN
    assert [call.request.method for call in responses.calls] == ["GET", "POST"]


@responses.activate
def test_an_app_that_is_refused_names_its_settings(private_key):
    settings = GitHubSettings(app=AppSettings(id=7, private_key="env:APP_KEY", installation=42))
    responses.post("https://api.github.com/app/installations/42/access_tokens", json={}, status=401)
    with pytest.raises(CredentialsError, match=r"look at collectors\.github\.app") as caught:
        token(settings, {"APP_KEY": private_key}, places(settings, {}), _client)
    assert "PRIVATE KEY" not in str(caught.value)


def test_an_apps_key_that_is_none_is_named_and_not_shown():
    settings = GitHubSettings(app=AppSettings(id=7, private_key="env:APP_KEY", installation=42))
    with pytest.raises(ConfigError, match=r"collectors\.github\.app\.private_key") as caught:
        token(settings, {"APP_KEY": "not a key at all"}, places(settings, {}), _client)
    assert "not a key at all" not in str(caught.value)


def test_rate_limits_come_in_four_forms():
    waits = [
        rest_transience(_response(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(NOW) + 90)), NOW),
        rest_transience(_response(429, retry_after="7"), NOW),
        rest_transience(_response(403, b'{"message": "You have exceeded a secondary rate limit"}'), NOW),
        graphql_transience(_response(200, b'{"errors": [{"type": "RATE_LIMITED"}]}'), NOW),
    ]
    assert [wait.retry_after for wait in waits if wait] == [90.0, 7.0, 60.0, 60.0]


def test_a_right_that_is_missing_is_no_rate_limit():
    assert rest_transience(_response(403, b'{"message": "Resource not accessible by integration"}'), NOW) is None


def test_a_budget_keeps_its_reserve_and_a_server_without_limits_has_none():
    budget = Budget("rest", 0.1, Meter())
    budget.check(10**6)
    headers = {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "110", "x-ratelimit-reset": "1790000000"}
    budget.observe(headers)
    budget.check(10)
    with pytest.raises(BudgetError, match="110 of 1000 requests are left until 14:13 UTC, and 10% are kept for others"):
        budget.check(11)


def test_an_older_answer_does_not_give_budget_back():
    budget = Budget("rest", 0.0, Meter())
    for remaining in ("5", "9"):
        headers = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": remaining, "x-ratelimit-reset": "1790000000"}
        budget.observe(headers)
    assert budget.told == (10, 5, 1790000000)


def test_each_repository_comes_first_now_and_then():
    assert {rotated(range(10), turn)[0] for turn in range(30)} == set(range(10))
    assert sorted(rotated(range(10), 7)) == list(range(10))


def _check(name, start, end, conclusion):
    from datetime import UTC, datetime

    times = (datetime.fromtimestamp(at, UTC) for at in (start, end))
    return RawCheckRun(name, "COMPLETED", conclusion, *times)


def test_earlier_attempts_are_told_from_jobs_that_come_again():
    jobs = [
        _check("build", 10, 20, "SUCCESS"), _check("test", 20, 40, "FAILURE"),
        _check("test", 100, 130, "TIMED_OUT"), _check("test", 200, 230, "SUCCESS"),
    ]  # fmt: skip
    assert attempts(jobs, 3, 199.0) == (Attempt(1, "failure", 40.0), Attempt(2, "timed_out", 130.0))
    assert attempts(jobs, 4, 199.0) is None


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="small")


def test_patterns_find_what_the_owner_has_but_archived_ones_and_forks(organisation):
    with looking(organisation) as (server, _):
        chosen = settings_for(
            organisation, server.url, "simulated-acme/*", "!simulated-acme/t*", archived=False, forks=False
        )
        found = collector_for(chosen, organisation.end).discover()
    assert [scope.name for scope in found] == ["simulated-acme/api", "simulated-acme/empty", "simulated-acme/web"]


def test_topics_narrow_what_patterns_find(organisation):
    with looking(organisation) as (server, _):
        chosen = settings_for(organisation, server.url, topics=("storefront",))
        assert [scope.name for scope in collector_for(chosen, organisation.end).discover()] == ["simulated-acme/web"]


def test_names_in_full_need_no_request_but_the_time_at_github(organisation):
    with looking(organisation, "simulated-acme/web") as (server, collector):
        assert [scope.name for scope in collector.discover()] == ["simulated-acme/web"]
        assert [one.path for one in server.requests] == ["/rate_limit"]


def test_the_doctor_names_the_right_that_is_missing(organisation):
    with looking(organisation, "simulated-acme/web", denied=["administration", "actions"]) as (_, collector):
        found = {each.subject: (each.state, each.remedy) for each in collector.check()}
    assert found["token"] == ("ok", "")
    assert found["runners"] == ("warning", "give the token Administration: read")
    assert found["runs"] == ("warning", "give the token Actions: read")
    assert found["commits"] == ("ok", "")


def test_the_doctor_refuses_a_token_that_is_not_valid(organisation):
    with looking(organisation, "simulated-acme/web", tokens=["another"]) as (_, collector):
        (found,) = collector.check()
    assert (found.subject, found.state) == ("token", "failed")


def test_a_collector_without_a_token_fails_before_any_request():
    collector = GitHubCollector(SETTINGS, Context(Deadline(60), Meter(), {}))
    with pytest.raises(ConfigError, match="GH_TOKEN"):
        collector.discover()
