"""The container's entry point: the command line with the collectors plugged in."""

from __future__ import annotations

from collectors import COLLECTORS
from common.cli import Group, run

DEMO = "demo.cli:simulation"
"""Where the simulated organisation is, imported on use."""

GROUPS = {
    "dashboards": Group("dashboards.cli:commands", "Build dashboards, and keep Datadog's like them."),
    "rules": Group("dashboards.rules.cli:commands", "Build and test rules, alerts and monitors."),
}
"""What people look at: groups of commands, imported on use."""


def main() -> None:
    """Run the command line and end the process with its exit code."""
    run(COLLECTORS, DEMO, GROUPS)


if __name__ == "__main__":
    main()
