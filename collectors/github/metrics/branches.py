"""Branches."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.github.records import known
from collectors.github.snapshot import GitHubSnapshot
from common.metric import Point, metric, point


@metric(
    "github.branch.existing",
    unit="{branch}",
    tags={"activity": ("active", "stale")},
    better="lower",
    semconv="vcs.ref.count",
)
def branches(snapshot: GitHubSnapshot) -> Iterator[Point]:
    """Branches besides the default one.

    Stale: the tip's committer date is longer ago than the setting `branch_stale_after`, 30 days by default.
    """
    oldest = snapshot.window.end - snapshot.rules.branch_stale_after
    others = [branch for branch in known(snapshot.branches) if branch.name != snapshot.default_branch]
    for activity, stale in (("active", False), ("stale", True)):
        these = [f"branch:{branch.name}" for branch in others if (branch.tip_time < oldest) is stale]
        yield point(len(these), of=these, activity=activity)
