"""The simulated organisation as `collect demo` shows it: served on loopback, living from the moment it begins."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from common.cli.demoing import Simulation
from common.errors import ConfigError
from demo.organisation import Organisation
from demo.server import serve
from demo.traffic import parse_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZES = ("small", "medium", "large")
HIGHEST_PORT = 65_535


@contextmanager
def simulation(*, seed: int, size: str, traffic: str, port: int, clock: Callable[[], float]) -> Iterator[Simulation]:
    """Serves an organisation whose history ends now, and goes on; raises `ConfigError` for what cannot be."""
    if size not in SIZES:
        raise ConfigError(f"--size {size!r}: accepted are {', '.join(SIZES)}")
    if not 0 <= port <= HIGHEST_PORT:
        raise ConfigError(f"--port {port}: accepted are 1 to {HIGHEST_PORT}, and 0 for a free one")
    spans = parse_traffic(traffic)
    organisation = Organisation(seed, size, int(clock()), traffic=spans)
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(organisation, clock, port=port))
        except OSError as error:
            raise ConfigError(f"--port {port}: {error.strerror}; 0 is a free one") from None
        yield Simulation(
            headline=f"SIMULATED: {organisation.owner} (seed {seed}, {size}) at {server.url}; none of it is real",
            organisation=organisation.owner,
            environ={"GITHUB_API_URL": server.url, "GITHUB_TOKEN": "simulated-token"},
            blocks={"github": _github(organisation)},
            preview=tuple(spans.preview()),
        )


def _github(organisation: Organisation) -> dict[str, Any]:
    """What the organisation tells its truth under, as a block of settings."""
    told = organisation.settings
    required = ({"match": name, "required_workflows": files} for name, files in told.required_workflows.items())
    return {
        "repositories": [f"{organisation.owner}/*", *required],
        "bots": list(told.bots),
        "issue_classes": {name: [label] for label, name in told.issue_classes if name != "incident"},
    }
