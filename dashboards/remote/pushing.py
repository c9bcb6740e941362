"""Push, pull and delete: one dashboard at a time, remembered as soon as it is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from common.errors import SubmitError
from dashboards.remote import lock
from dashboards.remote.account import Account
from dashboards.remote.lock import Pushed
from dashboards.remote.normal import digest, marked, split
from dashboards.remote.state import PUSHED, REMEDY, WORDS
from dashboards.remote.survey import Finding


class Done(msgspec.Struct, frozen=True):
    """What became of one dashboard; `refused` where it was left alone for its owner to decide."""

    slug: str
    words: str
    refused: bool = False
    url: str = ""


def push(account: Account, path: Path, found: Finding, *, force: bool, dry: bool) -> Done | None:
    """Write one dashboard as it is rendered; `None` where there is nothing to do. Raises `SubmitError`."""
    if found.state == "same" or (found.state == "absent" and found.wanted is None):
        _adopt(account, path, found, dry=dry)
        return None
    if found.state == "retired":
        return Done(found.slug, f"{WORDS['retired']}; {REMEDY['retired']}")
    if found.wanted is None or not (force or found.state in PUSHED):
        return _refused(found)
    verb = "update" if found.remote else "create"
    if dry:
        return Done(found.slug, f"would {verb}", url=_url(account, found.remote.body if found.remote else {}))
    return Done(found.slug, f"{verb}d", url=_url(account, _write(account, path, found, found.wanted)))


def pull(account: Account, path: Path, found: Finding) -> None:
    """Remember that the dashboard, as the account holds it, is what a push may overwrite; raises `SubmitError`."""
    if found.remote is None:
        raise SubmitError(f"{found.slug}: {WORDS['deleted' if found.known else 'absent']}")
    marker = split(found.remote.body.get("description"))[1]
    held = digest(found.remote.body)
    pushed = marker.digest if marker else held
    lock.write(path, account.name, found.slug, Pushed(found.remote.id, pushed, held, pulled=True))


def delete(account: Account, path: Path, found: Finding, *, force: bool, dry: bool) -> Done | None:
    """Remove one dashboard from the account and the lock file; `None` where there is none. Raises `SubmitError`."""
    if found.remote is None:
        if found.known and not dry:
            lock.write(path, account.name, found.slug, None)
        return None
    if found.state in REMEDY and found.state != "retired" and not force:
        return _refused(found)
    if not dry:
        account.delete(found.remote.id)
        lock.write(path, account.name, found.slug, None)
    return Done(found.slug, "would delete" if dry else "deleted")


def _refused(found: Finding) -> Done:
    return Done(found.slug, f"left alone: {WORDS[found.state]}; {REMEDY[found.state]}", refused=True)


def _adopt(account: Account, path: Path, found: Finding, *, dry: bool) -> None:
    """Remember a dashboard that is as it should be, where the lock file does not know it."""
    if found.remote is None or found.wanted is None or dry:
        return
    marker = split(found.remote.body.get("description"))[1]
    seen = Pushed(found.remote.id, marker.digest if marker else "", digest(found.remote.body))
    if seen != found.known:
        lock.write(path, account.name, found.slug, seen)


def _write(account: Account, path: Path, found: Finding, wanted: dict[str, Any]) -> dict[str, Any]:
    body = marked(found.slug, wanted)
    if found.remote:
        identity = found.remote.id
        stored = account.update(identity, body, found.remote.body)
    else:
        stored = account.create(body)
        identity = str(stored.get("id") or "")
    lock.write(path, account.name, found.slug, Pushed(identity, digest(wanted), digest(stored)))
    held = account.get(identity)
    if held is None or digest(held) != digest(stored):
        raise SubmitError(
            f"{found.slug}: somebody else changed it while it was pushed; look with diff, then push again"
        )
    return stored


def _url(account: Account, body: dict[str, Any]) -> str:
    path = str(body.get("url") or "")
    return f"https://app.{account.transport.access.settings.site}{path}" if path.startswith("/") else path
