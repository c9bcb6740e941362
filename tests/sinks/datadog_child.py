"""One run in a process of its own, to be killed: `python -m tests.sinks.datadog_child URL`. One request a series."""

from __future__ import annotations

import sys

from common.sinks.datadog import bodies as limits
from tests.sinks.datadog_world import batch, everything, sink

if __name__ == "__main__":
    limits.MAX_INFLATED = 10
    one = sink(sys.argv[1])
    one.submit(batch(everything()))
