"""Objectives in a run: judged beside the collector's own metrics, submitted with them, kept as history."""

from __future__ import annotations

import pytest

from common.errors import DeadlineError
from common.ledger import LedgerError, NullLedger, open_ledger
from common.objectives import OBJECTIVES
from common.outcome import Run
from common.plan import Plan
from common.rollup import Rollup
from common.run import Attempt
from common.window import BUCKET, DAY, HOUR, Window
from tests.common.fakes import KEY, FakeSink
from tests.common.judged import NOON, Shop, ShopCollector, bound, orders, state

NAMES = {each.name for each in OBJECTIVES}


def ago(*hours, result="good"):
    return tuple((NOON - each * HOUR, result) for each in hours)


GOOD = Shop("a", orders=ago(*[30.0] * 19) + ago(30, result="bad"))
POOR = Shop("b", orders=ago(*[30.0] * 6) + ago(*[30.0] * 4, result="bad"))


def run_of(collector, *given, at=NOON, sink=None, dry=True, **plan) -> Run:
    made = Plan(
        key=KEY, window=Window(at - 7 * DAY, at), dry=dry, objectives=bound(*given, collector=collector), **plan
    )
    return Attempt(collector, [sink] if sink else [], made, collector.context, lambda: at).execute()


def told(run, scope="", rollup=""):
    """What is told of objectives, without tags that all have."""
    return {
        (each.metric.name.removeprefix("objective."), *(v for tag, v in each.tags if tag in ("objective", "window"))): (
            pytest.approx(each.value)
        )
        for each in run.samples
        if each.metric.name in NAMES and (each.scope, each.rollup) == (scope, rollup)
    }


def test_every_scope_is_judged_and_tagged_as_its_own_samples_are():
    run = run_of(ShopCollector(GOOD, POOR), orders(), tags={"team": "shops"})

    assert told(run, "a") == {
        ("met", "orders"): 1,
        ("value", "orders"): 0.95,
        ("target", "orders"): 0.8,
        ("compliance", "orders"): 0.95,
        ("budget_remaining", "orders"): 0.75,
        ("burn", "orders", "3d"): 0.25,
        ("burn", "orders", "7d"): 0.25,
        ("score", "orders"): 1,
    }
    assert told(run, "b") == {
        ("met", "orders"): 0,
        ("value", "orders"): 0.6,
        ("target", "orders"): 0.8,
        ("compliance", "orders"): 0.6,
        ("budget_remaining", "orders"): -1,
        ("burn", "orders", "3d"): 2,
        ("burn", "orders", "7d"): 2,
        ("score", "orders"): 0,
    }
    assert {each.tags for each in run.samples if each.metric.name == "objective.met"} == {
        (("objective", "orders"), ("shop", "a"), ("team", "shops")),
        (("objective", "orders"), ("shop", "b"), ("team", "shops")),
    }
    assert (run.outcome, run.failures) == ("success", ())


def test_without_objectives_a_run_knows_nothing_of_them():
    run = run_of(ShopCollector(GOOD))

    assert told(run, "a") == {}
    assert run.verdicts == ()
    assert NAMES & set(run.skipped) == set()


def test_they_reach_the_sinks_in_the_batch_of_the_data():
    sink = FakeSink()
    run_of(ShopCollector(GOOD), orders(), sink=sink, dry=False)
    batch = sink.batches["submit"]

    assert {each.metric.name for each in batch.samples} >= {"shop.order", "objective.met", "objective.burn"}
    assert {each.name for each in batch.metrics} >= NAMES
    assert "objective.met" not in {each.metric.name for each in sink.batches["report"].samples}


