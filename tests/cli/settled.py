"""The GitHub collector whose clock stands at the end of the simulated organisation's history."""

from __future__ import annotations

from collectors.github.collector import GitHubCollector
from collectors.github.settings import GitHubSettings
from common.collector import Context
from demo import Organisation

ORGANISATION = Organisation(seed=1, size="small")


class SettledCollector(GitHubCollector):
    """Finds the same every day."""

    def __init__(self, settings: GitHubSettings, context: Context) -> None:
        super().__init__(settings, context, clock=lambda: ORGANISATION.end)
