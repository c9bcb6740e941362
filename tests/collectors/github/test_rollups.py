"""A rollup of repositories says what one repository with all of their records would say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.github.collector import GitHubCollector
from tests.collectors.github.builders import (
    BOT,
    DAY,
    HOUR,
    NOON,
    WINDOW,
    commit,
    deployment,
    pr,
    review,
    rules,
    run,
    snapshot,
)
from tests.rollups import of_one, rolled_up

METRICS = [each for each in GitHubCollector.metrics() if each.name != "github.repository.last_push"]
PEOPLE = st.sampled_from(["ann", "bob", "cyd"])
AUTHORS = st.one_of(PEOPLE, st.just(BOT))
AGO = st.integers(60, 9 * DAY)
PULLS = st.tuples(
    st.just("pull"), AUTHORS, AGO, st.sampled_from([None, 0.1, 0.5]), st.lists(PEOPLE, max_size=2), st.booleans()
)
RUNS = st.tuples(st.just("run"), st.sampled_from(["success", "failure", "cancelled"]), AGO, st.sampled_from("ab"))
COMMITS = st.tuples(st.just("commit"), PEOPLE, AGO)
RECORDS = st.lists(st.one_of(PULLS, RUNS, COMMITS), max_size=8)


def made(number, facts):
    """One record, with a number that no other one has."""
    match facts:
        case ("pull", author, ago, merged, reviewers, draft):
            end = None if merged is None else -ago * merged
            reviews = [review(-ago * 0.8, by=who) for who in reviewers]
            return pr(number, created=-ago, merged=end, author=author, reviews=reviews, draft=draft)
        case ("run", end, ago, name):
            return run(number, end, -ago, file=f"{name}.yml", sha=f"s{number}")
        case ("commit", author, ago):
            return commit(f"c{number}", -ago, author=author)


def of(records):
    pulls = [each for each in records if hasattr(each, "reviews")]
    return snapshot(
        open_pulls=[each for each in pulls if each.merged is None],
        closed_pulls=[each for each in pulls if each.merged is not None],
        runs=[each for each in records if hasattr(each, "conclusion")],
        commits=[each for each in records if hasattr(each, "committed")],
        rules=rules(deployment_source="deployment"),
    )


@given(st.lists(RECORDS, min_size=1, max_size=4))
def test_a_rollup_of_a_partition_equals_the_metric_over_all_records(parts):
    numbers = iter(range(1, 10_000))
    repositories = [[made(next(numbers), facts) for facts in part] for part in parts]
    whole = of([each for records in repositories for each in records])

    assert rolled_up(METRICS, [of(each) for each in repositories], WINDOW) == of_one(METRICS, whole, WINDOW)


def test_an_author_here_who_reviews_there_is_both():
    mine = of([pr(1, merged=-HOUR, author="ann")])
    yours = of([pr(1, merged=-HOUR, author="bob", reviews=[review(-2 * HOUR, by="ann")])])
    found = rolled_up(METRICS, [mine, yours], WINDOW)

    tags = (("author", "human"), ("role", "both"), ("rollup", "all"))
    assert found["github.contributor.active", tags][0] == 1
    assert found["github.pull_request.review_coverage", (("rollup", "all"),)][0] == 0.5


def test_each_repository_is_judged_by_its_own_rules():
    quiet = snapshot(closed_pulls=[pr(1, merged=-HOUR, author="robo")], rules=rules(bots=("robo",)))
    other = snapshot(closed_pulls=[pr(1, merged=-HOUR, author="ann")])
    found = rolled_up(METRICS, [quiet, other], WINDOW)

    assert found["github.pull_request.review_coverage", (("rollup", "all"),)][0] == 0.0
    human = (("author", "human"), ("role", "author"), ("rollup", "all"))
    assert found["github.contributor.active", human][0] == 1


def test_the_failure_ratio_of_two_repositories_is_that_of_all_their_deployments():
    def deployed(*states):
        records = [deployment(number, f"c{number}", -number * HOUR, state) for number, state in enumerate(states, 1)]
        history = [commit(f"c{number}", -number * HOUR, parents=[f"c{number + 1}"]) for number in range(1, 9)]
        return snapshot(deployments=records, commits=history)

    found = rolled_up(METRICS, [deployed("failure"), deployed("success", "success", "success")], WINDOW)

    tags = (("environment", "production"), ("proxy", "deployment"), ("rollup", "all"))
    assert found["delivery.change_failure_ratio", tags][0] == 0.25


@pytest.mark.parametrize(("pushed", "newest"), [((5.0, 9.0), 9.0), ((None, 7.0), 7.0)])
def test_a_rollup_was_pushed_to_when_its_newest_repository_was(pushed, newest):
    from collectors.github.metrics.repository import last_push
    from collectors.github.records import Repository

    repositories = [snapshot(repository=Repository(pushed=each)) for each in pushed]
    found = rolled_up([last_push], repositories, WINDOW)

    assert found == {("github.repository.last_push", (("rollup", "all"),)): (newest, ())}
    assert newest < NOON
