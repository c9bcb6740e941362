"""Runs that are killed or race: whatever happened, the next run's totals are exact and never fall."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.servers.faults import PASS, Answer
from tests.sinks.pushgateway_child import growing
from tests.sinks.pushgateway_world import quarter, run_once, series, sink_at, values

COMMITS, DURATION = "world_commit_total", "world_duration_seconds"
POINTS = [("GET", 1), ("GET", 2), ("PUT", 1), ("PUT", 2)]
"""The requests of a run: the read, the second look, the data and the health metrics."""


class AfterUpstream(Answer):
    """The upstream takes the request; instead of its answer, something happens."""

    headers = ()
    body = b""
    forward = True

    def __init__(self, happens):
        object.__setattr__(self, "happens", happens)

    @property
    def status(self):
        self.happens()
        return 200


class Child:
    """A run in a process of its own that can be killed at one of its requests."""

    def __init__(self, proxy, number, method, nth, moment):
        self._started = threading.Event()
        self._left, self._method, self._moment = nth, method, moment
        proxy.script(self._choose)
        command = [sys.executable, "-m", "tests.sinks.pushgateway_child", proxy.url, str(number)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._started.set()

    def _choose(self, request):
        self._left -= request.method == self._method
        if self._left != 0 or request.method != self._method:
            return PASS
        if self._moment == "after":
            return AfterUpstream(self._kill)
        self._kill()
        return Answer(503)

    def _kill(self):
        self._started.wait()
        os.kill(self.process.pid, signal.SIGKILL)


def counted(gateway):
    commits = values(gateway.groups(), COMMITS, "author")["human"]
    (took,) = series(gateway.groups(), DURATION)
    assert (float(took["sum"]), float(took["count"])) == (2 * commits, commits)
    return commits


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("method", "nth"), POINTS)
def test_after_a_kill_at_any_request_totals_are_exact_and_never_fell(pushgateway, fault_proxy, method, nth, moment):
    run_once(pushgateway.url, growing(0), quarter(0))
    run_once(pushgateway.url, growing(1), quarter(1))
    child = Child(fault_proxy(pushgateway.url), 2, method, nth, moment)
    assert child.process.wait(30) == -signal.SIGKILL
    taken = method == "PUT" and (nth == 2 or moment == "after")
    assert counted(pushgateway) == (2 if taken else 1)
    run_once(pushgateway.url, growing(2), quarter(2) + 60)
    assert counted(pushgateway) == 2
    run_once(pushgateway.url, growing(3), quarter(3))
    assert counted(pushgateway) == 3


def test_runs_in_many_threads_that_read_the_same_count_once(pushgateway, fault_proxy):
    """They read together and push one after the other, as a lock or Forbid leaves it in the worst case."""
    run_once(pushgateway.url, growing(0), quarter(0))
    together, alone = threading.Barrier(6), threading.Lock()

    def one(number):
        sink = sink_at(pushgateway.url)
        prepare, submit = sink.prepare, sink.submit

        def prepare_together(key, end):
            owed = prepare(key, end)
            together.wait(20)
            return owed

        def submit_alone(batch):
            with alone:
                return submit(batch)

        sink.prepare, sink.submit = prepare_together, submit_alone
        return run_once(sink, growing(number), quarter(number)).outcome

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, [3, 3, 3, 3, 3, 3])) == {"success"}
    assert counted(pushgateway) == 3


def test_whole_runs_in_threads_never_count_twice(pushgateway):
    """Without a lock two may still push at the same moment: then both carry the same numbers."""
    run_once(pushgateway.url, growing(0), quarter(0))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda number: run_once(pushgateway.url, growing(number), quarter(number)), [2] * 8))
    assert {each.outcome for each in done} == {"success"}
    assert counted(pushgateway) == 2
