"""What the ledger keeps of a run."""

from common.collector import Failure
from common.history import history
from common.ledger import Change, RunEntry, SampleEntry, open_ledger
from common.meter import Usage
from common.metric import Kind, metric, point
from common.outcome import Gap, Run
from common.sample import Span, reduce_points
from common.window import DAY, Window

NOON = 1_750_000_500.0
WINDOW = Window(NOON - DAY, NOON)


@metric("fake.time_to_end", unit="s", kind=Kind.DISTRIBUTION, tags={"sort": None})
def time_to_end(snapshot):
    """Seconds."""
    return (point(value, at=NOON - 5, id=str(value), sort=sort) for sort, value in snapshot)


@metric("fake.state", unit="{thing}")
def state(snapshot):
    """How many."""
    yield point(len(snapshot), basis="lower_bound")


def sampled(each, snapshot, scope="a"):
    return reduce_points(each, each.points(snapshot), Span(WINDOW, 0, 0), scope, {"place": scope})


def run(*samples, **more):
    return Run(
        collector="fake", window=WINDOW, started=NOON, ended=NOON + 3, dry=False, release="1.2",
        schedule_interval=900, scopes=("a", "b"), scopes_read=("a",), samples=samples, **more,
    )  # fmt: skip


def test_a_state_is_one_entry_and_a_distribution_one_for_each_statistic():
    samples = sampled(state, [1, 2]) + sampled(time_to_end, [("x", 1.0), ("x", 3.0)])
    changes = history(run(*samples), "0")
    x = (("place", "a"), ("sort", "x"))
    assert changes[0] == Change(
        collector="fake",
        scope="a",
        samples=(
            SampleEntry("fake.state", (("place", "a"),), NOON, 2.0, basis="lower_bound"),
            SampleEntry("fake.time_to_end", x, NOON, 2.0, "count"),
            SampleEntry("fake.time_to_end", x, NOON, 2.0, "p50"),
            SampleEntry("fake.time_to_end", x, NOON, 2.9, "p95"),
        ),
    )


def test_a_run_is_kept_with_what_was_missing():
    found = run(
        failures=(Failure("b", "404"),), gaps=(Gap("a", "pushgateway", 60.0),), late_events=2,
        usage=Usage(requests={("rest", "200"): 3, ("rest", "404"): 1}),
    )  # fmt: skip
    [change] = history(found, "1")
    assert change.runs == (
        RunEntry(
            shard="1", started=NOON, ended=NOON + 3, start=WINDOW.start, end=NOON, outcome="partial", release="1.2",
            scopes=2, scopes_read=1, failures=(("b", "404", None),), gap=60.0, late=2, requests=4,
        ),
    )  # fmt: skip


def test_history_is_read_back(tmp_path):
    ledger = open_ledger(str(tmp_path / "ledger.db"))
    ledger.commit(*history(run(*sampled(state, [1]), *sampled(state, [1, 2], "b")), "0"))
    assert [each.value for each in ledger.samples("fake", "b", "fake.state")] == [2.0]
    assert [each.samples for each in ledger.runs("fake")] == [2]
    ledger.close()
