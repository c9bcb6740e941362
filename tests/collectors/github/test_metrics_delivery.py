"""DORA's five numbers over what GitHub tells: which source stands for a deployment, and what each one delivered."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from collectors.github.deployments import Wanted, wanted
from collectors.github.records import Commit, Comparison, Release, Unavailable
from common import delivery as metrics
from common.errors import MetricError
from common.metric import point
from tests.collectors.github.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    associated,
    commit,
    deployment,
    pr,
    rules,
    run,
    snapshot,
)

TAGS = {"environment": "production", "proxy": "deployment"}


def line(*shas: str, **special: dict[str, object]) -> list[Commit]:
    """Commits in a row, an hour apart, the last one an hour ago, each written ten minutes before it was committed."""
    parents = ((), *((sha,) for sha in shas))
    ages = (step * HOUR for step in range(-len(shas), 0))
    return [
        commit(sha, at, authored=at - 10 * MINUTE, parents=up, **special.get(sha, {}))
        for sha, at, up in zip(shas, ages, parents, strict=False)
    ]


def lead(given) -> dict[str | None, float]:
    return {each.id: each.value for each in metrics.lead_time(given)}


def ended(given) -> list[tuple[str | None, str]]:
    return [(each.id, each.tags["proxy"]) for each in metrics.completed(given)]


def test_the_example_of_the_catalogue() -> None:
    commits = line("a", "b", "c", c={"reverts": True})
    times = (("a", -5 * HOUR), ("b", -3 * HOUR), ("a", -2 * HOUR), ("c", -MINUTE))
    given = snapshot(commits=commits, deployments=[deployment(n, sha, at) for n, (sha, at) in enumerate(times)])
    assert metrics.change_failure_ratio(given) == [point(0.25, of=("deployment:1",), **TAGS)]
    assert metrics.rework_ratio(given) == [point(0.5, of=("deployment:2", "deployment:3"), **TAGS)]
    assert metrics.recovery_time(given) == [point(HOUR, at=NOON - 2 * HOUR, id="deployment:1", **TAGS)]


def test_lead_time_is_for_commits_that_no_success_before_contained() -> None:
    times = (("a", -9 * HOUR), ("b", -2 * HOUR), ("a", -90 * MINUTE), ("c", 0 - MINUTE))
    given = snapshot(
        commits=line("a", "b", "c"), deployments=[deployment(n, sha, at) for n, (sha, at) in enumerate(times)]
    )
    assert metrics.lead_time(given) == [
        point(10 * MINUTE, at=NOON - 2 * HOUR, id="commit:b", **TAGS),
        point(HOUR + 9 * MINUTE, at=NOON - MINUTE, id="commit:c", **TAGS),
    ]


def test_a_failed_deployment_delivers_nothing_and_recovers_with_the_next_success() -> None:
    given = snapshot(
        commits=line("a", "b", "c"),
        deployments=[
            deployment(1, "a", -5 * HOUR),
            deployment(2, "b", -2 * HOUR, "in_progress", "failure"),
            deployment(3, "b", -HOUR, "in_progress", "error"),
            deployment(4, "c", -MINUTE),
        ],
    )
    assert lead(given).keys() == {"commit:b", "commit:c"}
    assert metrics.change_failure_ratio(given)[0].value == 0.5
    assert metrics.recovery_time(given)[0].value == 2 * HOUR - MINUTE - 1


def test_a_success_that_became_inactive_stays_one_and_unfinished_ones_are_none() -> None:
    given = snapshot(
        commits=line("a", "b"),
        deployments=[
            deployment(1, "a", -5 * HOUR, "success", "inactive"),
            deployment(2, "b", -HOUR, "in_progress"),
            deployment(3, "b", -HOUR, "inactive"),
        ],
    )
    assert [(each.id, each.tags["result"]) for each in metrics.completed(given)] == [("deployment:1", "success")]


@pytest.mark.parametrize("other", [{"environment": "staging"}, {"environment": "pr-12"}, {"transient": True}])
def test_only_lasting_production_environments_count(other) -> None:
    assert ended(snapshot(deployments=[deployment(1, "a", -HOUR, **other)])) == []


def test_environments_are_told_apart_and_their_case_is_not() -> None:
    given = snapshot(
        commits=line("a"),
        deployments=[
            *(deployment(1, "a", -HOUR, environment="Production"), deployment(2, "a", -HOUR, environment="eu-live")),
            deployment(3, "a", -HOUR, environment="staging"),
        ],
        rules=rules(production=("production", "*-live")),
    )
    assert [(each.id, each.tags["environment"]) for each in metrics.completed(given)] == [
        ("deployment:2", "eu-live"),
        ("deployment:1", "production"),
    ]


def test_a_second_deployment_of_the_running_commit_is_none() -> None:
    given = snapshot(commits=line("a"), deployments=[deployment(1, "a", -2 * HOUR), deployment(2, "a", -HOUR)])
    assert ended(given) == [("deployment:1", "deployment")]


def test_the_interval_reaches_back_before_the_window_and_the_first_known_one_has_no_lead_time() -> None:
    given = snapshot(commits=line("a", "b"), deployments=[deployment(1, "a", -31 * DAY), deployment(2, "b", -HOUR)])
    assert metrics.interval(given) == [point(31 * DAY - HOUR, at=NOON - HOUR, id="deployment:2", **TAGS)]
    assert lead(given).keys() == {"commit:b"}


def everything() -> dict[str, object]:
    return {
        "commits": line("a", "b"),
        "deployments": [deployment(1, "a", -HOUR)],
        "releases": [Release("v1", "a", NOON - HOUR), Release("v2-rc", "b", NOON - 60, prerelease=True)],
        "runs": [run(5, file="deploy.yml", sha="a"), run(6), run(7, "cancelled", file="deploy.yml", sha="a")],
        "closed_pulls": [pr(8, merged=-HOUR, merge_commit="b"), pr(9, merged=-HOUR, merge_commit="x", base="release")],
        "rules": rules(deployment_workflow="deploy.yml"),
    }


def test_one_source_stands_for_deployments_the_best_that_exists() -> None:
    found = []
    given = everything()
    for best in ("deployments", "releases", "runs", "closed_pulls"):
        found += ended(snapshot(**given))
        given[best] = ()
    assert found == [
        ("deployment:1", "deployment"),
        ("release:v1", "release"),
        ("run:5:1", "workflow"),
        ("pr:8", "merge"),
    ]
    assert ended(snapshot(**given)) == []


@pytest.mark.parametrize("source", ["deployment", "release", "workflow", "merge"])
def test_the_settings_choose_the_source(source) -> None:
    given = {**everything(), "rules": rules(deployment_source=source, deployment_workflow="deploy.yml")}
    assert {proxy for _, proxy in ended(snapshot(**given))} == {source}


def test_a_source_that_could_not_be_read_is_not_replaced_by_a_worse_one() -> None:
    given = snapshot(**{**everything(), "deployments": Unavailable("the token needs deployments: read")})
    for metric in (metrics.completed, metrics.lead_time, metrics.change_failure_ratio):
        with pytest.raises(MetricError, match="deployments: read"):
            metric(given)


def squashed(parents: int = 1, landed: Iterable[str] = ("s",), **facts):
    own = [commit("x", -9 * HOUR), commit("y", -8 * HOUR), commit("z", -7 * HOUR, parents=("x", "y"))]
    pull = pr(4, merged=-2 * HOUR, merge_parents=parents, merge_commit="s", commits=own, **facts)
    history = line("a", *landed, **{sha: {"pulls": (associated(4),)} for sha in landed})
    return snapshot(
        commits=history, closed_pulls=[pull], deployments=[deployment(1, "a", -5 * HOUR), deployment(2, "s", -MINUTE)]
    )


def test_a_squash_counts_by_the_commits_that_people_wrote() -> None:
    assert lead(squashed()) == {"commit:x": 9 * HOUR - MINUTE, "commit:y": 8 * HOUR - MINUTE}


def test_a_rebase_counts_by_the_commits_that_landed() -> None:
    assert lead(squashed(landed=("r", "s"))).keys() == {"commit:r", "commit:s"}


def test_a_merge_counts_by_its_branch_and_not_by_the_merge_commit() -> None:
    branch = [commit("x", -9 * HOUR, parents=("a",)), commit("y", -8 * HOUR, parents=("x",))]
    pull = pr(4, merged=-2 * HOUR, merge_commit="m", commits=branch)
    history = [*line("a"), commit("m", -2 * HOUR, parents=("a", "y"), pulls=(associated(4),))]
    given = snapshot(
        commits=history, closed_pulls=[pull], deployments=[deployment(1, "a", -5 * HOUR), deployment(2, "m", -MINUTE)]
    )
    found = [(each.id, each.value) for each in metrics.lead_time(given)]
    assert found == [("commit:x", 9 * HOUR - MINUTE), ("commit:y", 8 * HOUR - MINUTE)]


@pytest.mark.parametrize("sign", [{"labels": ("HotFix",)}, {"title": 'Revert "x"'}, {"head": "revert-1-x"}, {}])
def test_what_a_pull_request_says_marks_what_it_delivers(sign) -> None:
    assert metrics.rework_ratio(squashed(**sign))[0].value == (0.5 if sign else 0)


def test_a_hotfix_in_the_subject_alone_marks_nothing() -> None:
    given = snapshot(
        commits=line("a", "b", b={"subject": "hotfix: x"}),
        deployments=[deployment(1, "a", -5 * HOUR), deployment(2, "b", -MINUTE)],
    )
    assert metrics.rework_ratio(given)[0].value == 0


def test_a_commit_beyond_what_is_known_is_asked_for_and_until_then_nothing_is_claimed() -> None:
    given = snapshot(commits=line("a", "b"), deployments=[deployment(1, "a", -2 * HOUR), deployment(2, "tag", -HOUR)])
    assert wanted(given) == Wanted(comparisons=(("a", "tag"),))
    with pytest.raises(MetricError, match="1 comparisons and 0 pull requests could not be read"):
        metrics.lead_time(given)
    answer = Comparison("a", "tag", commits=(commit("tag", -90 * MINUTE, parents=("a",)),))
    settled = msgspec.structs.replace(given, comparisons=(answer,))
    assert not wanted(settled)
    assert lead(settled) == {"commit:tag": 30 * MINUTE}


def test_a_return_to_a_commit_beyond_what_is_known_is_told_by_the_comparison() -> None:
    back = Comparison("b", "old", "behind")
    given = snapshot(
        commits=line("a", "b"),
        deployments=[deployment(1, "b", -2 * HOUR), deployment(2, "old", -HOUR)],
        comparisons=(back,),
    )
    assert metrics.rework_ratio(given)[0].value == 0.5
    assert metrics.change_failure_ratio(given) == [point(0.5, of=("deployment:1",), **TAGS)]


def test_a_return_to_the_last_commit_before_what_is_known_needs_no_request() -> None:
    commits = [commit("b", -3 * HOUR, parents=("a",))]
    given = snapshot(commits=commits, deployments=[deployment(1, "b", -2 * HOUR), deployment(2, "a", -HOUR)])
    assert not wanted(given)
    assert metrics.rework_ratio(given)[0].value == 0.5


def test_the_pull_request_of_a_delivered_commit_is_asked_for_where_it_was_merged_too_long_ago() -> None:
    given = snapshot(
        commits=line("a", "s", s={"pulls": (associated(77),)}),
        deployments=[deployment(1, "a", -5 * HOUR), deployment(2, "s", -MINUTE)],
    )
    assert wanted(given) == Wanted(pulls=(77,))
    with pytest.raises(MetricError, match="0 comparisons and 1 pull requests"):
        metrics.change_failure_ratio(given)


def test_pull_requests_are_asked_for_before_comparisons_that_they_may_make_needless() -> None:
    merge = commit("m", -2 * HOUR, parents=("a", "y"), pulls=(associated(4),))
    given = snapshot(
        commits=[*line("a"), merge], deployments=[deployment(1, "a", -5 * HOUR), deployment(2, "m", -MINUTE)]
    )
    assert wanted(given) == Wanted(pulls=(4,))
    old = pr(4, merged=-2 * HOUR, merge_commit="m", commits=[commit("y", -60 * DAY, parents=("a",))])
    settled = msgspec.structs.replace(given, closed_pulls=(old,))
    assert not wanted(settled)
    assert lead(settled).keys() == {"commit:y"}


def test_nothing_is_asked_for_where_deployments_could_not_be_read() -> None:
    assert not wanted(snapshot(deployments=Unavailable("no right")))
