"""How a dashboard of the account stands to ours, from digests alone."""

from __future__ import annotations

import pytest

from dashboards.remote.lock import Pushed
from dashboards.remote.normal import changes, digest, marked, metrics_in, normal, split
from dashboards.remote.state import Remote, judge

BOARD = {"title": "Executive", "layout_type": "ordered", "description": "For leads.", "widgets": []}
LATER = {**BOARD, "title": "Executive view"}
WIDGET = {"definition": {"type": "note", "content": "hello"}}


def sent(board, **more):
    """A dashboard as a server gives it back after a push."""
    return Remote("abc", {**marked("executive", board), "id": "abc", "modified_at": "now", "notify_list": None, **more})


def entry(board, stored=None, identity="abc"):
    return Pushed(identity, digest(board), digest(stored or board))


def test_what_is_nowhere_is_absent():
    assert judge(digest(BOARD), None, None) == "absent"


def test_what_was_pushed_and_is_gone_was_deleted():
    assert judge(digest(BOARD), entry(BOARD), None) == "deleted"


def test_what_is_neither_rendered_nor_held_is_only_to_be_forgotten():
    assert judge(None, entry(BOARD), None) == "absent"


def test_the_last_push_untouched_is_the_same():
    assert judge(digest(BOARD), entry(BOARD), sent(BOARD)) == "same"


def test_a_new_render_over_an_untouched_push_is_behind():
    assert judge(digest(LATER), entry(BOARD), sent(BOARD)) == "behind"


def test_a_change_in_the_browser_is_an_edit_although_the_marker_stays():
    assert judge(digest(BOARD), entry(BOARD), sent(BOARD, title="Mine")) == "edited"


def test_an_edit_that_is_what_we_render_is_the_same():
    assert judge(digest(LATER), entry(BOARD), sent(BOARD, title="Executive view")) == "same"


def test_defaults_that_a_server_adds_are_no_edit_where_the_lock_file_remembers_them():
    held = sent(BOARD, reflow_type="auto")
    assert judge(digest(BOARD), entry(BOARD, {**BOARD, "reflow_type": "auto"}), held) == "same"


def test_another_push_since_the_lock_file_is_told_from_an_edit():
    assert judge(digest(BOARD), entry(BOARD), sent(LATER)) == "elsewhere"


def test_another_push_of_what_we_render_is_the_same():
    assert judge(digest(LATER), entry(BOARD), sent(LATER)) == "same"


def test_without_a_lock_file_an_untouched_push_is_known_by_its_marker():
    assert judge(digest(BOARD), None, sent(BOARD)) == "same"
    assert judge(digest(LATER), None, sent(BOARD)) == "behind"


def test_without_a_lock_file_a_changed_one_counts_as_edited():
    assert judge(digest(BOARD), None, sent(BOARD, title="Mine")) == "edited"


def test_a_dashboard_without_our_marker_is_not_ours():
    assert judge(digest(BOARD), entry(BOARD), Remote("abc", {**BOARD, "id": "abc"})) == "unmanaged"


def test_what_we_no_longer_render_is_retired():
    assert judge(None, entry(BOARD), sent(BOARD)) == "retired"


@pytest.mark.parametrize(
    "added",
    [
        {"id": "x"},
        {"url": "/dashboard/x"},
        {"author_handle": "a@example.com"},
        {"modified_at": "2026-01-01"},
        {"template_variables": []},
        {"reflow_type": None},
        {"notify_list": ["a@example.com"]},
        {"restricted_roles": ["role"]},
    ],
    ids=lambda added: next(iter(added)),
)
def test_what_the_server_adds_makes_no_difference(added):
    assert digest({**BOARD, **added}) == digest(BOARD)


def test_widget_ids_make_no_difference_and_ids_inside_a_definition_do():
    assert digest({**BOARD, "widgets": [{**WIDGET, "id": 7}]}) == digest({**BOARD, "widgets": [WIDGET]})
    slo = {"definition": {"type": "slo", "slo_id": "a", "id": "b"}}
    assert normal({**BOARD, "widgets": [slo]})["widgets"] == [slo]


def test_a_number_is_the_same_with_and_without_a_fraction_of_nothing():
    assert digest({**BOARD, "x": 12.0}) == digest({**BOARD, "x": 12})
    assert digest({**BOARD, "x": 12.5}) != digest({**BOARD, "x": 12})


def test_zero_and_false_are_kept_where_nothing_is_dropped():
    assert normal({**BOARD, "x": 0, "y": False, "z": None})["x"] == 0
    assert normal({**BOARD, "x": 0, "y": False, "z": None})["y"] is False


def test_presets_in_another_order_make_no_difference():
    presets = [{"name": "a", "template_variables": [{"name": "x"}]}, {"name": "b"}]
    assert digest({**BOARD, "template_variable_presets": presets}) == digest(
        {**BOARD, "template_variable_presets": presets[::-1]}
    )


def test_the_marker_is_read_back_and_never_doubled():
    once = marked("executive", BOARD)
    again = marked("executive", once)
    assert again == once
    words, marker = split(once["description"])
    assert words == "For leads."
    assert marker.slug == "executive"
    assert marker.digest == digest(BOARD)


def test_a_diff_shows_only_what_differs():
    lines = changes(BOARD, LATER, ("held", "rendered")).splitlines()
    assert [line for line in lines if line[0] in "+-"] == [
        "--- held",
        "+++ rendered",
        '-  "title": "Executive"',
        '+  "title": "Executive view"',
    ]
    assert changes(BOARD, sent(BOARD).body, ("a", "b")) == ""


def test_the_metrics_of_queries_are_found_wherever_they_stand():
    board = {
        "widgets": [
            {"definition": {"requests": [{"queries": [{"query": "sum:github.pull_request.open{repo:a} by {repo}"}]}]}},
            {"definition": {"widgets": [{"definition": {"requests": [{"q": "avg:git.x.p95{*}/max:git.y{*}"}]}}]}},
        ]
    }
    assert metrics_in(board) == {"github.pull_request.open", "git.x.p95", "git.y"}
