"""From the settings' objectives to those that one collector can judge; what could never be missed or met is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from common.collector import BaseCollector
from common.duration import format_duration
from common.errors import ConfigError
from common.metric import Kind, Metric
from common.objectives.record import Comparison, Objective, OfEvents, OfState, Selection
from common.objectives.settings import ObjectiveSettings, SelectionSettings, target_of
from common.settings import Settings, ledger_settings
from common.window import Window

_FAR = 1e10
"""A time at which every window has room before it."""


class Source(msgspec.Struct, frozen=True):
    """One collector as objectives see it: by its name in the settings, with its metrics and windows."""

    name: str
    metrics: Mapping[str, Metric]
    collector: BaseCollector[Any, Any]
    settings: Settings

    def window_of(self, metric: Metric) -> tuple[float, str]:
        """How far back the metric's events are known, and the setting that says so."""
        own = self.collector.settings.window
        length = self._length(metric, own or self.settings.window)
        follows = self._length(metric, length + 1) == length + 1
        section = metric.name.partition(".")[0]
        if not follows and hasattr(self.collector.settings, section):
            return length, f"collectors.{self.name}.{section}.window"
        return length, f"collectors.{self.name}.window" if own else "window"

    def _length(self, metric: Metric, of_run: float) -> float:
        return self.collector.window_of(metric, Window(_FAR - of_run, _FAR)).length


def bind(given: Sequence[ObjectiveSettings], source: Source, *, shortened: bool = False) -> tuple[Objective, ...]:
    """Those whose metrics the collector has; raises `ConfigError` for one that cannot be judged.

    `shortened`: the windows are those of this call only; objectives that need longer ones are left out of it.
    """
    found = []
    for index, each in enumerate(given):
        unknown = [name for name in each.metrics.values() if name not in source.metrics]
        if len(unknown) == len(each.metrics):
            continue
        where = f"objectives[{index}]"
        if unknown:
            at = next(path for path, name in each.metrics.items() if name in unknown)
            raise ConfigError(f"{where}.{at}: {unknown[0]!r} is no metric of the collector that has the other one")
        bound = _of_events(each, where, source) if each.is_of_events else _of_state(each, where, source)
        if not isinstance(bound, OfEvents) or bound.window <= bound.known:
            found.append(bound)
        elif not shortened:
            _refuse_window(each, bound, where, source)
    return tuple(found)


def refuse_unknown(given: Sequence[ObjectiveSettings], known: Iterable[str]) -> None:
    """Raises `ConfigError` for the first metric that is not among the known ones."""
    names = sorted(known)
    for index, each in enumerate(given):
        for path, name in each.metrics.items():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]}?" if near else "`collect metrics` lists them"
                raise ConfigError(f"objectives[{index}].{path}: {name!r} is not a metric of these collectors; {hint}")


def _of_events(each: ObjectiveSettings, where: str, source: Source) -> OfEvents:
    assert each.good is not None and each.total is not None  # noqa: S101, PT018  checked when the file was read
    good, total = (
        _counts(given, f"{where}.{name}", source) for name, given in (("good", each.good), ("total", each.total))
    )
    if good.metric is total.metric:
        _check_part(good, total, where)
    known = min(source.window_of(one.metric)[0] for one in (good, total))
    return OfEvents(
        name=each.name,
        target=target_of(each, where),
        window=float(each.window),
        match=_match(each),
        good=good,
        total=total,
        known=known,
    )


def _check_part(good: Selection, total: Selection, where: str) -> None:
    for tag, accepted in total.tags.items():
        if tag not in good.tags or not set(good.tags[tag]) <= set(accepted):
            raise ConfigError(
                f"{where}.good.tags.{tag}: good must be a part of total, whose {tag} is {' or '.join(accepted)}"
            )
    if all(set(good.tags.get(tag) or ()) == set(total.tags.get(tag, closed or ())) for tag, closed in _named(good)):
        raise ConfigError(f"{where}.good is all of total, so it could never be missed; give good narrower tags")


def _named(selection: Selection) -> list[tuple[str, tuple[str, ...] | None]]:
    return [(tag, selection.metric.tags[tag]) for tag in selection.tags]


def _refuse_window(each: ObjectiveSettings, bound: OfEvents, where: str, source: Source) -> None:
    length, setting = min(source.window_of(one.metric) for one in (bound.good, bound.total))
    raise ConfigError(
        f"{where}.window is {format_duration(each.window)}, but {each.name!r} counts events that are known for "
        f"{format_duration(length)} only ({setting}); set {setting} to {format_duration(each.window)} or more, "
        f"or {where}.window to {format_duration(length)} or less"
    )


def _counts(given: SelectionSettings, where: str, source: Source) -> Selection:
    metric = source.metrics[given.metric]
    if metric.kind is not Kind.COUNT:
        raise ConfigError(
            f"{where}.metric: {metric.name} is a {metric.kind}, not a count of events; "
            "a gauge or a distribution is judged as a state, with metric and comparison"
        )
    return _selection(metric, given.tags, where, source)


