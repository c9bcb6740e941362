"""Lists of workflow runs: GitHub reaches 1,000 of one at most, so they are cut by time until every part is whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from collectors.github.client.errors import AnswerError
from collectors.github.parse_rest import RawRun, Runs
from collectors.github.reading.look import MOST, Look, stamp
from common.window import BUCKET, HOUR

CAP = 1_000
"""As many runs as GitHub lets one list reach."""
SWEEP = HOUR / 2
"""How often lists are asked for again.

Datadog takes a quarter of an hour's count until it is 50 minutes old: a re-run must be seen before.
"""
SETTLED = 6.0 * HOUR
"""How old most runs are when they change no more."""
MANY = 300
"""As many runs in answers that GitHub might have confirmed say that it confirms little."""

Get = Callable[[str, type[Runs], Mapping[str, str]], Runs]


class Span(msgspec.Struct, frozen=True):
    """A list as it is asked for: of the runs created from `start` to `end`, both included; `seen`: when it was last.

    It never moves, so that GitHub mostly confirms it: but for re-runs the past is as it was.
    """

    path: str
    start: int
    end: int
    seen: float

    @property
    def created(self) -> str:
        """As GitHub filters by it."""
        return f"{stamp(self.start)}..{stamp(self.end)}"

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes it the same list."""
        return self.path, self.start, self.end


def is_due(listed_at: float, now: float) -> bool:
    """Whether what was listed then must be listed again."""
    return listed_at <= now - SWEEP + BUCKET / 2


class Slice(msgspec.Struct, frozen=True):
    """The newest runs of a list, as many as can be reached, but those that are known to be as they were."""

    runs: tuple[RawRun, ...]
    listed: int
    total: int
    oldest: int

    def rest(self, end: int) -> int | None:
        """Where what it does not reach ends; `None` where it is whole."""
        if self.total <= self.listed:
            return None
        if self.listed < CAP:
            raise AnswerError(f"GitHub listed {self.listed} of {self.total} runs")
        if self.oldest >= end:
            raise AnswerError(f"more than {CAP:,} runs were created within a second; GitHub lists no more than that")
        return self.oldest


def slices(look: Look, get: Get, lists: Sequence[tuple[str, Mapping[str, str]]]) -> list[Slice]:
    """Each list's slice: all first pages at the same time, then all others."""

    def page(wanted: tuple[int, int]) -> Runs:
        path, params = lists[wanted[0]]
        more = {"exclude_pull_requests": "true", "per_page": str(MOST), "page": str(wanted[1])}
        return get(path, Runs, {**params, **more})

    first = look.at_once(page, [(index, 1) for index in range(len(lists))])
    last = (-(-min(one.total_count, CAP) // MOST) for one in first)
    rest = [(index, number) for index, pages in enumerate(last) for number in range(2, pages + 1)]
    found = [[one] for one in first]
    for (index, _), one in zip(rest, look.at_once(page, rest), strict=True):
        found[index].append(one)
    return [_slice(pages) for pages in found]


def _slice(pages: Sequence[Runs]) -> Slice:
    told = {raw.id: raw for one in pages if one.listed is None for raw in one.workflow_runs}
    oldest = min((int(raw.created_at.timestamp()) for one in pages for raw in one.workflow_runs), default=0)
    return Slice(tuple(told.values()), len(told) + sum(one.listed or 0 for one in pages), pages[0].total_count, oldest)


def between(look: Look, path: str, filters: Mapping[str, str], start: float, end: float) -> tuple[RawRun, ...]:
    """Every run of the list that was created in that time, by number."""
    found, _ = _whole(look, look.get, [Span(path, int(start), math.ceil(end), 0.0)], filters)
    return tuple(found[number] for number in sorted(found))


def _whole(
    look: Look, get: Get, wanted: Iterable[Span], filters: Mapping[str, str], known: Collection[Span] = ()
) -> tuple[dict[int, RawRun], list[Span]]:
    """The runs of these lists, and the lists that were asked for: of one that is cut the rest, too, if not known."""
    found: dict[int, RawRun] = {}
    asked: list[Span] = []
    there = {each.key for each in known}
    left = list(wanted)
    while left:
        more = []
        lists = [(each.path, {**filters, "created": each.created}) for each in left]
        for span, each in zip(left, slices(look, get, lists), strict=True):
            found |= {raw.id: raw for raw in each.runs}
            asked.append(span)
            if (end := each.rest(span.end)) is not None:
                more.append(msgspec.structs.replace(span, end=end))
        there |= {each.key for each in asked}
        left = [each for each in more if each.key not in there]
    return found, asked


def covering(known: Sequence[Span], path: str, start: float, reach: float, end: float) -> list[Span]:
    """Spans that have every run created from `start` to `reach`: those known, and others where they leave a gap.

    A new one goes on to `end`, so that the next is not needed at once; a short last one becomes part of it. The parts
    of a list that was cut begin at the same time, and stay together.
    """
    if reach <= start:
        return []
    upper, begins = math.ceil(max(reach, end)), {each.start for each in known if each.path == path and each.end > start}
    kept = [each for each in known if each.path == path and each.start in begins]
    if not kept:
        return [Span(path, int(start), upper, 0.0)]
    first, last = min(each.start for each in kept), max(kept, key=lambda each: each.end)
    before = [Span(path, int(start), first, 0.0)] if start < first else []
    if reach <= last.end:
        return [*before, *kept]
    begin = last.start if last.end - last.start < SETTLED else last.end
    return [*before, *(each for each in kept if each.start != begin), Span(path, begin, upper, 0.0)]


def listed(
    look: Look, spans: Sequence[Span], known: Collection[Span], short: Callable[[Runs], Runs]
) -> tuple[dict[int, RawRun], tuple[Span, ...]]:
    """The runs of spans that are new or due, but those that GitHub confirms to be as they were; and all spans.

    Where it confirms little, as to a token that is another one in each run, half of them are left to the next run.
    """
    now, there = look.wish.window.end, {each.key for each in known}
    old = [each for each in spans if each.key in there]
    due = sorted((each for each in old if is_due(each.seen, now)), key=lambda each: (each.seen, each.end))

    def anew(path: str, kind: type[Runs], params: Mapping[str, str]) -> Runs:
        return look.get_anew(path, kind, params, short)

    def changed(path: str, kind: type[Runs], params: Mapping[str, str]) -> Runs:
        # Of a list that is not known an answer may be left from before the ledger lost its runs.
        confirmable = any((each.path, each.created) == (path, params["created"]) for each in old)
        return (look.get_changed if confirmable else look.get_anew)(path, kind, params, short)

    found, asked = _whole(look, anew, [each for each in spans if each.key not in there], {}, old)
    half = -(-len(old) // 2)
    for part in (due[:half], due[half:]):
        again, more = _whole(look, changed, part, {}, old)
        found |= again
        asked += more
        if len(again) >= MANY:
            break
    seen = {each.key: msgspec.structs.replace(each, seen=now) for each in asked}
    return found, tuple(({each.key: each for each in old} | seen).values())
