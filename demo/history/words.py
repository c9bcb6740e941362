"""Titles, branches, bodies and labels: plain ones, and those that a careless pattern takes for something else."""

from __future__ import annotations

from demo.chance import chance
from demo.history import people

VERBS = ("Add", "Remove", "Speed up", "Rename", "Document", "Test", "Simplify", "Guard")
THINGS = ("the cart", "retries", "the login page", "rate limits", "the cache", "uploads", "the index", "time zones")
TRAPS = (
    "Document the hotfixes page",
    "Do not revert to the old cache",
    "Reverted colours in the legend",
    "Explain how a nohotfix label works",
)
LONG = "so that nobody has to remember the order in which these two settings are read at start"


def title(key: str) -> str:
    """A pull request's title."""
    random = chance(key, "title")
    luck = random.random()
    if luck < 0.03:
        return f"Hotfix: {random.choice(THINGS)} again"
    if luck < 0.07:
        return random.choice(TRAPS)
    plain = f"{random.choice(VERBS)} {random.choice(THINGS)}"
    return f"{plain} {LONG}" if luck > 0.95 else plain


def body(key: str) -> str:
    """A pull request's description."""
    return "SIMULATED. This never happened." if chance(key, "body").random() < 0.9 else ""


def branch(key: str) -> str:
    """A head branch; two pull requests may share one, and a fork's may be called like the default branch."""
    random = chance(key, "branch")
    return f"work/{random.choice(VERBS).lower().replace(' ', '-')}-{random.randint(1, 10**6)}"


def labels(key: str, text: str, author: str | None) -> tuple[str, ...]:
    """A pull request's labels."""
    random = chance(key, "labels")
    found = ["dependencies"] if author == people.UPDATER else []
    if text.startswith("Hotfix") and random.random() < 0.7:
        found.append("hotfix")
    return tuple(found)
