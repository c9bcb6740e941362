"""Forgetting what is older than the setting says, once a day."""

from __future__ import annotations

from common.ledger.records import Change, Ledger

TENDED = "tended"
DAY = 86_400


def tend(ledger: Ledger, collector: str, now: float, keep: float) -> dict[str, int]:
    """Prune what is older than `keep` seconds unless that was done within the last day; how many of each kind."""
    if not ledger.keeps or ledger.watermarks(collector, "").get(TENDED, 0.0) > now - DAY:
        return {}
    removed = ledger.prune(now - keep)
    ledger.commit(Change(collector=collector, watermarks={TENDED: now}))
    return removed
