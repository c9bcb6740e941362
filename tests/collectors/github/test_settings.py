"""Which repositories are looked at, and by which rules each is judged."""

from __future__ import annotations

import pytest

from collectors.github.rules import matches
from collectors.github.settings import Candidate, GitHubSettings, check_settings, rules_for, selects
from common.duration import Duration
from common.errors import ConfigError
from common.settings import collector_settings
from common.window import DAY


def settings(**block) -> GitHubSettings:
    return collector_settings("github", block, GitHubSettings)


LIST = ["acme/*", "!acme/old-*", {"match": "acme/pay-*", "tags": {"team": "payments"}}, "acme/old-but-gold", "else/One"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        *(("acme/api", True), ("ACME/Api", True), ("acme/old-api", False), ("acme/pay-web", True)),
        *(("acme/old-but-gold", True), ("else/one", True), ("else/two", False), ("acme2/api", False)),
    ],
)
def test_a_full_name_wins_over_patterns_and_taking_out_over_taking_in(name, wanted) -> None:
    assert selects(settings(repositories=LIST), Candidate(name)) is wanted


def test_a_mapping_brings_nothing_back_that_was_taken_out_and_a_full_name_can_be_taken_out() -> None:
    given = settings(repositories=["acme/*", "!acme/pay-old", {"match": "acme/pay-*"}, "acme/web", "!acme/w*"])
    assert not selects(given, Candidate("acme/pay-old"))
    assert selects(given, Candidate("acme/pay-new"))
    assert selects(given, Candidate("acme/web"))


def test_archived_and_forks_are_found_only_if_asked_for_and_looked_at_if_named_in_full() -> None:
    archived, fork = Candidate("acme/a", archived=True), Candidate("acme/f", fork=True)
    closed = settings(repositories=["acme/*"])
    assert not selects(closed, archived)
    assert not selects(closed, fork)
    assert selects(settings(repositories=["acme/*"], archived=True), archived)
    assert selects(settings(repositories=["acme/*"], forks=True), fork)
    named = settings(repositories=["acme/*", "acme/a", "acme/f"])
    assert selects(named, archived)
    assert selects(named, fork)


def test_topics_narrow_what_a_pattern_finds_and_not_what_is_named_in_full() -> None:
    given = settings(repositories=["acme/*", "acme/tool"], topics=["service"])
    assert selects(given, Candidate("acme/api", topics=("go", "service")))
    assert not selects(given, Candidate("acme/web", topics=("go",)))
    assert selects(given, Candidate("acme/tool"))


def test_of_each_rule_the_last_matching_mapping_that_sets_it_counts_and_tags_come_together() -> None:
    given = settings(
        stale_after="10d",
        repositories=[
            "acme/*",
            {"match": "acme/pay-*", "stale_after": "5d", "bots": ["payer"], "tags": {"team": "pay", "tier": "1"}},
            {"match": "acme/pay-web", "stale_after": "2d", "jobs": True, "tags": {"team": "web"}},
        ],
    )
    web, api, other = (rules_for(given, name) for name in ("acme/pay-web", "Acme/Pay-Api", "acme/docs"))
    assert (web.stale_after, web.bots, web.jobs, web.tags) == (2 * DAY, ("payer",), True, {"team": "web", "tier": "1"})
    assert (api.stale_after, api.bots, api.jobs, api.tags) == (5 * DAY, ("payer",), False, {"team": "pay", "tier": "1"})
    assert (other.stale_after, other.bots, other.tags) == (10 * DAY, (), {})


def test_a_rule_may_be_taken_back_with_false_or_an_empty_list() -> None:
    given = settings(jobs=True, bots=["x"], repositories=["a/*", {"match": "a/b", "jobs": False, "bots": []}])
    assert (rules_for(given, "a/b").jobs, rules_for(given, "a/b").bots) == (False, ())


def test_brackets_in_a_pattern_are_letters() -> None:
    assert matches("renovate[bot]", "Renovate[bot]")
    assert not matches("renovate[bot]", "renovateb")


def test_one_window_on_the_command_line_sets_both() -> None:
    both = settings(repositories=["a/b"]).with_window(Duration(DAY))
    assert (both.window, both.delivery.window) == (DAY, DAY)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({}, "collectors.github.repositories names no repository"),
        ({"repositories": ["!acme/api"]}, "collectors.github.repositories names no repository"),
        ({"repositories": ["acme"]}, "repositories[0]: 'acme' is not owner/name"),
        ({"repositories": ["a/b", "*/api"]}, "repositories[1]: '*/api' is not owner/name"),
        ({"repositories": ["a/b/c"]}, "repositories[0]: 'a/b/c' is not owner/name"),
        ({"repositories": ["a/b", {"match": "!a/c"}]}, "repositories[1].match: a mapping selects"),
        ({"repositories": ["a/b"], "hotfix": "("}, "collectors.github.hotfix is not a regular expression"),
        ({"repositories": [{"match": "a/b", "hotfix": "("}]}, "repositories[0].hotfix is not a regular expression"),
        (
            {"repositories": ["a/b"], "deployment_source": "workflow"},
            "github.deployment_workflow is missing",
        ),
        ({"repositories": ["a/b"], "issue_classes": {"other": ["x"]}}, "issue_classes.other: this class is built in"),
        (
            {"repositories": [{"match": "a/b", "tags": {"repo": "x"}}]},
            "repositories[0].tags: 'repo' is not",
        ),
        ({"repositories": ["a/b"], "reserve": 1}, "collectors.github.reserve: expected a number from 0 up to"),
        ({"repositories": [{"match": "a/b", "stale": "1d"}]}, "repositories[0].stale is not a setting"),
        ({"repositories": [{"match": "a/b", "deployment_source": "tag"}]}, "deployment, release, workflow, merge"),
    ],
)
def test_settings_that_cannot_work_name_the_key_and_what_is_accepted(block, words) -> None:
    with pytest.raises(ConfigError) as caught:
        check_settings(settings(**block))
    assert words in str(caught.value)


def test_good_settings_pass() -> None:
    given = settings(repositories=LIST, app={"id": 7, "private_key": "env:KEY"}, api_url="https://git.acme.org/api/v3")
    check_settings(given)
    assert (given.reserve, given.token, given.delivery.window) == (0.1, "env:GITHUB_TOKEN", 30 * DAY)


@pytest.mark.parametrize("wrong", [0, 33, 2.5, "many"])
def test_requests_at_once_are_within_githubs_rules(wrong) -> None:
    assert settings(repositories=["acme/a"], concurrency=32).concurrency == 32
    with pytest.raises(ConfigError, match=r"collectors\.github\.concurrency.*a whole number from 1 to 32"):
        settings(repositories=["acme/a"], concurrency=wrong)


def test_runs_are_looked_for_as_long_as_one_can_last_and_no_longer() -> None:
    check_settings(settings(repositories=["acme/a"], runs_look_back="35d"))
    with pytest.raises(ConfigError, match=r"collectors\.github\.runs_look_back must be at most 35d"):
        check_settings(settings(repositories=["acme/a"], runs_look_back="36d"))
