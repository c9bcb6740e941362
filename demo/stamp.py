"""Times as GitHub writes them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=65_536)
def stamp(at: float) -> str:
    """`2026-01-31T09:00:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def maybe(at: float | None) -> str | None:
    """The same, or nothing."""
    return None if at is None else stamp(at)


def http_date(at: float) -> str:
    """`Sat, 31 Jan 2026 09:00:00 GMT`."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at))


@lru_cache(maxsize=4_096)
def parse(text: str) -> float:
    """Unix seconds of an ISO 8601 time or day; without an offset it is UTC. Raises `ValueError` for anything else."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
