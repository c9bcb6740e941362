"""Objectives while a run goes on: each scope is judged as it is read, a rollup when all of its scopes are in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial, reduce
from operator import add
from typing import Any

import msgspec

from common.collector import BaseCollector, Failure
from common.computing import Computed, Task, attempted, compute
from common.errors import DeadlineError, MetricError
from common.ledger import Ledger, LedgerError, NullLedger
from common.metric import Metric
from common.objectives import OBJECTIVES
from common.objectives.judging import Counted, Tally, judge_events, judge_state, spans_of, tally
from common.objectives.looking import looks_at, value_of, why_unknown
from common.objectives.metrics import met
from common.objectives.record import Objective, OfEvents, OfState, Selection, Verdict
from common.plan import Plan
from common.rollup import Union
from common.sample import Sample, Span, reduce_points
from common.window import Window

Answer = Verdict | Failure


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """What the objectives of a run are judged on; `key` is the collector's name in the ledger."""

    collector: BaseCollector[Any, Any]
    key: str
    window: Window
    ledger: Ledger = NullLedger()
    interval: float = 900
    """The schedule's; a look holds for two at most."""
    drop_tags: frozenset[str] = frozenset()

    @property
    def span(self) -> Span:
        """For statistics alone, without buckets for sinks."""
        return Span(self.window, self.window.end, 0)


class Found(msgspec.Struct, frozen=True):
    """What was judged: verdicts, their samples, and which objectives failed."""

    verdicts: list[Verdict]
    samples: list[Sample]
    failures: list[Failure]


class Seen(msgspec.Struct, frozen=True):
    """What one scope tells of objectives, and what rollups need of it."""

    scope: str
    found: Found
    counted: Mapping[str, Counted]
    computed: Computed


