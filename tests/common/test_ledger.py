"""One contract for every ledger."""

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.ledger import (
    ALWAYS,
    COUNTED,
    SENT,
    Cached,
    Change,
    Holding,
    LedgerError,
    Note,
    NullLedger,
    Record,
    SampleEntry,
    encode_body,
    open_ledger,
)
from common.ledger.upkeep import tend
from tests.common.ledgers import DAY, NOON, ids, put, record, run_entry


class Merged(msgspec.Struct, frozen=True):
    number: int
    seconds: float = 0.0


def test_a_record_comes_back_as_it_went_in_also_for_a_later_run(place, ledger):
    kept = Record("pull_request", "7", NOON, NOON + 5, encode_body(Merged(7, 1.5)))
    put(ledger, kept)
    ledger.close()
    [found] = place.open().records("github", "acme/web", "pull_request")
    assert found == kept
    assert found.read(Merged) == Merged(7, 1.5)


def test_a_body_of_another_type_is_an_error_that_names_the_ledger():
    with pytest.raises(LedgerError, match="ledger: pull_request 7 cannot be read; it may be deleted"):
        Record("pull_request", "7", NOON, 1.0, encode_body("text")).read(Merged)


@pytest.mark.parametrize(("version", "body"), [(4.0, b"old"), (5.0, b"new"), (6.0, b"new")])
def test_a_record_is_replaced_by_an_equal_or_newer_version_only(ledger, version, body):
    put(ledger, record(7, version=5.0, body=b"old"))
    put(ledger, record(7, version=version, body=b"new"))
    assert ledger.records("github", "acme/web", "pull_request")[0].body == body


def test_a_record_twice_in_one_commit_keeps_the_newest(ledger):
    put(ledger, record(7, version=3.0, body=b"newest"), record(7, version=2.0, body=b"older"))
    assert [each.body for each in ledger.records("github", "acme/web", "pull_request")] == [b"newest"]


def test_records_are_read_by_half_open_span_in_order_of_time_and_id(ledger):
    put(ledger, record("b", NOON + 1), record("a", NOON + 1), record("early", NOON), record("late", NOON + 2))
    found = ledger.records("github", "acme/web", "pull_request", NOON + 1, NOON + 2)
    assert [each.id for each in found] == ["a", "b"]
    assert ids(ledger) == ["early", "a", "b", "late"]


def test_instances_collectors_scopes_and_kinds_are_kept_apart(place, ledger):
    put(ledger, record(1), record(1, kind="build"))
    put(ledger, record(2), scope="acme/api")
    other = place.open("other")
    put(other, record(3))
    assert [ids(ledger), ids(ledger, "build"), ids(ledger, scope="acme/api"), ids(other)] == [
        ["1"],
        ["1"],
        ["2"],
        ["3"],
    ]
    assert ledger.records("gitlab", "acme/web", "pull_request") == []
    assert {each.scope for each in other.show()} == {"acme/web"}
    other.close()


def test_versions_tell_what_need_not_be_fetched(ledger):
    put(ledger, record(1, NOON, 5.0), record(2, NOON + 10, 6.0))
    assert ledger.versions("github", "acme/web", "pull_request") == {"1": 5.0, "2": 6.0}
    assert ledger.versions("github", "acme/web", "pull_request", NOON + 10) == {"2": 6.0}


def test_a_record_that_the_source_no_longer_has_is_deleted(ledger):
    put(ledger, record(1), record(2))
    put(ledger, gone=(("pull_request", "1"), ("pull_request", "unknown")))
    assert ids(ledger) == ["2"]


@pytest.mark.parametrize("scope", ["acme/'; DROP TABLE records; --", "grüße/世界", "a?b%s", "nul\0", "half\ud800"])
def test_any_text_can_be_a_scope_and_an_id(ledger, scope):
    put(ledger, record(scope), scope=scope, watermarks={scope: 3.0})
    assert len(ids(ledger, scope=scope)) == 1
    assert list(ledger.watermarks("github", scope).values()) == [3.0]


def test_a_record_cannot_take_a_kind_of_the_ledgers_own(ledger):
    with pytest.raises(ValueError, match="not kinds of a record or of a note: sample"):
        put(ledger, record(1, kind="sample"))
    with pytest.raises(ValueError, match="not kinds of a record or of a note: pull_request"):
        put(ledger, notes=(Note("pull_request", NOON, b""),))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(0, 3), st.integers(0, 5), st.integers(0, 9)),
            st.tuples(st.just("prune"), st.integers(0, 10)),
        ),
        max_size=25,
    )
)
def test_whatever_is_put_and_pruned_the_newest_version_remains(place, steps):
    ledger = place.open(instance=f"property-{next(_instances)}")
    expected = {}
    for step, (name, *values) in enumerate(steps):
        if name == "put":
            number, version, at = values
            put(ledger, record(number, float(at), float(version), body=b"%d" % step))
            if expected.get(number, (-1, 0, b""))[0] <= version:
                expected[number] = (version, at, b"%d" % step)
        else:
            ledger.prune(float(values[0]))
            expected = {number: kept for number, kept in expected.items() if kept[1] >= values[0]}
    found = ledger.records("github", "acme/web", "pull_request")
    assert {int(each.id): (each.version, each.at, each.body) for each in found} == expected
    ledger.close()


