"""`python -m demo`: serves the organisation until standard input ends; the first line of output is its address."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from common.errors import ConfigError
from demo import Organisation, Rates, parse_traffic, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the command line and serves; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A SIMULATED GitHub organisation on loopback.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", choices=("small", "medium", "large", "wide"), default="small")
    parser.add_argument("--end", type=float, default=1_790_000_000, help="where the history ends, in Unix seconds")
    parser.add_argument("--living", action="store_true", help="time goes on from there; else it stands")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds for each request")
    parser.add_argument("--traffic", default="", help="such as 2m-4m:400%%,6m-8m:300%%")
    parser.add_argument("--pace", type=float, default=1.0, help="how much faster the living part is")
    parser.add_argument("--unlimited", action="store_true", help="no rate limits")
    parser.add_argument("--prepared", action="store_true", help="an answer that was made once is given again")
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args(arguments)
    try:
        traffic = parse_traffic(asked.traffic)
    except ConfigError as error:
        parser.error(str(error))
    organisation = Organisation(asked.seed, asked.size, asked.end, traffic=traffic, pace=asked.pace)
    clock = _living(organisation.end) if asked.living else None
    rates = Rates(unlimited=asked.unlimited)
    with serve(
        organisation, clock, rates=rates, latency=asked.latency, port=asked.port, prepared=asked.prepared
    ) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        for row in ["SIMULATED GitHub organisation; ends with standard input", *traffic.preview()]:
            sys.stderr.write(f"{row}\n")
        sys.stdin.read()
    return 0


def _living(end: float) -> Callable[[], float]:
    begun = time.monotonic()
    return lambda: end + time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
