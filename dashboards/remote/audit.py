"""Catalogue, dashboards and what the account really receives, held against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from common.catalog import Entry
from common.sinks.datadog.metadata import metadata_of
from dashboards.remote.normal import metrics_in

OWN = ("quarterdeck.",)
"""What sinks add beside the catalogue."""


class Audit(msgspec.Struct, frozen=True):
    """Names of metrics; each list is empty where all is well."""

    unregistered: tuple[str, ...]
    """Received under a first word of ours, but in no catalogue: an older release, or somebody else's."""
    absent: tuple[str, ...]
    """In the catalogue and on a dashboard, but not received."""
    unread: tuple[str, ...]
    """In the catalogue, and neither received nor on a dashboard."""
    unknown: Mapping[str, tuple[str, ...]]
    """By dashboard of the account: what it reads that is in no catalogue."""


def audit(
    entries: Iterable[Entry],
    statistics: Iterable[str],
    rendered: Mapping[str, Mapping[str, Any]],
    held: Mapping[str, Mapping[str, Any]],
    received: Iterable[str],
) -> Audit:
    """The comparison; `rendered` and `held` are dashboards by slug."""
    known = {each.name for each in metadata_of(entries, statistics)}
    ours = {f"{name.partition('.')[0]}." for name in known}
    arrived = set(received)
    read = {name for body in rendered.values() for name in metrics_in(body)}
    strange = {
        slug: tuple(sorted(name for name in metrics_in(body) if name not in known and not name.startswith(OWN)))
        for slug, body in sorted(held.items())
    }
    return Audit(
        unregistered=tuple(sorted(name for name in arrived - known if f"{name.partition('.')[0]}." in ours)),
        absent=tuple(sorted((known & read) - arrived)),
        unread=tuple(sorted(known - read - arrived)),
        unknown={slug: names for slug, names in strange.items() if names},
    )
