"""The collectors, each imported only when it is used."""

from __future__ import annotations

COLLECTORS = {
    "git": "collectors.git.collector:GitCollector",
}
"""Name of the type → where its class is."""
