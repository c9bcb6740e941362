"""What an earlier run left in the ledger about a repository: finished things, one record each, and how far it read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from collectors.github.reading.listing import Span
from collectors.github.reading.look import Wish
from collectors.github.records import (
    Branch,
    Commit,
    Comparison,
    Deployment,
    Issue,
    PullRequest,
    Release,
    Repository,
    WorkflowRun,
)
from collectors.github.snapshot import Fact
from common.ledger import Cached, Change, Ledger, LedgerError, Record, decode_body, encode_body
from common.window import DAY, MINUTE

T = TypeVar("T")
FORMAT = "2"
"""Changes when what is kept does: then everything is read anew."""
STATE = "state"
PULL, RUN, COMMIT, DEPLOYMENT = "pull_request", "workflow_run", "commit", "deployment"
OVERLAP = 10 * MINUTE
"""How much of the time before the last run is asked for again."""


class Still(msgspec.Struct, frozen=True, kw_only=True):
    """The rest of a snapshot, for as long as nothing changes; `seen` is what the probe said."""

    seen: bytes
    url: str
    default_branch: str
    repository: Repository
    open_pulls: tuple[PullRequest, ...]
    branches: tuple[Branch, ...]
    releases: tuple[Release, ...]
    missing: dict[Fact, str]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to one look and is no record of its own."""

    end: float
    start: float
    since: float
    swept: float
    jobs: bool
    head: str | None
    environments: list[str] | None
    branch_cursors: tuple[str, ...]
    unfinished: tuple[WorkflowRun, ...]
    issues: tuple[Issue, ...]
    comparisons: tuple[Comparison, ...]
    changed_files: Comparison | None
    singles: tuple[PullRequest, ...]
    still: Still | None
    dropped: tuple[str, ...] = ()
    """Commits that are kept but no longer on the default branch: a forced push took them away."""
    look_back: float = 2 * DAY
    spans: tuple[Span, ...] = ()


class Memory(msgspec.Struct, frozen=True):
    """The state with the finished things."""

    state: State
    pulls: tuple[PullRequest, ...]
    runs: tuple[WorkflowRun, ...]
    commits: tuple[Commit, ...]
    deployments: tuple[Deployment, ...]
    versions: Mapping[tuple[str, str], float]

    @property
    def end(self) -> float:
        """When the last run looked."""
        return self.state.end

    @property
    def swept(self) -> float:
        """When the list of runs that waited longest was asked for."""
        return self.state.swept

    @property
    def head(self) -> str | None:
        """The default branch's commit at the last run."""
        return self.state.head

    @property
    def environments(self) -> list[str] | None:
        """The environments whose deployments are here; `None`: all."""
        return self.state.environments

    @property
    def branch_cursors(self) -> tuple[str, ...]:
        """Where pages of branches began."""
        return self.state.branch_cursors

    @property
    def unfinished(self) -> tuple[int, ...]:
        """Runs that had not ended."""
        return tuple(run.id for run in self.state.unfinished)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Open issues, and those closed since the time that was asked for."""
        return self.state.issues

    @property
    def commits_since(self) -> float:
        """From when on commits are asked for again: GitHub tells their own dates, not when they arrived."""
        return self.state.end - DAY

    @property
    def pulls_since(self) -> float:
        """From when on updated pull requests are asked for again."""
        return self.state.end - OVERLAP

    @property
    def issues_since(self) -> float:
        """The same of issues."""
        return self.state.end - OVERLAP


class Store(msgspec.Struct, frozen=True):
    """The ledger, and by which name this collector keeps its records there."""

    ledger: Ledger
    collector: str


def recall(store: Store, wish: Wish) -> Memory | None:
    """What is known, if it reaches back as far as is wanted; `None`: everything must be read."""
    ledger, collector, scope, start = store.ledger, store.collector, wish.scope, wish.start
    kept = ledger.cached(collector, scope, STATE)
    if kept is None or kept.etag != FORMAT:
        return None
    state = decode_body(kept.body, State, "what is known of a repository")
    covers = state.start <= start and state.since <= wish.since and state.end <= wish.window.end
    covers = covers and state.look_back >= wish.look_back
    pruned = any(ledger.floor(collector, kind) > start for kind in (PULL, RUN, COMMIT, DEPLOYMENT))
    if not covers or pruned or (wish.rules.jobs and not state.jobs):
        return None
    versions: dict[tuple[str, str], float] = {}

    def of(kind: str, type_: type[T]) -> tuple[T, ...]:
        records = ledger.records(collector, scope, kind, start - 30 * DAY)
        versions.update({(kind, each.id): each.version for each in records})
        return tuple(each.read(type_) for each in records)

    commits = tuple(each for each in of(COMMIT, Commit) if each.sha not in frozenset(state.dropped))
    return Memory(state, of(PULL, PullRequest), of(RUN, WorkflowRun), commits, of(DEPLOYMENT, Deployment), versions)


class Finished(msgspec.Struct, frozen=True):
    """What a run read and later runs need not."""

    pulls: Iterable[PullRequest]
    runs: Iterable[WorkflowRun]
    commits: Iterable[Commit]
    deployments: Iterable[Deployment]


def answer(store: Store, scope: str, key: str) -> Cached | None:
    """What GitHub answered the last time; a ledger that cannot be read only makes the request dearer."""
    try:
        return store.ledger.cached(store.collector, scope, key)
    except LedgerError:
        return None


def change(
    store: Store,
    scope: str,
    state: State,
    memory: Memory | None,
    read: Finished,
    answers: Mapping[str, Cached],
) -> Change:
    """What to commit: records that are new or newer than those in the memory, and the state."""
    known = memory.versions if memory else {}
    records = (
        *(_record(PULL, str(each.number), each.updated, each.updated, each) for each in read.pulls),
        *(_record(RUN, str(each.id), each.completed or each.created, float(each.attempt), each) for each in read.runs),
        *(_record(COMMIT, each.sha, each.committed, each.committed, each) for each in read.commits),
        *(_record(DEPLOYMENT, str(each.id), each.created, _touched(each), each) for each in read.deployments),
    )
    fresh = tuple(each for each in records if known.get((each.kind, each.id)) != each.version)
    return Change(
        collector=store.collector,
        scope=scope,
        records=fresh,
        cache={**answers, STATE: Cached(FORMAT, encode_body(state), state.end)},
        watermarks={"read_until": state.end},
    )


def _record(kind: str, id_: str, at: float, version: float, value: object) -> Record:
    return Record(kind, id_, at, version, encode_body(value))


def _touched(deployment: Deployment) -> float:
    return max((each.at for each in deployment.statuses), default=deployment.created)
