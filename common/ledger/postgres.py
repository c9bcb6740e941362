"""A ledger in PostgreSQL, shared by jobs and shards: a schema of its own, session locks, pipelined writes."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from common.errors import ConfigError, QuarterdeckError
from common.ledger.core import Row
from common.ledger.records import REMEDY, LedgerBusyError, LedgerError
from common.ledger.sqlite import too_new
from common.ledger.tables import TABLES, VERSION, statements

NAMES = {
    "text": 'TEXT COLLATE "C"',
    "blob": "BYTEA",
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "packed": "",
}
SCHEMA = "quarterdeck"
PATIENCE = 30.0
CONNECT = 10.0
PAGE = 500
ROWS = 5_000
_INSERT = re.compile(r"INSERT INTO (?P<table>\w+) \((?P<columns>[\w, ]+)\) VALUES \([?, ]+\)(?P<conflict>.*)")
_TYPES = {"space": "bigint", "series": "bigint", "body": "bytea"} | dict.fromkeys(("at", "version", "value"), "float8")
# A run that dies with its machine must not hold its lock for two hours, the kernel's default.
_SESSION = (
    f"-c search_path={SCHEMA} -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
    " -c client_min_messages=warning"
)
_REASONS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.DiskFull, "the server's disk is full; make room, or prune with `collect ledger prune`"),
    (errors.ReadOnlySqlTransaction, "the server takes no writes (a standby?); name the primary"),
    (errors.QueryCanceled, "the server did not answer in time"),
    (errors.LockNotAvailable, "another process is writing and did not end in time"),
    (
        errors.InsufficientPrivilege,
        f"the user may not use it; let the owner run: CREATE SCHEMA {SCHEMA} AUTHORIZATION …",
    ),
    (errors.UndefinedTable, f"the schema {SCHEMA} is incomplete; {REMEDY}"),
    (errors.UndefinedColumn, f"the schema {SCHEMA} is not ours; {REMEDY}"),
)
Limit = Callable[[float], float]


class PostgresSql:
    """One connection's statements."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query."""
        return self._connection.execute(_native(statement), values).fetchall()

    def do(self, statement: str, values: Sequence[object] = ()) -> int:
        """How many rows a statement changed."""
        return self._connection.execute(_native(statement), values).rowcount

    def each(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run the statement for every row."""
        insert = _INSERT.fullmatch(statement)
        with self._connection.cursor() as cursor:
            if insert is None:
                cursor.executemany(_native(statement), rows)
                return
            # Columns as arrays: one statement for many rows is several times faster than one for each.
            types = [_TYPES.get(column, "text") for column in insert["columns"].split(", ")]
            arrays = ", ".join(f"%b::{each}[]" for each in types)
            head = f"INSERT INTO {insert['table']} ({insert['columns']}) SELECT * FROM unnest({arrays})"  # noqa: S608
            remaining = iter(rows)
            while page := list(islice(remaining, ROWS)):
                columns = zip(types, zip(*page, strict=True), strict=True)
                values = [_array(kind, column) for kind, column in columns]
                cursor.execute((head + insert["conflict"]).encode(), values)


def _array(kind: str, column: Sequence[object]) -> list[object]:
    """A column as PostgreSQL takes it: of one type, where Python's whole numbers pass for decimals."""
    return [float(each) for each in column] if kind == "float8" else list(column)  # type: ignore[arg-type]


class PostgresDatabase:
    """One connection. `limit` bounds every wait by the run's deadline."""

    def __init__(self, url: str, password: str | None, limit: Limit, *, read_only: bool) -> None:
        self._limit = limit
        self._turn = threading.RLock()
        options = conninfo(url)
        self._place = f"{options.get('host', 'localhost')}/{options.get('dbname', options.get('user', ''))}"
        session = f"{options.pop('options', '')} {_SESSION}" + (" -c default_transaction_read_only=on" * read_only)
        if password is not None:
            options["password"] = password
        defaults = {
            "connect_timeout": str(max(2, int(limit(CONNECT)))),
            "application_name": "quarterdeck",
            "tcp_user_timeout": str(int(1000 * PATIENCE)),
        }
        with self._guarded():
            words = psycopg.conninfo.make_conninfo("", **{**defaults, **options, "options": session})
            self._connection = psycopg.connect(words, autocommit=True)
            try:
                self._prepare(read_only=read_only)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, *, read_only: bool) -> None:
        patience = str(int(1000 * PATIENCE))
        self._connection.execute("SELECT set_config('statement_timeout', %s, false)", (patience,))
        self.version = _version(self._connection)
        if self.version > VERSION:
            raise LedgerError(too_new(self._place, self.version))
        if self.version < VERSION and not read_only:
            _migrate(self._connection)
            self.version = VERSION

    @contextmanager
    def reading(self) -> Iterator[PostgresSql]:
        """For queries."""
        with self._taking_turns(), self._guarded():
            yield PostgresSql(self._connection)

    @contextmanager
    def writing(self) -> Iterator[PostgresSql]:
        """One transaction: committed at the end of the block, rolled back by an exception."""
        with self._taking_turns(), self._guarded(), self._connection.transaction():
            patience = str(int(1000 * self._limit(PATIENCE)))
            self._connection.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                (patience, patience),
            )
            yield PostgresSql(self._connection)

    def stream(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """The rows of a query of any size."""
        with self._guarded(), self._connection.transaction(), self._connection.cursor("export") as cursor:
            cursor.itersize = PAGE
            cursor.execute(_native(statement), values)
            yield from cursor

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Held for the block, or until the connection ends, however it ends."""
        number = _number(key)
        with self.reading() as sql:
            if not sql.ask("SELECT pg_try_advisory_lock(?)", (number,))[0][0]:
                raise LedgerBusyError(f"ledger: another run of {key} is under way (it holds the lock {number})")
        try:
            yield
        finally:
            with contextlib.suppress(QuarterdeckError), self.reading() as sql:  # a lost connection holds no lock
                sql.ask("SELECT pg_advisory_unlock(?)", (number,))

    def usable(self) -> bool:
        """Whether there is something that a dry run can read; it may not create or migrate a ledger."""
        return self.version == VERSION

    def tidy(self) -> None:
        """Nothing: the server's autovacuum does it."""

    def size(self) -> int:
        """Bytes on disk."""
        with self.reading() as sql:
            wanted = " + ".join(f"pg_total_relation_size('{table}')" for table in TABLES)
            return int(sql.ask(f"SELECT {wanted}")[0][0])

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self._limit(PATIENCE)):
            raise LedgerError(f"ledger: {self._place}: another part of this run is writing and did not end in time")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            known = (text for kind, text in _REASONS if isinstance(error, kind))
            raise LedgerError(f"ledger: PostgreSQL {self._place}: {next(known, _first_line(error))}") from None


