"""One run with a tiny collector and tiny sinks: what fails costs only itself, and is named."""

from __future__ import annotations

import threading

import pytest

from common.collector import Failure, Scope
from common.errors import DeadlineError, ExitCode, FetchError, SubmitError
from common.outcome import Gap, Submission
from common.run import HEALTH
from common.settings import CollectorSettings
from common.sinks import Owed
from common.window import DAY, HOUR
from tests.common.fakes import KEY, NOON, WINDOW, FakeCollector, FakeSink, Seen, attempt

QUARTER = 1_749_999_600
"""The end of the newest bucket that is closed at noon."""


def values(run, name):
    return {dict(each.tags)["place"]: each.value for each in run.samples if each.metric.name == name}


def test_a_run_reads_computes_submits_and_reports():
    sink = FakeSink()
    run = attempt(FakeCollector([Seen("a", (NOON - 9, NOON - HOUR)), Seen("b")]), sink).execute()

    assert sink.calls == ["prepare", "submit", "report"]
    assert (run.outcome, run.scopes, run.scopes_read, run.failures) == ("success", ("a", "b"), ("a", "b"), ())
    assert values(run, "fake.event") == {"a": 2.0, "b": 0.0}
    batch = sink.batches["submit"]
    assert (batch.key, batch.end, batch.closed_until, batch.scope_tag) == (KEY, NOON, QUARTER, "place")
    assert batch.scopes == {"a", "b"}
    assert batch.recomputed == {(scope, f"fake.{name}") for scope in "ab" for name in ("event", "state", "unknowable")}
    assert run.submissions == (Submission("sink", series=6, payload=10, requests=1),)
    assert {each.metric for each in sink.batches["report"].samples} <= set(HEALTH)


def test_a_failed_scope_costs_only_itself():
    sink = FakeSink()
    failure = Failure("b", "answered 404")
    run = attempt(FakeCollector([Seen("a"), failure, Seen("c")]), sink).execute()

    assert (run.outcome, run.scopes_read, run.failures) == ("partial", ("a", "c"), (failure,))
    assert sink.batches["submit"].scopes == {"a", "b", "c"}
    assert {scope for scope, _ in sink.batches["submit"].recomputed} == {"a", "c"}
    assert (run.exit_code(), run.exit_code(strict=True)) == (ExitCode.OK, ExitCode.FAILED)


@pytest.mark.parametrize(
    ("scope", "reason"),
    [("odd", "fake.unknowable: nobody can tell"), ("bug", "ZeroDivisionError: division by zero")],
)
def test_one_metric_that_raises_costs_only_itself(scope, reason):
    sink = FakeSink()
    run = attempt(FakeCollector([Seen(scope), Seen("fine")]), sink).execute()

    assert run.failures == (Failure(scope, reason, "fake.unknowable"),)
    assert (values(run, "fake.unknowable"), values(run, "fake.state")) == ({"fine": 1.0}, {scope: 0.0, "fine": 0.0})
    assert (scope, "fake.unknowable") not in sink.batches["submit"].recomputed
    assert (scope, "fake.state") in sink.batches["submit"].recomputed
    assert run.outcome == "partial"


def test_an_unreadable_sink_fails_the_run_and_the_others_still_get_their_data():
    broken, fine = FakeSink("broken", prepare=SubmitError("cannot be read")), FakeSink("fine")
    run = attempt(FakeCollector([Seen("a")]), broken, fine).execute()

    assert (broken.calls, fine.calls) == (["prepare", "report"], ["prepare", "submit", "report"])
    assert [(each.sink, each.error) for each in run.submissions] == [("broken", "cannot be read"), ("fine", None)]
    assert (run.outcome, run.exit_code()) == ("failed", ExitCode.FAILED)


@pytest.mark.parametrize("error", [SubmitError("answered 403"), DeadlineError("the deadline has passed")])
def test_a_sink_that_refuses_the_data_is_named_and_the_others_get_theirs(error):
    broken, fine = FakeSink("broken", submit=error), FakeSink("fine")
    run = attempt(FakeCollector([Seen("a")]), broken, fine).execute()

    assert [(each.sink, each.error) for each in run.submissions] == [("broken", str(error)), ("fine", None)]
    assert run.exit_code() == ExitCode.FAILED


