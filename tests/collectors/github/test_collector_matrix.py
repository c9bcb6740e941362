"""Every metric of the two sections equals the simulated organisation's truth, whatever kind of run submits it."""

from __future__ import annotations

from functools import lru_cache

import pytest

from collectors.github.collector import GitHubCollector
from common.ledger import open_ledger
from common.shard import Shard
from common.window import BUCKET, DAY, HOUR
from demo import Organisation, serve
from tests.collectors.github.looking import PLENTY, truth
from tests.collectors.github.running import closed, run_at, wrong

CATALOGUE = {metric.name for metric in GitHubCollector.metrics()}
RUNNERS = "github.runner.registered"
UNSEEN = {
    *(
        name
        for name in CATALOGUE
        if name.startswith(("github.workflow_run.", "github.workflow.", "github.repository."))
    ),
    *("github.pull_request.check_state", "github.release.published"),
}
"""Re-runs, runs and checks of other branches than the default one, stars, alerts: no probe tells of these."""
CASES = [
    pytest.param(seed, size, marks=() if (seed, size) == (1, "small") else pytest.mark.slow, id=f"{size} {seed}")
    for size in ("small", "medium")
    for seed in (1, 2, 3)
]


@lru_cache(maxsize=len(CASES))
def organised(seed, size):
    return Organisation(seed=seed, size=size)


def compared(run):
    """The metrics that have a number in the run, or of which it says that there is none to have."""
    return {each.metric.name for each in run.samples} | {name for _, name in run.without_value}


@pytest.fixture
def ledger(tmp_path):
    kept = open_ledger(str(tmp_path / "ledger.db"))
    yield kept
    kept.close()


def test_every_metric_has_a_number_in_the_truth():
    told = set()
    for seed in (1, 2, 3):
        organisation = organised(seed, "small")
        told |= {key[0] for key, value in truth(organisation, organisation.end).items() if value != ()}
    assert told == CATALOGUE


@pytest.mark.parametrize(("seed", "size"), CASES)
def test_a_first_run_submits_the_truth(seed, size):
    organisation = organised(seed, size)
    with serve(organisation, rates=PLENTY) as server:
        ran = run_at(organisation, server, organisation.end)
    assert (ran.run.outcome, ran.run.failures) == ("success", ())
    assert compared(ran.run) == CATALOGUE
    assert wrong(ran, organisation, organisation.end) == {}


@pytest.mark.parametrize("later", [BUCKET, 2 * DAY], ids=["steady", "after an outage of two days"])
@pytest.mark.parametrize(("seed", "size"), CASES)
def test_a_later_run_with_a_ledger_submits_the_truth(seed, size, later, ledger):
    organisation, ran = later_run(seed, size, later, ledger, runners=True)
    now = organisation.end + later
    assert (ran.run.outcome, ran.run.failures, ran.run.gaps) == ("success", (), ())
    assert compared(ran.run) == CATALOGUE
    assert wrong(ran, organisation, now) == {}


@pytest.mark.parametrize("later", [BUCKET, *(pytest.param(n, marks=pytest.mark.slow) for n in (3 * BUCKET, 2 * DAY))])
@pytest.mark.parametrize(("seed", "size"), CASES)
def test_what_a_probe_cannot_see_is_what_was_true_at_the_oldest_reading(seed, size, later, ledger):
    """A repository of which nothing seems to have changed is not read; what that may miss is named here."""
    organisation, ran = later_run(seed, size, later, ledger, runners=False)
    now, read = organisation.end + later, ran.run.usage.oldest_reading
    differing = {key: both for key, both in wrong(ran, organisation, now).items() if key[0] != RUNNERS}
    assert ran.run.failures == ()
    assert now - (HOUR if later < DAY else 0) <= read <= now
    assert {key[0] for key in differing} <= UNSEEN
    assert not differing.keys() & wrong(ran, organisation, now, known_at=read).keys()


def later_run(seed, size, later, ledger, **settings):
    """A run so much after a first one that kept what it read."""
    organisation = organised(seed, size)
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        run_at(organisation, server, now[0], ledger=ledger, **settings)
        counted = closed(now[0])
        now[0] += later
        return organisation, run_at(organisation, server, now[0], ledger=ledger, owed_from=counted, **settings)


@pytest.mark.parametrize(("seed", "size"), CASES)
def test_three_shards_together_submit_the_truth(seed, size):
    organisation = organised(seed, size)
    with serve(organisation, rates=PLENTY) as server:
        parts = [run_at(organisation, server, organisation.end, shard=Shard(index, 3)) for index in range(3)]
    assert sorted(scope for part in parts for scope in part.run.scopes_read) == sorted(organisation.repositories)
    assert set.union(*(compared(part.run) for part in parts)) == CATALOGUE
    assert [wrong(part, organisation, organisation.end, part.run.scopes) for part in parts] == [{}, {}, {}]