_instances = iter(range(1_000_000))


def test_whole_numbers_and_decimals_may_be_mixed(ledger):
    put(ledger, record(1, 5, 1), record(2, 5.5, 1.5), watermarks={"a": 5, "b": 5.5})
    assert [each.at for each in ledger.records("github", "acme/web", "pull_request")] == [5.0, 5.5]
    assert ledger.watermarks("github", "acme/web") == {"a": 5.0, "b": 5.5}


def test_watermarks_are_kept_by_name_and_the_last_one_counts(ledger):
    put(ledger, watermarks={"pull_request": 5.0, "run": 7.5})
    put(ledger, watermarks={"pull_request": 4.0})
    assert ledger.watermarks("github", "acme/web") == {"pull_request": 4.0, "run": 7.5}
    assert ledger.watermarks("github", "acme/api") == {}


def test_an_answer_is_kept_with_its_etag_and_replaced(ledger):
    put(ledger, cache={"/repos/acme/web": Cached('W/"1"', b"{}", NOON)})
    put(ledger, cache={"/repos/acme/web": Cached('W/"2"', b"[]", NOON + 9)})
    assert ledger.cached("github", "acme/web", "/repos/acme/web") == Cached('W/"2"', b"[]", NOON + 9)
    assert ledger.cached("github", "acme/web", "/other") is None


def test_notes_are_forgotten_after_a_time_and_written_anew_in_one_commit(ledger):
    put(ledger, notes=(Note(COUNTED, 10.0, b"a"), Note(COUNTED, 20.0, b"b"), Note(SENT, 20.0, b"s")))
    put(ledger, forget={COUNTED: 10.0}, notes=(Note(COUNTED, 30.0, b"c"),))
    assert ledger.notes("github", "acme/web", COUNTED) == [Note(COUNTED, 10.0, b"a"), Note(COUNTED, 30.0, b"c")]
    assert ledger.notes("github", "acme/web", SENT, 20.0) == [Note(SENT, 20.0, b"s")]
    put(ledger, expire={COUNTED: 30.0, SENT: 20.0})
    assert ledger.notes("github", "acme/web", COUNTED) == [Note(COUNTED, 30.0, b"c")]
    assert ledger.notes("github", "acme/web", SENT) == [Note(SENT, 20.0, b"s")]


def test_runs_are_kept_in_order_with_their_failures(ledger):
    first, second = run_entry(NOON, "1"), run_entry(NOON + 900)
    ledger.commit(Change(collector="github", runs=(second, first)))
    assert ledger.runs("github") == [first, second]
    assert ledger.runs("github", NOON + 1) == [second]


def test_samples_are_a_series_for_each_tag_set_and_statistic(ledger):
    web = (("branch", "main"), ("repo", "acme/web"))
    p50 = SampleEntry("github.pull_request.time_to_merge", web, NOON, 60.5, "p50", "lower_bound")
    number = SampleEntry("github.pull_request.time_to_merge", web, NOON, 4.0, "count")
    put(ledger, samples=(p50, number))
    put(ledger, samples=(SampleEntry("github.pull_request.time_to_merge", web, NOON + 900, 61.0, "p50"),))
    found = ledger.samples("github", "acme/web", "github.pull_request.time_to_merge", NOON, NOON + 900)
    assert found == [number, p50]
    assert ledger.samples("github", "acme/web", "github.pull_request.open") == []


def test_prune_deletes_what_is_older_and_tells_how_much(ledger):
    put(ledger, record(1, NOON - 1), record(2, NOON), record(3, NOON - 1, kind="run_of_ci"))
    put(ledger, notes=(Note(SENT, NOON - 9, b""),), watermarks={"pull_request": NOON})
    assert ledger.prune(NOON) == {"pull_request": 1, "run_of_ci": 1, "sent": 1}
    assert (ids(ledger), ids(ledger, "run_of_ci")) == (["2"], [])
    assert ledger.watermarks("github", "acme/web") == {"pull_request": NOON}


def test_prune_of_one_kind_leaves_the_others_and_raises_only_its_floor(ledger):
    put(ledger, record(1, NOON - 1), record(3, NOON - 1, kind="deployment"))
    assert ledger.prune(NOON, ("deployment",)) == {"deployment": 1}
    assert ledger.prune(NOON - 500, ("deployment",)) == {}
    assert (ids(ledger), ids(ledger, "deployment")) == (["1"], [])
    assert (ledger.floor("github", "deployment"), ledger.floor("github", "pull_request")) == (NOON, ALWAYS)


