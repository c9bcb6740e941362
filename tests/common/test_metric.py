"""A metric's definition is checked at import, its points when they are made."""

from __future__ import annotations

import types

import pytest

from common.errors import MetricError
from common.metric import RESERVED_TAGS, Kind, Metric, Point, metric, metrics_in, point


def define(name="test.thing", doc="Things.", unit="{thing}", answer=None, **more) -> Metric:
    """A metric whose function gives `answer`."""

    def compute(snapshot):
        return answer

    compute.__doc__ = doc
    return metric(name, unit=unit, **more)(compute)


def test_a_metric_is_a_value_that_carries_its_definition():
    made = define(
        doc="Things that\n    count. And how.\n\n    More.",
        tags={"b": ("x", "y"), "a": None},
        better="lower",
        semconv="x.y",
    )

    assert (made.name, made.unit, made.kind, made.better, made.semconv) == (
        "test.thing",
        "{thing}",
        Kind.GAUGE,
        "lower",
        "x.y",
    )
    assert (made.description, dict(made.tags)) == ("Things that count.", {"a": None, "b": ("x", "y")})
    assert made.definition.endswith("More.")
    with pytest.raises(AttributeError):
        made.name = "other"
    with pytest.raises(TypeError):
        made.tags["c"] = None


@pytest.mark.parametrize(
    "name",
    [
        "thing",
        "Test.thing",
        "test..thing",
        "test.thing_",
        "test._thing",
        "test.2x",
        "test.a b",
        "",
        "test.thing.",
        "test.ünit",
        "test.x\n",
    ],
)
def test_a_name_is_dotted_lower_case(name):
    with pytest.raises(TypeError, match=r"a name is dotted lower case, such as git\.commit\.landed"):
        define(name)


@pytest.mark.parametrize("ending", ["total", "thing_total", "thing_count", "count", "thing_sum", "sum", "thing_bucket"])
def test_endings_that_sinks_give_a_meaning_are_reserved(ending):
    with pytest.raises(TypeError, match="the ending is reserved"):
        define(f"test.{ending}")


@pytest.mark.parametrize("unit", ["", "ms", "seconds", "%", "{Thing}", "{}", "{thing", "{2}", "kBy"])
def test_units_are_base_units_or_things(unit):
    with pytest.raises(TypeError, match="is not one of s, By, 1, USD, unix, bool or"):
        define(unit=unit)


@pytest.mark.parametrize("tag", [*sorted(RESERVED_TAGS), "Env", "_x", "a-b", "a.b", "2x", ""])
def test_tags_are_words_that_no_sink_reserves(tag):
    with pytest.raises(TypeError, match="cannot be a tag"):
        define(tags={tag: None})


@pytest.mark.parametrize("values", [(), ("a", "a")])
def test_a_closed_tag_has_values_and_none_twice(values):
    with pytest.raises(TypeError, match=r"test\.thing: state repeats a value"):
        define(tags={"state": values})


@pytest.mark.parametrize("doc", [None, "", "No end", "  \n"])
def test_a_metric_without_description_is_an_error(doc):
    with pytest.raises(TypeError, match="the docstring's first sentence is the description"):
        define(doc=doc)


def test_a_description_is_short():
    with pytest.raises(TypeError, match="the description is over 200 characters"):
        define(doc="x" * 200 + ".")


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        (3, [Point(3)]),
        (0.5, [Point(0.5)]),
        (None, []),
        ([], []),
        (iter([point(1), point(2)]), [Point(1), Point(2)]),
    ],
)
def test_a_function_gives_a_number_nothing_or_points(answer, points):
    assert define(answer=answer)(None) == points


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "3", [1], None])
def test_a_value_is_a_finite_number(value):
    with pytest.raises(MetricError, match="which is not a finite number"):
        define(answer=[Point(value)])(None)


@pytest.mark.parametrize("tags", [{}, {"a": "x", "b": "y"}, {"b": "x"}])
def test_a_point_has_exactly_the_declared_tags(tags):
    with pytest.raises(MetricError, match=r"test.thing declares the tags \['a'\] and yielded"):
        define(answer=[point(1, **tags)], tags={"a": None})(None)


def test_a_closed_tag_takes_only_its_values():
    with pytest.raises(MetricError, match=r"test\.thing: a='z' is not one of x, y"):
        define(answer=[point(1, a="z")], tags={"a": ("x", "y")})(None)


@pytest.mark.parametrize("kind", [Kind.COUNT, Kind.DISTRIBUTION])
@pytest.mark.parametrize("given", [{}, {"at": 1.0}, {"id": "x"}])
def test_an_event_has_a_time_and_an_id(kind, given):
    with pytest.raises(MetricError, match="its points need both `at` and `id`"):
        define(answer=[point(1, **given)], kind=kind)(None)


def test_a_state_has_neither():
    with pytest.raises(MetricError, match="its points take neither `at` nor `id`"):
        define(answer=[point(1, at=1.0, id="x")])(None)


@pytest.mark.parametrize(("kind", "start"), [(Kind.CUMULATIVE, None), (Kind.GAUGE, 5.0)])
def test_only_running_totals_have_a_start(kind, start):
    with pytest.raises(MetricError, match="only running totals have, and need, a start"):
        define(answer=[point(1, start=start)], kind=kind)(None)


def test_points_are_a_stream_so_that_the_first_come_before_the_last_is_made():
    def compute(snapshot):
        yield point(1)
        raise MetricError("later")

    compute.__doc__ = "Things."
    points = metric("test.thing", unit="{thing}")(compute).points(None)

    assert next(points) == Point(1)
    with pytest.raises(MetricError, match="later"):
        next(points)


def test_closed_tag_sets_are_every_combination_and_none_where_a_tag_is_open():
    closed = define(tags={"a": ("x", "y"), "b": ("1", "2")})
    half = define(tags={"a": ("x", "y"), "b": None})

    assert list(closed.closed_tag_sets()) == [{"a": a, "b": b} for a in "xy" for b in "12"]
    assert list(half.closed_tag_sets()) == []
    assert list(half.closed_tag_sets(frozenset(["b"]))) == [{"a": "x"}, {"a": "y"}]
    assert list(define().closed_tag_sets()) == [{}]


def test_a_module_s_metrics_come_by_name_and_two_of_one_name_are_an_error():
    one, two = types.ModuleType("one"), types.ModuleType("two")
    one.b, one.a, one.again, one.other = define("test.b"), define("test.a"), None, 3
    one.again = one.a
    two.a = define("test.a")

    assert metrics_in(one) == (one.a, one.b)
    assert metrics_in(one, one) == (one.a, one.b)
    with pytest.raises(TypeError, match=r"two metrics are called test\.a"):
        metrics_in(one, two)
