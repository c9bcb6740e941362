"""What runs leave in a real Pushgateway: totals that are counted once, carried on, and never fall."""

from __future__ import annotations

from dataclasses import replace

import pytest

from common.settings import CollectorSettings
from common.window import DAY
from tests.sinks.pushgateway_world import (
    KEY,
    NOON,
    Event,
    World,
    attempt,
    during,
    quarter,
    run_once,
    series,
    sink_at,
    values,
)

COMMITS, MERGES, OBJECTS = "world_commit_total", "world_merge_total", "world_object_total"
DURATION, AGE = "world_duration_seconds", "world_age_seconds"
WATERMARK = "quarterdeck_counted_until_timestamp_seconds"
SHOP = World({"acme/shop": (during(-3, "old"),)})
"""One repository with an event in the window that was before the first run."""


def commits(gateway, label="author"):
    return values(gateway.groups(), COMMITS, label)


def marks(gateway):
    """The watermarks in quarters after noon, by scope and metric."""
    rows = series(gateway.groups(), WATERMARK)
    key = "repo", "counted_metric"
    return {tuple(row["labels"].get(name, "") for name in key): (float(row["value"]) - NOON) / 900 for row in rows}


def durations(gateway):
    return {
        row["labels"]["repo"]: (float(row["sum"]), float(row["count"]), row["quantiles"])
        for row in series(gateway.groups(), DURATION)
    }


def test_a_first_run_starts_every_total_at_zero_and_marks_the_newest_closed_bucket(pushgateway):
    run = run_once(pushgateway.url, SHOP, quarter(0))
    assert run.outcome == "success"
    assert commits(pushgateway) == {"human": 0, "bot": 0}
    assert marks(pushgateway) == {("acme/shop", ""): 0}
    assert durations(pushgateway) == {"acme/shop": (0, 0, {"0.5": "1", "0.9": "1", "0.95": "1", "0.99": "1"})}
    assert values(pushgateway.groups(), MERGES, "team") == {"team of human": 0}
    assert values(pushgateway.groups(), OBJECTS, "repo") == {"acme/shop": 1}
    assert values(pushgateway.groups(), AGE, "repo") == {"acme/shop": 5}