def test_a_rollup_is_judged_over_all_events_of_its_scopes_if_the_objective_is_for_all_of_them():
    both, first = Rollup("both", ("*",), {"team": "x"}), Rollup("first", ("a",))
    run = run_of(ShopCollector(GOOD, POOR), orders(match=["*", "!b"]), rollups=(both, first))
    whole = run_of(ShopCollector(GOOD, POOR), orders(), rollups=(both,))

    assert told(run, rollup="both") == {}
    assert told(run, rollup="first") == told(run, "a")
    assert told(run, "b") == {}
    assert told(whole, rollup="both")["value", "orders"] == 25 / 30
    assert [each.tags for each in whole.samples if each.metric.name == "objective.met" and each.rollup] == [
        (("objective", "orders"), ("rollup", "both"), ("team", "x"))
    ]


def test_a_rollup_that_lacks_a_scope_is_not_judged():
    run = run_of(ShopCollector(GOOD, Shop("b", broken=True)), orders(), rollups=(Rollup("both", ("*",)),))

    assert told(run, rollup="both") == {}


def test_a_state_of_a_rollup_is_its_own_number_and_what_adds_up_has_none():
    shops = (
        Shop("a", passed=1, of=1, waits=(HOUR,) * 3, shelves={"x": 3.0}),
        Shop("b", passed=1, of=3, waits=(3.0 * HOUR,), shelves={"y": 4.0, "z": 1.0}),
    )
    run = run_of(
        ShopCollector(*shops),
        state("shop.passing", ">=", 0.9, name="passing"),
        state("shop.wait", "<=", "1h", name="wait", statistic="p95", tags={"queue": "long"}),
        state("shop.stock", ">=", 4, name="stock"),
        rollups=(Rollup("both", ("*",)),),
    )

    assert told(run, rollup="both")["value", "passing"] == 0.5
    assert told(run, rollup="both")["value", "wait"] == HOUR * 2.7
    assert ("value", "stock") not in told(run, rollup="both")
    assert (told(run, "a")["met", "stock"], told(run, "b")["met", "stock"]) == (0, 1)


def test_a_rollup_whose_scopes_have_different_series_has_nothing_to_judge():
    shops = (Shop("a", waits=(HOUR,)), Shop("b", waits=(HOUR,), queue="short"))
    given = state("shop.wait", "<=", "2h", statistic="p95", tags={"queue": ["long", "short"]})
    run = run_of(ShopCollector(*shops), given, rollups=(Rollup("both", ("*",)), Rollup("one", ("a",))))

    assert [(each.scope, each.rollup, each.met) for each in run.verdicts] == [
        ("a", "", True),
        ("b", "", True),
        ("", "both", None),
        ("", "one", True),
    ]
    assert run.verdicts[2].notes == ("2 series of shop.wait cannot be added up; give one queue",)
    assert run.failures == ()


def test_an_age_is_compared_and_told_in_seconds():
    run = run_of(ShopCollector(Shop("a", opened=NOON - 3 * DAY)), state("shop.opened", "<=", "2d"))

    assert told(run, "a") == {
        ("met", "state"): 0,
        ("value", "state"): 3 * DAY,
        ("target", "state"): 2 * DAY,
        ("score", "state"): 0.5,
    }


def test_what_has_no_value_has_no_point_and_the_verdict_says_why():
    given = (
        orders(),
        state("shop.passing", ">=", 0.9, name="passing"),
        state("shop.wait", ">=", 5, name="waits", statistic="count"),
    )
    run = run_of(ShopCollector(Shop("a")), *given)

    assert told(run, "a") == {
        ("met", "waits"): 0,
        ("value", "waits"): 0,
        ("target", "waits"): 5,
        ("score", "waits"): 0,
    }
    assert [each.notes for each in run.verdicts] == [
        ("no events in its window, so there is nothing to judge",),
        (
            "its metric has no value now, such as a ratio of nothing",
            "the time it was met is not known: that takes a ledger",
        ),
        ("the time it was met is not known: that takes a ledger",),
    ]


