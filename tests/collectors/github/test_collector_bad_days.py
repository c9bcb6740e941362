"""What may happen to a repository, during a run and between two: no number is wrong, and what is missing is named."""

from __future__ import annotations

import pytest

from common.ledger import NullLedger, open_ledger
from common.window import BUCKET, HOUR
from demo import Organisation, faults, serve
from tests.collectors.github.looking import PLENTY, TOKEN, look, looking, surprises
from tests.collectors.github.running import closed, run_at, wrong
from tests.demo.build import NOW, branch, commit, landing, run
from tests.demo.build import organisation as by_hand

WEB, API, TOOLS, HAND = (f"simulated-acme/{name}" for name in ("web", "api", "tools", "hand"))
HAPPENINGS = {
    "deleted": faults.deleted,
    "made private": faults.hidden,
    "renamed": lambda name: faults.renamed(name, "simulated-acme/instruments"),
    "archived": faults.archived,
    "emptied": faults.emptied,
    "default branch renamed": lambda name: faults.default_branch(name, "latest"),
    "forced back": lambda name: faults.rewound(name, 1_790_000_000 - 96 * HOUR),
}
OF_COMMITS = ("github.commit.", "github.code.lines")


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="small")


@pytest.fixture(scope="module")
def undisturbed(organisation):
    with looking(organisation, WEB) as (_, collector):
        return look(collector, organisation.end)


@pytest.fixture
def ledger(tmp_path):
    kept = open_ledger(str(tmp_path / "ledger.db"))
    yield kept
    kept.close()


def _looked(organisation, name, change, number, **options):
    with looking(organisation, name, **options) as (server, collector):
        if change:
            server.faults.add(change, nth=number)
        seen = look(collector, organisation.end)
    assert TOKEN not in seen.words
    return seen


@pytest.mark.parametrize("number", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 4, 6, 9, 12, 15, 17))])
@pytest.mark.parametrize("happening", HAPPENINGS)
def test_what_happens_during_a_run_leaves_each_number_as_it_was_before_or_after(
    organisation, undisturbed, happening, number
):
    change = HAPPENINGS[happening](WEB)
    after = _looked(organisation, WEB, change, 1)
    assert surprises(_looked(organisation, WEB, change, number), undisturbed, after) == {}


@pytest.mark.parametrize("name", [API, *(pytest.param(name, marks=pytest.mark.slow) for name in (WEB, TOOLS))])
def test_a_renamed_default_branch_changes_no_number(organisation, name):
    before = _looked(organisation, name, None, 1)
    after = _looked(organisation, name, HAPPENINGS["default branch renamed"](name), 1)
    assert (after.unknown, after.failures) == ({}, {})
    assert after.numbers == before.numbers


def test_nor_does_one_that_is_renamed_between_two_runs(organisation, ledger):
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        run_at(organisation, server, now[0], API, ledger=ledger)
        server.changes.default_branches[API] = "latest"
        for _ in range(2):
            counted, now[0] = closed(now[0]), now[0] + BUCKET
            ran = run_at(organisation, server, now[0], API, ledger=ledger, owed_from=counted)
            assert ran.run.failures == ()
            assert wrong(ran, organisation, now[0], [API]) == {}


@pytest.mark.parametrize("name", [API, pytest.param(WEB, marks=pytest.mark.slow)])
def test_what_a_forced_push_took_away_is_counted_no_more(organisation, name, ledger):
    """Nor in a later run that finds nothing changed, though the ledger still has those commits."""
    back = organisation.end - 96 * HOUR
    now = [organisation.end]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        before = run_at(organisation, server, now[0], name, ledger=ledger, runners=False)
        server.changes.rewound[name] = back
        for later in (0.0, BUCKET):
            now[0] += later
            ran = run_at(organisation, server, now[0], name, ledger=ledger, runners=False)
            first = run_at(organisation, server, now[0], name, ledger=NullLedger(), runners=False)
            known = wrong(ran, organisation, now[0], [name], known_at=back)
            assert [key for key in known if key[0].startswith(OF_COMMITS)] == []
            assert _of_commits(ran) == _of_commits(first)
    assert _landed(before) > _landed(ran) > 0


def _of_commits(ran):
    return {
        (each.metric.name, each.tags): each.value for each in ran.samples if each.metric.name.startswith(OF_COMMITS)
    }