def conninfo(url: str) -> dict[str, str]:
    """The URL's parts in libpq's words; raises `ConfigError` for a wrong one, or one with a password in it."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise ConfigError("ledger must be a path or postgresql://USER@HOST/DATABASE; this URL is not valid") from None
    if parts.keys() & {"password", "sslpassword"}:
        raise ConfigError("ledger: no password in the URL; name it in ledger.password as a reference such as env:NAME")
    return {name: str(value) for name, value in parts.items() if value is not None}


def _native(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def _number(key: str) -> int:
    """The lock's number, the same in every process."""
    digest = hashlib.blake2b(f"{SCHEMA}/{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _first_line(error: psycopg.Error) -> str:
    lines = (error.diag.message_primary or str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _version(connection: psycopg.Connection[Row]) -> int:
    if connection.execute(f"SELECT to_regclass('{SCHEMA}.meta')").fetchall()[0][0] is None:
        return 0
    rows = connection.execute("SELECT version FROM meta").fetchall()
    return int(rows[0][0]) if rows else 0


def _migrate(connection: psycopg.Connection[Row]) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_number("schema"),))
        found = _version(connection)
        if not connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchall()[0][0]:
            connection.execute(f"CREATE SCHEMA {SCHEMA}".encode())
        if not found:
            connection.execute("CREATE TABLE IF NOT EXISTS meta (version INTEGER NOT NULL)")
        for version in range(found + 1, VERSION + 1):
            for statement in statements(version, NAMES):
                connection.execute(statement.encode())
        connection.execute("DELETE FROM meta")
        connection.execute("INSERT INTO meta (version) VALUES (%s)", (VERSION,))