def _selection(metric: Metric, tags: Mapping[str, str | tuple[str, ...]], where: str, source: Source) -> Selection:
    for glob in source.settings.metrics.exclude:
        if fnmatchcase(metric.name, glob):
            raise ConfigError(
                f"{where}.metric: {metric.name} is left out by metrics.exclude ({glob!r}); take it out there"
            )
    accepted = {tag: (value,) if isinstance(value, str) else value for tag, value in tags.items()}
    for tag, values in accepted.items():
        if tag not in metric.tags:
            has = f"it has {', '.join(metric.tags)}" if metric.tags else "it has none"
            raise ConfigError(f"{where}.tags.{tag} is not a tag of {metric.name}; {has}")
        if tag in source.settings.metrics.drop_tags:
            raise ConfigError(f"{where}.tags.{tag}: metrics.drop_tags sums this tag away; take it out there or here")
        closed = metric.tags[tag]
        wrong = next((value for value in values if closed is not None and value not in closed), None)
        if wrong is not None:
            raise ConfigError(f"{where}.tags.{tag}: {wrong!r} is not one of {', '.join(closed or ())}")
    return Selection(metric, accepted)


def _of_state(each: ObjectiveSettings, where: str, source: Source) -> OfState:
    assert each.metric is not None and each.comparison is not None  # noqa: S101, PT018  checked when the file was read
    metric = source.metrics[each.metric]
    _check_kind(metric, each.statistic, where)
    bound = OfState(
        name=each.name,
        target=target_of(each, where),
        window=float(each.window),
        match=_match(each),
        of=_selection(metric, each.tags, where, source),
        statistic=each.statistic or "value",
        by=each.comparison,
    )
    _check_single(bound, where, source)
    _check_target(each, bound, where)
    ledger = ledger_settings(source.settings.ledger)
    if ledger and ledger.keep < each.window:
        raise ConfigError(
            f"{where}.window is {format_duration(each.window)}, but the ledger keeps history for "
            f"{format_duration(ledger.keep)} only (ledger.keep); make one of them fit the other"
        )
    return bound


def _check_kind(metric: Metric, statistic: str | None, where: str) -> None:
    if metric.kind is Kind.CUMULATIVE:
        raise ConfigError(f"{where}.metric: {metric.name} is a running total, which no comparison fits")
    if (metric.kind is Kind.DISTRIBUTION) != (statistic is not None):
        if statistic is None:
            raise ConfigError(f"{where}.statistic is missing: {metric.name} is a distribution; give count, p50 or p95")
        raise ConfigError(f"{where}.statistic: {metric.name} is a {metric.kind} and has no {statistic}; leave it out")


def _check_single(bound: OfState, where: str, source: Source) -> None:
    """What cannot be added up must be one series: a tag with closed values has to be named.

    Several values may be, such as those of which each scope has one.
    """
    if bound.adds_up:
        return
    metric = bound.of.metric
    for tag, closed in metric.tags.items():
        left = () if tag in bound.of.tags else closed
        if left is not None and len(left) > 1 and tag not in source.settings.metrics.drop_tags:
            what = f"{metric.name} of several {tag}s" if bound.statistic == "value" else f"a {bound.statistic}"
            raise ConfigError(
                f"{where}.tags.{tag}: {what} cannot be added up; give one of {', '.join(left)}, "
                "or a list of those of which each scope has just one"
            )


def _check_target(each: ObjectiveSettings, bound: OfState, where: str) -> None:
    target, low, high = bound.target, 0.0, bound.highest
    if isinstance(each.target, str) and bound.unit != "s":
        raise ConfigError(f"{where}.target: {bound.of.metric.name} is no length of time ({bound.unit}); give a number")
    if not low <= target <= high or (bound.unit == "bool" and target not in (0, 1)):
        accepted = {"bool": "0 or 1", "1": "0 to 1"}.get(bound.unit, "0 or more")
        raise ConfigError(
            f"{where}.target: {target:g} cannot be a value of {bound.of.metric.name}; accepted is {accepted}"
        )
    verdict = _settled(bound.comparison, target, low, high)
    if verdict:
        raise ConfigError(
            f"{where}.comparison: {bound.of.metric.name} {bound.comparison} {target:g} is {verdict} true, "
            "so nobody would ever learn anything from it"
        )


def _settled(comparison: Comparison, target: float, low: float, high: float) -> str:
    """`always` or `never` where no value from `low` to `high` makes a difference, else nothing."""
    always = {">=": target <= low, ">": target < low, "<=": target >= high, "<": target > high}
    never = {">=": target > high, ">": target >= high, "<=": target < low, "<": target <= low}
    return "always" if always[comparison] else "never" if never[comparison] else ""


def _match(each: ObjectiveSettings) -> tuple[str, ...]:
    return (each.match,) if isinstance(each.match, str) else each.match
