"""Small records for metric tests."""

from __future__ import annotations

from collectors.git.records import Commit, GitSnapshot, Person
from common.delivery import Delivery
from common.window import DAY, HOUR, Window

NOON = 1_700_049_600
WEEK = Window(NOON - 7 * DAY, NOON)
ANN = Person("ann@x", "Ann", False)
BEN = Person("ben@x", "Ben", False)
BOT = Person("renovate[bot]@x", "renovate[bot]", True)


def commit(sha="c1", landed=NOON - HOUR, authored=NOON - 2 * HOUR, author=ANN, **facts):
    return Commit(sha, landed, authored, author, "work", **facts)


def snapshot(*commits, **facts):
    return GitSnapshot(
        scope="acme/pay", window=WEEK, stale_after=30 * DAY, delivery=Delivery(WEEK), commits=commits, **facts
    )


def empty_snapshot():
    """A clone without commits."""
    return snapshot()
