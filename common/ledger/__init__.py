"""The ledger: finished things, watermarks and history, in SQLite, in PostgreSQL, or nowhere.

It makes a run cheaper and surer, never different: without it, every number is the same for what the source still shows.
It may be deleted at any time, holds no secrets, and is written by one commit for each scope.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from common.errors import ConfigError
from common.ledger.null import NullLedger
from common.ledger.records import (
    ALWAYS,
    COUNTED,
    NEVER,
    PROGRESS,
    READING,
    SENT,
    Cached,
    Change,
    Holding,
    Ledger,
    LedgerBusyError,
    LedgerError,
    Note,
    Record,
    RunEntry,
    SampleEntry,
    decode_body,
    encode_body,
)

__all__ = [
    "ALWAYS",
    "COUNTED",
    "NEVER",
    "PROGRESS",
    "READING",
    "SENT",
    "Cached",
    "Change",
    "Holding",
    "Ledger",
    "LedgerBusyError",
    "LedgerError",
    "Note",
    "NullLedger",
    "Record",
    "RunEntry",
    "SampleEntry",
    "decode_body",
    "encode_body",
    "is_postgresql",
    "open_ledger",
]

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_postgresql(url: str) -> bool:
    """Whether the setting names a PostgreSQL database; else it is a path."""
    return url.startswith(("postgresql://", "postgres://"))


def open_ledger(
    url: str | None,
    instance: str = "default",
    *,
    password: str | None = None,
    read_only: bool = False,
    limit: Callable[[float], float] = float,
) -> Ledger:
    """The instance's ledger at a path or `postgresql://` URL; one that keeps nothing where there is none.

    A read-only one writes and creates nothing, for dry runs. `limit` cuts every wait to what the deadline leaves.
    Raises `ConfigError` for a setting that cannot be, `LedgerError` for a ledger that cannot be used.
    """
    if not url:
        return NullLedger()
    if is_postgresql(url):
        return _postgresql(url, instance, password, limit, read_only=read_only)
    if _SCHEME.match(url):
        raise ConfigError("ledger must be a path or postgresql://USER@HOST/DATABASE; other URLs are not known")
    return _sqlite(Path(url), instance, limit, read_only=read_only)


def _sqlite(path: Path, instance: str, limit: Callable[[float], float], *, read_only: bool) -> Ledger:
    from common.ledger.core import SqlLedger  # noqa: PLC0415  a run without a ledger imports neither
    from common.ledger.sqlite import SqliteDatabase, usable  # noqa: PLC0415

    if read_only and not usable(path):
        return NullLedger()
    return SqlLedger(SqliteDatabase(path, limit, read_only=read_only), instance, read_only=read_only)


def _postgresql(
    url: str, instance: str, password: str | None, limit: Callable[[float], float], *, read_only: bool
) -> Ledger:
    try:
        from common.ledger.core import SqlLedger  # noqa: PLC0415
        from common.ledger.postgres import PostgresDatabase  # noqa: PLC0415  an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "common":
            raise
        raise ConfigError(
            "ledger: PostgreSQL needs psycopg; install it with: pip install 'quarterdeck[postgresql]'"
        ) from None
    database = PostgresDatabase(url, password, limit, read_only=read_only)
    if read_only and not database.usable():
        database.close()
        return NullLedger()
    return SqlLedger(database, instance, read_only=read_only)
