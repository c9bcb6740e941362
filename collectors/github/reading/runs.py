"""Workflow runs: which are new or may have changed, and their attempts."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterable, Mapping, Sequence
from urllib.parse import quote

import msgspec

from collectors.github import contradictions, parse_rest
from collectors.github.client.errors import AnswerError, RefusedError
from collectors.github.parse_rest import RawRun, Runners, Runs
from collectors.github.raw import Raw, RawCheckRun, RawSuite
from collectors.github.reading.listing import SETTLED, Span, between, covering, is_due, listed, slices
from collectors.github.reading.look import MOST, Look
from collectors.github.reading.memory import Memory
from collectors.github.records import Attempt, Runner, Unavailable, WorkflowRun
from collectors.github.workflows import file_name

RUNS = "/actions/runs"
ACTIONS_BEGAN = 1_514_764_800.0
"""Before GitHub Actions existed."""
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


class Newest(msgspec.Struct, frozen=True):
    """The newest hundred runs, but those that are known to be as they were; all there are are younger than `oldest`."""

    runs: tuple[RawRun, ...]
    oldest: float
    whole: bool

    def reaches(self, time: float) -> bool:
        """Whether every run created since is among them."""
        return self.whole or self.oldest < time


def newest(look: Look, memory: Memory | None) -> Newest:
    """One page of runs, whatever became of them: of small repositories all there are."""
    params = {"exclude_pull_requests": "true", "per_page": str(MOST), "page": "1"}
    # What had not ended must be told anew; nothing may be left out without a memory that has it.
    if memory is None or memory.unfinished:
        page = look.get_anew(RUNS, Runs, params, shortened)
    else:
        page = look.get_changed(RUNS, Runs, params, shortened)
    if page.count < min(MOST, page.total_count):
        raise AnswerError(f"GitHub listed {page.count} of {page.total_count} runs")
    oldest = min((raw.created_at.timestamp() for raw in page.workflow_runs), default=0.0)
    return Newest(page.workflow_runs if page.listed is None else (), oldest, page.total_count <= page.count)


def shortened(page: Runs) -> Runs:
    """What must be kept of a page whose runs are kept as records."""
    oldest = min(page.workflow_runs, key=lambda raw: raw.created_at, default=None)
    return Runs(page.total_count, () if oldest is None else (oldest,), page.count)


class Recent(msgspec.Struct, frozen=True):
    """Runs that are new or may have changed, and the lists that have the others.

    `swept` is when the list that waited longest was asked for.
    """

    runs: tuple[RawRun, ...]
    spans: tuple[Span, ...]
    swept: float


def recent(look: Look, memory: Memory | None, first: Newest) -> Recent:
    """Every run created since the look-back before the wish's time; of the workflow that deploys, since delivery's.

    Older ones are here where they turn up and ended in time. With a memory only the newest, which may have changed
    since; where that is due, of each list that is as it was nothing.
    """
    end, since = look.wish.window.end, max(ACTIONS_BEGAN, look.wish.since - look.wish.look_back)
    found = {raw.id: raw for raw in first.runs if max(raw.created_at, raw.updated_at).timestamp() >= since}
    if memory is not None and not lists_all(memory, end):
        if not first.reaches(memory.end - SETTLED):
            found |= {raw.id: raw for raw in between(look, RUNS, {}, memory.end - SETTLED, first.oldest)}
        return Recent(tuple(found.values()), memory.state.spans, memory.swept)
    known = memory.state.spans if memory else ()
    more, spans = listed(look, _spans(look, known, since, since if first.whole else first.oldest), known, shortened)
    return Recent(tuple((found | more).values()), spans, min((each.seen for each in spans), default=end))


def _spans(look: Look, known: Sequence[Span], since: float, reach: float) -> list[Span]:
    """The lists that together have all runs that are wanted, but the newest."""
    settled = look.wish.window.end - SETTLED
    spans = covering(known, RUNS, since, reach, settled)
    deploys, start = look.wish.rules.deployment_workflow, max(ACTIONS_BEGAN, look.wish.start - look.wish.look_back)
    if deploys:
        spans += covering(known, f"/actions/workflows/{quote(deploys, safe='')}/runs", start, since, settled)
    return spans


def lists_all(memory: Memory | None, now: float) -> bool:
    """Whether all runs are listed, also those that an earlier run knew."""
    return memory is None or is_due(memory.swept, now)


def as_known(look: Look, memory: Memory, first: Newest) -> bool:
    """Whether the newest runs reach as far back as is wanted, and the memory has all of them as they are."""
    since = max(ACTIONS_BEGAN, look.wish.since - look.wish.look_back)
    known = {run.id: run for run in memory.runs}
    wanted = (raw for raw in first.runs if max(raw.created_at, raw.updated_at).timestamp() >= since)
    return first.reaches(since) and all(_is_known(raw, known) for raw in wanted)


def active(look: Look, first: Newest) -> tuple[RawRun, ...]:
    """Every run that has not ended, however old."""
    if first.whole:
        return tuple(raw for raw in first.runs if raw.status != "completed")
    found: dict[int, RawRun] = {}
    for status in UNFINISHED:
        (whole,) = slices(look, look.get_again, [(RUNS, {"status": status})])
        raws = whole.runs
        if whole.total > whole.listed:
            raws = between(look, RUNS, {"status": status}, ACTIONS_BEGAN, look.wish.window.end)
        found |= {raw.id: raw for raw in raws}
    return tuple(raw for raw in found.values() if raw.status != "completed")


def ended_since(look: Look, memory: Memory, seen: Container[int]) -> tuple[RawRun, ...]:
    """What had not ended at the last run and is in no list any more."""
    gone = [number for number in memory.unfinished if number not in seen][:SINGLE_ATTEMPTS]
    return tuple(look.at_once(lambda number: look.get(f"/actions/runs/{number}", RawRun), gone))


def strange(raws: Iterable[RawRun]) -> Unavailable | None:
    """Why nothing can be said of the runs: one that may have ended or not, or of which nobody knows how."""
    every = tuple(raws)
    words = {raw.status or "without a status" for raw in every} - {*UNFINISHED, "completed"}
    if words:
        return Unavailable(f"GitHub says that a run is {min(words)}, which this release does not know")
    wrong = next(filter(None, map(contradictions.of_run, every)), None)
    return Unavailable(wrong) if wrong else None


def told(look: Look, raws: Iterable[RawRun], memory: Memory | None) -> tuple[WorkflowRun, ...]:
    """The runs with the attempts before their last, and with their first job where jobs are read.

    A run that ended keeps the time at which it was first seen to have.
    """
    known = {run.id: run for run in memory.runs} if memory else {}
    before = {run.id: run for run in memory.state.unfinished} if memory else {}
    unknown = tuple(raw for raw in raws if not _is_known(raw, known))
    again = tuple(raw for raw in unknown if _is_same_attempt(raw, before))
    fresh = {run.id: run for run in _told_all(look, tuple(raw for raw in unknown if raw not in again))}
    fresh |= {raw.id: _with_attempts_of(before[raw.id], parse_rest.run(raw)) for raw in again}
    since = look.wish.since - look.wish.look_back
    kept = {number: run for number, run in known.items() if (run.completed or 0.0) >= since or _deploys(look, run)}
    return tuple({**kept, **fresh}.values())


def _is_known(raw: RawRun, known: Mapping[int, WorkflowRun]) -> bool:
    run = known.get(raw.id)
    return run is not None and raw.status == "completed" and run.attempt == raw.run_attempt and run.earlier is not None


def _is_same_attempt(raw: RawRun, before: Mapping[int, WorkflowRun]) -> bool:
    """Whether all of its attempts but the last are known to have ended, and how."""
    run = before.get(raw.id)
    return run is not None and raw.run_attempt == run.attempt > 1 and run.earlier is not None


def _with_attempts_of(before: WorkflowRun, run: WorkflowRun) -> WorkflowRun:
    return msgspec.structs.replace(run, earlier=before.earlier, first_job=before.first_job)


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
