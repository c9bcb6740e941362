"""Pull requests that revert another, and those that revert a revert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.chance import around, chance
from demo.history.plan import HOUR, Plan, plan_pull

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.history.arrivals import Span
    from demo.history.shape import Shape


def with_reverts(shape: Shape, span: Span, plans: list[Plan]) -> list[Plan]:
    """The plans and their reverts, numbered later by creation."""
    found = [each for plan in plans for each in _chain(shape, span, plan, 0.04)]
    return sorted(found, key=lambda plan: (plan.created, plan.key))


def name_reverts(full_name: str, plans: list[Plan]) -> None:
    """Gives reverts the title, branch and body that GitHub's button gives, or only one of the three."""
    for plan in sorted(plans, key=lambda plan: plan.number):
        parent = plan.reverts
        if parent is None:
            continue
        luck = chance(plan.key, "how").random()
        plan.title = f'Revert "{parent.title}"' if luck < 0.8 else f"Take back {parent.title.lower()}"
        plan.branch = f"revert-{parent.number}-{parent.branch}" if luck > 0.1 else f"undo-{plan.number}"
        plan.body = f"Reverts {full_name}#{parent.number}" if luck < 0.9 else ""
        plan.fork = False


def _chain(shape: Shape, span: Span, plan: Plan, likely: float) -> Iterator[Plan]:
    yield plan
    luck = chance(plan.key, "reverted")
    if plan.merged is None or plan.base is not None or luck.random() > likely:
        return
    created = plan.merged + around(luck, 5 * HOUR)
    if created < span.last:
        yield from _chain(shape, span, plan_pull(shape, f"{plan.key}/r", created, plan), 0.15)
