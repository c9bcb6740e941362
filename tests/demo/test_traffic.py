"""The traffic grammar, and what it does to the living part."""

from __future__ import annotations

from functools import cache

import pytest

from common.errors import ConfigError
from demo import Organisation, Traffic, parse_traffic
from demo.traffic import Span
from tests.demo.build import HOUR


def test_spans_are_read_in_seconds():
    assert parse_traffic("2m-4m:400%, 6m-1h30m:25.5%").spans == (Span(120, 240, 4.0), Span(360, 5_400, 0.255))
    assert parse_traffic("0-30s:0%").spans == (Span(0, 30, 0.0),)
    assert parse_traffic("  ") == Traffic()


def test_the_factor_holds_within_its_span_only():
    traffic = parse_traffic("2m-4m:400%,4m-5m:50%")
    assert [traffic.factor(seconds) for seconds in (0, 119, 120, 239, 240, 299, 300)] == [1, 1, 4, 4, 0.5, 0.5, 1]
    assert traffic.edges() == [120, 240, 240, 300]


def test_the_preview_has_a_row_for_each_span():
    assert parse_traffic("2m-4m:400%,1h-1h30m:50%").preview() == [
        "traffic      2m to     4m  400 %",
        "traffic      1h to  1h30m  50 %",
    ]
    assert Traffic().preview() == ["traffic  as ever"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2m-4m", "found '2m-4m'; accepted is START-END:PERCENT%"),
        ("2m-4m:400", "found '2m-4m:400'"),
        ("2m-4m:-5%", "found '2m-4m:-5%'"),
        ("2m-4m:400%,", "found ''"),
        ("4m-2m:400%", "ends before it starts"),
        ("2m-2m:400%", "ends before it starts"),
        ("2x-4m:400%", "found '2x' in '2x-4m:400%'; a length of time is a number with s, m, h, d or w"),
        ("2m-4m:20000%", "found 20000% in '2m-4m:20000%'; accepted are 0% to 10000%"),
        ("2m-4m:400%,3m-5m:200%", "overlap at 3m"),
        ("6m-8m:400%,2m-4m:200%", "not in order of time: 2m comes too late"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_accepted(text, said):
    with pytest.raises(ConfigError) as error:
        parse_traffic(text)
    assert str(error.value).startswith("traffic: ")
    assert said in str(error.value)


@cache
def made(percent: int) -> Organisation:
    """Three living hours at forty times the pace, the second of them scaled."""
    traffic = parse_traffic(f"1h-2h:{percent}%")
    return Organisation(1, "small", ahead=3 * HOUR, traffic=traffic, pace=40)


def living(percent: int) -> dict[str, int]:
    """How many runs are created in each hour after the end."""
    one = made(percent)
    runs = one.repositories["simulated-acme/web"].runs
    return {
        f"{hour}h": sum(hour * HOUR <= run.created - one.end < (hour + 1) * HOUR for run in runs) for hour in range(3)
    }


def test_traffic_scales_what_happens_in_its_span():
    plain, busy = living(100), living(400)
    assert 2 * plain["1h"] < busy["1h"]
    assert plain["0h"] == busy["0h"] > 0


def test_the_past_does_not_depend_on_the_traffic():
    plain, busy = made(100), made(400)
    end = plain.end
    for name, before in plain.repositories.items():
        after = busy.repositories[name]
        assert [p for p in before.pulls if p.created < end] == [p for p in after.pulls if p.created < end]
        assert [r for r in before.runs if r.created < end] == [r for r in after.runs if r.created < end]
        assert [x for x in before.landings if x.at < end] == [x for x in after.landings if x.at < end]
