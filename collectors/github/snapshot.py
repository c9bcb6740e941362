"""One repository at one moment: what was read of it, what could not be, and the rules to judge it by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import msgspec

from collectors.github.deployments import Wanted, delivery_of, settle
from collectors.github.landing import Landed, landings
from collectors.github.records import (
    Branch,
    Commit,
    Comparison,
    Deployment,
    Issue,
    PullRequest,
    Release,
    Repository,
    Runner,
    Unavailable,
    WorkflowRun,
    known,
)
from collectors.github.rules import Rules
from common.delivery import Delivery
from common.errors import MetricError
from common.metric import Basis
from common.window import Window

Fact = Literal[
    "review_decision",
    "checks",
    "mergeable",
    "merge_queue",
    "reviews",
    "timeline",
    "comments",
    "sizes",
    "pull_commits",
    "associated_pulls",
    "head_checks",
    "vulnerability_alerts",
    "jobs",
]
"""Parts of a record that a right or an older server may withhold while the rest is known."""


NOT_READ = Unavailable("it was not read")


class GitHubSnapshot(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """One repository; `window.end` is now.

    Each section is complete from `since` on (`delivery_window.start` for what delivery needs), or says why it is not
    there. `closed_pulls` are those not open now and updated since. `commits` are the default branch's by committer
    date, from the older of the two times on. `runs` are completed ones; `deployments` and `releases` include the last
    successful, published one before. `comparisons` are those that `deployments.wanted` asked for; `environment` is the
    tag where the source of deployments has none. `read_at` is when all of it was read in full; `None`: now.
    `only_probed`: this run asked no more than whether anything changed.
    """

    scope: str
    url: str
    default_branch: str
    window: Window
    delivery_window: Window
    since: float
    rules: Rules
    environment: str = "production"
    read_at: float | None = None
    only_probed: bool = False
    repository: Repository | Unavailable = NOT_READ
    open_pulls: tuple[PullRequest, ...] | Unavailable = NOT_READ
    closed_pulls: tuple[PullRequest, ...] | Unavailable = NOT_READ
    commits: tuple[Commit, ...] | Unavailable = NOT_READ
    changed_files: Comparison | Unavailable | None = NOT_READ
    branches: tuple[Branch, ...] | Unavailable = NOT_READ
    runs: tuple[WorkflowRun, ...] | Unavailable = NOT_READ
    active_runs: tuple[WorkflowRun, ...] | Unavailable = NOT_READ
    open_issues: tuple[Issue, ...] | Unavailable = NOT_READ
    closed_issues: tuple[Issue, ...] | Unavailable = NOT_READ
    releases: tuple[Release, ...] | Unavailable = NOT_READ
    deployments: tuple[Deployment, ...] | Unavailable = NOT_READ
    comparisons: tuple[Comparison, ...] = ()
    runners: tuple[Runner, ...] | Unavailable = NOT_READ
    missing: Mapping[Fact, str] = {}

    @property
    def basis(self) -> Basis:
        """Of numbers about now that may change without a trace in a probe."""
        return "stale" if self.only_probed else "measured"

    def need(self, *facts: Fact) -> None:
        """Raise `MetricError` with the reason if one of these facts could not be read."""
        for fact in facts:
            if fact in self.missing:
                raise MetricError(self.missing[fact])

    @cached_property
    def pulls(self) -> tuple[PullRequest, ...]:
        """Open pull requests and those closed since; raises `MetricError` where either could not be read."""
        return known(self.open_pulls) + known(self.closed_pulls)

    @cached_property
    def merged(self) -> tuple[PullRequest, ...]:
        """Merged pull requests; raises `MetricError` where they could not be read."""
        return tuple(pull for pull in known(self.closed_pulls) if pull.merged is not None)

    @cached_property
    def landed(self) -> tuple[Landed, ...]:
        """The default branch's commits with their landing; raises `MetricError` where that cannot be known."""
        self.need("associated_pulls", "pull_commits")
        return landings(known(self.commits), known(self.closed_pulls), self.default_branch)

    @cached_property
    def settled(self) -> tuple[Delivery, Wanted]:
        """The deployments as far as they can be told, and what must still be read; raises `MetricError`."""
        return settle(self)

    @cached_property
    def delivery(self) -> Delivery:
        """The deployments of each environment; raises `MetricError` where their source could not be read."""
        return delivery_of(self)
