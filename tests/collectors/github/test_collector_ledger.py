"""With a ledger a run asks for what changed, and finds the same numbers as one that asks for everything."""

from __future__ import annotations

import pytest

from collectors.github.collector import GitHubCollector
from common.collector import Context
from common.deadline import Deadline
from common.ledger import NullLedger, open_ledger
from common.meter import Meter
from common.window import DAY, HOUR
from demo import Organisation, serve
from tests.collectors.github.looking import PLENTY, TOKEN, look, settings_for

pytestmark = pytest.mark.slow

QUARTER = HOUR / 4


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=2, size="small")


@pytest.fixture
def ledger(tmp_path):
    kept = open_ledger(str(tmp_path / "ledger.db"))
    yield kept
    kept.close()


def _look(organisation, server, at, ledger, *only, **settings):
    chosen = settings_for(organisation, server.url, *only, **settings)
    context = Context(Deadline(600), Meter(), {"GITHUB_TOKEN": TOKEN})
    return look(GitHubCollector(chosen, context, ledger=ledger, clock=lambda: at, sleep=lambda _: None), at)


@pytest.mark.parametrize("later", [QUARTER, 5 * HOUR, 2 * DAY])
def test_a_steady_run_finds_the_same_as_a_first_one(organisation, ledger, later):
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        _look(organisation, server, now[0], ledger)
        now[0] += later
        steady = _look(organisation, server, now[0], ledger)
        first = _look(organisation, server, now[0], NullLedger())
    assert steady.numbers == first.numbers
    assert steady.unknown == first.unknown


def test_many_steady_runs_in_a_row_find_the_same_as_a_first_one(organisation, ledger):
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        for _ in range(8):
            _look(organisation, server, now[0], ledger, "simulated-acme/web", "simulated-acme/api")
            now[0] += 3 * HOUR
        steady = _look(organisation, server, now[0], ledger, "simulated-acme/web", "simulated-acme/api")
        first = _look(organisation, server, now[0], NullLedger(), "simulated-acme/web", "simulated-acme/api")
    assert steady.numbers == first.numbers


def test_a_steady_run_asks_for_little(organisation, ledger):
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        _look(organisation, server, now[0], ledger, "simulated-acme/web", runners=False)
        now[0] += QUARTER
        before = len(server.requests)
        _look(organisation, server, now[0], ledger, "simulated-acme/web", runners=False)
        counted = [one for one in server.requests[before:] if one.status != 304]
    assert len(counted) <= 12


def test_a_section_that_could_not_be_read_is_not_remembered_as_read(organisation, ledger):
    from demo import faults

    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        server.faults.add(faults.forbidden(), path="actions/runs", times=100)
        broken = _look(organisation, server, now[0], ledger, "simulated-acme/tools")
        server.faults.clear()
        mended = _look(organisation, server, now[0], ledger, "simulated-acme/tools")
        first = _look(organisation, server, now[0], NullLedger(), "simulated-acme/tools")
    assert ("github.workflow_run.completed", "simulated-acme/tools") in broken.unknown
    assert mended.numbers == first.numbers


def test_a_ledger_that_cannot_be_read_costs_requests_only(organisation, tmp_path):
    kept = open_ledger(str(tmp_path / "ledger.db"))
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        kept.close()
        broken = _look(organisation, server, now[0], kept, "simulated-acme/tools")
        first = _look(organisation, server, now[0], NullLedger(), "simulated-acme/tools")
    assert broken.numbers == first.numbers
