"""The command line on a machine whose clock stands: `python -m tests.cli.at 1700000000 github --dry-run`."""

from __future__ import annotations

import sys
import time


def main() -> None:
    """Runs what follows the time, at that time."""
    now = float(sys.argv.pop(1))
    time.time = lambda: now

    from run_collector import main as collect  # whoever imports the clock finds this one

    collect()


if __name__ == "__main__":
    main()
