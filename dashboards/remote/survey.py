"""What an account holds of ours: one listing, then one look at each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from common.errors import SubmitError
from dashboards.remote.account import Account, Summary
from dashboards.remote.lock import Pushed
from dashboards.remote.normal import digest, split
from dashboards.remote.state import Remote, State, judge


class Finding(msgspec.Struct, frozen=True):
    """One dashboard of ours: rendered, in the account, or both."""

    slug: str
    state: State
    wanted: dict[str, Any] | None = None
    known: Pushed | None = None
    remote: Remote | None = None
    summary: Summary | None = None


def survey(
    account: Account, rendered: Mapping[str, dict[str, Any]], known: Mapping[str, Pushed], slugs: frozenset[str]
) -> dict[str, Callable[[], Finding]]:
    """A look at each of `slugs` (all where empty), for when its turn comes; listing and looks raise `SubmitError`."""
    listed = _by_slug(account.listing(), {each.id: slug for slug, each in known.items()})
    return {
        slug: partial(look, account, slug, rendered.get(slug), known.get(slug), listed.get(slug))
        for slug in sorted({*rendered, *known, *listed})
        if not slugs or slug in slugs
    }


def look(
    account: Account, slug: str, wanted: dict[str, Any] | None, known: Pushed | None, summary: Summary | None
) -> Finding:
    """The dashboard as it stands now."""
    identity = summary.id if summary else known.id if known else ""
    body = account.get(identity) if identity else None
    remote = Remote(identity, body) if body is not None else None
    state = judge(digest(wanted) if wanted else None, known, remote)
    return Finding(slug, state, wanted, known, remote, summary)


def _by_slug(summaries: Iterator[Summary], ids: Mapping[str, str]) -> dict[str, Summary]:
    """The listed dashboards of ours, by what the lock file or else the marker calls them."""
    found: dict[str, Summary] = {}
    for each in summaries:
        marker = split(each.description)[1]
        slug = ids.get(each.id) or (marker.slug if marker else None)
        if slug is None:
            continue
        if slug in found and each.id not in ids and found[slug].id not in ids:
            raise SubmitError(
                f"two dashboards are marked as {slug}: {found[slug].id} and {each.id}; delete one of them in Datadog"
            )
        if slug not in found or each.id in ids:
            found[slug] = each
    return found
