"""The whole collector over a fixed repository: every sample of a dry run."""

from __future__ import annotations

import json
from pathlib import Path

from collectors.git.collector import GitCollector
from common.duration import Duration
from common.run import Attempt, Plan
from common.sinks import RunKey
from common.window import DAY, HOUR
from tests.collectors.git.history import NOON, History, collector, git, week

EXPECTED = Path(__file__).with_name("expected.json")


def fixed(folder):
    history = History()
    text = "".join(f"line {number}\n" for number in range(30))
    root = history.commit(NOON - 40 * DAY, files={"app.py": text, "go.sum": text})
    history.tag("v1.0.0", root, NOON - 39 * DAY)
    fix = history.commit(NOON - 20 * DAY, root, subject="Hotfix: stop the bleeding", authored=NOON - 21 * DAY)
    history.tag("v1.0.1", fix)
    side = history.commit(NOON - 12 * DAY, root, author=b"Ben <ben@x>", files={"app.py": text + "more\n"})
    bump = b"Bump the lot\n\nCo-authored-by: Ann <ann@example.org>"
    bot = history.commit(NOON - 6 * DAY, fix, author=b"renovate[bot] <r@x>", files={"go.sum": "1\n"}, subject=bump)
    merge = history.commit(NOON - 5 * DAY, bot, side, subject="Merge branch 'side'")
    moved = history.commit(NOON - 3 * DAY, merge, files={"app.py": None, "src/app.py": text}, authored=NOON - 4 * DAY)
    less = {"src/app.py": "1\n"}
    undo = history.commit(NOON - HOUR, moved, subject='Revert "more"', author=b"Ben <ben@x>", files=less)
    history.tag("v1.1.0", moved, NOON - 2 * DAY)
    history.tag("v1.1.1", undo, NOON - HOUR // 2)
    history.branch("old", root)
    history.branch("new", moved)
    history.write(folder)


def run(folder):
    one = collector(folder)
    plan = Plan(key=RunKey("test", "git"), window=week(), dry=True)
    return Attempt(one, [], plan, one.context, lambda: NOON).execute()


def shown(sample):
    facts = {"metric": sample.metric.name, "tags": dict(sample.tags), "value": round(sample.value, 6)}
    return {**facts, "values": list(sample.values)} if sample.values else facts


def test_a_dry_run_over_a_fixed_repository_gives_exactly_these_samples(tmp_path):
    fixed(tmp_path / "pay")
    done = run(tmp_path / "pay")
    assert done.failures == ()
    assert [shown(sample) for sample in done.samples] == json.loads(EXPECTED.read_text())


def test_a_second_run_gives_the_same(tmp_path):
    fixed(tmp_path / "pay")
    assert run(tmp_path / "pay").samples == run(tmp_path / "pay").samples


def test_every_process_is_counted_and_the_newest_event_is_known(tmp_path):
    fixed(tmp_path / "pay")
    usage = run(tmp_path / "pay").usage
    assert usage.requests == {("git", "ok"): 9}
    assert usage.newest_event == NOON - HOUR


def test_a_shallow_clone_costs_only_the_metrics_that_need_its_history(tmp_path):
    fixed(tmp_path / "pay")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{tmp_path}/pay", "cut")
    done = run(tmp_path / "cut")
    assert {sample.metric.name for sample in done.samples} == {"git.branch.existing"}
    assert {failure.metric for failure in done.failures} == {
        metric.name for metric in GitCollector.metrics() if metric.name != "git.branch.existing"
    }
    assert {failure.reason for failure in done.failures} == {
        "the clone is shallow and its history ends inside the window; complete it with: git fetch --unshallow"
    }


def test_one_window_sets_both():
    changed = collector(".").settings.with_window(Duration(90 * DAY))
    assert (changed.window, changed.delivery.window) == (90 * DAY, 90 * DAY)


def test_delivery_has_a_window_of_its_own():
    one = collector(".")
    lengths = {metric.name: one.window_of(metric, week()).length for metric in one.metrics()}
    assert lengths["delivery.lead_time"] == 30 * DAY
    assert lengths["git.commit.landed"] == 7 * DAY
