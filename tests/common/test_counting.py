"""Late events, corrections and differences: exactly once, whatever becomes of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.counting import (
    Counted,
    Known,
    Progress,
    Reading,
    Readings,
    Sent,
    Watch,
    added,
    counted_change,
    differences,
    fingerprint,
    known_events,
    reading_change,
    remembered,
    zeros_owed,
)
from common.ledger import COUNTED, PROGRESS, READING, decode_body, open_ledger
from common.metric import point
from common.window import BUCKET

LANDED = "git.commit.landed"


def watch(known, shown, until, events, earliest=0.0):
    found = Watch(known, shown=shown, until=until, earliest=earliest)
    passed = list(found.over(point(1, at=at, id=name) for name, at in events))
    assert [each.id for each in passed] == [name for name, _ in events]
    return found


def marks(*names):
    return b"".join(sorted(fingerprint(name) for name in names))


def test_an_event_first_seen_behind_the_watermark_is_late():
    known = Known(0.0, frozenset({fingerprint("old")}))
    found = watch(known, 900.0, 1800.0, [("old", 10.0), ("late", 20.0), ("new", 900.0), ("open", 1800.0)])
    assert found.late == {"late"}
    assert found.is_late(20.0, "late")
    assert not found.is_late(900.0, "new")
    assert list(found.noted()) == [(1800.0, marks("late", "new"))]


def test_without_a_watermark_everything_seen_is_in_the_start():
    found = watch(Known(), None, 1800.0, [("a", 10.0), ("b", 1799.0), ("open", 1800.0)])
    assert (found.late, list(found.noted())) == (set(), [(1800.0, marks("a", "b"))])


def test_a_new_ledger_takes_what_lies_behind_the_watermark_for_counted():
    found = watch(Known(), 900.0, 1800.0, [("a", 10.0), ("b", 950.0)])
    assert (found.late, list(found.noted())) == (set(), [(900.0, marks("a")), (1800.0, marks("b"))])


@pytest.mark.parametrize(("since", "earliest"), [(100.0, 0.0), (0.0, 100.0)])
def test_an_event_before_all_that_was_known_or_is_caught_up_is_not_late(since, earliest):
    found = watch(Known(since), 900.0, 1800.0, [("before", 99.0), ("after", 100.0)], earliest)
    assert (found.late, list(found.noted())) == ({"after"}, [(900.0, marks("before")), (1800.0, marks("after"))])


def test_a_late_event_waits_while_the_watermark_stands():
    found = watch(Known(0.0), 900.0, 900.0, [("late", 20.0)])
    assert (found.late, list(found.noted())) == (set(), [])


NOTES = {900.0: Counted({LANDED: marks("a", "b")}), 1800.0: Counted({LANDED: marks("c")})}


def test_a_note_under_a_watermark_that_was_never_reached_counts_for_nothing():
    progress = Progress({LANDED: (5.0, 900.0, 1800.0)})
    assert known_events(NOTES, progress, LANDED, 900.0) == Known(5.0, frozenset(map(fingerprint, "ab")))
    assert known_events(NOTES, progress, LANDED, 1800.0) == Known(5.0, frozenset(map(fingerprint, "abc")))


@pytest.mark.parametrize("shown", [None, 2700.0, 0.0])
def test_nothing_is_known_where_the_sink_shows_a_mark_that_the_ledger_did_not_set(shown):
    assert known_events(NOTES, Progress({LANDED: (5.0, 900.0, 1800.0)}), LANDED, shown) == Known()
    assert known_events(NOTES, Progress(), LANDED, 900.0) == Known()


class Gateway:
    """A total and its watermark, as a Pushgateway keeps them."""

    def __init__(self):
        self.total, self.mark, self.by = 0, None, None

    def run(self, memory, events, now, dies):
        """A run; without a memory it has no ledger. It dies before it asks the gateway, or not."""
        shown, until = self.mark, now // BUCKET * BUCKET
        notes, progress = memory.read() if memory else ({}, Progress())
        known = known_events(notes, progress, LANDED, shown) if memory and self.by is memory else Known()
        found = watch(known, shown, until, events)
        if memory:
            memory.commit(counted_change("git", "web", {LANDED: found}, notes, progress, 0.0, now - 9_000.0))
        if not dies and (shown is None or until > shown):
            on_time = [name for name, at in events if shown is not None and shown <= at < until]
            self.total, self.mark = self.total + len(on_time) + len(found.late), until
        if not dies:
            self.by = memory


class Memory:
    """What a ledger does with notes."""

    def __init__(self):
        self.notes = {}

    def read(self):
        found = {at: decode_body(body, Counted) for (kind, at), body in self.notes.items() if kind == COUNTED}
        heads = [body for (kind, _), body in self.notes.items() if kind == PROGRESS]
        assert len(heads) <= 1
        return found, decode_body(heads[0], Progress) if heads else Progress()

    def commit(self, change):
        earliest = change.expire[COUNTED]
        kept = {key: body for key, body in self.notes.items() if earliest <= key[1] <= change.forget[key[0]]}
        self.notes = kept | {(note.kind, note.at): note.body for note in change.notes}


EVENTS = st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 3000)), max_size=12)
HOW = st.sampled_from(["well", "dies", "without"])


@given(EVENTS, st.lists(st.tuples(st.integers(0, 1500), HOW), min_size=1, max_size=8), st.booleans())
def test_every_event_is_counted_at_most_once_and_exactly_once_where_every_run_has_its_ledger(events, steps, always):
    gateway, memory, now = Gateway(), Memory(), 900
    named = [(f"e{number}", float(at), at + delay) for number, (at, delay) in enumerate(events)]
    start = None
    for ahead, how in [*steps, (BUCKET, "well"), (18_000, "well")]:
        now += ahead
        seen = [(name, at) for name, at, shown in named if shown <= now and at <= now]
        gateway.run(None if how == "without" and not always else memory, seen, now, how == "dies")
        if start is None and gateway.mark is not None:
            start = {name for name, at in seen if at < gateway.mark}
    owed = len([name for name, *_ in named if name not in start])
    assert gateway.total <= owed
    if always:
        assert gateway.total == owed


WEB = (("repo", "acme/web"),)


def test_a_series_that_was_sent_a_value_and_has_none_now_is_owed_a_zero():
    sent = {900: Sent(((LANDED, WEB, 2.0), ("git.other", WEB, 1.0))), 1800: Sent(((LANDED, WEB, 3.0),))}
    now = {1800: {(LANDED, WEB): 1.0}}
    assert zeros_owed(sent, now, frozenset({LANDED})) == {900: [(LANDED, WEB)]}
    assert zeros_owed(sent, now, frozenset()) == {}


def test_a_corrected_series_is_remembered_until_its_bucket_is_out_of_reach():
    first = remembered(None, {(LANDED, WEB): 2.0})
    second = remembered(first, {("git.other", WEB): 1.0})
    assert second == Sent(((LANDED, WEB, 0.0), ("git.other", WEB, 1.0)))
    assert zeros_owed({900: second}, {}, frozenset({LANDED})) == {900: [(LANDED, WEB)]}


def test_a_running_total_is_sent_as_what_each_bucket_added():
    readings = [
        Reading(100.0, 0.0, 5.0),
        Reading(910.0, 0.0, 7.0),
        Reading(1790.0, 0.0, 8.0),
        Reading(1801.0, 0.0, 20.0),
    ]
    assert differences(readings, 0, 1800) == {900: 3.0}
    assert differences(readings, 1800, 2700) == {1800: 12.0}


@pytest.mark.parametrize("after", [Reading(1000.0, 500.0, 50.0), Reading(1000.0, 0.0, 4.0)])
def test_a_reset_has_no_number_and_the_next_bucket_goes_on_from_it(after):
    later = Reading(1801.0, after.start, after.value + 2)
    assert differences([Reading(100.0, 0.0, 5.0), after, later], 0, 9000) == {1800: 2.0}


@given(st.lists(st.tuples(st.integers(1, 2000), st.integers(0, 9)), min_size=2, max_size=12))
def test_the_differences_of_all_buckets_add_up_to_the_whole(steps):
    at, total, readings = 0, 0, []
    for ahead, more in steps:
        at, total = at + ahead, total + more
        readings.append(Reading(float(at), 0.0, float(total)))
    first = [each for each in readings if each.at // BUCKET == readings[0].at // BUCKET][-1]
    assert sum(differences(readings, 0, 10**9).values()) == total - first.value


def test_readings_are_kept_as_far_back_as_a_bucket_may_still_be_sent(tmp_path):
    ledger = open_ledger(str(tmp_path / "ledger.db"))
    offset = "kafka.topic.offset"
    for at in (100.0, 1000.0, 1900.0, 2800.0, 3700.0):
        known = [note.at for note in ledger.notes("kafka", "orders", READING)]
        now = Readings(((offset, WEB, 0.0, at),))
        ledger.commit(reading_change("kafka", "orders", at, now, known, at // BUCKET * BUCKET - 2 * BUCKET))
    notes = {note.at: decode_body(note.body, Readings) for note in ledger.notes("kafka", "orders", READING)}
    assert list(notes) == [1000.0, 1900.0, 2800.0, 3700.0]
    assert added(notes, 1800, 3600) == {(offset, WEB): {1800: 900.0, 2700: 900.0}}
    ledger.close()
