"""An objective that cannot be judged, or could never be missed, is refused with the name of its setting."""

from __future__ import annotations

import pytest

from common.errors import ConfigError
from common.objectives import BURN_ALERTS, BURN_WINDOWS
from common.objectives.binding import refuse_unknown
from common.objectives.burn import enough
from common.objectives.record import OfEvents, OfState
from common.settings import load_settings
from common.window import DAY
from tests.common.judged import ShopCollector, ShopSettings, bound, orders, state

GOOD = {"metric": "shop.order", "tags": {"result": "good"}}
ALL = {"metric": "shop.order"}


def complaint(*given, **settings):
    with pytest.raises(ConfigError) as caught:
        bound(*given, **settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"name": "x", "target": 1}, "objectives[0] needs good and total for events, or metric and comparison for a"),
        ({"name": "x", "target": 0.9, "good": ALL}, "objectives[0].total: good and total go together; found nothing"),
        ({"name": "x", "target": 0.9, "metric": "a.b"}, "objectives[0].comparison: metric and comparison go together"),
        (orders(comparison=">="), "objectives[0] has both good and comparison: give good and total for events, or"),
        (orders(total=GOOD), "objectives[0].good is the same as total, so it could never be missed"),
        (orders(target=1), "objectives[0].target: expected a share above 0 and below 1 such as 0.95, found 1.0; a"),
        (orders(target="1d"), 'objectives[0].target: expected a share above 0 and below 1 such as 0.95, found "1d"'),
        (orders(target=0.5), "objectives[0].target: at 0.5 an alert on its error budget could never fire, not even"),
        (orders(target=float("nan")), "objectives[0].target: expected a number or a length of time such as 24h, f"),
        (state("shop.wait", "<=", "soon"), "objectives[0].target: a length of time is a number with s, m, h, d or w"),
        (orders(window="12h"), "objectives[0].window: 12h is too short; accepted is 1d or more"),
        (orders(name="Orders"), "objectives[0].name: expected 1 to 63 lower-case letters"),
    ],
)
def test_what_is_wrong_whatever_the_metrics_are_is_told_when_the_file_is_read(given, text):
    with pytest.raises(ConfigError) as caught:
        load_settings({"objectives": [given]}, {})

    assert str(caught.value).startswith(text)


def test_two_objectives_of_one_name_are_refused():
    assert complaint(orders(), orders()) == (
        "objectives[1].name: 'orders' is the name of an earlier one; choose another"
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (orders(total={"metric": "other.thing"}), "objectives[0].total.metric: 'other.thing' is no metric of the"),
        (orders(good={"metric": "shop.wait"}), "objectives[0].good.metric: shop.wait is a distribution, not a count"),
        (
            orders(total={**ALL, "tags": {"colour": "red"}}),
            "objectives[0].total.tags.colour is not a tag of shop.order",
        ),
        (orders(good={**ALL, "tags": {"result": "god"}}), "objectives[0].good.tags.result: 'god' is not one of good"),
        (orders(good={**ALL, "tags": {"result": "other"}}), "objectives[0].good.tags.result: good must be a part of"),
        (orders(good={**ALL, "tags": {"till": "1"}}), "objectives[0].good.tags.result: good must be a part of total"),
        (orders(good={**ALL, "tags": {"result": ["bad", "good"]}}), "objectives[0].good is all of total, so it could"),
        (state("shop.meter", ">=", 1), "objectives[0].metric: shop.meter is a running total, which no comparison fits"),
        (state("shop.wait", "<=", 1), "objectives[0].statistic is missing: shop.wait is a distribution; give count"),
        (
            state("shop.clean", ">=", 1, statistic="p95"),
            "objectives[0].statistic: shop.clean is a gauge and has no p95",
        ),
        (state("shop.wait", "<=", 1, statistic="p95"), "objectives[0].tags.queue: a p95 cannot be added up; give one"),
        (state("shop.clean", ">=", 2), "objectives[0].target: 2 cannot be a value of shop.clean; accepted is 0 or 1"),
        (
            state("shop.passing", "<=", 1.5),
            "objectives[0].target: 1.5 cannot be a value of shop.passing; accepted is 0",
        ),
        (state("shop.passing", ">=", "1d"), "objectives[0].target: shop.passing is no length of time (1); give a num"),
        (state("shop.passing", ">=", 0), "objectives[0].comparison: shop.passing >= 0 is always true, so nobody"),
        (state("shop.passing", "<=", 1), "objectives[0].comparison: shop.passing <= 1 is always true"),
        (state("shop.passing", ">", 1), "objectives[0].comparison: shop.passing > 1 is never true"),
        (state("shop.stock", ">=", 0), "objectives[0].comparison: shop.stock >= 0 is always true"),
        (state("shop.stock", "<", 0), "objectives[0].comparison: shop.stock < 0 is never true"),
        (state("shop.clean", "<=", 1), "objectives[0].comparison: shop.clean <= 1 is always true"),
    ],
)
def test_what_is_wrong_with_the_metric_is_told_when_the_collector_is_known(given, text):
    assert complaint(given).startswith(text)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"metrics": {"exclude": ["shop.*"]}}, "objectives[0].good.metric: shop.order is left out by metrics.exclude"),
        (
            {"metrics": {"drop_tags": ["result"]}},
            "objectives[0].good.tags.result: metrics.drop_tags sums this tag away",
        ),
    ],
)
def test_what_the_settings_take_away_cannot_be_judged(settings, text):
    assert complaint(orders(), **settings).startswith(text)


