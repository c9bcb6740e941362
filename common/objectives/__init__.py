"""Objectives: what should hold, as the settings say it, and how each scope stands to it."""

from __future__ import annotations

from common.metric import metrics_in
from common.objectives import metrics
from common.objectives.burn import BURN_ALERTS, BURN_WINDOWS, MIN_EVENTS, BurnAlert

__all__ = ["BURN_ALERTS", "BURN_WINDOWS", "MIN_EVENTS", "OBJECTIVES", "BurnAlert"]

OBJECTIVES = metrics_in(metrics)
"""The metrics that are told of every objective."""
