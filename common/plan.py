"""What a run is asked to do. Pure."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Mapping

import msgspec

from common.metric import Metric
from common.objectives.record import Objective
from common.rollup import Rollup
from common.shard import Shard
from common.sinks import RunKey
from common.window import BUCKET, CATCH_UP, DAY, SETTLE, Window, closed_until


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do, apart from the collector and the sinks."""

    key: RunKey
    window: Window
    dry: bool
    release: str = "0"
    settle: float = SETTLE
    catch_up: float = CATCH_UP
    schedule_interval: float = 900
    only: str = "*"
    exclude: tuple[str, ...] = ()
    drop_tags: frozenset[str] = frozenset()
    tags: Mapping[str, str] = {}
    shard: Shard = Shard()
    rollups: tuple[Rollup, ...] = ()
    objectives: tuple[Objective, ...] = ()
    keep: float = 400 * DAY
    """How long the ledger keeps what is finished."""

    @property
    def closed_until(self) -> int:
        """The end of the newest closed bucket."""
        return closed_until(self.window.end, self.settle)

    @property
    def owed_by_default(self) -> float:
        """Nothing, where no sink says more; in a dry run, which asks none, the hour that Datadog would still take."""
        return self.closed_until - (4 * BUCKET if self.dry else 0)

    @property
    def earliest(self) -> int:
        """The start of the oldest bucket that this run would still count."""
        return math.ceil((self.window.end - self.catch_up) / BUCKET) * BUCKET

    def selects(self, metric: Metric) -> bool:
        """Whether the metric is computed in this run."""
        return fnmatch.fnmatchcase(metric.name, self.only) and not any(
            fnmatch.fnmatchcase(metric.name, glob) for glob in self.exclude
        )