def test_a_sink_that_does_not_take_the_health_metrics_is_named():
    run = attempt(FakeCollector([Seen("a")]), FakeSink(report=SubmitError("answered 500"))).execute()

    assert [each.error for each in run.submissions] == ["health metrics: answered 500"]


def test_a_discovery_that_fails_still_reports_health():
    sink = FakeSink()
    run = attempt(FakeCollector([], scopes=FetchError("the list cannot be read")), sink).execute()

    assert sink.calls == ["prepare", "report"]
    assert (run.outcome, run.failures) == ("failed", (Failure("", "the list cannot be read"),))
    outcome = {
        dict(s.tags)["outcome"]: s.value for s in sink.batches["report"].samples if s.metric.name.endswith("outcome")
    }
    assert outcome == {"success": 0.0, "partial": 0.0, "failed": 1.0}


def test_a_source_that_fails_half_way_keeps_what_was_read():
    run = attempt(FakeCollector([Seen("a"), FetchError("gone"), Seen("b")]), FakeSink()).execute()

    assert (run.scopes_read, run.failures, run.outcome) == (("a",), (Failure("", "gone"),), "partial")


def test_a_deadline_while_reading_names_what_is_missing_and_submits_the_rest():
    sink = FakeSink()
    run = attempt(FakeCollector([Seen("a"), DeadlineError("over"), Seen("b")]), sink).execute()

    assert (run.scopes_read, run.failures) == (("a",), (Failure("b", "not read: the deadline passed"),))
    assert (run.stopped, run.exit_code(), sink.calls[1]) == ("deadline", ExitCode.OK, "submit")


def test_a_deadline_before_anything_was_read_submits_nothing():
    sink = FakeSink()
    run = attempt(FakeCollector([DeadlineError("over")], scopes=[Scope("a")]), sink).execute()

    assert (sink.calls, run.exit_code()) == (["prepare", "report"], ExitCode.DEADLINE)


def test_a_dry_run_never_touches_a_sink():
    sink = FakeSink(prepare=SubmitError("x"), submit=SubmitError("x"), report=SubmitError("x"))
    run = attempt(FakeCollector([Seen("a")]), sink, dry=True).execute()

    assert (sink.calls, run.outcome) == (["estimate", "estimate"], "success")


def test_running_twice_yields_the_same_samples():
    items = [Seen("b", (NOON - 5000.0, NOON - 100)), Seen("a", (NOON - 2 * DAY,))]
    first = attempt(FakeCollector(items), FakeSink()).execute()
    second = attempt(FakeCollector(items), FakeSink()).execute()

    assert first.samples == second.samples


def test_tags_of_plan_settings_and_scope_are_added_the_nearest_last():
    settings = CollectorSettings(tags={"team": "core", "env": "dev"})
    collector = FakeCollector([Seen("a")], scopes=[Scope("a", {"team": "payments"})], settings=settings)
    run = attempt(collector, tags={"env": "prod", "region": "eu"}).execute()

    assert dict(run.samples[0].tags) == {"env": "dev", "region": "eu", "team": "payments", "place": "a"}


def test_only_and_exclude_choose_the_metrics():
    run = attempt(FakeCollector([Seen("a")]), only="fake.*", exclude=("*.state",)).execute()

    assert {each.metric.name for each in run.samples} == {"fake.event", "fake.unknowable"}


@pytest.mark.parametrize(
    ("owed", "since", "buckets", "gaps"),
    [
        (Owed(), WINDOW.start, 0, ()),
        (Owed(default=QUARTER - 900), WINDOW.start, 1, ()),
        (Owed(scopes={"a": QUARTER - 2 * HOUR}), WINDOW.start, 2, ()),
        (Owed(default=QUARTER, metrics={("a", "fake.event"): QUARTER - 900}), WINDOW.start, 1, ()),
        (Owed(default=QUARTER - 8 * DAY), WINDOW.start, 2, (Gap("a", "sink", DAY + 900),)),
        (Owed(default=QUARTER + HOUR), WINDOW.start, 0, ()),
    ],
)
def test_what_is_owed_decides_which_buckets_leave(owed, since, buckets, gaps):
    collector = FakeCollector([Seen("a", (QUARTER - 1.0, QUARTER - HOUR, NOON - 1))])
    run = attempt(collector, FakeSink(owed=owed)).execute()

    (counted,) = [each for each in run.samples if each.metric.name == "fake.event"]
    assert collector.asked == {"a": since}
    assert (sum(each.events for each in counted.buckets), run.gaps) == (buckets, gaps)
    assert counted.value == 3.0


