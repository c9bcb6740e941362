"""What a ledger adds to the sinks: late events are still counted once, corrections and differences are sent."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.collector import Context
from common.deadline import Deadline
from common.ledger import COUNTED, NullLedger, open_ledger
from common.meter import Meter
from common.run import Attempt
from common.settings import CollectorSettings, DatadogSettings
from common.sinks.datadog.sink import DatadogSink
from common.sinks.pushgateway.sink import PushgatewaySink
from tests.servers.datadog import API_KEY
from tests.sinks.pushgateway_world import NOON, Event, World, WorldCollector, during, plan_at, quarter
from tests.sinks.test_pushgateway_property import Killed, MemoryGateway

SHOP = "acme/shop"
EMPTY = World({SHOP: ()})


@pytest.fixture
def ledger(tmp_path):
    found = open_ledger(str(tmp_path / "ledger.db"))
    yield found
    found.close()


def run(world, end, ledger, *sinks, **changes):
    context = Context(Deadline(600), Meter(), {}, ledger, "world")
    collector = WorldCollector(CollectorSettings(), context)
    collector.world = world
    return Attempt(collector, sinks, plan_at(end, **changes), context, clock=lambda: end).execute()


def push(gateway, world, end, ledger, **changes):
    return run(world, end, ledger, PushgatewaySink(lambda: gateway, Meter()), **changes)


def counted(gateway):
    return gateway.totals()[SHOP, "world.commit"]


def test_an_event_first_seen_behind_the_watermark_is_added_and_told(ledger):
    gateway = MemoryGateway()
    push(gateway, EMPTY, quarter(0), ledger)
    push(gateway, EMPTY.plus(SHOP, during(0, "on time")), quarter(1), ledger)
    late = EMPTY.plus(SHOP, during(0, "on time"), during(0, "late", seconds=5), during(1, "new"))
    found = push(gateway, late, quarter(2), ledger)

    assert counted(gateway) == 3
    assert gateway.totals()[SHOP, "world.duration"] == 3
    assert found.late_events == 1
    assert push(gateway, late, quarter(3), ledger).late_events == 0
    assert counted(gateway) == 3


def test_without_a_ledger_it_is_not_counted_and_nobody_says_that_there_was_none():
    gateway = MemoryGateway()
    push(gateway, EMPTY, quarter(0), NullLedger())
    push(gateway, EMPTY, quarter(1), NullLedger())
    found = push(gateway, EMPTY.plus(SHOP, during(0, "late")), quarter(2), NullLedger())

    assert (counted(gateway), found.late_events) == (0, None)


def test_a_metric_that_raised_counts_its_late_events_later(ledger):
    gateway = MemoryGateway()
    push(gateway, EMPTY, quarter(0), ledger)
    push(gateway, EMPTY, quarter(1), ledger)
    world = EMPTY.plus(SHOP, during(0, "late"))
    raising = World(world.events, raising=frozenset({"world.commit"}))
    push(gateway, raising, quarter(2), ledger)
    assert (counted(gateway), gateway.totals()[SHOP, "world.duration"]) == (0, 1)
    push(gateway, world, quarter(3), ledger)
    assert (counted(gateway), gateway.totals()[SHOP, "world.duration"]) == (1, 1)


def test_what_a_run_without_the_ledger_counted_is_never_counted_again(ledger):
    """Both runs end at the same watermark, so only the ledger's mark in the gateway tells them apart."""
    gateway, empty = MemoryGateway(), World({SHOP: (), "acme/web": ()})
    push(gateway, empty, quarter(0), ledger)
    gateway.kill = ("before", "quarterdeck")
    with suppress(Killed):
        push(gateway, empty, quarter(1), ledger)
    gateway.kill = None
    world = empty.plus(SHOP, during(0, "a"))
    push(gateway, world, quarter(1), NullLedger())
    push(gateway, World(world.events, unreadable=frozenset({SHOP})), quarter(2), ledger)
    for number in (2, 3, 4):
        push(gateway, world, quarter(number), ledger)
    assert counted(gateway) == 1
    push(gateway, world.plus(SHOP, during(2, "late")), quarter(5), ledger)
    assert counted(gateway) == 2