def test_show_counts_by_scope_and_kind(ledger):
    put(ledger, record(1, NOON, body=b"12345"), record(2, NOON + 9, body=b"1"), watermarks={"pull_request": 1.0})
    put(ledger, samples=(SampleEntry("github.pull_request.open", (), NOON, 1.0),), scope="acme/api")
    ledger.commit(Change(collector="github", runs=(run_entry(NOON),)))
    run_size = len(encode_body(run_entry(NOON)))
    assert ledger.show() == [
        Holding("github", "", "run", 1, NOON, NOON, run_size),
        Holding("github", "acme/api", "sample", 1, NOON, NOON, 16),
        Holding("github", "acme/web", "pull_request", 2, NOON, NOON + 9, 6),
        Holding("github", "acme/web", "watermark", 1, None, None, 8),
    ]
    assert ledger.size() > 4096


def test_export_is_one_json_object_a_line(ledger):
    put(ledger, record(1, body=encode_body(Merged(1))), record(2, body=b"\xc1"), watermarks={"run": 2.0})
    put(
        ledger,
        samples=(SampleEntry("git.x", (("repo", "a"),), NOON, 3.0, basis="stale"),),
        notes=(Note(SENT, 1.0, b""),),
    )
    put(ledger, cache={"/k": Cached("e", encode_body([1]), 5.0)})
    ledger.commit(Change(collector="github", runs=(run_entry(NOON),)))
    lines = [json.loads(line) for line in ledger.export()]
    assert [line["entry"] for line in lines] == ["record", "record", "watermark", "note", "cache", "run", "sample"]
    where = {"collector": "github", "scope": "acme/web"}
    assert lines[0] == {
        "entry": "record", **where, "kind": "pull_request", "id": "1", "at": NOON, "version": 1.0,
        "body": {"number": 1, "seconds": 0.0},
    }  # fmt: skip
    assert lines[1]["body"] == "wQ=="
    assert lines[2] == {"entry": "watermark", **where, "name": "run", "value": 2.0}
    assert lines[4]["body"] == [1]
    assert lines[6] == {
        "entry": "sample", **where, "metric": "git.x", "tags": {"repo": "a"}, "statistic": "value", "at": NOON,
        "value": 3.0, "basis": "stale",
    }  # fmt: skip


def test_a_dry_run_writes_nothing_and_reads_everything(place, ledger):
    put(ledger, record(1), watermarks={"pull_request": 5.0})
    before = list(ledger.export())
    dry = place.open(read_only=True)
    put(dry, record(2), watermarks={"pull_request": 6.0})
    assert (ids(dry), dry.watermarks("github", "acme/web")) == (["1"], {"pull_request": 5.0})
    assert dry.prune(NOON + 1) == {"pull_request": 1}
    with ledger.lock("github", "0"), dry.lock("github", "0"):
        assert dry.keeps is False
    dry.close()
    assert list(ledger.export()) == before


def test_a_dry_run_without_a_ledger_yet_creates_none(place, tmp_path):
    assert isinstance(place.open(read_only=True), NullLedger)
    assert list(tmp_path.iterdir()) == []


def test_without_a_ledger_nothing_is_kept():
    ledger = open_ledger(None)
    put(ledger, record(1), watermarks={"x": 1.0}, cache={"k": Cached("e", b"", 1.0)})
    with ledger.lock("github", "0"), ledger.lock("github", "0"):
        assert (ids(ledger), ledger.watermarks("github", "acme/web"), ledger.keeps) == ([], {}, False)
    assert ledger.cached("github", "acme/web", "k") is None
    assert (ledger.versions("github", "acme/web", "x"), ledger.floor("github", "x")) == ({}, ALWAYS)
    assert (ledger.notes("github", "", SENT), ledger.runs("github"), ledger.samples("github", "", "x")) == ([], [], [])
    assert (ledger.show(), list(ledger.export()), ledger.prune(NOON), ledger.size()) == ([], [], {}, 0)
    ledger.close()


def test_old_entries_are_forgotten_once_a_day(ledger):
    put(ledger, record(1, NOON - 401 * DAY), record(2, NOON - 400 * DAY))
    assert tend(ledger, "github", NOON, 400 * DAY) == {"pull_request": 1}
    put(ledger, record(3, NOON - 401 * DAY))
    assert tend(ledger, "github", NOON + DAY - 1, 400 * DAY) == {}
    assert tend(ledger, "github", NOON + DAY, 400 * DAY) == {"pull_request": 2}
    assert tend(open_ledger(None), "github", NOON, 400 * DAY) == {}
