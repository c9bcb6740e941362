"""How the text that a backfill writes is read."""

from __future__ import annotations

import re

from prometheus_client.openmetrics.parser import text_string_to_metric_families

LANDED = "git_commit_landed_total"


def last_values(text, name):
    """The last total of each series before it returns to 0, by its labels; the whole text must be OpenMetrics."""
    assert list(text_string_to_metric_families(text))
    points = {}
    for labels, value in re.findall(rf"^{name}\{{(.*)\}} (\S+) \d+$", text, re.MULTILINE):
        points.setdefault(tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels))), []).append(float(value))
    assert all(values[0] == values[-1] == 0 for values in points.values())
    return {labels: values[-2] for labels, values in points.items()}
