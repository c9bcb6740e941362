"""The settings' objectives and the collectors that judge them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from common.cli.wiring import AnyCollector, Loaded, blocks, build_collector, collector_class
from common.collector import Check, Context
from common.deadline import Deadline
from common.errors import ConfigError, QuarterdeckError
from common.meter import Meter
from common.objectives.binding import Source, bind, refuse_unknown
from common.objectives.record import Objective
from common.settings import Settings


def judged_by(
    name: str, collector: AnyCollector, settings: Settings, *, shortened: bool = False
) -> tuple[Objective, ...]:
    """The objectives that this collector judges; raises `ConfigError`. `shortened`: its windows are this call's own."""
    if not settings.objectives:
        return ()
    metrics = {each.name: each for each in collector.metrics()}
    return bind(settings.objectives, Source(name, metrics, collector, settings), shortened=shortened)


def refuse_unknown_metrics(collectors: Mapping[str, str], settings: Settings) -> None:
    """Raises `ConfigError` for an objective on a metric that no collector has.

    One of a collector that these settings do not name is left to those that do: jobs may share their objectives.
    """
    wanted = {name for each in settings.objectives for name in each.metrics.values()}
    if not wanted:
        return
    used = {str(block.get("type", name)) for name, block in blocks(settings, ()).items()}
    known: set[str] = set()
    for kind in sorted(collectors, key=lambda each: each not in used):
        if wanted <= known:
            return
        try:
            known |= {each.name for each in collector_class(collectors, kind, kind).metrics()}
        except ConfigError:  # its libraries are not installed here: nobody can tell what is its own
            return
    refuse_unknown(settings.objectives, known)


def objective_findings(collectors: Mapping[str, str], loaded: Loaded) -> Iterator[Check]:
    """What the doctor says of the objectives; nothing where there are none."""
    settings = loaded.settings
    if not settings.objectives:
        return
    try:
        refuse_unknown_metrics(collectors, settings)
        judges = dict(_judges(collectors, loaded))
    except QuarterdeckError as error:
        yield Check("objectives", "failed", str(error), "mend it in the settings, then check again")
        return
    for each in settings.objectives:
        names = [name for name, bound in judges.items() if each.name in (one.name for one in bound)]
        if names:
            yield Check(f"objectives: {each.name}", "ok", f"judged by {', '.join(names)}")
        else:
            yield _unjudged(each.name, each.metrics.values())


def _judges(collectors: Mapping[str, str], loaded: Loaded) -> Iterator[tuple[str, tuple[Objective, ...]]]:
    for name, block in blocks(loaded.settings, ()).items():
        context = Context(Deadline(loaded.settings.deadline), Meter(), loaded.environ)
        yield name, judged_by(name, build_collector(collectors, name, block, None, context), loaded.settings)


def _unjudged(name: str, metrics: Iterable[str]) -> Check:
    detail = f"no collector of these settings has {' or '.join(dict.fromkeys(metrics))}"
    return Check(f"objectives: {name}", "warning", detail, "add that collector, or take the objective out")
