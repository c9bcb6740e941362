"""What GitHub's GraphQL answers look like: typed, so that a surprise is an error and never a number. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

T = TypeVar("T")


class Raw(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """A part of an answer."""


class Count(Raw, frozen=True):
    total_count: int


class PageInfo(Raw, frozen=True):
    has_next_page: bool
    end_cursor: str | None = None


class Edge(Raw, frozen=True):
    cursor: str


class Page(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """One page of a connection."""

    nodes: tuple[T, ...]
    page_info: PageInfo = PageInfo(has_next_page=False)
    total_count: int | None = None
    edges: tuple[Edge, ...] = ()

    @property
    def cut(self) -> bool:
        """Whether there is more than is here."""
        return self.page_info.has_next_page or (self.total_count or 0) > len(self.nodes)


class RawActor(Raw, frozen=True):
    login: str
    typename: str = msgspec.field(name="__typename")


class RawUser(Raw, frozen=True):
    login: str


class RawAuthor(Raw, frozen=True):
    name: str | None
    email: str | None
    user: RawUser | None


class Oid(Raw, frozen=True):
    oid: str


class RawParents(Raw, frozen=True):
    total_count: int
    nodes: tuple[Oid, ...] = ()


class RawAssociated(Raw, frozen=True):
    number: int
    base_ref_name: str
    merged_at: datetime | None


class RawCommit(Raw, frozen=True):
    oid: str
    authored_date: datetime
    committed_date: datetime
    message: str
    author: RawAuthor | None
    parents: RawParents
    additions: int = 0
    deletions: int = 0
    associated_pull_requests: Page[RawAssociated] | UnsetType | None = UNSET


class RawSizedCommit(RawCommit, frozen=True, kw_only=True):
    """A commit whose lines were asked for."""

    additions: int
    deletions: int


class RawLabel(Raw, frozen=True):
    name: str


class RawReview(Raw, frozen=True):
    id: str


class RawReviewed(Raw, frozen=True, tag_field="__typename", tag="PullRequestReview"):
    id: str
    state: str
    submitted_at: datetime | None
    author: RawActor | None
    comments: Count


class RawDismissed(Raw, frozen=True, tag_field="__typename", tag="ReviewDismissedEvent"):
    created_at: datetime
    previous_review_state: str
    review: RawReview | None


class RawCommented(Raw, frozen=True, tag_field="__typename", tag="IssueComment"):
    created_at: datetime


class RawReady(Raw, frozen=True, tag_field="__typename", tag="ReadyForReviewEvent"):
    created_at: datetime


class RawDrafted(Raw, frozen=True, tag_field="__typename", tag="ConvertToDraftEvent"):
    created_at: datetime


class RawClosed(Raw, frozen=True, tag_field="__typename", tag="ClosedEvent"):
    created_at: datetime


class RawReopened(Raw, frozen=True, tag_field="__typename", tag="ReopenedEvent"):
    created_at: datetime


class RawQueued(Raw, frozen=True, tag_field="__typename", tag="AddedToMergeQueueEvent"):
    created_at: datetime


class RawUnqueued(Raw, frozen=True, tag_field="__typename", tag="RemovedFromMergeQueueEvent"):
    created_at: datetime
    reason: str | None


RawStep = (
    RawReviewed
    | RawDismissed
    | RawCommented
    | RawReady
    | RawDrafted
    | RawClosed
    | RawReopened
    | RawQueued
    | RawUnqueued
)
"""An item of a timeline; no other type is asked for."""


class RawState(Raw, frozen=True):
    state: str


class RawMerge(Raw, frozen=True):
    oid: str
    parents: Count


class RawOwnCommit(Raw, frozen=True):
    commit: RawCommit


class RawOwnSizedCommit(RawOwnCommit, frozen=True):
    commit: RawSizedCommit


class RawPull(Raw, frozen=True):
    number: int
    created_at: datetime
    updated_at: datetime
    state: str
    title: str
    body: str
    base_ref_name: str
    head_ref_name: str
    is_draft: bool
    closed_at: datetime | None
    merged_at: datetime | None
    author: RawActor | None
    labels: Page[RawLabel]
    timeline_items: Page[RawStep] | None = None
    merge_commit: RawMerge | None = None
    additions: int | UnsetType = UNSET
    deletions: int | UnsetType = UNSET
    changed_files: int | UnsetType = UNSET
    review_decision: str | UnsetType | None = UNSET
    mergeable: str | UnsetType = UNSET
    is_in_merge_queue: bool | UnsetType = UNSET
    status_check_rollup: RawState | UnsetType | None = UNSET


class RawOpenPull(RawPull, frozen=True, kw_only=True):
    """What must be there of an open one."""

    timeline_items: Page[RawStep]


class RawClosedPull(RawPull, frozen=True, kw_only=True):
    """What must be there of a closed one that is read in full."""

    timeline_items: Page[RawStep]
    merge_commit: RawMerge | None
    commits: Page[RawOwnSizedCommit] | UnsetType = UNSET


class RawOlderPull(RawPull, frozen=True, kw_only=True):
    """What must be there of one that was last touched long ago."""

    merge_commit: RawMerge | None
    commits: Page[RawOwnCommit] | UnsetType = UNSET


class RawDeploymentStatus(Raw, frozen=True):
    state: str
    created_at: datetime


class RawDeployment(Raw, frozen=True):
    database_id: int
    commit_oid: str
    created_at: datetime
    environment: str
    task: str | None
    ref: RawLabel | None
    statuses: Page[RawDeploymentStatus]


class RawRelease(Raw, frozen=True):
    tag_name: str
    name: str | None
    is_draft: bool
    is_prerelease: bool
    created_at: datetime
    published_at: datetime | None
    tag_commit: Oid | None


class RawIssue(Raw, frozen=True):
    number: int
    created_at: datetime
    updated_at: datetime
    title: str
    state: str
    labels: Page[RawLabel]
    timeline_items: Page[RawClosed]


class RawTarget(Raw, frozen=True):
    typename: str = msgspec.field(name="__typename")
    committed_date: datetime | None = None


class RawBranch(Raw, frozen=True):
    name: str
    target: RawTarget | None


class RawCheckRun(Raw, frozen=True):
    name: str
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None


class RawSuite(Raw, frozen=True):
    id: str = ""
    check_runs: Page[RawCheckRun] | None = None


class RawTip(Raw, frozen=True):
    oid: str
    total: Count
    history: Page[RawSizedCommit]
    status_check_rollup: RawState | UnsetType | None = UNSET
