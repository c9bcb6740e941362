"""Quick looks at many repositories at once: which have changed since they were read, and what the others still are."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from collectors.github import parse
from collectors.github.client.api import Api, Lacking
from collectors.github.client.errors import CredentialsError
from collectors.github.raw import Count, Raw, RawRelease, RawState
from collectors.github.reading.listing import SWEEP
from collectors.github.reading.look import Wish
from collectors.github.reading.memory import Memory, Still
from collectors.github.snapshot import GitHubSnapshot
from common.errors import DeadlineError, FetchError
from common.window import BUCKET, DAY, HOUR

T = TypeVar("T")
TOGETHER, FEWER, FEWEST = 100, 50, 20
"""How many repositories a probe looks at; where it also looks at open pull requests; and where GitHub is too slow."""
PULLS = 20
"""As many open pull requests of each as are looked at together."""
YOUNGEST = HOUR
"""How old what a probe cannot see may become."""
ANEW = DAY
"""How often a repository is read though a probe saw nothing: this heals what a probe should have seen and did not."""
BUSY = DAY
"""How long after a workflow run somebody may run it again: then what a probe cannot see is looked at every `SWEEP`."""


class _Pull(Raw, frozen=True):
    number: int
    mergeable: str | UnsetType | None = UNSET
    status_check_rollup: RawState | UnsetType | None = UNSET


class _Pulls(Raw, frozen=True):
    total_count: int
    nodes: tuple[_Pull, ...]


class _Releases(Raw, frozen=True):
    nodes: tuple[RawRelease, ...]


class Unseen(Raw, frozen=True):
    """What changes without a trace in the probe."""

    pull_requests: _Pulls
    releases: _Releases
    vulnerability_alerts: Count | UnsetType | None = UNSET


class Probes:
    """The quick looks of one run, in the background; what no probe can see is looked at where somebody asks."""

    def __init__(self, api: Api, scopes: Sequence[str], now: float, pool: Executor) -> None:
        self._api, self._pool = api, pool
        parts = _parts(scopes, TOGETHER)
        self._prints: dict[str, Future[dict[str, bytes]]] = {}
        for part in parts:
            self._prints |= dict.fromkeys(part, pool.submit(_prints, api, part))
        turns = _parts([scope for scope in scopes if in_turn(scope, now, SWEEP)], FEWER)
        self._turns = {scope: part for part in turns for scope in part}
        self._asked: dict[str, Future[dict[str, Unseen]]] = {}
        self._lock = threading.Lock()

    def print_of(self, scope: str) -> bytes | None:
        """What GitHub says of the repository in short, for comparison only; `None` where it does not show it."""
        found = self._prints.get(scope)
        return found.result().get(scope) if found else None

    def unseen_of(self, scope: str) -> Unseen | None:
        """What the probe cannot see of it, asked for with others whose turn it is; `None` where that is not told."""
        part = self._turns.get(scope, [scope])
        with self._lock:
            if scope not in self._asked:
                found = self._pool.submit(_unseen, self._api, part)
                self._asked |= dict.fromkeys(part, found)
        return self._asked[scope].result().get(scope)


def _parts(scopes: Sequence[str], size: int) -> list[Sequence[str]]:
    return [scopes[start : start + size] for start in range(0, len(scopes), size)]


def in_turn(scope: str, now: float, period: float) -> bool:
    """Whether it is this quarter of an hour in which the repository is looked at more closely, as every `period`."""
    return (zlib.crc32(scope.encode()) + int(now // BUCKET)) % int(period // BUCKET) == 0


def _prints(api: Api, scopes: Sequence[str]) -> dict[str, bytes]:
    found = {scope: bytes(raw) for scope, raw in _told(api, "probe", scopes, dict[str, msgspec.Raw]).items()}
    return {scope: text for scope, text in found.items() if text != b"null"}


def _unseen(api: Api, scopes: Sequence[str]) -> dict[str, Unseen]:
    found = _told(api, "rotation", scopes, dict[str, Unseen | None], first=PULLS)
    return {scope: each for scope, each in found.items() if each is not None}


def _told(api: Api, query: str, scopes: Sequence[str], kind: type[dict[str, T]], **more: int) -> dict[str, T]:
    """What GitHub says of each repository; nothing where it does not answer."""
    wanted: dict[str, str | int] = {**more}
    for index, scope in enumerate(scopes):
        wanted[f"owner{index}"], _, wanted[f"name{index}"] = scope.partition("/")
    try:
        found = api.ask(query, wanted, kind, Lacking(), times=len(scopes), some=True)
    except (DeadlineError, CredentialsError):
        raise
    except FetchError as error:
        if len(scopes) <= FEWEST or type(error) is not FetchError:
            return {}
        # It took GitHub too long: without an answer all of them would have to be read.
        half = len(scopes) // 2
        return {**_told(api, query, scopes[:half], kind, **more), **_told(api, query, scopes[half:], kind, **more)}
    names = {f"repository{index}": scope for index, scope in enumerate(scopes)}
    return {names[key]: each for key, each in found.items() if key in names}


def unchanged(memory: Memory | None, seen: bytes | None, wish: Wish) -> Still | None:
    """What is known of a repository of which nothing changed; `None` where it must be read.

    Not while a run has not ended, and not in its own quarter of an hour of the day.
    """
    still = memory.state.still if memory else None
    if memory is None or still is None or seen is None or still.seen != seen or wish.rules.runners:
        return None
    now = wish.window.end
    anew = in_turn(wish.scope, now, ANEW) and memory.end // BUCKET < now // BUCKET
    return None if memory.unfinished or anew else still


def is_due(memory: Memory, still: Still, wish: Wish) -> bool:
    """Whether what a probe cannot see must be looked at.

    In turn: every hour, or half an hour where workflows ran lately; and while a check or a merge is being worked out.
    """
    now = wish.window.end
    busy = any(run.completed is not None and run.completed > now - BUSY for run in memory.runs)
    period = SWEEP if busy else YOUNGEST
    turn = in_turn(wish.scope, now, period) and memory.swept // BUCKET < now // BUCKET
    pending = any(pull.checks in {"PENDING", "EXPECTED"} or pull.mergeable == "UNKNOWN" for pull in still.open_pulls)
    return turn or pending or memory.swept <= now - period + BUCKET / 2


def refreshed(still: Still, now: Unseen | None) -> Still | None:
    """The same with what a probe cannot see as it is now; `None` where that is not told of all of it."""
    if now is None or now.pull_requests.total_count > len(now.pull_requests.nodes):
        return None
    found = {pull.number: pull for pull in now.pull_requests.nodes}
    pulls = []
    for pull in still.open_pulls:
        raw = found.get(pull.number)
        if raw is None or isinstance(raw.mergeable, UnsetType) or isinstance(raw.status_check_rollup, UnsetType):
            return None
        checks = raw.status_check_rollup.state if raw.status_check_rollup else None
        pulls.append(msgspec.structs.replace(pull, checks=checks, mergeable=raw.mergeable))
    known = {release.tag: release for release in still.releases}
    if any(known.get(release.tag) != release for release in map(parse.release, now.releases.nodes)):
        return None
    alerts, repository = now.vulnerability_alerts, still.repository
    if isinstance(alerts, Count):
        repository = msgspec.structs.replace(repository, vulnerability_alerts=alerts.total_count)
    elif "vulnerability_alerts" not in still.missing:
        return None
    return msgspec.structs.replace(still, open_pulls=tuple(pulls), repository=repository)


def rebuilt(memory: Memory, still: Still, wish: Wish, read_at: float) -> GitHubSnapshot:
    """The snapshot of a repository of which nothing changed; `read_at` is when more than a probe looked at it."""
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
        read_at=read_at,
        only_probed=read_at < wish.window.end,
        missing=still.missing,
    )
