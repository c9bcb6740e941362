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
    truth,
)

REPO = "simulated-acme/tools"
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
    "unknown status": faults.with_value("status", "brand_new"),
    "unknown state": faults.with_value("state", "BRAND_NEW"),
    "null for a time": faults.with_value("createdAt", None),
    "null for a time of REST": faults.with_value("created_at", None),
    "a key less": faults.without("title"),
    "a count less": faults.without("totalCount"),
}
HAPPENINGS = {
    "deleted": faults.deleted(REPO),
    "made private": faults.hidden(REPO),
    "renamed": faults.renamed(REPO, "simulated-acme/instruments"),
    "archived": faults.archived(REPO),
}
REQUESTS = 14


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="small")


@pytest.fixture(scope="module")
def undisturbed(organisation):
    with looking(organisation, REPO) as (server, collector):
        seen = look(collector, organisation.end)
        assert len(server.requests) == REQUESTS
    assert not seen.unknown
    return seen


def _surprises(organisation, undisturbed, fault, **where):
    """Numbers that are neither as they were without the fault nor reported as missing."""
    with looking(organisation, REPO) as (server, collector):
        server.faults.add(fault, **where)
        seen = look(collector, organisation.end)
    assert TOKEN not in seen.words
    if not seen.numbers:
        assert seen.failures or seen.source_failure
        return {}
    changed = {key: value for key, value in undisturbed.numbers.items() if seen.numbers.get(key) != value}
    invented = {key: value for key, value in seen.numbers.items() if key not in undisturbed.numbers}
    return {
        key: value
        for key, value in (changed | invented).items()
        if key[:2] not in seen.unknown | dict.fromkeys(seen.bounded)
    }


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
@pytest.mark.parametrize("where", ["actions/runs", "compare", "ClosedPulls", "OpenPulls", "Attempts"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lasting_fault_makes_no_number_wrong(organisation, undisturbed, fault, where):
    place = {"path": where} if where.islower() else {"query": where}
    assert _surprises(organisation, undisturbed, FAULTS[fault], times=1000, **place) == {}


@pytest.mark.parametrize("happening", HAPPENINGS)
@pytest.mark.parametrize("number", [1, 4, 9])
def test_what_happens_to_a_repository_during_the_run_makes_no_number_wrong(
    organisation, undisturbed, happening, number
):
    assert _surprises(organisation, undisturbed, HAPPENINGS[happening], nth=number) == {}


def test_a_renamed_repository_is_followed_under_its_old_name(organisation, undisturbed):
    with looking(organisation, REPO) as (server, collector):
        server.changes.renamed[REPO] = "simulated-acme/instruments"
        seen = look(collector, organisation.end)
    assert seen.numbers == undisturbed.numbers


def test_a_deleted_repository_is_a_failure_of_that_repository_alone(organisation):
    with looking(organisation, REPO, "simulated-acme/web") as (server, collector):
        server.changes.gone.add(REPO)
        seen = look(collector, organisation.end)
    assert seen.failures == {REPO: "GitHub shows no such repository to this token: deleted, made private, or misspelt"}
    assert {scope for _, scope, _ in seen.numbers} == {"simulated-acme/web"}


def test_bad_credentials_are_a_failure_of_the_source(organisation):
    with looking(organisation, REPO, tokens=["another"]) as (_, collector):
        seen = look(collector, organisation.end)
    assert seen.numbers == {}
    assert "the token is not valid; renew it" in seen.source_failure


def test_a_missing_right_costs_only_its_metrics(organisation, undisturbed):
    with looking(organisation, REPO, denied=["vulnerability_alerts", "administration"]) as (_, collector):
        seen = look(collector, organisation.end)
    assert {metric for metric, _ in seen.unknown} == {
        "github.repository.vulnerability_alert",
        "github.runner.registered",
    }
    assert seen.numbers == {key: value for key, value in undisturbed.numbers.items() if key[:2] not in seen.unknown}


def test_an_older_server_costs_only_the_metrics_of_the_fields_that_it_lacks(organisation, undisturbed):
    lacking = ["PullRequest.isInMergeQueue", "AddedToMergeQueueEvent.createdAt", "Repository.environments"]
    with looking(organisation, REPO, without=lacking) as (_, collector):
        seen = look(collector, organisation.end)
    assert {metric for metric, _ in seen.unknown} == {
        "github.pull_request.merge_queue_wait",
        "github.pull_request.queued",
    }
    assert seen.numbers == {key: value for key, value in undisturbed.numbers.items() if key[:2] not in seen.unknown}


def test_a_query_that_is_too_heavy_is_asked_again_for_less(organisation, undisturbed):
    with looking(organisation, REPO, heaviest=9_000) as (server, collector):
        seen = look(collector, organisation.end)
        assert {one.status for one in server.requests} == {200, 504}
    assert seen.numbers == undisturbed.numbers


def test_a_budget_at_its_reserve_leaves_repositories_to_later_runs(organisation):
    rates = Rates(core=10**6, graphql=100, core_a_minute=10**6, graphql_a_minute=10**6)
    with looking(organisation, rates=rates, settings={"reserve": 0.5}) as (server, collector):
        seen = look(collector, organisation.end)
        assert server.cost["graphql"] <= 60
    assert seen.failures
    assert all("the budget of GitHub's graphql API is used up" in why for why in seen.failures.values())
    assert differences(
        seen, truth(organisation, organisation.end, sorted({key[1] for key in seen.numbers}))
    ).keys() <= {key for key in seen.numbers if key[0] == "github.pull_request.review_round"}


def test_a_server_without_limits_is_unlimited(organisation, undisturbed):
    with looking(organisation, REPO, rates=Rates(unlimited=True)) as (_, collector):
        seen = look(collector, organisation.end)
    assert seen.numbers == undisturbed.numbers
    assert seen.usage.budgets == {}


def test_a_clock_five_minutes_off_is_reported_and_changes_nothing(organisation, undisturbed):
    with looking(organisation, REPO, skew=-300.0) as (_, collector):
        seen = look(collector, organisation.end)
    assert seen.numbers == undisturbed.numbers
    assert seen.usage.clock_skew == pytest.approx(300.0, abs=2)


def test_nothing_is_asked_after_the_deadline(organisation):
    with looking(organisation, REPO, rates=PLENTY) as (server, _):
        collector = collector_for(settings_for(organisation, server.url, REPO), organisation.end, deadline=1e-9)
        with pytest.raises(FetchError, match="the deadline has passed"):
            list(collector.fetch({REPO: organisation.end}, _window(organisation)))
        assert server.requests == []


def _window(organisation):
    from tests.collectors.github.looking import windows

    return windows(organisation.end)[0]
