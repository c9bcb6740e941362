"""What a probe cannot see is looked at in turn: never all of it in one run, none of it older than an hour."""

from __future__ import annotations

import msgspec
import pytest

from collectors.github.budget import BudgetError
from collectors.github.client.errors import RefusedError
from collectors.github.collector import GitHubCollector
from collectors.github.raw import Count, RawState
from collectors.github.reading import probe
from collectors.github.reading.memory import Still
from collectors.github.reading.probe import Unseen, in_turn, refreshed
from collectors.github.records import Repository
from common.collector import Context
from common.deadline import Deadline
from common.errors import FetchError
from common.ledger import open_ledger
from common.meter import Meter
from common.window import BUCKET, DAY, HOUR, Window
from demo import Organisation, serve
from tests.collectors.github.builders import pr
from tests.collectors.github.looking import PLENTY, TOKEN, settings_for

NAMES = [f"acme/service-{number:03d}" for number in range(500)]
STATES = ("github.pull_request.check_state", "github.pull_request.conflicting", "github.workflow_run.active")


def test_in_an_hour_each_repository_has_one_turn_and_no_run_has_much_more_than_a_quarter():
    turns = [{name for name in NAMES if in_turn(name, quarter * BUCKET, HOUR)} for quarter in range(4)]
    assert sorted(name for turn in turns for name in turn) == NAMES
    assert max(map(len, turns)) <= 150


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="medium")


@pytest.fixture
def ledger(tmp_path):
    kept = open_ledger(str(tmp_path / "ledger.db"))
    yield kept
    kept.close()


def _run(organisation, server, at, ledger):
    """Who was asked about more than a probe asks, the oldest reading, and the basis of each metric."""
    before, meter = len(server.requests), Meter()
    settings = settings_for(organisation, server.url, jobs=False, runners=False)
    context = Context(Deadline(600), meter, {"GITHUB_TOKEN": TOKEN}, ledger, "github")
    collector = GitHubCollector(settings, context, clock=lambda: at, sleep=lambda _: None)
    window = Window(at - 7 * DAY, at)
    bases = {}
    for each in collector.fetch({scope.name: window.start for scope in collector.discover()}, window):
        for metric in collector.metrics():
            if metric.name in STATES:
                bases[each.scope, metric.name] = {point.basis for point in metric.points(each)}
    paths = {one.path for one in server.requests[before:] if one.path.endswith("/actions/runs")}
    whole = [one for one in server.requests[before:] if one.text.startswith("query Start")]
    asked = {path.removeprefix("/repos/").removesuffix("/actions/runs") for path in paths}
    return asked, len(whole), meter.read().oldest_reading, bases


@pytest.mark.slow
def test_a_repository_that_rests_is_looked_at_once_an_hour_and_says_that_it_was_not_now(organisation, ledger):
    still = organisation.end + 40 * DAY  # the clock there stands, so nothing changes
    with serve(organisation, lambda: still, rates=PLENTY) as server:
        everything = _run(organisation, server, still, ledger)[0]
        asked = []
        for quarter in range(1, 9):
            at = still + quarter * BUCKET
            closer, whole, oldest, bases = _run(organisation, server, at, ledger)
            asked.append(closer)
            assert oldest >= at - HOUR + BUCKET
            assert whole <= 1
            for (scope, _), found in bases.items():
                assert found <= ({"measured"} if scope in closer else {"stale"})
    assert len(everything) == len(organisation.repositories)
    for start in range(5):
        hour = asked[start : start + 4]
        assert set().union(*hour) == everything
        assert all(run < everything for run in hour)


class _Slow:
    """GitHub when it cannot tell of more than 30 repositories in ten seconds, or of none."""

    def __init__(self, most, error):
        self.most, self.error, self.asked = most, error, []

    def ask(self, name, variables, kind, lacking, *, times, some):
        self.asked.append(times)
        if times > self.most:
            raise self.error("every time")
        return {f"repository{index}": {"is": variables[f"name{index}"]} for index in range(times)}


def test_a_probe_that_takes_github_too_long_is_asked_of_fewer_repositories():
    slow = _Slow(30, FetchError)
    found = probe._told(slow, "probe", NAMES[:100], dict)
    assert slow.asked == [100, 50, 25, 25, 50, 25, 25]
    assert found == {name: {"is": name.partition("/")[2]} for name in NAMES[:100]}


@pytest.mark.parametrize("error", [RefusedError, BudgetError])
def test_a_probe_that_is_refused_is_not_asked_again(error):
    slow = _Slow(0, error)
    assert (probe._told(slow, "probe", NAMES[:100], dict), slow.asked) == ({}, [100])


def _still(**more):
    repository = Repository(stars=1, forks=0, watchers=0, vulnerability_alerts=3, size=10, pushed=0.0)
    pulls = (pr(1, checks="SUCCESS", mergeable="MERGEABLE"),)
    return Still(
        seen=b"", url="", default_branch="main", repository=repository, open_pulls=pulls, branches=(), releases=(),
        missing={}, **more,
    )  # fmt: skip


def _unseen(checks="FAILURE", total=1, alerts=5):
    text = msgspec.json.encode(
        {
            "pullRequests": {
                "totalCount": total,
                "nodes": [{"number": 1, "mergeable": "CONFLICTING", "statusCheckRollup": {"state": checks}}],
            },
            "releases": {"nodes": []},
            "vulnerabilityAlerts": None if alerts is None else {"totalCount": alerts},
        }
    )
    return msgspec.json.decode(text, type=Unseen)


def test_a_closer_look_brings_checks_conflicts_and_alerts_up_to_date():
    found = refreshed(_still(), _unseen())
    assert [(each.checks, each.mergeable) for each in found.open_pulls] == [("FAILURE", "CONFLICTING")]
    assert found.repository.vulnerability_alerts == 5


@pytest.mark.parametrize("unseen", [None, _unseen(total=2), _unseen(alerts=None)])
def test_a_closer_look_that_does_not_tell_all_is_none(unseen):
    assert refreshed(_still(), unseen) is None


def test_numbers_are_read_as_github_writes_them():
    assert _unseen().pull_requests.nodes[0].status_check_rollup == RawState("FAILURE")
    assert _unseen().vulnerability_alerts == Count(5)
