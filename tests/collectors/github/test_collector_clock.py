"""A clock that is off changes no number: the earlier of ours and GitHub's is the end of the run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.window import MINUTE, Window, agreed, window_ending
from demo import Organisation, serve
from tests.collectors.github.looking import PLENTY, truth, windows
from tests.collectors.github.running import closed, run_at, wrong

REPOSITORIES = ("simulated-acme/web", "simulated-acme/api")
AGE = "github.pull_request.median_open_age"


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=2, size="small")


@pytest.mark.parametrize("ahead", [5 * MINUTE, pytest.param(16 * MINUTE, marks=pytest.mark.slow)])
def test_a_clock_that_is_ahead_ends_the_run_by_githubs(organisation, ahead, caplog):
    end = organisation.end
    with serve(organisation, rates=PLENTY) as server:
        ran = run_at(organisation, server, end, *REPOSITORIES, clock=end + ahead)
    assert ran.run.window == windows(end)[0]
    assert ran.run.usage.clock_skew == ahead
    assert f"our clock is {ahead} s ahead of the source's" in caplog.text
    assert max(each.start for one in ran.samples for each in one.buckets) < closed(end)
    assert wrong(ran, organisation, end, REPOSITORIES) == {}


@pytest.mark.parametrize("behind", [5 * MINUTE, pytest.param(16 * MINUTE, marks=pytest.mark.slow)])
def test_a_clock_that_is_behind_ends_the_run_by_itself(organisation, behind, caplog):
    """What GitHub shows is its own now; what happened after our end is in no window and no closed quarter."""
    end = organisation.end - behind
    with serve(organisation, rates=PLENTY) as server:
        ran = run_at(organisation, server, end, *REPOSITORIES)
    differing = wrong(ran, organisation, end, REPOSITORIES, known_at=organisation.end)
    assert ran.run.window == windows(end)[0]
    assert ran.run.usage.clock_skew == -behind
    assert f"our clock is {behind} s behind the source's" in caplog.text
    assert {key: found + behind for key, (found, _) in differing.items()} == {
        (AGE, repository, ()): truth(organisation, organisation.end)[AGE, repository, ()] for repository in REPOSITORIES
    }


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(skew=st.integers(-20, 20).map(lambda minutes: minutes * MINUTE), later=st.integers(0, 24 * 60))
def test_whatever_the_clocks_say_no_number_is_wrong(organisation, skew, later):
    """`later` minutes after the end; our clock is ahead by `skew`."""
    at = organisation.end + later * MINUTE
    with serve(organisation, lambda: at, rates=PLENTY) as server:
        ran = run_at(organisation, server, at, *REPOSITORIES, clock=at + skew)
    end = ran.run.window.end
    assert end == (at + skew if skew <= MINUTE else at)
    differing = wrong(ran, organisation, end, REPOSITORIES, known_at=at)
    assert {key[0] for key in differing} <= ({AGE} if end != at else set())


def test_a_minute_is_no_difference():
    window = Window(1_000, 10_000)
    assert [agreed(window, ahead) for ahead in (None, -900.0, 0.0, 60.0)] == [window] * 4
    assert agreed(window, 61.0) == window_ending(9_939, 9_000)
    assert agreed(window, 1e9) == Window(0, 0)
