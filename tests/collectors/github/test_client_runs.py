"""Lists of workflow runs are whole, or there are none: GitHub's cap of 1,000 never makes a number low."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.github.client.errors import AnswerError
from collectors.github.parse_rest import RawOwner, RawRun, Runs
from collectors.github.reading import listing as lists

START, END = 1_790_000_000, 1_790_100_000
OWNER = RawOwner(1)


def _run(number, created):
    at = datetime.fromtimestamp(created, UTC)
    return RawRun(number, "ci.yml", "push", "completed", "success", "main", "a" * 40, at, at, OWNER, OWNER)


class _Listing:
    """GitHub's list as a section sees it: newest first, 100 a page, nothing beyond the first 1,000."""

    def __init__(self, created):
        self.every = sorted((_run(number, at) for number, at in enumerate(created)), key=lambda run: run.created_at)
        self.asked = 0

    def at_once(self, read, wanted):
        return [read(each) for each in wanted]

    def get(self, path, kind, params):
        self.asked += 1
        first, last = (datetime.fromisoformat(text) for text in params["created"].split(".."))
        found = [run for run in reversed(self.every) if first <= run.created_at <= last]
        start = 100 * (int(params["page"]) - 1)
        return Runs(len(found), tuple(found[:1000][start : start + 100]))


@pytest.mark.parametrize("count", [0, 1, 100, 999, 1000, 1001, 2500])
def test_every_run_is_listed_however_many_there_are(count):
    listing = _Listing(START + number * 30 for number in range(count))
    found = lists.between(listing, "/actions/runs", {}, START, END)
    assert [run.id for run in found] == list(range(count))


def test_2500_runs_cost_no_more_than_their_pages_and_the_overlap():
    listing = _Listing(START + number * 30 for number in range(2500))
    lists.between(listing, "/actions/runs", {}, START, END)
    assert listing.asked == 10 + 10 + 6


def test_a_thousand_runs_in_a_second_are_all_listed():
    listing = _Listing([START + 5] * 1000)
    assert len(lists.between(listing, "/actions/runs", {}, START, END)) == 1000


def test_1001_runs_in_a_second_are_no_number_at_all():
    listing = _Listing([*(START + number for number in range(600)), *[START + 700] * 1001])
    with pytest.raises(AnswerError, match="more than 1,000 runs were created within a second"):
        lists.between(listing, "/actions/runs", {}, START, END)


def test_a_list_that_is_shorter_than_github_says_is_no_number_at_all():
    listing = _Listing([START])
    listing.get = lambda path, kind, params: Runs(7, tuple(listing.every))
    with pytest.raises(AnswerError, match="GitHub listed 1 of 7 runs"):
        lists.between(listing, "/actions/runs", {}, START, END)