def test_the_sink_that_is_owed_most_decides_since_when_the_source_is_asked():
    collector = FakeCollector([Seen("a"), Seen("b")])
    far = FakeSink("far", owed=Owed(scopes={"a": NOON - 5 * HOUR}, default=NOON - HOUR))
    near = FakeSink("near", owed=Owed(default=NOON - 2 * HOUR))
    from common.run import Attempt, Plan
    from common.window import Window

    plan = Plan(key=KEY, window=Window(NOON - HOUR, NOON), dry=False)
    Attempt(collector, (far, near), plan, collector.context, lambda: NOON).execute()

    assert collector.asked == {"a": NOON - 5 * HOUR, "b": NOON - 2 * HOUR}


def test_an_interruption_submits_what_is_complete_once_and_both_sides_get_the_same_run():
    sink, here, go = FakeSink(), threading.Event(), threading.Event()

    def wait_before_b(scope):
        if scope == "b":
            here.set()
            go.wait(5)

    collector = FakeCollector([Seen("a"), Seen("b"), Seen("c")], before=wait_before_b)
    tried = attempt(collector, sink)
    runs = []
    main = threading.Thread(target=lambda: runs.append(tried.execute()))
    main.start()
    assert here.wait(5)
    runs.append(tried.interrupt("signal"))
    go.set()
    main.join(5)

    assert runs[0] is runs[1]
    assert sink.calls == ["prepare", "submit", "report"]
    reason = "not read: the run was told to stop"
    assert (runs[0].scopes_read, runs[0].failures) == (("a",), (Failure("b", reason), Failure("c", reason)))
    assert (runs[0].stopped, runs[0].exit_code()) == ("signal", ExitCode.TERMINATED)
    assert collector.context.deadline.for_fetching() == 0.0


def test_an_interruption_during_the_submission_waits_for_it_and_changes_nothing():
    sink, submitting, go = FakeSink(), threading.Event(), threading.Event()
    sink.before = lambda: (submitting.set(), go.wait(5))
    tried = attempt(FakeCollector([Seen("a")]), sink)
    runs = []
    main = threading.Thread(target=lambda: runs.append(tried.execute()))
    other = threading.Thread(target=lambda: runs.append(tried.interrupt("deadline")))
    main.start()
    assert submitting.wait(5)
    other.start()
    go.set()
    main.join(5)
    other.join(5)

    assert (len(runs), runs[0] is runs[1]) == (2, True)
    assert (runs[0].outcome, runs[0].stopped, sink.calls) == ("success", None, ["prepare", "submit", "report"])


def test_an_interruption_while_the_sinks_are_asked_leaves_them_alone():
    asked, go = threading.Event(), threading.Event()

    class Slow(FakeSink):
        def prepare(self, key, end):
            asked.set()
            go.wait(5)
            return super().prepare(key, end)

    sink, collector = Slow(), FakeCollector([Seen("a")])
    tried = attempt(collector, sink)
    main = threading.Thread(target=tried.execute)
    main.start()
    assert asked.wait(5)
    run = tried.interrupt("signal")
    go.set()
    main.join(5)

    assert (run.failures, sink.calls) == ((Failure("", "not read: the run was told to stop"),), ["report", "prepare"])
    assert (collector.asked, tried.finish() is run) == ({}, True)


def test_a_stopped_run_reads_no_further_scope():
    read = []
    tried = None

    def stop_at_b(scope):
        read.append(scope)
        if scope == "b":
            tried.interrupt("deadline")

    tried = attempt(FakeCollector([Seen("a"), Seen("b"), Seen("c")], before=stop_at_b), FakeSink())
    run = tried.execute()

    assert (read, run.scopes_read, run.stopped) == (["a", "b"], ("a",), "deadline")
