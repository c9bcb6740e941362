"""`collect objectives`: look once, as a dry run does, and show how every scope stands to the objectives.

The look is always a fresh one: events are judged from themselves, states from now and from the ledger's history. A
ledger makes it cheap, and is only read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from common.cli.ledgering import opened
from common.cli.objectives_table import write_table
from common.cli.output import output, write_json
from common.cli.running import RunOptions, jobs_of
from common.cli.wiring import load
from common.deadline import Deadline
from common.errors import ExitCode
from common.objectives.record import OfEvents, Verdict
from common.outcome import Run
from common.run import Attempt
from common.sinks.console import rfc3339

NONE = "no objectives: name some under `objectives` in the settings; docs/objectives.md has good ones\n"
NOBODY = "it is for no scope that was read; look at its `match`, and whether its collector is in the settings"


class VerdictReport(msgspec.Struct, frozen=True, kw_only=True):
    """How one scope or one rollup stands to one objective; null is what is not known, and `notes` say why."""

    objective: str
    type: str
    collector: str
    scope: str | None
    rollup: str | None
    metric: str
    comparison: str
    target: float
    unit: str
    window: float
    """Seconds."""
    value: float | None
    met: bool | None
    compliance: float | None
    budget_remaining: float | None
    burn: Mapping[str, float]
    score: float | None
    days: tuple[float | None, ...]
    """The score of each of the last seven days, oldest first."""
    basis: str
    notes: tuple[str, ...]


class ObjectivesReport(msgspec.Struct, frozen=True):
    """What `--json` prints."""

    schema: int
    at: str
    objectives: tuple[VerdictReport, ...]
    unjudged: tuple[str, ...]
    """Objectives that no scope is for which was read."""
    failures: tuple[dict[str, str], ...]


def show_objectives(
    collectors: Mapping[str, str],
    names: tuple[str, ...],
    config: Path | None,
    *,
    as_json: bool = False,
    verbose: bool = False,
    clock: Callable[[], float] = time.time,
) -> int:
    """Print every verdict, and what is missing; the exit code of the looks. Raises `ConfigError`."""
    now = clock()
    loaded = load(config, verbose=verbose)
    deadline = Deadline(loaded.settings.deadline)
    options = RunOptions(names=names, only="objective.*")
    runs: list[Run] = []
    with opened(loaded, deadline, read_only=True) as ledger:
        for job in jobs_of(collectors, options, loaded, deadline, now, ledger):
            plan = msgspec.structs.replace(job.plan, exclude=())
            if plan.objectives:
                runs.append(Attempt(job.collector, (), plan, job.context, clock).execute())
    order = [each.name for each in loaded.settings.objectives]
    verdicts = _in_order(runs, order)
    unjudged = tuple(name for name in order if not _touched(name, runs))
    if as_json:
        write_json(_report(now, verdicts, unjudged, runs))
    elif not order:
        output().write(NONE)
    else:
        write_table(verdicts, runs, now, output())
        output().write("".join(f"{name}: {NOBODY}\n" for name in unjudged))
    return max((run.exit_code() for run in runs), default=ExitCode.OK)


def _in_order(runs: Iterable[Run], order: Sequence[str]) -> list[tuple[str, Verdict]]:
    """Each verdict with its collector: as the settings have the objectives, then scopes, then rollups."""
    found = [(run.collector, each) for run in runs for each in run.verdicts]
    return sorted(
        found,
        key=lambda pair: (order.index(pair[1].objective.name), pair[0], pair[1].rollup, pair[1].scope),
    )


def _touched(name: str, runs: Iterable[Run]) -> bool:
    """Whether the objective was judged anywhere, or failed."""
    judged = any(each.objective.name == name for run in runs for each in run.verdicts)
    return judged or any(f"objective {name}:" in each.reason for run in runs for each in run.failures)


def _report(
    now: float, verdicts: Iterable[tuple[str, Verdict]], unjudged: tuple[str, ...], runs: Iterable[Run]
) -> ObjectivesReport:
    failures: Iterator[dict[str, str]] = (
        {"collector": run.collector, "scope": each.scope, "reason": each.reason}
        for run in runs
        for each in run.failures
    )
    told = tuple(_verdict_report(collector, each) for collector, each in verdicts)
    return ObjectivesReport(1, rfc3339(now), told, unjudged, tuple(failures))


def _verdict_report(collector: str, each: Verdict) -> VerdictReport:
    objective = each.objective
    return VerdictReport(
        objective=objective.name,
        type="events" if isinstance(objective, OfEvents) else "state",
        collector=collector,
        scope=each.scope or None,
        rollup=each.rollup or None,
        metric=objective.metric.name,
        comparison=objective.comparison,
        target=objective.target,
        unit=objective.unit,
        window=objective.window,
        value=each.value,
        met=each.met,
        compliance=each.compliance,
        budget_remaining=each.budget_remaining,
        burn=each.burn,
        score=each.score,
        days=each.days,
        basis=each.basis,
        notes=each.notes,
    )
