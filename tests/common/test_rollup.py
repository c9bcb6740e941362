"""Rollups: what cannot be added up is computed over all scopes together, and nothing else is repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec
import pytest

from collectors import COLLECTORS
from common.cli.wiring import collector_class
from common.collector import Failure, Scope
from common.errors import MetricError
from common.metric import Kind, Metric, Point, metric, point
from common.rollup import Rollup
from common.settings import CollectorSettings
from common.shard import Shard
from common.sinks.pushgateway.exposition import render
from common.sinks.pushgateway.merge import families_of
from common.sinks.pushgateway.stored import Stored
from common.stats import ratio
from common.window import Window
from tests.common.fakes import NOON, FakeCollector, FakeSink, Seen, attempt

PAY = Rollup("payments", ("acme/pay-*",), {"team": "money"})


def _thirds(snapshot: Seen) -> Iterator[bool]:
    """Of each event whether its second can be divided by three."""
    if snapshot.scope.endswith("odd"):
        raise MetricError("nobody can tell")
    return (at % 3 == 0 for at in snapshot.events)


@metric("rolled.third", unit="1", facts=_thirds)
def third(facts: Iterable[bool]) -> float | None:
    """Share of events in a third second."""
    found = list(facts)
    return ratio(sum(found), len(found))


@metric("rolled.ago", unit="s", kind=Kind.DISTRIBUTION)
def ago(snapshot: Seen) -> Iterator[Point]:
    """How long ago events were."""
    for number, at in enumerate(snapshot.events):
        yield point(NOON - at, at=at, id=str(number))


@metric("rolled.event", unit="{event}", kind=Kind.COUNT)
def event(snapshot: Seen) -> Iterator[Point]:
    """Events."""
    for number, at in enumerate(snapshot.events):
        yield point(1, at=at, id=str(number))


class RolledCollector(FakeCollector):
    modules = (__name__,)

    def fetch(self, since: Mapping[str, float], window: Window) -> Iterator[Seen | Failure]:
        return (each for each in super().fetch(since, window) if each.scope in since)

    def coverage_of(self, metric: Metric, snapshot: Seen) -> tuple[int, int] | None:
        return (len(snapshot.events), 4) if metric.name == "rolled.ago" else None


def at(*ages: int) -> tuple[float, ...]:
    return tuple(1_749_999_600.0 - age for age in ages)


SCOPES = [Seen("acme/pay-a", at(0, 1)), Seen("acme/pay-b", at(3, 6, 7, 9)), Seen("acme/web", at(0, 0))]


def run(items=SCOPES, sink=None, rollups=(PAY,), settings=None, scopes=None, **plan):
    collector = RolledCollector(items, settings=settings, scopes=scopes)
    return attempt(collector, *([sink] if sink else ()), rollups=rollups, **plan).execute()


def rolled(found):
    return {each.metric.name: each for each in found.samples if each.rollup}


def test_a_ratio_is_computed_over_all_events_and_a_distribution_pooled():
    found = rolled(run())

    assert found.keys() == {"rolled.third", "rolled.ago"}
    assert found["rolled.third"].value == pytest.approx(4 / 6)
    assert [NOON - value - 1_749_999_600 for value in found["rolled.ago"].values] == [0, -1, -3, -6, -7, -9]
    assert (found["rolled.ago"].value, found["rolled.ago"].summary.count, found["rolled.ago"].buckets) == (6, 6, ())


def test_its_samples_carry_its_name_in_place_of_the_scope():
    settings = CollectorSettings(tags={"env": "dev"})
    scopes = [Scope(each.scope, {"tier": "one"}) for each in SCOPES]
    found = rolled(run(settings=settings, scopes=scopes, tags={"region": "eu"}))

    tags = (("env", "dev"), ("region", "eu"), ("rollup", "payments"), ("team", "money"))
    assert {(each.tags, each.scope, each.rollup) for each in found.values()} == {(tags, "", "payments")}


def test_a_scope_that_failed_leaves_its_rollups_without_a_number():
    found = run([SCOPES[0], Failure("acme/pay-b", "answered 404"), SCOPES[2]])

    assert (found.outcome, rolled(found)) == ("partial", {})


def test_a_metric_that_failed_for_one_scope_costs_the_rollup_that_metric():
    found = run([*SCOPES, Seen("acme/pay-odd", at(2))])

    assert rolled(found).keys() == {"rolled.ago"}
    assert [(each.scope, each.metric) for each in found.failures] == [("acme/pay-odd", "rolled.third")]


def test_a_rollup_of_nothing_has_no_ratio_and_a_count_of_zero():
    found = rolled(run([Seen("acme/pay-a"), Seen("acme/pay-b")]))

    assert found.keys() == {"rolled.ago"}
    assert (found["rolled.ago"].value, found["rolled.ago"].summary) == (0, None)


def test_a_rollup_is_computed_in_the_shard_that_has_all_of_it_and_else_nowhere(caplog):
    mixed = Rollup("mixed", ("acme/web", "acme/pay-a"))
    first, second = (run(shard=Shard(index, 2), rollups=(PAY, mixed)) for index in range(2))

    assert (first.scopes, second.scopes) == (("acme/web",), ("acme/pay-a", "acme/pay-b"))
    assert (rolled(first), {each.rollup for each in rolled(second).values()}) == ({}, {"payments"})
    assert caplog.messages == ["rollup mixed is left out: its scopes are in several shards"] * 2


@pytest.mark.parametrize(
    ("patterns", "scope", "holds"),
    [
        (("acme/pay-*",), "acme/pay-api", True),
        (("acme/pay-*",), "ACME/Pay-api", True),
        (("acme/pay-*", "!acme/pay-old"), "acme/pay-old", False),
        (("!acme/pay-old",), "acme/web", False),
        (("acme/we?", "acme/x"), "acme/x", True),
        (("acme/[w]eb",), "acme/web", False),
        (("acme/[w]eb",), "acme/[w]eb", True),
    ],
)
def test_which_scopes_a_rollup_holds(patterns, scope, holds):
    assert Rollup("any", patterns).holds(scope) is holds


def test_a_gateway_gets_gauges_that_cannot_be_added_to_the_totals_of_the_scopes():
    sink = FakeSink()
    run(sink=sink)
    batch = msgspec.structs.replace(sink.batches["submit"], metrics=(ago,))
    text = render(families_of(batch, Stored(), Stored())).decode()

    assert [line.split("{")[0] for line in text.splitlines() if 'rollup="payments"' in line] == [
        *["rolled_ago_seconds_rollup"] * 4,
        "rolled_ago_seconds_rollup_events",
    ]
    assert 'rolled_ago_seconds_rollup{rollup="payments",statistic="p50",team="money"} 904.5' in text
    assert 'rolled_ago_seconds_rollup_events{rollup="payments",team="money"} 6.0' in text


def test_a_gateways_exposition_of_a_rollup_is_well_formed(promtool):
    sink = FakeSink()
    run(sink=sink)
    batch = msgspec.structs.replace(sink.batches["submit"], metrics=(ago, third, event))

    assert promtool.check_metrics(render(families_of(batch, Stored(), Stored())).decode()) == []


def test_how_much_each_metric_is_made_of_is_summed_over_scopes():
    sink = FakeSink()
    found = run(sink=sink)

    assert found.coverage == {"rolled.ago": (8, 12)}
    shares = {
        each.tags: each.value for each in sink.batches["report"].samples if each.metric.name.endswith("metric.coverage")
    }
    assert shares == {(("metric", "rolled.ago"),): pytest.approx(2 / 3)}


EVERY = {
    metric.name: metric
    for name in COLLECTORS
    for metric in collector_class(COLLECTORS, name, name).metrics()
    if metric.kind is Kind.GAUGE
}


@pytest.mark.parametrize("name", sorted(EVERY))
def test_what_cannot_be_added_up_can_be_rolled_up(name):
    cannot_be_added = EVERY[name].unit in {"1", "s", "unix", "{person}"}
    assert (EVERY[name].facts is not None) is (cannot_be_added or name == "github.contributor.commits_each")
