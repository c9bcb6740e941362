"""The simulated organisation: its repositories, its accounts, what it is at a time, and its own truth."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from demo.graph import Graph
from demo.history import Span, shapes, write_repository
from demo.history.people import ACCOUNTS, BOT_ACCOUNTS, MACHINE
from demo.traffic import Traffic
from demo.truth import Settings, Truth, repository_truth
from demo.world import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from common.window import Window
    from demo.records import Account, Repository

OWNER = "simulated-acme"
DAY = 86_400
CLASSES = (("bug", "bug"), ("incident", "incident"), ("feature", "feature"))


class Organisation:
    """A year of history before `end` and `ahead` seconds after it; deterministic for its arguments."""

    def __init__(
        self, seed: int = 1, size: str = "small", end: float = 1_790_000_000, *,
        ahead: float = 3 * DAY, traffic: Traffic | None = None, pace: float = 1.0,
    ) -> None:  # fmt: skip
        last = round(end)
        span = Span(last - 365 * DAY, last, last + round(ahead), traffic or Traffic(), pace)
        written = [write_repository(seed, OWNER, index, shape, span) for index, shape in enumerate(shapes(size))]
        self._settle(OWNER, written)
        self.end, self.seed, self.size = float(end), seed, size

    @classmethod
    def of(cls, repositories: Iterable[Repository], settings: Settings | None = None) -> Organisation:
        """An organisation of histories written by hand."""
        made = cls.__new__(cls)
        written = list(repositories)
        made._settle(written[0].owner if written else OWNER, written, settings)
        made.end, made.seed, made.size = 0.0, 0, "by hand"
        return made

    def _settle(self, owner: str, written: list[Repository], settings: Settings | None = None) -> None:
        self.owner = owner
        self.repositories: Mapping[str, Repository] = {one.full_name: one for one in written}
        self.settings = settings or Settings(
            bots=(MACHINE,), issue_classes=CLASSES, required_workflows={f"{owner}/web": ("ci.yml", "lint.yml")}
        )
        self.accounts: Mapping[str, Account] = ACCOUNTS
        self.bots = BOT_ACCOUNTS

    @cached_property
    def graphs(self) -> dict[str, Graph]:
        """The commit graph of every repository, by owner/name."""
        return {name: Graph(repository) for name, repository in self.repositories.items()}

    def at(self, time: float) -> View:
        """What GitHub would show at that time: nothing later exists yet."""
        return View(self, time)

    def truth(
        self, window: Window, at: float, settings: Settings | None = None, repositories: Iterable[str] | None = None
    ) -> Truth:
        """Every number of the github and delivery sections: gauges as numbers, counts and distributions as events.

        Computed from the history, not through the API. `repositories` are owner/name; absent: all.
        """
        found: Truth = {}
        for name in repositories if repositories is not None else self.repositories:
            found |= repository_truth(self.graphs[name], settings or self.settings, window, at, self.bots)
        return found
