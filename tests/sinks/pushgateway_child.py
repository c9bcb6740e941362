"""One run in a process of its own, to be killed: `python -m tests.sinks.pushgateway_child URL QUARTER`.

It sees one new event in each quarter, as `growing` does.
"""

from __future__ import annotations

import sys

from tests.sinks.pushgateway_world import World, during, quarter, run_once


def growing(quarters: int) -> World:
    """A repository with one event in each of the quarters since noon."""
    return World({"acme/shop": tuple(during(number, str(number), seconds=2) for number in range(quarters))})


if __name__ == "__main__":
    number = int(sys.argv[2])
    sys.exit(run_once(sys.argv[1], growing(number), quarter(number)).exit_code())