HOW = st.sampled_from(["well", "before", "after", "unreadable"])
EVENTS = st.lists(st.tuples(st.integers(-9000, 9000), st.integers(0, 4000)), max_size=8)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(EVENTS, st.lists(st.tuples(st.integers(0, 1800), HOW), max_size=6))
def test_whatever_becomes_of_runs_every_event_is_counted_once(tmp_path_factory, events, steps):
    ledger = open_ledger(str(tmp_path_factory.mktemp("ledger") / "ledger.db"))
    gateway, now, start = MemoryGateway(), quarter(0), None
    named = [(Event(NOON + at, f"e{number}"), NOON + at + delay) for number, (at, delay) in enumerate(events)]
    for ahead, how in [(0, "well"), *steps, (20_000, "well")]:
        now += ahead
        seen = tuple(event for event, shown in named if shown <= now)
        world = World({SHOP: seen}, unreadable=frozenset({SHOP} if how == "unreadable" else ()))
        gateway.kill = (how, "quarterdeck") if how in ("before", "after") else None
        with suppress(Killed):
            push(gateway, world, now, ledger)
        if start is None:
            start = {event.id for event in seen if event.at < NOON}
    ledger.close()
    assert counted(gateway) == len(named) - len(start)


@pytest.mark.usefixtures("ledger")
def test_a_ledger_that_cannot_be_written_fails_the_run_before_a_sink_is_asked(tmp_path, ledger):
    gateway = MemoryGateway()
    push(gateway, EMPTY, quarter(0), ledger)
    ledger.close()
    found = push(gateway, EMPTY.plus(SHOP, during(0, "new")), quarter(1), ledger)

    assert (found.outcome, int(found.exit_code())) == ("failed", 1)
    assert found.failures[0].reason.startswith("ledger: ")
    assert counted(gateway) == 0


def test_a_run_beside_another_reads_and_sends_nothing(ledger, tmp_path):
    gateway = MemoryGateway()
    other = open_ledger(str(tmp_path / "ledger.db"))
    with other.lock("world", "0"):
        found = push(gateway, EMPTY, quarter(0), ledger)
    other.close()

    assert (found.outcome, found.scopes_read, gateway.held) == ("failed", (), {})
    assert "another run of default/world/0 is under way" in found.failures[0].reason


def test_runs_and_samples_become_history_and_notes_expire(ledger):
    gateway = MemoryGateway()
    for number in range(3):
        push(gateway, EMPTY.plus(SHOP, during(0, "a")), quarter(number), ledger)

    assert [(entry.outcome, entry.late) for entry in ledger.runs("world")] == [("success", 0)] * 3
    ages = ledger.samples("world", SHOP, "world.age")
    assert [(entry.at, entry.value) for entry in ages] == [(float(quarter(number)), 5.0) for number in range(3)]
    push(gateway, EMPTY, quarter(0) + 8 * 86_400, ledger)
    assert [note.at for note in ledger.notes("world", SHOP, COUNTED)] == []


def test_a_dry_run_leaves_the_ledger_as_it_is(tmp_path):
    ledger = open_ledger(str(tmp_path / "none.db"), read_only=True)
    found = push(MemoryGateway(), EMPTY, quarter(0), ledger, dry=True)

    assert (found.outcome, (tmp_path / "none.db").exists()) == ("success", False)


@pytest.fixture
def server(start_datadog_server):
    return start_datadog_server(lambda: NOON + 1020, record=True)


def datadog(server):
    settings = DatadogSettings(site="datadoghq.com", url=server.url, distribution=("count",))
    return DatadogSink(settings, api_key=API_KEY, deadline=Deadline(600), meter=Meter(), sleep=lambda seconds: None)


def points(server, name):
    return {(key.timestamp - NOON): value for key, value in server.store.points.items() if key.metric == name}


def test_a_value_that_history_no_longer_has_is_overwritten_with_zero(server, ledger):
    world = EMPTY.plus(SHOP, during(-1, "a"), during(-1, "b"), during(0, "c"))
    run(world, quarter(1), ledger, datadog(server))
    assert points(server, "world.commit") == {-900: 2.0, 0: 1.0}

    rewritten = EMPTY.plus(SHOP, during(0, "c"))
    run(rewritten, quarter(1), ledger, datadog(server))
    assert points(server, "world.commit") == {-900: 0.0, 0: 1.0}
    assert points(server, "world.merge") == {-900: 0.0, 0: 1.0}
    run(EMPTY, quarter(1), ledger, datadog(server))
    assert points(server, "world.merge") == {-900: 0.0, 0: 0.0}


def test_a_zero_that_corrects_nothing_is_not_sent(server, ledger):
    run(EMPTY, quarter(1), ledger, datadog(server))
    assert points(server, "world.commit") == {}


def test_a_running_total_is_sent_as_what_it_grew_by(server, ledger):
    for number, events in ((0, 2), (1, 5)):
        seen = [Event(NOON - 20_000.0, f"e{each}") for each in range(events)]
        run(World({SHOP: tuple(seen)}), quarter(number), ledger, datadog(server))
    assert points(server, "world.object") == {}
    run(World({SHOP: tuple(seen)}), quarter(2), ledger, datadog(server))
    assert points(server, "world.object") == {900: 3.0}
