"""Whatever goes wrong, every number equals the truth or is absent, and what is missing is named."""

from __future__ import annotations

import pytest

from common.errors import FetchError
from demo import Organisation, faults
from demo.server import Rates
from tests.collectors.github.looking import (
    PLENTY,
    TOKEN,
    collector_for,
    differences,
    look,
    looking,
    settings_for,
    surprises,
    truth,
    windows,
)

REPO = "simulated-acme/web"
FAULTS = {
    "401": faults.unauthorised(),
    "403 for a right": faults.forbidden(),
    "404": faults.not_found(),
    "403 secondary limit": faults.secondary(),
    "429 secondary limit": faults.secondary(429),
    "primary limit": faults.Exhausted(),
    "500": faults.server_error(),
    "502 with a page": faults.gateway_page(),
    "504": faults.timed_out(),
    "partial data": faults.partial("repository"),
    "half of the JSON": faults.Truncated(),
    "reset": faults.Reset(),
    "silence": faults.Silence(0.02),
    "unknown status": faults.with_value("status", "brand_new"),
    "unknown state": faults.with_value("state", "BRAND_NEW"),
    "null for a time": faults.with_value("createdAt", None),
    "null for a time of REST": faults.with_value("created_at", None),
    "a key less": faults.without("title"),
    "a count less": faults.without("totalCount"),
}
REQUESTS = 18
"""As many as a run makes at most; the first asks for the time."""


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="small")


@pytest.fixture(scope="module")
def undisturbed(organisation):
    with looking(organisation, REPO) as (server, collector):
        seen = look(collector, organisation.end)
        assert REQUESTS - 3 <= len(server.requests) <= REQUESTS
    assert not seen.unknown
    return seen


def _surprises(organisation, undisturbed, fault, **where):
    with looking(organisation, REPO) as (server, collector):
        server.faults.add(fault, **where)
        seen = look(collector, organisation.end)
    assert TOKEN not in seen.words
    return surprises(seen, undisturbed)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_single_request_makes_no_number_wrong(organisation, undisturbed, fault):
    number = 1 + list(FAULTS).index(fault) % REQUESTS
    assert _surprises(organisation, undisturbed, FAULTS[fault], nth=number) == {}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_any_request_makes_a_number_wrong(organisation, undisturbed, fault, number):
    assert _surprises(organisation, undisturbed, FAULTS[fault], nth=number) == {}


@pytest.mark.slow
@pytest.mark.parametrize("where", ["actions/runs", "compare", "rate_limit", "ClosedPulls", "OpenPulls", "Attempts"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lasting_fault_makes_no_number_wrong(organisation, undisturbed, fault, where):
    place = {"path": where} if where.islower() else {"query": where}
    assert _surprises(organisation, undisturbed, FAULTS[fault], times=1000, **place) == {}


@pytest.mark.slow
def test_a_request_that_is_never_answered_costs_no_more_than_the_run_has(organisation, undisturbed):
    with looking(organisation, REPO) as (server, _):
        server.faults.add(faults.Silence(60), path="actions/runs", times=1000)
        chosen = settings_for(organisation, server.url, REPO)
        seen = look(collector_for(chosen, organisation.end, deadline=6.0), organisation.end)
    assert seen.failures or seen.source_failure == "the deadline has passed"
    assert surprises(seen, undisturbed) == {}


def test_bad_credentials_are_a_failure_of_the_source(organisation):
    with looking(organisation, REPO, tokens=["another"]) as (_, collector):
        seen = look(collector, organisation.end)
    assert seen.numbers == {}
    assert "the token is not valid; renew it" in seen.source_failure


def test_a_query_that_is_too_heavy_is_asked_again_for_less(organisation, undisturbed):
    with looking(organisation, REPO, heaviest=9_000) as (server, collector):
        seen = look(collector, organisation.end)
        assert {one.status for one in server.requests} == {200, 504}
    assert seen.numbers == undisturbed.numbers


@pytest.mark.slow
def test_a_budget_at_its_reserve_leaves_repositories_to_later_runs(organisation):
    rates = Rates(core=10**6, graphql=100, core_a_minute=10**6, graphql_a_minute=10**6)
    with looking(organisation, rates=rates, settings={"reserve": 0.5}) as (server, collector):
        seen = look(collector, organisation.end)
        assert server.cost["graphql"] <= 60
    assert seen.failures
    assert all("the budget of GitHub's graphql API is used up" in why for why in seen.failures.values())
    assert differences(seen, truth(organisation, organisation.end, sorted({key[1] for key in seen.numbers}))) == {}


def test_a_server_without_limits_is_unlimited(organisation, undisturbed):
    with looking(organisation, REPO, rates=Rates(unlimited=True)) as (_, collector):
        seen = look(collector, organisation.end)
    assert seen.numbers == undisturbed.numbers
    assert seen.usage.budgets == {}


def test_nothing_is_asked_after_the_deadline(organisation):
    with looking(organisation, REPO, rates=PLENTY) as (server, _):
        collector = collector_for(settings_for(organisation, server.url, REPO), organisation.end, deadline=1e-9)
        with pytest.raises(FetchError, match="the deadline has passed"):
            list(collector.fetch({REPO: organisation.end}, windows(organisation.end)[0]))
        assert server.requests == []
