"""A secondary limit is about all requests together: when one is told to wait, every thread waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from collectors.github.client.access import Places
from collectors.github.client.api import Api
from collectors.github.client.pause import Pause
from common.collector import Context
from common.deadline import Deadline
from common.errors import FetchError
from common.meter import Meter
from demo import Organisation, faults, serve
from tests.collectors.github.looking import PLENTY, TOKEN

THREADS, EACH = 8, 3


@pytest.mark.parametrize("status", [403, 429])
def test_one_threads_limit_stops_them_all_until_it_is_over(status):
    organisation = Organisation(seed=1, size="small")
    waiting, over = threading.Semaphore(0), threading.Event()
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        waiting.release()
        over.wait(30)

    with serve(organisation, rates=PLENTY) as server, ThreadPoolExecutor(THREADS) as pool:
        server.faults.add(faults.secondary(status, retry_after=5), times=1)
        places = Places(server.url, server.graphql_url)
        context = Context(Deadline(600), Meter(), {})
        api = Api(places, TOKEN, context, 0.0, concurrency=THREADS, clock=lambda: organisation.end, sleep=sleep)

        def several() -> list[int]:
            return [api.get("/repos/simulated-acme/web", dict[str, Any])[1].status for _ in range(EACH)]

        found = [pool.submit(several)]
        assert waiting.acquire(timeout=30)
        found += [pool.submit(several) for _ in range(THREADS - 1)]
        assert all(waiting.acquire(timeout=30) for _ in range(THREADS - 1))
        before = [one.status for one in server.requests]
        over.set()
        statuses = [each for one in found for each in one.result(30)]
    assert before == [status]
    assert statuses == [200] * (THREADS * EACH)
    assert len(server.requests) == THREADS * EACH + 1
    assert len(naps) == THREADS
    assert min(naps) > 4.0


class _Clock:
    def __init__(self) -> None:
        self.now, self.naps = 100.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def test_a_pause_is_kept_once_and_the_longer_one_counts():
    clock = _Clock()
    pause = Pause(Deadline(600), clock.sleep, lambda: clock.now)
    pause.begin(5)
    pause.begin(2)
    pause.keep()
    pause.keep()
    assert clock.naps == [5]


def test_a_nap_lasts_at_least_as_long_as_the_pause():
    clock = _Clock()
    pause = Pause(Deadline(600), clock.sleep, lambda: clock.now)
    pause.begin(60)
    pause.nap(1)
    pause.nap(1)
    assert clock.naps == [60, 1]


def test_a_pause_that_begins_during_a_nap_is_kept_after_it():
    clock = _Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if len(clock.naps) == 1:
            pause.begin(7)

    pause = Pause(Deadline(600), sleep, lambda: clock.now)
    pause.nap(1)
    assert clock.naps == [1, 7]


def test_a_pause_longer_than_the_run_is_not_waited_for():
    clock = _Clock()
    pause = Pause(Deadline(60), clock.sleep, lambda: clock.now)
    pause.begin(60)
    with pytest.raises(FetchError, match="GitHub asks to wait for 60 s, which is longer than this run has"):
        pause.keep()
    assert clock.naps == []
