"""What the sink sends is understood by another implementation of Datadog's intake: values are queried back."""

from __future__ import annotations

import time

import pytest
import requests

from common.metric import point
from common.sample import Span, reduce_points
from common.window import BUCKET, DAY, Window, bucket_start
from tests.sinks.datadog_world import batch, branches, gauge, landed, sink, time_to_land

SELECTOR = '{repo="acme/shop",collector="git"%s}'


@pytest.fixture
def now():
    return float(bucket_start(time.time()))


def samples(now):
    span = Span(Window(now - 7 * DAY, now), now - 2700, int(now))
    commits = [point(1, at=now - 100 - n, id=str(n), author="human") for n in range(3)]
    lands = [point(value, at=now - 100, id=str(value)) for value in (10.0, 20.0, 40.0)]
    counted = reduce_points(landed, commits, span, "acme/shop", {"repo": "acme/shop"})
    return [
        *counted,
        *reduce_points(time_to_land, lands, span, "acme/shop", {"repo": "acme/shop"}),
        gauge(branches, 7, state="active"),
    ]


def test_values_are_stored_as_they_were_meant_and_a_second_run_changes_nothing(victoriametrics, now):
    one = sink(victoriametrics.datadog_url, settings={"compression": "deflate"}, clock=lambda: now)
    for _ in range(2):
        one.submit(batch(samples(now), end=now))
    human = SELECTOR % ',author="human"'
    assert victoriametrics.value(f"git.commit.landed{human}", now - BUCKET) == 3
    assert victoriametrics.value("git.branch.existing" + SELECTOR % "", now) == 7
    assert victoriametrics.value("git.commit.time_to_land.count" + SELECTOR % "", now) == 3
    assert victoriametrics.value("git.commit.time_to_land.p50" + SELECTOR % "", now) == 20
    assert victoriametrics.value(f"sum(last_over_time(git.commit.landed{human}[1h]))", now) == 3


def test_no_host_is_attributed_to_a_series_that_has_none(victoriametrics, now):
    series = {"metric": "other", "type": 3, "points": [{"timestamp": int(now), "value": 1}]}
    other = {"series": [series | {"resources": [{"type": "host", "name": "web-1"}]}]}
    for _ in range(20):
        requests.post(f"{victoriametrics.datadog_url}/api/v2/series", json=other, timeout=10).raise_for_status()
        sink(victoriametrics.datadog_url, settings={"compression": "deflate"}).submit(batch(samples(now), end=now))
    (found,) = victoriametrics.query("git.branch.existing", now)
    assert "host" not in found.labels