def test_the_group_is_keyed_by_job_instance_collector_and_shard(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    assert sorted((each["labels"] for each in pushgateway.groups()), key=lambda labels: labels["job"]) == [
        {"job": "quarterdeck", "instance": "test", "collector": "world", "shard": "0"},
        {"job": "quarterdeck-health", "instance": "test", "collector": "world", "shard": "0"},
    ]


def test_events_are_counted_once_their_bucket_is_closed(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", during(0, "a", seconds=2), during(0, "b", author="bot", seconds=4), during(1, "c"))
    run_once(pushgateway.url, world, quarter(1))
    assert commits(pushgateway) == {"human": 1, "bot": 1}
    assert durations(pushgateway)["acme/shop"][:2] == (6, 2)
    run_once(pushgateway.url, world, quarter(2))
    assert commits(pushgateway) == {"human": 2, "bot": 1}
    assert durations(pushgateway)["acme/shop"][:2] == (7, 3)


@pytest.mark.parametrize("times", [2, 10])
def test_running_again_in_the_same_quarter_changes_nothing(pushgateway, times):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", during(0, "a"))
    seen = set()
    for number in range(times):
        run_once(pushgateway.url, world, quarter(1) + number)
        seen.add((str(commits(pushgateway)), str(durations(pushgateway)), str(marks(pushgateway))))
    assert len(seen) == 1
    assert commits(pushgateway) == {"human": 1, "bot": 0}


def test_submitting_the_same_batch_again_changes_nothing(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    sink = sink_at(pushgateway.url)
    again = attempt(sink, SHOP.plus("acme/shop", during(0, "a")), quarter(1))
    batches = []
    submit = sink.submit
    sink.submit = lambda batch: (batches.append(batch), submit(batch))[1]  # type: ignore[method-assign]
    again.execute()
    submit(batches[0])
    assert commits(pushgateway) == {"human": 1, "bot": 0}
    assert marks(pushgateway) == {("acme/shop", ""): 1}


def test_of_two_runs_at_once_only_the_first_to_submit_counts(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", during(0, "a"), during(1, "b"))
    slow, fast = sink_at(pushgateway.url), sink_at(pushgateway.url)
    prepared = slow.prepare(KEY, quarter(1))
    slow.prepare = lambda key, end: prepared  # type: ignore[method-assign]
    run_once(fast, world, quarter(2))
    assert run_once(slow, world, quarter(1)).outcome == "success"
    assert commits(pushgateway) == {"human": 2, "bot": 0}
    assert marks(pushgateway) == {("acme/shop", ""): 2}


def test_a_run_after_three_days_counts_what_was_missed(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    later = quarter(0) + 3 * DAY
    missed = [Event(NOON + day * DAY + 10, f"day {day}") for day in range(3)]
    run = run_once(pushgateway.url, SHOP.plus("acme/shop", *missed), later)
    assert commits(pushgateway) == {"human": 3, "bot": 0}
    assert run.gaps == ()


def test_what_lies_behind_the_catch_up_is_a_gap_and_not_counted(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    missed = [Event(NOON + day * DAY + 10, f"day {day}") for day in range(10)]
    run = run_once(pushgateway.url, SHOP.plus("acme/shop", *missed), quarter(0) + 10 * DAY)
    assert commits(pushgateway) == {"human": 6, "bot": 0}
    assert [each.seconds for each in run.gaps] == [3 * DAY + 900]


def test_a_gateway_that_lost_everything_starts_anew(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", during(0, "a"))
    run_once(pushgateway.url, world, quarter(1))
    pushgateway.kill()
    pushgateway.start()
    run_once(pushgateway.url, world, quarter(2))
    assert commits(pushgateway) == {"human": 0, "bot": 0}
    run_once(pushgateway.url, world.plus("acme/shop", during(2, "b")), quarter(3))
    assert commits(pushgateway) == {"human": 1, "bot": 0}


def test_a_gateway_lost_between_read_and_push_starts_anew(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    sink = sink_at(pushgateway.url)
    prepared = sink.prepare(KEY, quarter(1))
    sink.prepare = lambda key, end: prepared  # type: ignore[method-assign]
    pushgateway.wipe()
    assert run_once(sink, SHOP.plus("acme/shop", during(0, "a")), quarter(1)).outcome == "success"
    assert commits(pushgateway) == {"human": 0, "bot": 0}
    assert marks(pushgateway) == {("acme/shop", ""): 1}


def test_a_gateway_that_comes_back_with_its_file_goes_on(start_pushgateway):
    gateway = start_pushgateway(persistent=True)
    world = SHOP.plus("acme/shop", during(0, "a"), during(1, "b"))
    run_once(gateway.url, world, quarter(0))
    run_once(gateway.url, world, quarter(1))
    gateway.stop()
    assert run_once(gateway.url, world, quarter(2)).outcome == "failed"
    gateway.start()
    run_once(gateway.url, world, quarter(3))
    assert commits(gateway) == {"human": 2, "bot": 0}


def test_a_failed_scope_keeps_its_totals_and_is_owed_the_rest(pushgateway):
    both = SHOP.plus("acme/web", during(0, "w", seconds=3))
    run_once(pushgateway.url, both, quarter(0))
    run_once(pushgateway.url, both, quarter(1))
    failing = replace(both.plus("acme/web", during(1, "x", seconds=5)), unreadable=frozenset({"acme/web"}))
    run = run_once(pushgateway.url, failing, quarter(2))
    assert run.outcome == "partial"
    web = {row["labels"]["author"]: row["value"] for row in series(pushgateway.groups(), COMMITS) if _is_web(row)}
    assert web == {"human": "1", "bot": "0"}
    assert durations(pushgateway)["acme/web"] == (3, 1, {})
    assert marks(pushgateway) == {("acme/shop", ""): 2, ("acme/web", ""): 1}
    assert values(pushgateway.groups(), AGE, "repo") == {"acme/shop": 5}
    assert values(pushgateway.groups(), OBJECTS, "repo") == {"acme/shop": 1, "acme/web": 1}
    run_once(pushgateway.url, replace(failing, unreadable=frozenset()), quarter(3))
    assert durations(pushgateway)["acme/web"][:2] == (8, 2)


def _is_web(row):
    return row["labels"]["repo"] == "acme/web"


def test_a_metric_left_out_by_only_lags_and_is_made_up_for(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", during(0, "a", seconds=2), during(1, "b", seconds=3))
    run_once(pushgateway.url, world, quarter(1), only="world.commit")
    assert marks(pushgateway) == {
        ("acme/shop", ""): 1,
        ("acme/shop", "world.merge"): 0,
        ("acme/shop", "world.duration"): 0,
    }
    assert durations(pushgateway)["acme/shop"] == (0, 0, {})
    run_once(pushgateway.url, world, quarter(2))
    assert marks(pushgateway) == {("acme/shop", ""): 2}
    assert commits(pushgateway) == {"human": 2, "bot": 0}
    assert durations(pushgateway)["acme/shop"][:2] == (5, 2)


def test_a_first_run_of_one_metric_starts_the_others_too(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0), only="world.commit")
    run_once(pushgateway.url, SHOP.plus("acme/shop", during(0, "a", seconds=2)), quarter(1))
    assert durations(pushgateway)["acme/shop"][:2] == (2, 1)


def test_a_metric_that_raises_keeps_its_total(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", during(0, "a"))
    run_once(pushgateway.url, world, quarter(1))
    failing = replace(world.plus("acme/shop", during(1, "b")), raising=frozenset({"world.commit"}))
    assert run_once(pushgateway.url, failing, quarter(2)).outcome == "partial"
    assert commits(pushgateway) == {"human": 1, "bot": 0}
    assert marks(pushgateway) == {("acme/shop", ""): 2, ("acme/shop", "world.commit"): 1}
    run_once(pushgateway.url, replace(failing, raising=frozenset()), quarter(3))
    assert commits(pushgateway) == {"human": 2, "bot": 0}


def test_a_series_without_events_in_the_window_keeps_its_total(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    run_once(pushgateway.url, SHOP.plus("acme/shop", during(0, "a", author="bot")), quarter(1))
    run_once(pushgateway.url, SHOP, quarter(0) + 6 * DAY)
    assert values(pushgateway.groups(), MERGES, "team") == {"team of human": 0, "team of bot": 1}


def test_a_retired_scope_goes_after_a_complete_discovery_and_only_then(pushgateway):
    both = SHOP.plus("acme/web", during(0, "w"))
    run_once(pushgateway.url, both, quarter(0))
    assert run_once(pushgateway.url, replace(both, hidden=True), quarter(1)).outcome == "failed"
    assert set(commits(pushgateway, "repo")) == {"acme/shop", "acme/web"}
    run_once(pushgateway.url, SHOP, quarter(2))
    assert set(commits(pushgateway, "repo")) == {"acme/shop"}
    assert marks(pushgateway) == {("acme/shop", ""): 2}


def test_a_clock_that_goes_backwards_moves_nothing(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    world = SHOP.plus("acme/shop", *(during(number, str(number)) for number in range(4)))
    run_once(pushgateway.url, world, quarter(3))
    run_once(pushgateway.url, world, quarter(1))
    assert commits(pushgateway) == {"human": 3, "bot": 0}
    assert marks(pushgateway) == {("acme/shop", ""): 3}
    run_once(pushgateway.url, world, quarter(4))
    assert commits(pushgateway) == {"human": 4, "bot": 0}


def test_changed_tags_begin_a_series_and_the_old_one_keeps_what_it_counted(pushgateway):
    world = SHOP.plus("acme/shop", during(0, "a"), during(1, "b"), during(1, "c"))
    run_once(pushgateway.url, world, quarter(0), tags={"env": "prod"})
    run_once(pushgateway.url, world, quarter(1), tags={"env": "prod"})
    run_once(pushgateway.url, world, quarter(2), tags={"env": "production", "tier": "1"})
    rows = series(pushgateway.groups(), COMMITS)
    assert {row["labels"]["env"]: float(row["value"]) for row in rows if row["labels"]["author"] == "human"} == {
        "prod": 1,
        "production": 2,
    }


def test_a_number_that_is_not_measured_is_named(pushgateway):
    run_once(pushgateway.url, replace(SHOP, basis="lower_bound"), quarter(0))
    (row,) = series(pushgateway.groups(), "quarterdeck_basis_info")
    own = {name: text for name, text in row["labels"].items() if name in ("repo", "metric", "basis")}
    assert (own, row["value"]) == ({"repo": "acme/shop", "metric": "world.age", "basis": "lower_bound"}, "1")
    assert len(series(pushgateway.groups(), AGE)) == 1


def test_labels_with_slashes_unicode_quotes_and_nothing_survive_the_way_there_and_back(pushgateway):
    name = 'größe/"x"\\n\n\r\t日本'
    world = World({name: (during(0, "a", author="human"),), "acme/shop": ()})
    key = replace_key(instance="a b/ü%+", collector="github")
    for number in range(3):
        run_once(pushgateway.url, world, quarter(number), key=key, tags={"empty": "", "odd": "\udcff€"})
    rows = [row for row in series(pushgateway.groups(), COMMITS) if row["labels"]["author"] == "human"]
    assert {row["labels"]["repo"]: row["value"] for row in rows} == {name: "1", "acme/shop": "0"}
    assert {row["labels"]["odd"] for row in rows} == {"?€"}
    assert [each["labels"]["instance"] for each in pushgateway.groups()] == ["a b/ü%+"] * 2


def replace_key(**changes):
    import msgspec

    return msgspec.structs.replace(KEY, **changes)


def test_promtool_finds_nothing_in_our_families(pushgateway, promtool):
    run_once(pushgateway.url, SHOP, quarter(0))
    failing = replace(SHOP.plus("acme/shop", during(0, "a")), raising=frozenset({"world.commit"}), basis="estimated")
    run_once(pushgateway.url, failing, quarter(1))
    page = pushgateway.metrics()
    foreign = ("go_", "process_", "promhttp_", "pushgateway_", "push_")
    lines = [
        line
        for line in page.splitlines()
        if not line.removeprefix("# HELP ").removeprefix("# TYPE ").startswith(foreign)
    ]
    assert any(line.startswith("# HELP collector_run_outcome ") for line in lines)
    assert promtool.check_metrics("\n".join(lines) + "\n") == []


def test_help_is_the_description_and_says_what_a_summary_holds(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    data = next(each for each in pushgateway.groups() if each["labels"]["job"] == "quarterdeck")
    assert data[COMMITS]["help"] == 'Commits with a "quoted" \\ word.'
    assert data[DURATION]["help"] == (
        "Time that an event took. Quantiles are over the window; _sum and _count are carried on from run to run."
    )


def test_prometheus_sees_the_increase_of_every_event(pushgateway, prometheus):
    world = SHOP
    for number in range(4):
        run_once(pushgateway.url, world, quarter(number))
        prometheus.scraped()
        world = world.plus("acme/shop", during(number, f"{number} a"), during(number, f"{number} b", author="bot"))
    assert prometheus.value("sum(world_commit_total)") == 6
    assert prometheus.value("sum(max_over_time(world_commit_total[1h]) - min_over_time(world_commit_total[1h]))") == 6
    assert prometheus.value("sum(resets(world_commit_total[1h]))") == 0
    assert prometheus.value('count(increase(world_commit_total{job="quarterdeck"}[1h]) > 0)') == 2


def test_collector_settings_tags_are_on_every_series(pushgateway):
    ready = attempt(sink_at(pushgateway.url), SHOP, quarter(0))
    ready._collector.settings = CollectorSettings(tags={"owner": "core"})
    ready.execute()
    assert {row["labels"].get("owner") for name in (COMMITS, AGE) for row in series(pushgateway.groups(), name)} == {
        "core"
    }


def test_an_empty_but_complete_discovery_retires_every_scope(pushgateway):
    run_once(pushgateway.url, SHOP, quarter(0))
    run_once(pushgateway.url, World({}), quarter(1))
    data = [each for each in pushgateway.groups() if each["labels"]["job"] == "quarterdeck"]
    assert [sorted(each) for each in data] == [
        ["labels", "last_push_successful", "push_failure_time_seconds", "push_time_seconds"]
    ]
    run_once(pushgateway.url, SHOP, quarter(2))
    assert commits(pushgateway) == {"human": 0, "bot": 0}
