"""The lock file: which dashboard of an account is which of ours, and what it was when we last left it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from common.errors import ConfigError

LOCK = Path("dashboards.lock.json")


class Pushed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One dashboard as we last left it."""

    id: str
    pushed: str
    """The digest of what we sent."""
    stored: str
    """The digest of what the server made of it, or of what was pulled since."""
    pulled: bool = False
    """Whether an edit was pulled: the account holds something else than was pushed, and may be overwritten."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    accounts: dict[str, dict[str, Pushed]]
    """By where the account is, then by slug."""
    schema: int = 1


def read(path: Path, account: str) -> dict[str, Pushed]:
    """What is known of this account's dashboards, by slug; nothing without a file. Raises `ConfigError`."""
    return dict(_whole(path).accounts.get(account, {}))


def verify(path: Path) -> None:
    """Raise `ConfigError` where the file could not be written, before anything is pushed that it should remember."""
    folder = path.absolute().parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise ConfigError(f"{path}: the lock file cannot be written: {folder} is no folder that may be written to")


def write(path: Path, account: str, slug: str, pushed: Pushed | None) -> None:
    """Remember, or forget, one dashboard, whole or not at all; what others wrote of others stays."""
    whole = _whole(path)
    rows = {**whole.accounts.get(account, {}), slug: pushed}
    kept = {name: rows[name] for name in sorted(rows)}
    known = {name: each for name, each in kept.items() if each is not None}
    body = msgspec.json.encode(_File({**whole.accounts, account: known}), order="sorted")
    _replace(path, msgspec.json.format(body, indent=2) + b"\n")


def _whole(path: Path) -> _File:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        return _File({})
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"{path}: not a lock file that can be read ({error}); mend it, or delete it: "
            "push finds its dashboards again by their markers"
        ) from None
    if found.schema != 1:
        raise ConfigError(f"{path}: written by a newer release (schema {found.schema}); update quarterdeck")
    return found


def _replace(path: Path, body: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path}: the lock file cannot be written: {error.strerror}") from None
