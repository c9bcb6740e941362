"""The repository itself, its issues, releases and runners."""

from __future__ import annotations

import pytest

from collectors.github.metrics import issues
from collectors.github.metrics import repository as metrics
from collectors.github.records import Release, Repository, Runner, Unavailable
from common.errors import MetricError
from common.metric import point
from tests.collectors.github.builders import DAY, HOUR, NOON, issue, rules, snapshot


def test_each_fact_is_a_number_of_its_own() -> None:
    facts = Repository(stars=5, forks=4, watchers=3, vulnerability_alerts=2, size=10, pushed=NOON - 60)
    given = snapshot(repository=facts)
    each = (metrics.stars, metrics.forks, metrics.watchers, metrics.vulnerability_alerts)
    assert [metric(given) for metric in each] == [[point(5)], [point(4)], [point(3)], [point(2)]]
    assert metrics.size(given) == [point(10_240)]
    assert metrics.last_push(given) == [point(NOON - 60)]


def test_an_empty_repository_was_never_pushed_to() -> None:
    assert metrics.last_push(snapshot()) == []


def test_alerts_that_the_token_may_not_see_are_not_zero() -> None:
    given = snapshot(missing={"vulnerability_alerts": "the token needs security events: read"})
    with pytest.raises(MetricError, match="security events"):
        metrics.vulnerability_alerts(given)
    assert metrics.stars(given) == [point(0)]


def test_a_release_counts_when_it_is_published_and_a_draft_is_none() -> None:
    releases = [
        Release("v1", "a", NOON - HOUR),
        Release("v2-rc1", "b", NOON - 60, prerelease=True),
        Release("v3", "c", None),
    ]
    assert metrics.releases(snapshot(releases=releases)) == [
        point(1, at=NOON - HOUR, id="release:v1", prerelease="false"),
        point(1, at=NOON - 60, id="release:v2-rc1", prerelease="true"),
    ]


def test_runners_are_opt_in_and_busy_only_while_online() -> None:
    states = (("online", True), ("online", False), ("offline", False), ("offline", True))
    runners = [Runner(number, f"r{number}", *state) for number, state in enumerate(states)]
    assert metrics.runners(snapshot(runners=runners)) == []
    assert metrics.runners(snapshot(runners=runners, rules=rules(runners=True))) == [
        point(1, of=("runner:0",), state="busy"),
        point(1, of=("runner:1",), state="idle"),
        point(2, of=("runner:2", "runner:3"), state="offline"),
    ]


def test_runners_asked_for_without_the_right_are_an_error_and_not_asked_for_are_none() -> None:
    refused = Unavailable("the token may not administer the repository")
    assert metrics.runners(snapshot(runners=refused)) == []
    with pytest.raises(MetricError, match="administer"):
        metrics.runners(snapshot(runners=refused, rules=rules(runners=True)))


def test_open_issues_have_one_class_each_and_incidents_come_first() -> None:
    given = [
        issue(1, labels=("Bug", "Incident")),
        issue(2, labels=("kind/bug",)),
        issue(3),
        issue(4, labels=("question",)),
    ]
    assert issues.open_issues(snapshot(open_issues=given)) == [
        point(1, of=("issue:1",), **{"class": "incident"}),
        point(1, of=("issue:2",), **{"class": "bug"}),
        point(2, of=("issue:3", "issue:4"), **{"class": "other"}),
    ]


def test_the_classes_of_issues_are_settings_with_patterns() -> None:
    given = rules(incident_labels=("sev-?",), issue_classes={"debt": ("tech*",)})
    found = issues.open_issues(
        snapshot(open_issues=[issue(1, labels=("SEV-1",)), issue(2, labels=("tech debt",))], rules=given)
    )
    assert [(each.tags["class"], each.value) for each in found] == [("incident", 1), ("debt", 1), ("other", 0)]


def test_issues_are_opened_once_and_closed_as_often_as_they_were() -> None:
    reopened, gone = issue(1, -2 * DAY, closes=[-DAY]), issue(2, -3 * DAY, closes=[-2 * DAY, -HOUR], labels=("bug",))
    given = snapshot(open_issues=[reopened], closed_issues=[gone])
    assert [(each.id, each.at, each.tags["class"]) for each in issues.opened(given)] == [
        ("issue:1", NOON - 2 * DAY, "other"),
        ("issue:2", NOON - 3 * DAY, "bug"),
    ]
    assert [(each.id, each.at) for each in issues.closed(given)] == [
        (f"issue:1:{NOON - DAY}", NOON - DAY),
        (f"issue:2:{NOON - 2 * DAY}", NOON - 2 * DAY),
        (f"issue:2:{NOON - HOUR}", NOON - HOUR),
    ]
