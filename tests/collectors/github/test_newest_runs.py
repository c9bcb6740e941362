"""The newest hundred runs: of small repositories all there are, and what an ETag may leave out of them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import msgspec
import pytest

from collectors.github import parse_rest
from collectors.github.client.errors import AnswerError
from collectors.github.parse_rest import RawOwner, RawRun, Runs
from collectors.github.reading import runs
from collectors.github.reading.look import Wish
from collectors.github.records import Attempt
from common.window import DAY, HOUR, Window
from tests.collectors.github.builders import NOON, rules

OWNER = RawOwner(1)
WINDOW = Window(NOON - 7 * DAY, NOON)


def _run(number, created, *, updated=None, status="completed"):
    times = (datetime.fromtimestamp(at, UTC) for at in (created, updated or created))
    return RawRun(number, "ci.yml", "push", status, "success", "main", "a" * 40, *times, OWNER, OWNER)


class _Look:
    """A repository with these runs, newest first."""

    def __init__(self, *found, since=WINDOW.start, look_back=2 * DAY):
        self.found = found
        self.asked = []
        self.wish = Wish(
            scope="acme/api", since=since, window=WINDOW, delivery_window=WINDOW, rules=rules(), look_back=look_back
        )

    def at_once(self, read, wanted):
        return [read(each) for each in wanted]

    def get_anew(self, path, kind, params, short):
        self.asked.append(params.get("created", "newest"))
        if "created" not in params:
            return Runs(len(self.found), self.found[:100])
        first, last = (datetime.fromisoformat(text) for text in params["created"].split(".."))
        found = [run for run in self.found if first <= run.created_at <= last]
        start = 100 * (int(params["page"]) - 1)
        return Runs(len(found), tuple(found[start : start + 100]))

    def get_again(self, path, kind, params):
        self.asked.append(params["status"])
        found = [run for run in self.found if run.status == params["status"]]
        return Runs(len(found), tuple(found))


def test_of_a_small_repository_one_request_tells_all():
    look = _Look(_run(3, NOON - HOUR, status="in_progress"), _run(2, NOON - DAY), _run(1, NOON - 30 * DAY))
    first = runs.newest(look, None)
    assert [raw.id for raw in runs.recent(look, None, first).runs] == [3, 2]
    assert [raw.id for raw in runs.active(look, first)] == [3]
    assert look.asked == ["newest"]


def test_an_old_run_that_was_run_again_is_seen_where_it_is_among_the_newest():
    look = _Look(_run(2, NOON - DAY), _run(1, NOON - 20 * DAY, updated=NOON - HOUR))
    assert [raw.id for raw in runs.recent(look, None, runs.newest(look, None)).runs] == [2, 1]


@pytest.mark.parametrize(("look_back", "found"), [(2 * DAY, 187), (20 * DAY, 200)])
def test_of_others_the_rest_is_asked_for_as_far_as_the_setting_says(look_back, found):
    look = _Look(
        *(_run(200 - number, NOON - HOUR - number * 1.15 * HOUR) for number in range(200)), look_back=look_back
    )
    listed = runs.recent(look, None, runs.newest(look, None)).runs
    assert len(listed) == found
    assert len({raw.id for raw in listed}) == found


def test_a_page_that_is_shorter_than_github_says_is_no_number_at_all():
    look = _Look(_run(1, NOON))
    look.get_anew = lambda path, kind, params, short: Runs(7, look.found)
    with pytest.raises(AnswerError, match="GitHub listed 1 of 7 runs"):
        runs.newest(look, None)


def test_what_is_kept_of_a_page_tells_how_far_it_reached():
    page = Runs(450, tuple(_run(number, NOON - number * HOUR) for number in range(100)))
    kept = msgspec.json.decode(msgspec.json.encode(runs.shortened(page)), type=Runs)
    assert (kept.total_count, kept.count, [raw.id for raw in kept.workflow_runs]) == (450, 100, [99])


def test_attempts_that_ended_before_the_last_run_are_not_asked_for_again():
    raw = msgspec.structs.replace(_run(7, NOON - DAY, updated=NOON, status="in_progress"), run_attempt=3)
    ended = (Attempt(1, "failure", NOON - 2 * HOUR), Attempt(2, "cancelled", NOON - HOUR))
    before = msgspec.structs.replace(parse_rest.run(raw), earlier=ended)
    memory = SimpleNamespace(runs=(), state=SimpleNamespace(unfinished=(before,)))
    look = _Look()
    assert [(run.completed, run.earlier) for run in runs.told(look, [raw], memory)] == [(None, ended)]
    done = msgspec.structs.replace(raw, status="completed")
    assert [(run.completed, run.earlier) for run in runs.told(look, [done], memory)] == [(NOON, ended)]
    assert look.asked == []
