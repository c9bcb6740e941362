"""Where the truth is written down: gauges as numbers, counts and distributions as their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from common.window import Window
    from demo.graph import Graph
    from demo.truth.settings import Settings

Tags: TypeAlias = tuple[tuple[str, str], ...]
Key: TypeAlias = tuple[str, str, Tags]
"""(metric, owner/name, tags in order of their names)"""


class Happening(msgspec.Struct, frozen=True, order=True):
    """An event of a count or a distribution, by its own time; a count's value is how much it counts for."""

    at: float
    value: float
    id: str = ""


Truth: TypeAlias = "dict[Key, float | tuple[Happening, ...]]"


class Book:
    """What is true of one repository: of the window, as it was known at the time `at`."""

    def __init__(self, graph: Graph, settings: Settings, window: Window, at: float, bots: frozenset[str]) -> None:
        self.graph, self.repository = graph, graph.repository
        self.settings, self.window, self.at, self.bots = settings, window, at, bots
        self.gauges: dict[Key, float] = {}
        self.events: dict[Key, list[Happening]] = {}

    def kind(self, login: str | None) -> str:
        """human or bot."""
        return "bot" if self.settings.is_bot(login, self.bots) else "human"

    def other_human(self, login: str | None, author: str | None) -> bool:
        """Whether somebody is a human known by name and not the author."""
        return login is not None and login != author and self.kind(login) == "human"

    def within(self, at: float) -> bool:
        """Whether an event is in the window, and was known."""
        return at in self.window and at <= self.at

    def tell(self, metric: str, value: float | None, **tags: str) -> None:
        """A gauge; `None` is no point."""
        if value is not None:
            self.gauges[self._key(metric, tags)] = float(value)

    def count(self, metric: str, at: float, id: object = "", value: float = 1.0, **tags: str) -> None:  # noqa: A002
        """An event of a count or distribution, if it is in the window."""
        if self.within(at):
            self.events.setdefault(self._key(metric, tags), []).append(Happening(float(at), float(value), str(id)))

    def truth(self) -> Truth:
        """Everything written down."""
        return {**self.gauges, **{key: tuple(sorted(events)) for key, events in self.events.items()}}

    def _key(self, metric: str, tags: dict[str, str]) -> Key:
        return metric, self.repository.full_name, tuple(sorted(tags.items()))
