"""How a dashboard of the account stands to ours. Pure."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from dashboards.remote.lock import Pushed
from dashboards.remote.normal import digest, split

State = Literal["absent", "deleted", "same", "behind", "edited", "elsewhere", "unmanaged", "retired"]
WORDS: dict[State, str] = {
    "absent": "not in the account yet",
    "deleted": "deleted in Datadog since the last push",
    "same": "as rendered",
    "behind": "as last pushed; what is rendered has changed",
    "edited": "edited in Datadog since the last push",
    "elsewhere": "pushed from somewhere else since this lock file was written",
    "unmanaged": "without our marker: somebody took it over",
    "retired": "no longer rendered",
}
REMEDY: dict[State, str] = {
    "deleted": "--force creates it anew",
    "edited": "look with diff; pull keeps the edit, --force overwrites it",
    "elsewhere": "update the lock file (git pull); --force overwrites it",
    "unmanaged": "--force takes it back",
    "retired": "delete removes it",
}
PUSHED: frozenset[State] = frozenset({"absent", "behind"})
"""What a push writes without being forced."""


class Remote(msgspec.Struct, frozen=True):
    """A dashboard as the account holds it."""

    id: str
    body: dict[str, Any]


def judge(wanted: str | None, known: Pushed | None, remote: Remote | None) -> State:
    """The state; `wanted` is the digest of what is rendered, if anything is.

    Without a lock entry of this very push only the marker tells, and what is not just as it was sent counts as edited.
    """
    if remote is None:
        return "deleted" if known and wanted else "absent"
    marker, held = split(remote.body.get("description"))[1], digest(remote.body)
    if marker is None:
        return "unmanaged"
    ours = known is not None and (known.id, known.pushed) == (remote.id, marker.digest)
    if held not in (wanted, known.stored if known and ours else marker.digest):
        return "edited"
    pulled = known is not None and ours and known.pulled
    if wanted == held or (wanted == marker.digest and not pulled):
        return "same"
    if wanted is None:
        return "retired"
    return "behind" if ours or known is None else "elsewhere"
