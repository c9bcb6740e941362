"""Workflow runs: GitHub reaches 1,000 of a list at most, so a list is cut by time until every part of it is whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Iterable, Mapping, Sequence
from urllib.parse import quote

import msgspec

from collectors.github import parse_rest
from collectors.github.client.errors import AnswerError, RefusedError
from collectors.github.parse_rest import RawRun, Runners, Runs
from collectors.github.raw import Raw, RawCheckRun, RawSuite
from collectors.github.reading.look import MOST, Look, stamp
from collectors.github.reading.memory import Memory
from collectors.github.records import Attempt, Runner, Unavailable, WorkflowRun
from collectors.github.workflows import file_name
from common.window import DAY

CAP = 1_000
"""As many runs as GitHub lets one list reach."""
LOOK_BACK = 2 * DAY
"""How long before the time that is asked for a run may have been created and still be found."""
ACTIONS_BEGAN = 1_514_764_800.0
"""Before GitHub Actions existed."""
SWEEP, NEWEST = 3_600.0, 6 * 3_600.0
"""How often all runs are listed though an earlier run knew them, and how far back else."""
UNFINISHED = ("requested", "pending", "waiting", "queued", "in_progress")
"""In the order in which a run goes through them, so that none slips through while they are read."""
SINGLE_ATTEMPTS = 50
"""As many earlier attempts as are asked for one by one, where they cannot be had together."""
_SUITES = 100


class _Suites(Raw, frozen=True):
    nodes: tuple[RawSuite | None, ...]


class _Checks(msgspec.Struct, frozen=True):
    """What a run's check suite tells of its jobs; `whole`: of all of them."""

    runs: tuple[RawCheckRun, ...]
    whole: bool


def recent(look: Look, memory: Memory | None) -> tuple[RawRun, ...]:
    """Every run created since the look-back before the wish's time; of the workflow that deploys, since delivery's.

    With a memory that is no older than `SWEEP` only the newest, which may have changed since.
    """
    end, since = look.wish.window.end, max(ACTIONS_BEGAN, look.wish.since - LOOK_BACK)
    if memory is not None and memory.swept > end - SWEEP:
        return _between(look, "/actions/runs", {}, memory.end - NEWEST, end)
    found = _between(look, "/actions/runs", {}, since, end)
    deploys, start = look.wish.rules.deployment_workflow, max(ACTIONS_BEGAN, look.wish.start - LOOK_BACK)
    if not deploys or start >= since:
        return found
    older = _between(look, f"/actions/workflows/{quote(deploys, safe='')}/runs", {}, start, since)
    return tuple({raw.id: raw for raw in (*older, *found)}.values())


def active(look: Look) -> tuple[RawRun, ...]:
    """Every run that has not ended, however old."""
    found: dict[int, RawRun] = {}
    for status in UNFINISHED:
        raws, total = _slice(look, "/actions/runs", {"status": status})
        if total > len(raws):
            raws = list(_between(look, "/actions/runs", {"status": status}, ACTIONS_BEGAN, look.wish.window.end))
        found |= {raw.id: raw for raw in raws}
    return tuple(raw for raw in found.values() if raw.status != "completed")


def ended_since(look: Look, memory: Memory, seen: Container[int]) -> tuple[RawRun, ...]:
    """What had not ended at the last run and is in no list any more."""
    gone = [number for number in memory.unfinished if number not in seen][:SINGLE_ATTEMPTS]
    return tuple(look.at_once(lambda number: look.get(f"/actions/runs/{number}", RawRun), gone))


def _between(look: Look, path: str, filters: Mapping[str, str], start: float, end: float) -> tuple[RawRun, ...]:
    found: dict[int, RawRun] = {}
    upper = math.ceil(end)
    while True:
        raws, total = _slice(look, path, {**filters, "created": f"{stamp(start)}..{stamp(upper)}"})
        found |= {raw.id: raw for raw in raws}
        if total <= len(raws):
            return tuple(found[number] for number in sorted(found))
        oldest = min((int(raw.created_at.timestamp()) for raw in raws), default=upper)
        if len(raws) < CAP:
            raise AnswerError(f"GitHub listed {len(raws)} of {total} runs")
        if oldest >= upper:
            raise AnswerError(f"more than {CAP:,} runs were created within a second; GitHub lists no more than that")
        upper = oldest


