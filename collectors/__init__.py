"""The collectors, each imported only when it is used."""

from __future__ import annotations

COLLECTORS = {
    "git": "collectors.git.collector:GitCollector",
    "github": "collectors.github.collector:GitHubCollector",
}
"""Name of the type → where its class is."""
