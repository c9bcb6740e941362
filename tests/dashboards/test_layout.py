"""Panels stand on whole columns."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ConfigError
from tests.dashboards.rendered import jsonnet

panel = st.fixed_dictionaries({"weight": st.integers(1, 4), "height": st.integers(1, 9)})
row = st.lists(panel, min_size=1, max_size=12).filter(
    lambda panels: 12 * min(each["weight"] for each in panels) >= sum(each["weight"] for each in panels)
)
rows = st.lists(row, min_size=1, max_size=4)


def placed(given_rows, columns, top=0):
    return jsonnet(
        f"local layout = import 'lib/layout.libsonnet'; local rows = {json.dumps(given_rows)};"
        f"{{ placed: layout.place(rows, {columns}, {top}), height: layout.height(rows) }}"
    )


@settings(max_examples=40, deadline=None)
@given(rows, st.sampled_from([12, 24]), st.integers(0, 50))
def test_rows_fill_all_columns_without_gap_or_overlap(given_rows, columns, top):
    found = placed(given_rows, columns, top)
    left, y = iter(found["placed"]), top
    for row in given_rows:
        x = 0
        height = max(each["height"] for each in row)
        for each in row:
            at = next(left)
            assert (at["panel"], at["x"], at["y"], at["h"]) == (each, x, y, height)
            assert isinstance(at["w"], int)
            assert at["w"] >= 1
            x += at["w"]
        assert x == columns
        y += height
    assert found["height"] == y - top


@settings(max_examples=24, deadline=None)
@given(st.integers(1, 12), st.sampled_from([12, 24]))
def test_equal_panels_differ_by_one_column_at_most(count, columns):
    widths = [each["w"] for each in placed([[{"weight": 1, "height": 4}] * count], columns)["placed"]]

    assert sum(widths) == columns
    assert max(widths) - min(widths) <= 1


def test_a_panel_that_would_have_no_column_ends_the_build():
    with pytest.raises(ConfigError, match=r"weights \[1, 13\] leave a panel less than one of 12 columns"):
        placed([[{"weight": 1, "height": 2}, {"weight": 13, "height": 2}]], 12)


def test_five_panels_of_twelve_columns_have_whole_widths():
    found = placed([[{"weight": 1, "height": 2}] * 5], 12)["placed"]

    assert [each["w"] for each in found] == [2, 2, 3, 2, 3]
    assert [each["x"] for each in found] == [0, 2, 4, 7, 9]
