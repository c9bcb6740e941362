"""What a run ends with: one frozen record for health metrics, the console and the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from common.collector import Failure
from common.errors import ExitCode
from common.meter import Usage
from common.objectives.record import Verdict
from common.sample import Sample
from common.window import Window

Outcome = Literal["success", "partial", "failed"]
OUTCOMES: tuple[str, ...] = ("success", "partial", "failed")


class Gap(msgspec.Struct, frozen=True):
    """Seconds of a scope whose events a sink was owed and will not get."""

    scope: str
    sink: str
    seconds: float


class Submission(msgspec.Struct, frozen=True):
    """What one sink took, or would take in a dry run; `error` where it took nothing."""

    sink: str
    series: int = 0
    payload: int = 0
    requests: int = 0
    rejected: int = 0
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One look of one collector. Times are Unix seconds."""

    collector: str
    window: Window
    started: float
    ended: float
    dry: bool
    release: str
    schedule_interval: float
    scopes: tuple[str, ...]
    scopes_read: tuple[str, ...]
    samples: tuple[Sample, ...]
    failures: tuple[Failure, ...] = ()
    gaps: tuple[Gap, ...] = ()
    submissions: tuple[Submission, ...] = ()
    usage: Usage = Usage()
    late_events: int | None = None
    coverage: Mapping[str, tuple[int, int]] = {}
    """Of metrics that leave records out: how many were read, and of how many."""
    without_value: tuple[tuple[str, str], ...] = ()
    """(scope, metric) pairs that were computed and have no number, such as a ratio of nothing."""
    verdicts: tuple[Verdict, ...] = ()
    """How scopes and rollups stand to the objectives."""
    skipped: tuple[str, ...] = ()
    """Metrics that this run was told to leave out."""
    last_success: float | None = None
    stopped: Literal["deadline", "signal"] | None = None

    @property
    def outcome(self) -> Outcome:
        """Success, partial when something is missing, failed when nothing was read or a sink did not take the data."""
        nothing_read = not self.scopes_read and bool(self.scopes or self.failures)
        if nothing_read or any(each.error for each in self.submissions):
            return "failed"
        return "partial" if self.failures or any(each.rejected for each in self.submissions) else "success"

    def exit_code(self, *, strict: bool = False) -> ExitCode:
        """What the process should end with."""
        if self.stopped == "signal":
            return ExitCode.TERMINATED
        if self.stopped == "deadline" and not self.scopes_read:
            return ExitCode.DEADLINE
        missing = self.outcome == "failed" or (strict and self.outcome == "partial")
        return ExitCode.FAILED if missing else ExitCode.OK
