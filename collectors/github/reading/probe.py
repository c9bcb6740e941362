"""One request for a hundred repositories: which have changed since they were read, and what the others still are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from collectors.github.client.api import Api, Lacking
from collectors.github.client.errors import CredentialsError
from collectors.github.reading.look import Wish
from collectors.github.reading.memory import Memory, Still
from collectors.github.snapshot import GitHubSnapshot
from common.errors import DeadlineError, FetchError
from common.window import HOUR

TOGETHER = 100
YOUNGEST = HOUR
"""How long a repository may go unread: what a probe cannot see is no older than that."""


def prints(api: Api, scopes: Sequence[str]) -> dict[str, bytes]:
    """What GitHub says of each repository in short, for comparison only; nothing of those that it does not show."""
    found: dict[str, bytes] = {}
    for start in range(0, len(scopes), TOGETHER):
        part = scopes[start : start + TOGETHER]
        try:
            found |= _asked(api, part)
        except (DeadlineError, CredentialsError):
            raise
        except FetchError:
            continue
    return found


def _asked(api: Api, scopes: Sequence[str]) -> dict[str, bytes]:
    wanted = {}
    for index, scope in enumerate(scopes):
        wanted[f"owner{index}"], _, wanted[f"name{index}"] = scope.partition("/")
    raws = api.ask("probe", wanted, dict[str, msgspec.Raw], Lacking(), times=len(scopes), some=True)
    told = {scope: bytes(raws.get(f"repository{index}", b"null")) for index, scope in enumerate(scopes)}
    return {scope: text for scope, text in told.items() if text != b"null"}


def unchanged(memory: Memory | None, seen: bytes | None, wish: Wish) -> GitHubSnapshot | None:
    """What was read of a repository of which nothing changed; `None` where it must be read.

    Not while a run, a check or a merge is being worked out, and not for longer than an hour.
    """
    still = memory.state.still if memory else None
    if memory is None or still is None or seen is None or still.seen != seen:
        return None
    pending = any(pull.checks in {"PENDING", "EXPECTED"} or pull.mergeable == "UNKNOWN" for pull in still.open_pulls)
    due = memory.end <= wish.window.end - YOUNGEST or memory.unfinished or pending
    return None if due or wish.rules.runners else _rebuilt(memory, still, wish)


def _rebuilt(memory: Memory, still: Still, wish: Wish) -> GitHubSnapshot:
    state, opened = memory.state, {pull.number for pull in still.open_pulls}
    closed = {pull.number: pull for pull in (*state.singles, *memory.pulls) if pull.number not in opened}
    return GitHubSnapshot(
        scope=wish.scope,
        url=still.url,
        default_branch=still.default_branch,
        window=wish.window,
        delivery_window=wish.delivery_window,
        since=wish.since,
        rules=wish.rules,
        environment=wish.environment,
        repository=still.repository,
        open_pulls=still.open_pulls,
        closed_pulls=tuple(closed[number] for number in sorted(closed)),
        commits=tuple(each for each in memory.commits if each.committed >= wish.start),
        branches=still.branches,
        runs=memory.runs,
        active_runs=(),
        open_issues=tuple(each for each in state.issues if each.open),
        closed_issues=tuple(each for each in state.issues if not each.open),
        releases=still.releases,
        deployments=memory.deployments,
        comparisons=state.comparisons,
        missing=still.missing,
    )
