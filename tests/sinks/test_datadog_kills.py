"""A run that is killed at any of its requests, and then run again, leaves what one whole run leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.servers.faults import PASS, Answer
from tests.sinks.datadog_world import END
from tests.sinks.test_datadog_sink import STORED, stored

REQUESTS = 7


class Killing:
    """A script that kills the child at its nth request, before or after the server has taken it."""

    def __init__(self, server, nth, moment):
        self._server, self._left, self._moment = server, nth, moment
        self.started = threading.Event()
        self.child = None

    def __call__(self, request):
        self._left -= 1
        if self._left != 0:
            return PASS
        return AfterUpstream(self._kill) if self._moment == "after" else self._kill() or Answer(503)

    def _kill(self):
        assert self.started.wait(20)
        os.kill(self.child.pid, signal.SIGKILL)


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
        return 202


def start(url):
    return subprocess.Popen([sys.executable, "-m", "tests.sinks.datadog_child", url])


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 4, REQUESTS])
def test_a_killed_run_and_another_leave_exact_counts(start_datadog_server, fault_proxy, nth, moment):
    server = start_datadog_server(lambda: END)
    script = Killing(server, nth, moment)
    proxy = fault_proxy(server.url, script)
    script.child = start(proxy.url)
    script.started.set()
    assert script.child.wait(30) == -signal.SIGKILL
    taken = stored(server)
    assert taken.items() <= STORED.items()
    assert server.requests["POST /api/v2/series"] == (nth if moment == "after" else nth - 1)
    assert start(proxy.url).wait(30) == 0
    assert stored(server) == STORED