def test_a_window_longer_than_events_are_known_names_both_settings_and_the_remedy():
    assert complaint(orders(window="30d")) == (
        "objectives[0].window is 30d, but 'orders' counts events that are known for 7d only (window); "
        "set window to 30d or more, or objectives[0].window to 7d or less"
    )
    own = ShopCollector(settings=ShopSettings(window=10 * DAY))
    assert "(collectors.shop.window); set collectors.shop.window to 30d or more" in complaint(
        orders(window="30d"), collector=own
    )
    parcels = {"metric": "delivery.parcel"}
    late = orders(good={**parcels, "tags": {"result": "good"}}, total=parcels, window="60d")
    assert "known for 30d only (collectors.shop.delivery.window)" in complaint(late)


def test_a_window_cut_for_one_call_leaves_the_objective_out_of_it():
    assert bound(orders(window="30d"), shortened=True) == ()


def test_a_state_is_not_judged_over_more_than_the_ledger_keeps():
    long = state("shop.clean", ">=", 1, window="30d")
    assert complaint(long, ledger={"url": "here", "keep": "20d"}).startswith(
        "objectives[0].window is 30d, but the ledger keeps history for 20d only (ledger.keep)"
    )
    assert len(bound(long, ledger="here")) == 1


def test_those_of_other_collectors_are_left_to_them_and_those_of_none_refused():
    foreign = state("hospital.bed", ">=", 1)
    given = load_settings({"objectives": [foreign, state("shop.cleen", ">=", 1, name="typo")]}, {}).objectives

    assert bound(foreign) == ()
    with pytest.raises(ConfigError) as caught:
        refuse_unknown(given, {"hospital.bed", "shop.clean"})
    assert str(caught.value) == (
        "objectives[1].metric: 'shop.cleen' is not a metric of these collectors; did you mean shop.clean?"
    )


def test_what_is_right_is_bound_with_lengths_of_time_in_seconds():
    events, wait, age = bound(
        orders(match="acme/*"),
        state("shop.wait", "<=", "24h", name="wait", statistic="p95", tags={"queue": "long"}),
        state("shop.opened", "<", "2d", name="opened"),
    )
    assert isinstance(events, OfEvents)
    assert (events.target, events.window, events.known, events.match) == (0.8, 7 * DAY, 7 * DAY, ("acme/*",))
    assert isinstance(wait, OfState)
    assert (wait.target, wait.unit, wait.comparison, wait.adds_up) == (86_400, "s", "<=", False)
    assert isinstance(age, OfState)
    assert (age.target, age.unit) == (2 * DAY, "s")


def test_every_alert_has_two_windows_and_can_fire_at_every_accepted_target():
    for each in BURN_ALERTS:
        assert BURN_WINDOWS[each.short] < BURN_WINDOWS[each.long]
        assert each.severity != "page"
        assert each.factor * (1 - 0.501) < 1
    assert [(each.name, round(each.spent(30 * DAY), 3)) for each in BURN_ALERTS] == [("fast", 0.2), ("slow", 0.35)]


@pytest.mark.parametrize(
    ("events", "target", "found"),
    [(9, 0.8, False), (10, 0.8, True), (10, 0.9, True), (19, 0.95, False), (20, 0.95, True), (999, 0.999, False)],
)
def test_a_burn_needs_so_many_events_that_one_alone_does_not_burn_above_1(events, target, found):
    assert enough(events, 1 - target) is found
