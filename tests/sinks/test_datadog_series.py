"""Samples become Datadog's series: types, units, timestamps, tags, merging, limits."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.metric import metric
from common.naming import datadog_tag, datadog_tag_value, datadog_unit
from common.sinks.datadog import bodies as limits
from common.sinks.datadog import series as encoding
from common.sinks.datadog.bodies import Cutter
from common.sinks.datadog.series import Options, encode
from tests.sinks.datadog_world import (
    END,
    branches,
    decoded,
    events,
    gauge,
    landed,
    last_commit,
    share,
    time_to_land,
    used,
)

ORDINARY = ["repo:acme/shop", "collector:git"]
TAGS = ("repo", "acme/shop")
OPTIONS = Options(END, END - 2700)


def series(name, value, unit=None, tags=ORDINARY, at=END):
    named = {"unit": unit} if unit else {}
    return {"metric": name, "type": 3, **named, "points": [{"timestamp": at, "value": value}], "tags": tags}


def test_a_gauge_is_one_point_at_the_end_of_the_run():
    assert decoded([gauge(share, 0.25)]) == [series("git.contributor.half_share", 0.25, "fraction")]


def test_a_unit_that_datadog_does_not_know_is_left_out():
    assert "unit" not in decoded([gauge(branches, 7, state="active")])[0]


def test_a_fractional_end_gives_whole_timestamps():
    (one,) = decoded([gauge(share, 0.25)], end=END + 0.75)
    assert one["points"] == [{"timestamp": END, "value": 0.25}]


def test_a_count_is_one_point_for_each_closed_bucket_that_datadog_still_takes():
    sample = events(landed, [(END - 2000, 1), (END - 2001, 1), (END - 1000, 1), (END - 9000, 1)], author="human")
    assert decoded([sample]) == [
        {
            "metric": "git.commit.landed",
            "type": 1,
            "interval": 900,
            "unit": "commit",
            "points": [{"timestamp": END - 2700, "value": 2.0}, {"timestamp": END - 1800, "value": 1.0}],
            "tags": ["author:human", *ORDINARY],
        }
    ]


def test_a_count_without_events_is_not_sent():
    assert decoded([events(landed, [], author="human"), events(landed, [(END - 2000, 0)], author="bot")]) == []


def test_a_distribution_is_a_gauge_for_each_statistic():
    sample = events(time_to_land, [(END - 5000, 10.0), (END - 4000, 20.0), (END - 90_000, 40.0)])
    assert decoded([sample], statistics=("count", "avg", "min", "max", "p50")) == [
        series("git.commit.time_to_land.count", 3, "event"),
        series("git.commit.time_to_land.avg", pytest.approx(70 / 3), "second"),
        series("git.commit.time_to_land.min", 10.0, "second"),
        series("git.commit.time_to_land.max", 40.0, "second"),
        series("git.commit.time_to_land.p50", 20.0, "second"),
    ]


def test_a_distribution_of_nothing_is_only_its_count():
    full = events(time_to_land, [(END - 5000, 10.0)], repo="acme/other")
    found = decoded([events(time_to_land, []), full])
    assert [(one["metric"], one["points"][0]["value"], one["tags"][0]) for one in found] == [
        ("git.commit.time_to_land.count", 0, "repo:acme/shop"),
        ("git.commit.time_to_land.count", 1, "repo:acme/other"),
        ("git.commit.time_to_land.p50", 10.0, "repo:acme/other"),
        ("git.commit.time_to_land.p95", 10.0, "repo:acme/other"),
    ]


@pytest.mark.parametrize(("time", "age"), [(END - 90, 90.0), (END, 0.0), (END + 5, 0.0)])
def test_a_time_is_sent_as_its_age_and_never_below_zero(time, age):
    assert decoded([gauge(last_commit, time)]) == [series("git.repository.last_commit_age", age, "second")]


def test_a_running_total_is_not_sent():
    from common.sample import Sample

    assert decoded([Sample(used, "acme/shop", (TAGS,), 12.0, start=END - 100)]) == []


def test_counts_that_became_equal_are_added_bucket_by_bucket():
    one = events(landed, [(END - 2000, 1), (END - 1000, 1)], repo="acme/shop", author="human")
    other = events(landed, [(END - 2000, 1)], repo="ACME/Shop", author="human")
    (found,) = decoded([one, other])
    assert found["tags"] == ["author:human", *ORDINARY]
    assert found["points"] == [{"timestamp": END - 2700, "value": 2.0}, {"timestamp": END - 1800, "value": 1.0}]


def test_distributions_that_became_equal_are_pooled():
    one = events(time_to_land, [(END - 5000, 10.0), (END - 5001, 30.0)], repo="acme/shop")
    other = events(time_to_land, [(END - 5000, 20.0)], repo="Acme/Shop")
    assert [one["points"][0]["value"] for one in decoded([one, other])] == [3, 20.0, 29.0]


def test_distributions_whose_values_have_no_sum_are_left_out_and_named():
    samples = [events(time_to_land, [(END - 5000, 1.7e308)], repo=repo) for repo in ("acme/shop", "Acme/Shop")]
    found = encode([*samples, gauge(branches, 3, state="b")], OPTIONS)
    assert found.series == 1
    why = "2 series have these tags there and the sum of 2 values is beyond the largest number"
    assert found.rejected == (f'git.commit.time_to_land "repo:acme/shop": {why}',)


def of_basis(sample, basis):
    return msgspec.structs.replace(sample, basis=basis)


def test_a_number_that_is_not_measured_is_marked_once_for_each_metric_and_scope():
    samples = [
        of_basis(gauge(branches, 7, state="a"), "estimated"),
        of_basis(gauge(branches, 2, state="b"), "estimated"),
        of_basis(gauge(last_commit, END - 90), "stale"),
        gauge(share, 0.25),
    ]
    marked = [one for one in decoded(samples, scope_tag="repo") if one["metric"] == "quarterdeck.basis_info"]
    assert marked == [
        series("quarterdeck.basis_info", 1, tags=["basis:estimated", "metric:git.branch.existing", *ORDINARY]),
        series("quarterdeck.basis_info", 1, tags=["basis:stale", "metric:git.repository.last_commit_age", *ORDINARY]),
    ]


def test_merging_loses_no_mark_and_repeats_none():
    samples = [
        gauge(branches, 7, state="a"),
        of_basis(gauge(branches, 2, repo="Acme/Shop", state="a"), "estimated"),
        of_basis(gauge(branches, 2, repo="ACME/Shop", state="a"), "estimated"),
    ]
    assert [(one["metric"], one["points"][0]["value"]) for one in decoded(samples, scope_tag="repo")] == [
        ("git.branch.existing", 11.0),
        ("quarterdeck.basis_info", 1),
    ]


def test_a_running_total_is_not_marked_for_it_is_not_sent():
    from common.sample import Sample

    assert decoded([Sample(used, "acme/shop", (TAGS,), 12.0, "lower_bound", start=END - 100)]) == []


def test_samples_in_any_order_give_the_same_series(monkeypatch):
    monkeypatch.setattr(encoding, "_AT_A_TIME", 7)
    by_scope = [
        sample
        for number in range(20)
        for sample in (
            gauge(branches, number, repo=f"acme/{number}", state="a"),
            gauge(share, 0.5, repo=f"acme/{number}"),
            events(landed, [(END - 2000, number), (END - 1000, 1)], repo=f"acme/{number}", author="bot"),
            events(time_to_land, [(END - 5000, 1.0)] * (number % 3), repo=f"acme/{number}"),
        )
    ]
    by_metric = sorted(by_scope, key=lambda sample: sample.metric.name)
    found = [sorted(msgspec.json.encode(one) for one in decoded(order)) for order in (by_scope, by_metric)]
    assert found[0] == found[1]
    assert len(found[0]) == 20 + 20 + 20 + 20 + 2 * 13


def test_equal_series_far_apart_are_merged(monkeypatch):
    monkeypatch.setattr(encoding, "_AT_A_TIME", 2)
    samples = [gauge(branches, 1, repo=f"acme/{number}", state="a") for number in range(10)]
    found = decoded([gauge(branches, 5, repo="ACME/9", state="a"), *samples])
    assert [one["points"][0]["value"] for one in found] == [6.0, *[1] * 9]


def test_numbers_of_things_that_became_equal_are_added():
    (found,) = decoded(
        [gauge(branches, 7, state="a b"), gauge(branches, 2, state="a_b"), gauge(branches, 1, state="A B")]
    )
    assert found["points"] == [{"timestamp": END, "value": 10.0}]


@pytest.mark.parametrize(
    ("of", "name"), [(share, "git.contributor.half_share"), (last_commit, "git.repository.last_commit_age")]
)
def test_shares_and_times_that_became_equal_are_left_out_and_named(of, name):
    found = encode([gauge(of, 0.25), gauge(of, 0.5, repo="acme/Shop"), gauge(of, 0.75, repo="acme/other")], OPTIONS)
    assert found.series == 1
    assert found.rejected == (f'{name} "repo:acme/shop": 2 series have these tags there and cannot be added up',)


def test_a_sum_beyond_all_numbers_is_left_out_and_named():
    samples = [gauge(branches, 1e308, state=state) for state in ("a", "A")]
    huge = events(landed, [(END - 2000, 1e308), (END - 2000, 1e308)], author="human")
    found = encode([*samples, gauge(branches, 3, state="b"), huge], OPTIONS)
    assert found.series == 1
    assert found.rejected == (
        'git.branch.existing "repo:acme/shop","state:a": not a finite number',
        'git.commit.landed "author:human","repo:acme/shop": not a finite number',
    )


def test_whole_numbers_stay_exact():
    (found,) = decoded([gauge(branches, 2**53 - 1, state="a")])
    assert found["points"][0]["value"] == 9007199254740991


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("acme/shop", "acme/shop"),
        ("Acme Shop", "acme_shop"),
        ("a  b__c", "a_b_c"),
        ("v1.2-rc:3", "v1.2-rc:3"),
        ("ends: ", "ends"),
        ("größe", "größe"),
        ("日本", "日本"),
        ('a"b\\c', "a_b_c"),
        ("", "none"),
        ("???", "none"),
        ("\udcff", "none"),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_tags_value_is_what_datadog_would_make_of_it(value, stored):
    assert datadog_tag_value(value) == stored


@given(st.text(max_size=400), st.sampled_from(["repo", "team", "t"]))
def test_any_tag_is_short_lower_case_without_quotes_and_stays_as_it_is_when_normalised_again(value, name):
    tag = datadog_tag(name, value)
    again = datadog_tag(name, tag.partition(":")[2])
    assert tag == again
    assert len(tag) <= 200
    assert not tag.endswith((":", "_"))
    assert not set('"\\ ,|') & set(tag)


@pytest.mark.parametrize(
    ("unit", "word"),
    [
        *(("s", "second"), ("unix", "second"), ("1", "fraction"), ("By", "byte"), ("USD", "dollar"), ("bool", None)),
        *(("{run}", "run"), ("{file}", "file"), ("{branch}", None), ("{pull_request}", None)),
    ],
)
def test_units_are_those_of_datadogs_list(unit, word):
    @metric("a.b", unit=unit)
    def number(_):
        """A number."""

    assert datadog_unit(number) == word


def many(amount):
    return [
        gauge(branches, number, repo=f"acme/{zlib.crc32(str(number).encode()):x}", state="a")
        for number in range(amount)
    ]


def whole(found):
    return [one for body in found for text in body.texts for one in msgspec.json.decode(b"[" + text.json[:-1] + b"]")]


@pytest.mark.parametrize("compression", ["zstd", "deflate"])
@pytest.mark.parametrize("most", [400, 1000, 5000, 10**6])
def test_bodies_keep_to_the_inflated_limit_and_lose_nothing(monkeypatch, most, compression):
    monkeypatch.setattr(limits, "MAX_INFLATED", most)
    texts = encode(many(300), OPTIONS).texts
    found = list(Cutter(compression).bodies(texts))
    assert max(body.inflated for body in found) <= most
    assert sum(body.series for body in found) == 300
    assert [one["points"][0]["value"] for one in whole(found)] == list(range(300))
    room = most - len(texts[0].json) // 300
    assert all(body.inflated > room - 20 for body in found[:-1])


def test_bodies_keep_to_the_compressed_limit(monkeypatch):
    monkeypatch.setattr(limits, "MAX_COMPRESSED", 700)
    found = list(Cutter("zstd").bodies(encode(many(300), OPTIONS).texts))
    assert max(len(body.compressed) for body in found) <= 700
    assert [one["points"][0]["value"] for one in whole(found)] == list(range(300))


def test_one_series_above_a_limit_is_a_body_of_its_own(monkeypatch):
    monkeypatch.setattr(limits, "MAX_INFLATED", 10)
    monkeypatch.setattr(limits, "MAX_COMPRESSED", 10)
    found = list(Cutter("zstd").bodies(encode(many(5), OPTIONS).texts))
    assert [body.series for body in found] == [1] * 5
    assert [one["points"][0]["value"] for one in whole(found)] == list(range(5))


def test_the_limits_are_the_documented_ones():
    assert (limits.MAX_COMPRESSED, limits.MAX_INFLATED) == (512_000, 5_242_879)
