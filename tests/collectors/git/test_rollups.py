"""A rollup of clones says what one clone with all of their commits would say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collectors.git.collector import GitCollector
from tests.collectors.git.builders import ANN, BEN, BOT, NOON, WEEK, commit, snapshot
from tests.rollups import of_one, rolled_up

PEOPLE = st.sampled_from([ANN, BEN, BOT])
METRICS = GitCollector.metrics()
COMMITS = st.lists(
    st.tuples(PEOPLE, st.lists(PEOPLE, max_size=2), st.integers(60, 9 * 86_400), st.integers(0, 9000), st.booleans())
)


def made(number, facts):
    author, coauthors, ago, took, merge = facts
    landed = NOON - ago
    return commit(f"c{number}", landed, landed - took, author, coauthors=tuple(coauthors), merge=merge)


@given(st.lists(COMMITS, min_size=1, max_size=4))
def test_a_rollup_of_a_partition_equals_the_metric_over_all_commits(parts):
    numbers = iter(range(10_000))
    clones = [[made(next(numbers), facts) for facts in part] for part in parts]
    whole = snapshot(*(each for clone in clones for each in clone))

    assert rolled_up(METRICS, [snapshot(*clone) for clone in clones], WEEK) == of_one(METRICS, whole, WEEK)


def test_somebody_who_works_in_two_clones_is_one_person():
    found = rolled_up(METRICS, [snapshot(commit("a")), snapshot(commit("b"), commit("c", author=BEN))], WEEK)

    assert found["git.contributor.active", (("author", "human"), ("rollup", "all"))][0] == 2
    assert found["git.contributor.half_share", (("rollup", "all"),)][0] == 0.5