def _slice(look: Look, path: str, params: Mapping[str, str]) -> tuple[list[RawRun], int]:
    """The newest runs of a list, as many as can be reached, and how many there are."""

    def page(number: int) -> Runs:
        more = {"exclude_pull_requests": "true", "per_page": str(MOST), "page": str(number)}
        get = look.get_again if "created" not in params else look.get
        return get(path, Runs, {**params, **more})

    first = page(1)
    last = -(-min(first.total_count, CAP) // MOST)
    pages = [first, *look.at_once(page, range(2, last + 1))]
    unique = {raw.id: raw for one in pages for raw in one.workflow_runs}
    return list(unique.values()), first.total_count


def strange(raws: Iterable[RawRun]) -> Unavailable | None:
    """Why nothing can be said of the runs: a status that may mean that a run has ended, or that it has not."""
    words = {raw.status or "without a status" for raw in raws} - {*UNFINISHED, "completed"}
    if not words:
        return None
    return Unavailable(f"GitHub says that a run is {min(words)}, which this release does not know")


def told(look: Look, raws: Iterable[RawRun], memory: Memory | None) -> tuple[WorkflowRun, ...]:
    """The runs with the attempts before their last, and with their first job where jobs are read.

    A run that ended keeps the time at which it was first seen to have.
    """
    known = {run.id: run for run in memory.runs} if memory else {}
    listed = tuple(raws)
    everything = tuple(raw for raw in listed if not _is_known(raw, known))
    fresh = {run.id: run for run in _told_all(look, everything)}
    since = look.wish.since - LOOK_BACK
    kept = {number: run for number, run in known.items() if (run.completed or 0.0) >= since or _deploys(look, run)}
    return tuple({**kept, **fresh}.values())


def _is_known(raw: RawRun, known: Mapping[int, WorkflowRun]) -> bool:
    run = known.get(raw.id)
    return run is not None and raw.status == "completed" and run.attempt == raw.run_attempt and run.earlier is not None


def _deploys(look: Look, run: WorkflowRun) -> bool:
    return file_name(run.workflow) == look.wish.rules.deployment_workflow


def _told_all(look: Look, everything: tuple[RawRun, ...]) -> tuple[WorkflowRun, ...]:
    wanted = [raw for raw in everything if _needs_checks(look, raw)]
    checks = _checks(look, [raw.check_suite_node_id for raw in wanted if raw.check_suite_node_id])
    if checks is not None and look.wish.rules.jobs and len(checks) < len(wanted):
        look.lacking["jobs"] = f"GitHub shows the jobs of {len(checks)} of {len(wanted)} workflow runs"
    single = _one_by_one(look, [raw for raw in wanted if raw.run_attempt > 1]) if checks is None else {}
    return tuple(_told(look, raw, (checks or {}).get(raw.check_suite_node_id), single) for raw in everything)


def _needs_checks(look: Look, raw: RawRun) -> bool:
    own = raw.head_repository is not None and raw.head_repository.id == raw.repository.id
    return own and (raw.run_attempt > 1 or (look.wish.rules.jobs and raw.status == "completed"))


def _told(look: Look, raw: RawRun, checks: _Checks | None, single: Mapping[int, tuple[Attempt, ...]]) -> WorkflowRun:
    run = parse_rest.run(raw)
    if checks is None:
        return msgspec.structs.replace(run, earlier=single[run.id]) if run.id in single else run
    earlier = run.earlier
    if run.attempt > 1:
        earlier = parse_rest.attempts(checks.runs, run.attempt, run.started) if checks.whole else None
    first_job = parse_rest.first_job(checks.runs) if look.wish.rules.jobs and checks.whole else None
    return msgspec.structs.replace(run, earlier=earlier, first_job=first_job)


def _checks(look: Look, ids: Sequence[str]) -> dict[str, _Checks] | None:
    """The check runs of each suite; `None` where this token may not see them."""
    parts = [ids[index : index + _SUITES] for index in range(0, len(ids), _SUITES)]

    def read(part: Sequence[str]) -> tuple[RawSuite | None, ...]:
        return look.api.ask("attempts", {"ids": list(part)}, _Suites, look.lacking, some=True).nodes

    try:
        suites = itertools.chain.from_iterable(look.at_once(read, parts))
    except RefusedError as error:
        look.lacking["jobs"] = str(error)
        return None
    return {
        suite.id: _Checks(suite.check_runs.nodes, not suite.check_runs.cut)
        for suite in suites
        if suite is not None and suite.check_runs is not None
    }


def _one_by_one(look: Look, raws: Sequence[RawRun]) -> dict[int, tuple[Attempt, ...]]:
    """The earlier attempts of as many runs as `SINGLE_ATTEMPTS` requests allow, the newest runs first."""
    found = {}
    left = SINGLE_ATTEMPTS
    for raw in sorted(raws, key=lambda each: each.created_at, reverse=True):
        left -= raw.run_attempt - 1
        if left < 0:
            break
        each = [look.get(f"/actions/runs/{raw.id}/attempts/{number}", RawRun) for number in range(1, raw.run_attempt)]
        found[raw.id] = tuple(
            Attempt(one.run_attempt, one.conclusion or "", one.updated_at.timestamp()) for one in each
        )
    return found


def runners(look: Look) -> tuple[Runner, ...]:
    """The repository's self-hosted runners."""

    def page(number: int) -> Runners:
        return look.get("/actions/runners", Runners, {"per_page": str(MOST), "page": str(number)})

    first = page(1)
    pages = [first, *look.at_once(page, range(2, -(-first.total_count // MOST) + 1))]
    found = {raw.id: parse_rest.runner(raw) for one in pages for raw in one.runners}
    if len(found) < first.total_count:
        raise AnswerError(f"GitHub listed {len(found)} of {first.total_count} runners")
    return tuple(found[number] for number in sorted(found))
