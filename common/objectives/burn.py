"""Error budgets burning: the windows they are watched over, and when that is worth telling somebody. Pure.

A burn of 1 spends the budget in exactly the objective's window. An alert fires while both of its windows burn faster
than its factor: the long one shows that it matters, the short one that it still goes on, and ends the alert soon after
the trouble. By then `factor × long / window` of the budget is spent.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from common.window import DAY

BURN_WINDOWS = {"1d": DAY, "3d": 3 * DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""Tag value → seconds. Nothing shorter: what is looked at every 15 minutes has few events in an hour."""
MIN_EVENTS = 10
"""The least events in a window of which a burn is told."""


class BurnAlert(msgspec.Struct, frozen=True):
    """Fires while the burn of both windows is above `factor`; the windows are values of the burn's tag."""

    name: str
    long: str
    short: str
    factor: float
    severity: Literal["page", "ticket", "info"]

    def spent(self, window: float) -> float:
        """The share of the budget of an objective with this window that is spent at least when it fires."""
        return self.factor * BURN_WINDOWS[self.long] / window


BURN_ALERTS = (
    BurnAlert("fast", long="3d", short="1d", factor=2.0, severity="ticket"),
    BurnAlert("slow", long="7d", short="3d", factor=1.5, severity="info"),
)
"""Of a budget of 30 days, `fast` fires at 20 % and `slow` at 35 %; where everything fails and the target is 0.95,
`fast` after 7 hours. None pages: what is counted in days need not wake anybody."""


def enough(events: float, budget: float) -> bool:
    """Whether there are so many events that one bad one alone does not burn above 1, and at least `MIN_EVENTS`."""
    return events >= MIN_EVENTS and events * budget >= 1 - 1e-9


def lowest_target() -> float:
    """Below or at this target some alert could never fire: not even if everything failed."""
    return 1 - 1 / max(each.factor for each in BURN_ALERTS)
