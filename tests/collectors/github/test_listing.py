"""Lists of runs that were read are asked for again as they were, so that GitHub confirms what has not changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime

import msgspec
import pytest

from collectors.github.parse_rest import RawOwner, RawRun, Runs
from collectors.github.reading import listing
from collectors.github.reading.listing import SETTLED, SWEEP, Span
from collectors.github.reading.look import Wish
from collectors.github.reading.runs import RUNS, shortened
from common.window import BUCKET, DAY, HOUR, Window
from tests.collectors.github.builders import NOON, rules

OWNER = RawOwner(1)
SINCE = NOON - 9 * DAY


def _run(number, created, attempt=1):
    at = datetime.fromtimestamp(created, UTC)
    run = RawRun(number, "ci.yml", "push", "completed", "success", "main", "a" * 40, at, at, OWNER, OWNER)
    return msgspec.structs.replace(run, run_attempt=attempt)


class _GitHub:
    """Lists of runs, newest first, nothing beyond the first 1,000; what was answered before is confirmed."""

    def __init__(self, created, now=NOON):
        self.every = {number: _run(number, at) for number, at in enumerate(created)}
        self.kept, self.confirms, self.told, self.confirmed = {}, True, [], 0
        self.now = now

    @property
    def wish(self):
        window = Window(self.now - 7 * DAY, self.now)
        return Wish(scope="acme/api", since=window.start, window=window, delivery_window=window, rules=rules())

    def at_once(self, read, wanted):
        return [read(each) for each in wanted]

    def get_anew(self, path, kind, params, short):
        page = self._page(params)
        self.told.append((params["created"], int(params["page"])))
        self.kept[params["created"], params["page"]] = page
        return page

    def get_changed(self, path, kind, params, short):
        page = self._page(params)
        if self.confirms and self.kept.get((params["created"], params["page"])) == page:
            self.confirmed += 1
            return short(page)
        return self.get_anew(path, kind, params, short)

    def _page(self, params):
        first, last = (datetime.fromisoformat(text).timestamp() for text in params["created"].split(".."))
        found = self.order[bisect_left(self.times, first) : bisect_right(self.times, min(last, self.now))][::-1]
        start = 100 * (int(params["page"]) - 1)
        return Runs(len(found), tuple(found[:1000][start : start + 100]))

    def sweep(self, known=(), since=SINCE):
        """Run by run what was told, and the lists that the next sweep asks for."""
        self.told, self.confirmed = [], 0
        self.order = sorted(self.every.values(), key=lambda run: run.created_at)
        self.times = [run.created_at.timestamp() for run in self.order]
        reach = self.times[max(0, bisect_right(self.times, self.now) - 100)]
        spans = listing.covering(known, RUNS, since, reach, self.now - SETTLED)
        return listing.listed(self, spans, known, shortened)


def _even(count, start=SINCE, end=NOON):
    return [start + number * (end - start) / count for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [150, 1_000, 1_500, 3_456])
def test_lists_that_were_read_are_all_confirmed(count):
    github = _GitHub(_even(count))
    found, known = github.sweep()
    first = len(github.told)
    assert found.keys() >= {
        number for number, run in github.every.items() if run.created_at.timestamp() < NOON - HOUR * 8
    }
    github.now += SWEEP
    again, spans = github.sweep(known)
    assert (again, github.told, github.confirmed) == ({}, [], first)
    assert {each.key for each in spans} == {each.key for each in known}
    assert {each.seen for each in spans} == {github.now}


def test_of_a_run_that_was_run_again_only_its_page_is_told():
    github = _GitHub(_even(1_500))
    _, known = github.sweep()
    github.every[700] = msgspec.structs.replace(github.every[700], run_attempt=2)
    github.now += SWEEP
    again, _ = github.sweep(known)
    assert len(github.told) == 1
    assert again[700].run_attempt == 2
    assert len(again) == 100


def test_runs_that_turn_up_late_move_where_a_list_is_cut_and_none_is_lost():
    github = _GitHub(_even(1_500))
    _, known = github.sweep()
    late = {number: _run(number, NOON - 2 * DAY + number) for number in range(2_000, 2_150)}
    github.every |= late
    github.now += SWEEP
    found, spans = github.sweep(known)
    assert found.keys() >= late.keys()
    there = {number for span in spans for number in _reached(github, span)}
    assert there >= {number for number, run in github.every.items() if run.created_at.timestamp() < NOON - HOUR * 8}


def _reached(github, span):
    pages = [github._page({"created": span.created, "page": str(number)}) for number in range(1, 11)]
    return {run.id for page in pages for run in page.workflow_runs}


@pytest.mark.parametrize(("a_day", "most", "lists"), [(80, 1, 4), (200, 1, 10), (1_500, 8, 12)])
def test_as_time_goes_on_few_pages_are_new_and_none_is_missing(a_day, most, lists):
    before, after = 2 * DAY, 3 * DAY
    github = _GitHub(_even(int(a_day * 5), NOON - before, NOON + after))
    seen, known = github.sweep(since=NOON - before)
    for github.now in range(int(NOON + SWEEP), int(NOON + after), int(SWEEP)):
        found, known = github.sweep(known, github.now - before)
        seen |= found
        assert len(github.told) <= most
        assert len(known) <= lists
        assert min(each.start for each in known) <= github.now - before
    assert sorted(seen) == list(range(len(seen)))
    assert len(github.every) - len(seen) <= 100 + a_day / 48


def test_where_nothing_is_confirmed_half_of_the_lists_are_asked_for_in_each_run():
    github = _GitHub(_even(3_456))
    _, known = github.sweep()
    whole, github.confirms = len(github.told), False
    asked = []
    for step in range(2, 12):
        github.now = NOON + step * BUCKET
        found, known = github.sweep(known)
        asked.append(len(github.told))
        assert found
        assert min(each.seen for each in known) >= github.now - 2 * BUCKET
    assert asked[0] + asked[1] == whole
    assert max(asked) == 20
    assert asked == asked[:2] * 5


def test_of_a_list_that_is_not_known_no_earlier_answer_counts():
    github = _GitHub(_even(150))
    found, _ = github.sweep()
    again, _ = github.sweep()
    assert again == found
    assert github.confirmed == 0


KNOWN = (Span(RUNS, 100, 100_000, 1.0), Span(RUNS, 100_000, 110_000, 1.0), Span("/other", 100, 500_000, 1.0))


@pytest.mark.parametrize(
    ("start", "reach", "spans"),
    [
        pytest.param(100, 110_000, KNOWN[:2], id="they reach far enough"),
        pytest.param(100_500, 110_000, KNOWN[1:2], id="one is from before the time that is asked for"),
        pytest.param(50, 110_000, (Span(RUNS, 50, 100, 0.0), *KNOWN[:2]), id="more than before is asked for"),
        pytest.param(100, 110_001, (KNOWN[0], Span(RUNS, 100_000, 150_000, 0.0)), id="a short last one grows"),
        pytest.param(120_000, 130_000, (Span(RUNS, 120_000, 150_000, 0.0),), id="none is left"),
        pytest.param(120_000, 120_000, (), id="the newest runs reach far enough"),
    ],
)
def test_lists_cover_what_is_asked_for_without_a_gap(start, reach, spans):
    assert listing.covering(KNOWN, RUNS, start, reach, 150_000) == list(spans)


def test_parts_of_a_list_that_was_cut_stay_together():
    parts = (Span(RUNS, 100, 100_000, 1.0), Span(RUNS, 100, 50_000, 1.0))
    assert listing.covering(parts, RUNS, 60_000, 90_000, 90_000) == list(parts)
    assert listing.covering(parts, RUNS, 100_000, 120_000, 120_000) == [Span(RUNS, 100_000, 120_000, 0.0)]
