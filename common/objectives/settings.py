"""Objectives as the settings give them, and what can be said of them without knowing the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from common.duration import Duration, format_duration, parse_duration
from common.errors import ConfigError
from common.objectives.burn import lowest_target
from common.strict import shown
from common.window import DAY, WEEK

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="1 to 63 lower-case letters, digits, _ and -, beginning with a letter",
    ),
]
Number = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Several = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class SelectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A count, or the part of it with these tags."""

    metric: str
    """A count of the catalogue."""
    tags: dict[str, str | Several] = {}
    """Tag → value, or several; a tag that is not named may have any."""


class ObjectiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What should hold: of events `good` of `total`, or of a state a `comparison` of a `metric`; each with `target`."""

    name: Name
    """The tag `objective` of all that is told of it."""
    good: SelectionSettings | None = None
    """Events: the good ones."""
    total: SelectionSettings | None = None
    """Events: all that count, the good ones among them."""
    metric: str | None = None
    """State: a metric of the catalogue."""
    tags: dict[str, str | Several] = {}
    """State: tag → value, or several, until one series is left or some that can be added up."""
    statistic: Literal["count", "p50", "p95"] | None = None
    """State: which one of a distribution."""
    comparison: Literal["<=", "<", ">=", ">"] | None = None
    """State: how the value must stand to the target. A metric in `unix` is compared as an age."""
    target: Number | Annotated[str, msgspec.Meta(description="a length of time such as 24h")]
    """Events: the share of good ones, above 0.5 and below 1. State: a number, or for times a length such as `24h`."""
    window: Duration = Duration(WEEK)
    """The time it is judged over, a day or more; for events no longer than the metrics' own window."""
    match: str | Several = "*"
    """The scopes it is for, as in a rollup; a rollup has it too if it is for all of the rollup's scopes."""

    @property
    def is_of_events(self) -> bool:
        """Whether it is of good and of all events, not of a state."""
        return self.good is not None

    @property
    def metrics(self) -> dict[str, str]:
        """The metrics that it names, by the setting that does."""
        if self.good is not None and self.total is not None:
            return {"good.metric": self.good.metric, "total.metric": self.total.metric}
        return {"metric": self.metric or ""}


def check_objectives(given: Sequence[ObjectiveSettings]) -> None:
    """Raises `ConfigError` for what is wrong with them, whatever their metrics are."""
    for index, each in enumerate(given):
        where = f"objectives[{index}]"
        if each.name in (earlier.name for earlier in given[:index]):
            raise ConfigError(f"{where}.name: {each.name!r} is the name of an earlier one; choose another")
        _check_type(each, where)
        if each.window < DAY:
            raise ConfigError(f"{where}.window: {format_duration(each.window)} is too short; accepted is 1d or more")
        if each.is_of_events:
            _check_events(each, where)
        else:
            target_of(each, where)


def target_of(each: ObjectiveSettings, where: str) -> float:
    """The target as a number, lengths of time in seconds; raises `ConfigError`."""
    if isinstance(each.target, str):
        try:
            return float(parse_duration(each.target))
        except ValueError as error:
            raise ConfigError(f"{where}.target: {error}; found {shown(each.target)}") from None
    return float(each.target)


def _check_type(each: ObjectiveSettings, where: str) -> None:
    of_events = [name for name in ("good", "total") if getattr(each, name) is not None]
    of_state = [name for name in ("metric", "tags", "statistic", "comparison") if getattr(each, name)]
    if of_events and of_state:
        raise ConfigError(
            f"{where} has both {of_events[0]} and {of_state[0]}: give good and total for events, "
            "or metric and comparison for a state"
        )
    wanted = ("good", "total") if of_events else ("metric", "comparison")
    missing = next((name for name in wanted if getattr(each, name) is None), None)
    if missing and not of_events and not of_state:
        raise ConfigError(f"{where} needs good and total for events, or metric and comparison for a state")
    if missing:
        raise ConfigError(f"{where}.{missing}: {' and '.join(wanted)} go together; found nothing")


def _check_events(each: ObjectiveSettings, where: str) -> None:
    target = each.target
    if isinstance(target, str) or not 0 < target < 1:
        raise ConfigError(
            f"{where}.target: expected a share above 0 and below 1 such as 0.95, found {shown(target)}; "
            "a target of 1 leaves no budget for errors"
        )
    if target <= lowest_target():
        raise ConfigError(
            f"{where}.target: at {shown(target)} an alert on its error budget could never fire, not even if all "
            f"events were bad; give more than {lowest_target():g}"
        )
    if each.good == each.total:
        raise ConfigError(f"{where}.good is the same as total, so it could never be missed; give good tags of its own")
