"""Lengths of time as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.duration import Duration, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15m", 900), ("7d", 604_800), ("1h30m", 5400), ("2w", 1_209_600), ("0.5s", 0.5), ("1.5h", 5400), ("90m", 5400)],
)
def test_a_length_is_numbers_with_units(text, seconds):
    assert parse_duration(text) == seconds
    assert isinstance(parse_duration(text), Duration)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "d",
        "7 d",
        "-7d",
        "0s",
        "0.0m",
        "7D",
        "1y",
        "7d ",
        "1e3s",
        "٧d",
        "١m",
        ".5s",
        "9" * 400 + "d",
        "101w" * 99,
    ],
)
def test_anything_else_is_an_error_that_shows_how(text):
    with pytest.raises(
        ValueError, match="a length of time is a number with s, m, h, d or w, above zero and below 100 years"
    ):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(604_800, "7d"), (5400, "1h30m"), (90_061, "1d1h1m1s"), (0, "0s"), (0.25, "0.25s"), (61.4, "1m1s"), (59.9, "1m")],
)
def test_a_length_is_written_in_whole_units(seconds, text):
    assert format_duration(seconds) == text


@given(st.integers(1, 99 * 366 * 86_400))
def test_what_is_written_reads_back_the_same(seconds):
    assert parse_duration(format_duration(seconds)) == seconds