class Watch:
    """The objectives of one run; `metrics` are those that are told of them, none where there is no objective."""

    def __init__(self, objectives: Iterable[Objective], ground: Ground, selects: Callable[[Metric], bool]) -> None:
        given = tuple(objectives)
        self.metrics = OBJECTIVES if given else ()
        self._selected = tuple(filter(selects, self.metrics))
        self._objectives = given if self._selected else ()
        self._ground = ground
        self._unions: tuple[Union, ...] = ()
        self._counted: dict[tuple[str, str], Counted] = {}

    def begin(self, unions: Iterable[Union]) -> None:
        """Judge these rollups too; what they have taken in is not looked at."""
        own = (Union(each.rollup, each.scopes, each.tags) for each in unions)
        self._unions = tuple(own) if self._objectives else ()

    def look(self, scope: str, snapshot: Any, tags: Mapping[str, str]) -> Seen:  # noqa: ANN401  each collector has its own
        """How the scope, whose samples have these tags, stands to its objectives; what fails costs only itself."""
        mine = [each for each in self._objectives if each.is_for(scope)]
        computed = self._computed(mine, scope, snapshot, tags)
        answers: list[Answer] = []
        counted: dict[str, Counted] = {}
        for each in mine:
            if isinstance(each, OfState):
                answers.append(self._state(each, computed.samples, _failed(each, computed), scope=scope))
            elif isinstance(each, OfEvents):
                sums = self._counts(each, scope, snapshot)
                answers.append(sums if isinstance(sums, Failure) else _events(each, sums, scope=scope))
                if isinstance(sums, Counted):
                    counted[each.name] = sums
        return Seen(scope, self._told(answers, tags, scope=scope), counted, computed)

    def take(self, seen: Seen) -> Found:
        """Keep what rollups need of the scope; what was found of it."""
        for union in self._unions:
            union.take(seen.scope, seen.computed.parts)
        self._counted |= {(seen.scope, name): counted for name, counted in seen.counted.items()}
        return seen.found

    def roll_up(self) -> Found:
        """How the rollups stand to the objectives that are for all of their scopes."""
        whole = Found([], [], [])
        for union in self._unions:
            mine = [each for each in self._objectives if all(map(each.is_for, union.scopes))]
            answers = [answer for each in mine if (answer := self._of_union(each, union)) is not None]
            found = self._told(answers, union.tags, rollup=union.rollup.name)
            whole.verdicts.extend(found.verdicts)
            whole.samples.extend(found.samples)
            whole.failures.extend(found.failures)
        return whole

    def _computed(self, mine: Iterable[Objective], scope: str, snapshot: Any, tags: Mapping[str, str]) -> Computed:  # noqa: ANN401
        metrics = {each.of.metric.name: each.of.metric for each in mine if isinstance(each, OfState)}
        task = Task(
            scope=scope,
            tags=tags,
            window=self._ground.window,
            owed_from=self._ground.span.owed_from,
            closed_until=self._ground.span.closed_until,
            earliest=self._ground.window.end,
            drop_tags=self._ground.drop_tags,
            in_rollups=any(scope in union.scopes for union in self._unions),
        )
        return compute(self._ground.collector, metrics.values(), snapshot, task)

    def _counts(self, objective: OfEvents, scope: str, snapshot: Any) -> Counted | Failure:  # noqa: ANN401
        spans = spans_of(objective, self._ground.window.end)

        def added(selection: Selection) -> Tally:
            return tally(selection, selection.metric.points(snapshot), spans)

        sums: list[Tally] = []
        for one in (objective.good, objective.total):
            found = attempted(one.metric, scope, partial(added, one))
            if isinstance(found, Failure):
                return _failure(objective, scope, found)
            sums.append(found)
        return Counted(*sums)

    def _state(
        self, objective: OfState, samples: Iterable[Sample], failed: Failure | None, scope: str = "", rollup: str = ""
    ) -> Answer:
        ground, end = self._ground, self._ground.window.end
        longest = 2 * ground.interval
        if failed is not None:
            return _failure(objective, failed.scope, failed)
        try:
            value, basis = value_of(objective, samples, end)
            looks = looks_at(objective, ground.ledger, ground.key, scope, rollup, end, longest)
        except MetricError as error:
            if rollup:  # each of its scopes may well have one, only not the same
                return Verdict(objective=objective, rollup=rollup, notes=(str(error),))
            return _failure(objective, scope, str(error))
        except (LedgerError, DeadlineError) as error:
            return _failure(objective, scope or f"rollup {rollup}", str(error))
        verdict = judge_state(objective, value, looks, end, longest, scope, rollup)
        notes = verdict.notes if verdict.compliance is not None else (*verdict.notes, why_unknown(ground.ledger))
        return msgspec.structs.replace(verdict, basis=basis, notes=notes)

    def _of_union(self, objective: Objective, union: Union) -> Answer | None:
        name = union.rollup.name
        if isinstance(objective, OfEvents):
            counted = [self._counted.get((scope, objective.name)) for scope in sorted(union.scopes)]
            known = [each for each in counted if each is not None]
            return _events(objective, reduce(add, known), rollup=name) if len(known) == len(counted) else None
        if not isinstance(objective, OfState) or objective.of.metric not in union.complete():
            return None
        metric = objective.of.metric
        make = partial(union.samples, metric, self._ground.span, self._ground.drop_tags)
        samples = attempted(metric, f"rollup {name}", make)
        failed = samples if isinstance(samples, Failure) else None
        return self._state(objective, [] if isinstance(samples, Failure) else samples, failed, rollup=name)

    def _told(self, answers: Iterable[Answer], tags: Mapping[str, str], scope: str = "", rollup: str = "") -> Found:
        found = Found([], [], [])
        for answer in answers:
            if isinstance(answer, Verdict):
                found.verdicts.append(answer)
            else:
                found.failures.append(answer)
        for metric in self._selected:
            make = partial(reduce_points, metric, metric.points(found.verdicts), self._ground.span, scope, tags)
            samples = attempted(metric, scope or f"rollup {rollup}", make)
            if isinstance(samples, Failure):
                found.failures.append(samples)
            else:
                found.samples.extend(msgspec.structs.replace(each, rollup=rollup) for each in samples)
        return found


def _events(objective: OfEvents, counted: Counted, scope: str = "", rollup: str = "") -> Answer:
    try:
        return judge_events(objective, counted, scope, rollup)
    except MetricError as error:
        return _failure(objective, scope or f"rollup {rollup}", str(error))


def _failed(objective: OfState, computed: Computed) -> Failure | None:
    name = objective.of.metric.name
    return next((each for each in computed.failures if each.metric == name), None)


def _failure(objective: Objective, scope: str, why: Failure | str) -> Failure:
    """The objective's own failure, told of the metric that says whether it is met."""
    reason = f"{why.metric}: {why.reason}" if isinstance(why, Failure) else why
    return Failure(scope, f"objective {objective.name}: {reason}", met.name)


def watch_of(collector: BaseCollector[Any, Any], plan: Plan, ledger: Ledger) -> Watch:
    """The objectives of a run with this plan."""
    ground = Ground(
        collector=collector,
        key=plan.key.collector,
        window=plan.window,
        ledger=ledger,
        interval=plan.schedule_interval,
        drop_tags=plan.drop_tags,
    )
    return Watch(plan.objectives, ground, plan.selects)