def _landed(ran):
    return sum(each.value for each in ran.samples if each.metric.name == "github.commit.landed")


def test_a_repository_that_was_emptied_between_two_runs_has_zeros(organisation, ledger):
    with serve(organisation, rates=PLENTY) as server:
        run_at(organisation, server, organisation.end, WEB, ledger=ledger, runners=False)
        server.changes.emptied.add(WEB)
        ran = run_at(organisation, server, organisation.end, WEB, ledger=ledger, runners=False)
    assert ran.run.failures == ()
    assert _landed(ran) == 0
    values = {each.metric.name: each.value for each in ran.samples}
    assert (values["github.branch.existing"], values["github.pull_request.queued"]) == (0, 0)


def test_a_renamed_repository_is_followed_under_its_old_name(organisation, undisturbed):
    with looking(organisation, WEB) as (server, collector):
        server.changes.renamed[WEB] = "simulated-acme/instruments"
        seen = look(collector, organisation.end)
    assert seen.numbers == undisturbed.numbers


def test_a_deleted_repository_is_a_failure_of_that_repository_alone(organisation, ledger):
    with serve(organisation, rates=PLENTY) as server:
        run_at(organisation, server, organisation.end, WEB, TOOLS, ledger=ledger)
        server.changes.gone.add(WEB)
        ran = run_at(organisation, server, organisation.end, WEB, TOOLS, ledger=ledger)
    assert [(each.scope, each.reason) for each in ran.run.failures] == [
        (WEB, "GitHub shows no such repository to this token: deleted, made private, or misspelt")
    ]
    assert {each.scope for each in ran.samples} == {TOOLS}
    assert wrong(ran, organisation, organisation.end, [TOOLS]) == {}


def _runs(*more):
    root = commit("a", -9)
    return by_hand(root, landing(root), branch("main", "a", -9), *more)


def test_1001_runs_in_a_second_cost_the_metrics_of_runs_and_are_named():
    organisation = _runs(*(run(number, -5, (-5, -4, "success")) for number in range(1, 1_002)))
    organisation.end = float(NOW)
    with serve(organisation, lambda: NOW, rates=PLENTY) as server:
        ran = run_at(organisation, server, NOW, HAND, jobs=False)
    reasons = {each.metric: each.reason for each in ran.run.failures}
    assert set(reasons.values()) == {
        "more than 1,000 runs were created within a second; GitHub lists no more than that"
    }
    assert {name for name in reasons if not name.startswith(("github.workflow_run.", "github.workflow."))} == set()
    assert "github.workflow_run.completed" in reasons
    assert ran.run.outcome == "partial"
    assert {key[0] for key in wrong(ran, organisation, NOW)} == {"github.workflow_run.queue_time"}


def test_an_end_that_is_new_to_this_release_is_other_and_in_no_ratio_and_said_once(caplog):
    organisation = _runs(
        run(1, -5, (-5, -4, "success")), run(2, -3, (-3, -2, "abandoned")), run(3, -2, (-2, -1, "abandoned"))
    )
    organisation.end = float(NOW)
    with serve(organisation, lambda: NOW, rates=PLENTY) as server:
        ran = run_at(organisation, server, NOW, HAND, jobs=False)
    found = {
        dict(each.tags).get("conclusion", each.metric.name): each.value
        for each in ran.samples
        if each.metric.name in {"github.workflow_run.completed", "github.workflow_run.success_ratio"} and each.value
    }
    assert found == {"success": 1.0, "other": 2.0, "github.workflow_run.success_ratio": 1.0}
    assert caplog.text.count("they ended as abandoned, which counts as other here") == 1
    assert {key[0] for key in wrong(ran, organisation, NOW)} == {"github.workflow_run.queue_time"}


def test_a_forks_branch_of_the_same_name_is_no_default_branch():
    organisation = _runs(
        run(1, -5, (-5, -4, "success")), run(2, -3, (-3, -2, "failure"), fork="somebody/hand", event="pull_request")
    )
    organisation.end = float(NOW)
    with serve(organisation, lambda: NOW, rates=PLENTY) as server:
        ran = run_at(organisation, server, NOW, HAND)
    passing = [each.value for each in ran.samples if each.metric.name == "github.workflow.passing"]
    assert passing == [1.0]
    assert wrong(ran, organisation, NOW) == {}
