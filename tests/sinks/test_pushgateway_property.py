"""For any sequence of runs the totals are the number of events in closed buckets since the first watermark."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from common.meter import Meter
from common.sinks.pushgateway.gateway import Gateway
from common.sinks.pushgateway.sink import PushgatewaySink
from common.sinks.pushgateway.stored import DATA_JOB, read_groups
from tests.sinks.pushgateway_world import NOON, Event, World, quarter, run_once

SCOPES = ("acme/a", "acme/b")
EVENTFUL = ("world.commit", "world.merge", "world.duration")


class Killed(BaseException):
    """The process ends here."""


class MemoryGateway(Gateway):
    """A Pushgateway in memory that parses what it is sent; `kill` ends the pusher before or after it is taken."""

    def __init__(self):
        self.held = {}
        self.kill = None
        self.taken = 0

    def groups(self):
        data = [self._shown(dict(labels), *held) for labels, held in self.held.items()]
        return read_groups(msgspec.json.encode({"status": "success", "data": data}))

    def pushed(self, labels):
        return self.held.get(tuple(labels.items()), (0.0, b""))[0]

    def put(self, labels, body):
        if self.kill == ("before", labels["job"]):
            raise Killed
        self.taken += labels["job"] == DATA_JOB
        self.held[tuple(labels.items())] = (float(self.taken), body)
        if self.kill == ("after", labels["job"]):
            raise Killed

    def _shown(self, labels, at, body):
        group = {"labels": labels, "push_time_seconds": _family("GAUGE", [{"labels": labels, "value": str(at)}])}
        for family in text_string_to_metric_families(body.decode()):
            name = family.name + ("_total" if family.type == "counter" else "")
            rows = _summaries(family, labels) if family.type == "summary" else _numbers(family, labels)
            group[name] = _family(family.type.upper(), rows)
        return group

    def totals(self):
        """Scope and metric to events counted; of a summary, and of a counter summed over its series."""
        found = {}
        for labels, (_, body) in self.held.items():
            if dict(labels)["job"] != DATA_JOB:
                continue
            for family in text_string_to_metric_families(body.decode()):
                for each in family.samples:
                    metric = _COUNTS.get(each.name)
                    if metric:
                        key = each.labels["repo"], metric
                        found[key] = found.get(key, 0) + each.value
        return found


_COUNTS = {
    "world_commit_total": "world.commit",
    "world_merge_total": "world.merge",
    "world_duration_seconds_count": "world.duration",
}


def _family(kind, rows):
    return {"type": kind, "metrics": rows}


def _numbers(family, labels):
    return [{"labels": {**each.labels, **labels}, "value": repr(each.value)} for each in family.samples]


def _summaries(family, labels):
    rows = {}
    for each in family.samples:
        own = {name: text for name, text in each.labels.items() if name != "quantile"}
        row = rows.setdefault(tuple(own.items()), {"labels": {**own, **labels}, "quantiles": {}})
        for part in ("sum", "count"):
            if each.name == f"{family.name}_{part}":
                row[part] = repr(each.value)
    return list(rows.values())


@dataclass(frozen=True)
class Step:
    """What happens in the quarters before a run, and how the run goes.

    `raced`: between its read and its push, another run takes place as of so many quarters earlier, less one.
    """

    quarters: int
    events: tuple[tuple[str, int, str], ...]
    only: str
    unreadable: frozenset[str]
    raising: frozenset[str]
    kill: tuple[str, str] | None
    raced: int
    present: tuple[str, ...]


STEPS = st.lists(
    st.builds(
        Step,
        quarters=st.integers(-2, 9),
        events=st.lists(
            st.tuples(st.sampled_from(SCOPES), st.integers(0, 7000), st.sampled_from(["human", "bot"])), max_size=5
        ).map(tuple),
        only=st.sampled_from(["*", "*", "*", "world.commit", "world.d*", "world.age"]),
        unreadable=st.sets(st.sampled_from(SCOPES), max_size=1).map(frozenset),
        raising=st.sets(st.sampled_from(EVENTFUL), max_size=1).map(frozenset),
        kill=st.sampled_from([None, None, ("before", DATA_JOB), ("after", DATA_JOB)]),
        raced=st.sampled_from([0, 0, 0, 1, 2, 5]),
        present=st.sampled_from([SCOPES, SCOPES, SCOPES[:1]]),
    ),
    max_size=9,
)


class Model:
    """What must have been counted: from a scope's first watermark to each metric's own."""

    def __init__(self):
        self.start, self.mark = {}, {}

    def taken(self, step, closed_until, expected=None):
        """A run whose push the gateway took; `expected` is what it had read, by default what there is."""
        for scope in set(self.start) - set(step.present):
            del self.start[scope]
        expected = self.marks() if expected is None else expected
        for scope in set(step.present) - step.unreadable:
            done = [name for name in EVENTFUL if _selected(step.only, name) and name not in step.raising]
            if done and scope not in self.start:
                self.start[scope] = closed_until
                self.mark.update({(scope, name): closed_until for name in EVENTFUL})
            for name in done:
                if self.mark[scope, name] == expected.get((scope, name), closed_until):
                    self.mark[scope, name] = max(self.mark[scope, name], closed_until)

    def marks(self):
        """How far everything that is there has been counted."""
        return {key: at for key, at in self.mark.items() if key[0] in self.start}

    def totals(self, world):
        """The right answer."""
        return {
            (scope, name): sum(start <= each.at < self.mark[scope, name] for each in world.events[scope])
            for scope, start in self.start.items()
            for name in EVENTFUL
        }


def _selected(only, name):
    return only in ("*", name) or (only == "world.d*" and name == "world.duration")


def _run(gateway, world, step, end):
    gateway.kill = step.kill
    seen = replace(
        world,
        events={scope: world.events[scope] for scope in step.present},
        unreadable=step.unreadable,
        raising=step.raising,
    )
    sink = PushgatewaySink(lambda: gateway, Meter())
    if step.raced:
        _let_another_run_first(sink, gateway, seen, step, end)
    with suppress(Killed):
        run_once(sink, seen, end, only=step.only)


def _let_another_run_first(sink, gateway, seen, step, end):
    prepare = sink.prepare

    def overtaken(key, at):
        owed = prepare(key, at)
        other = PushgatewaySink(lambda: gateway, Meter())
        kill, gateway.kill = gateway.kill, None
        run_once(other, seen, end - 900 * (step.raced - 1), only=step.only)
        gateway.kill = kill
        return owed

    sink.prepare = overtaken


@settings(deadline=None, max_examples=60)
@given(steps=STEPS)
def test_totals_are_exact_and_never_fall_whatever_happens_to_the_runs(steps):
    gateway, model, now, ids = MemoryGateway(), Model(), 1, count()
    world = World(dict.fromkeys(SCOPES, ()))
    newest = NOON
    for step in steps:
        now += step.quarters
        before = gateway.totals()
        for scope, offset, author in step.events:
            # Nothing happens in a bucket that was closed before: such an event is late, and cannot be told.
            at = max(newest, quarter(now) - 120) + offset
            world = world.plus(scope, Event(at, f"event {next(ids)}", author))
        newest = max(newest, quarter(now) - 120)
        taken = gateway.taken
        _run(gateway, world, step, quarter(now))
        expected = model.marks()
        if step.raced and gateway.taken > taken:
            model.taken(step, NOON + (now - step.raced + 1) * 900)
        if gateway.taken > taken + bool(step.raced):
            model.taken(step, NOON + now * 900, expected)
        assert _counted(gateway.totals()) == _counted(model.totals(world))
        gone = set(SCOPES) - set(step.present)
        assert all(gateway.totals().get(key, 0) >= n for key, n in before.items() if key[0] not in gone)


def _counted(totals):
    return {key: number for key, number in totals.items() if number}
