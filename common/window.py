"""Half-open spans of time and the aligned 15-minute buckets that events are counted in. Times are Unix seconds, UTC."""

from __future__ import annotations

import math

import msgspec

from common.errors import ConfigError

BUCKET = 900
MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
SETTLE = 2 * MINUTE
"""How long after its end a bucket may still change at the source; the default of the setting `settle`."""
CATCH_UP = 7 * DAY
"""How far back a run counts what earlier runs missed; the default of the setting `catch_up`."""
CLOCKS_APART = MINUTE
"""How far our clock and a source's may differ before that is told, and the earlier of the two ends the run."""


class Window(msgspec.Struct, frozen=True):
    """The half-open span `[start, end)`; `t in window` tells whether an event belongs to it."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end) and self.start <= self.end):
            raise ConfigError(f"a window must not end before it starts: {self.start} to {self.end}")

    def __contains__(self, time: float) -> bool:
        return self.start <= time < self.end

    @property
    def length(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start


def window_ending(end: float, length: float) -> Window:
    """The window of `length` seconds before `end`, never starting before the epoch."""
    return Window(max(0.0, end - length), end)


def agreed(window: Window, ahead: float | None) -> Window:
    """The window, ended by the source's clock where ours is `ahead` of it by more than `CLOCKS_APART` seconds."""
    if ahead is None or ahead <= CLOCKS_APART:
        return window
    return window_ending(max(0.0, window.end - ahead), window.length)


def bucket_start(time: float) -> int:
    """The start of the aligned bucket that `time` falls in."""
    return math.floor(time / BUCKET) * BUCKET


def closed_until(end: float, settle: float = SETTLE) -> int:
    """The end of the newest bucket that no longer changes at `end`: buckets before it may leave the house."""
    return bucket_start(end - settle)