def test_a_failed_objective_costs_only_itself_and_is_named():
    shops = (Shop("a", broken=True, shelves={"x": 1.0, "y": 2.0}), Shop("b", shelves={"x": 1.0}))
    given = (orders(), state("shop.full", ">=", 0.5), state("shop.clean", ">=", 1, name="clean"))
    run = run_of(ShopCollector(*shops), *given)

    assert [(each.scope, each.metric, each.reason) for each in run.failures] == [
        ("a", "shop.order", "the till is broken"),
        ("a", "objective.met", "objective orders: shop.order: the till is broken"),
        (
            "a",
            "objective.met",
            "objective state: 2 series of shop.full cannot be added up; give one shelf",
        ),
    ]
    assert (told(run, "a")["met", "clean"], told(run, "b")["met", "state"]) == (1, 0)
    assert run.outcome == "partial"


def test_only_chooses_them_as_it_chooses_metrics():
    collector = ShopCollector(GOOD)
    without = run_of(collector, orders(), only="shop.*")
    alone = run_of(collector, orders(), only="objective.b*")

    assert told(without, "a") == {}
    assert set(without.skipped) == NAMES | {"delivery.parcel"}
    assert {each.metric.name for each in alone.samples} == {"objective.budget_remaining", "objective.burn"}


def test_the_share_of_time_comes_from_the_ledgers_history(tmp_path):
    ledger = open_ledger(str(tmp_path / "ledger.db"))
    given = state("shop.passing", ">=", 0.9, window="1d")
    passing = [1, 1, 0, 0, 1]
    for index, passed in enumerate(passing):
        at = NOON + index * BUCKET
        shop = Shop("a", passed=passed, of=1)
        run = run_of(ShopCollector(shop, ledger=ledger), given, at=at, sink=FakeSink(), dry=False)

    assert (told(run, "a")["compliance", "state"], told(run, "a")["met", "state"]) == (0.5, 1)
    assert run.verdicts[0].days[-1] == 0.5
    late = run_of(ShopCollector(Shop("a", passed=0, of=1), ledger=ledger), given, at=at + DAY / 2)
    assert told(late, "a")["compliance", "state"] == pytest.approx(4 / 6)
    kept = [(each.at, each.value) for each in ledger.samples("fake", "a", "objective.met")]
    assert kept == [(NOON + index * BUCKET, passed) for index, passed in enumerate(passing)]
    ledger.close()


def test_a_rollups_history_is_its_own(tmp_path):
    ledger = open_ledger(str(tmp_path / "ledger.db"))
    given = state("shop.passing", ">=", 0.9, window="1d")
    rollups = (Rollup("one", ("a",)), Rollup("both", ("*",)))
    for at in (NOON, NOON + BUCKET):
        shops = (Shop("a", passed=1, of=1), Shop("b", passed=0, of=1))
        run = run_of(ShopCollector(*shops, ledger=ledger), given, at=at, sink=FakeSink(), dry=False, rollups=rollups)

    assert told(run, rollup="one")["compliance", "state"] == 1
    assert told(run, rollup="both")["compliance", "state"] == 0
    ledger.close()


class BrokenLedger(NullLedger):
    """Has no history to give."""

    def __init__(self, error):
        self.error = error

    def samples(self, *_, **__):
        raise self.error


@pytest.mark.parametrize("error", [LedgerError("ledger: it is locked"), DeadlineError("no time is left")])
def test_a_history_that_cannot_be_read_costs_the_objective(error):
    shop = Shop("a", passed=1, of=1)
    given = (state("shop.passing", ">=", 0.9), orders())
    run = run_of(ShopCollector(shop, ledger=BrokenLedger(error)), *given, rollups=(Rollup("all", ("*",)),))

    assert [(each.scope, each.reason) for each in run.failures] == [
        ("a", f"objective state: {error}"),
        ("rollup all", f"objective state: {error}"),
    ]
    assert [each.objective.name for each in run.verdicts] == ["orders", "orders"]


def test_running_twice_at_the_same_time_tells_the_same():
    one, other = (run_of(ShopCollector(GOOD, POOR), orders()) for _ in range(2))

    assert told(one, "a") == {key: value.expected for key, value in told(other, "a").items()}
