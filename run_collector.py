"""The container's entry point: the command line with the collectors plugged in."""

from __future__ import annotations

from collectors import COLLECTORS
from common.cli import run

DEMO = "demo.cli:simulation"
"""Where the simulated organisation is, imported on use."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    run(COLLECTORS, DEMO)


if __name__ == "__main__":
    main()
