"""A ledger in one file, for one machine: write-ahead log, one lock file for each collector and shard."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from common.ledger.core import Row
from common.ledger.records import REMEDY, LedgerBusyError, LedgerError
from common.ledger.tables import VERSION, statements

log = logging.getLogger(__name__)

NAMES = {"text": "TEXT", "blob": "BLOB", "serial": "INTEGER PRIMARY KEY", "packed": " WITHOUT ROWID"}
OURS = 0x51444B4C
PATIENCE = 30.0
PAGE = 500
_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "ceph", "lustre")
_REASONS = {
    "SQLITE_BUSY": "another process is writing to it and did not end in time",
    "SQLITE_LOCKED": "another process is writing to it and did not end in time",
    "SQLITE_FULL": "the disk is full; make room, or prune it with `collect ledger prune`",
    "SQLITE_READONLY": "the file or its folder may not be written to; correct its rights or name another place",
    "SQLITE_CANTOPEN": "the file cannot be opened; look at its rights and those of its folder",
    "SQLITE_PERM": "the file may not be read; correct its rights",
    "SQLITE_NOTADB": f"the file is not a ledger, or damaged; {REMEDY}",
    "SQLITE_CORRUPT": f"the file is damaged; {REMEDY}",
    "SQLITE_IOERR": "the disk cannot be read or written (it may be full)",
}
Limit = Callable[[float], float]


class SqliteSql:
    """One connection's statements."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query."""
        return self._connection.execute(statement, values).fetchall()

    def do(self, statement: str, values: Sequence[object] = ()) -> int:
        """How many rows a statement changed."""
        return self._connection.execute(statement, values).rowcount

    def each(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run the statement for every row."""
        self._connection.executemany(statement, rows)


class SqliteDatabase:
    """The file. `limit` bounds every wait by the run's deadline."""

    def __init__(self, path: Path, limit: Limit, *, read_only: bool) -> None:
        self._path, self._limit, self._read_only = path, limit, read_only
        self._turn = threading.RLock()
        with self._guarded():
            self._connection = self._open()
            try:
                if not read_only:
                    _migrate(self._connection, path)
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def reading(self) -> Iterator[SqliteSql]:
        """For queries."""
        with self._taking_turns(), self._guarded():
            self._wait_at_most()
            yield SqliteSql(self._connection)

    @contextmanager
    def writing(self) -> Iterator[SqliteSql]:
        """One transaction: committed at the end of the block, rolled back by an exception."""
        with self._taking_turns(), self._guarded():
            self._wait_at_most()
            with _transaction(self._connection):
                yield SqliteSql(self._connection)

    def stream(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """The rows of a query of any size."""
        with self._guarded(), closing(self._connection.cursor()) as cursor:
            cursor.execute(statement, values)
            while rows := cursor.fetchmany(PAGE):
                yield from rows

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Held for the block, or until the process ends, however it ends."""
        name = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
        path = self._path.with_name(f"{self._path.name}.{name}.lock")
        with self._guarded():
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LedgerBusyError(f"ledger: another run of {key} is under way (it holds {path})") from None
            yield
        finally:
            os.close(file)

    def tidy(self) -> None:
        """Give back what was deleted."""
        with self._taking_turns(), self._guarded():
            self._connection.executescript(
                "PRAGMA incremental_vacuum"
            )  # one page a step: `execute` would end after one
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def size(self) -> int:
        """Bytes on disk."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Let go of the file."""
        with self._guarded():
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        if not self._path.parent.is_dir():
            raise LedgerError(f"ledger: the folder {self._path.parent} does not exist; create it or name another place")
        if self._path.is_dir():
            raise LedgerError(f"ledger: {self._path} is a folder; name a file in it")
        writable = os.access(self._path.parent, os.W_OK) and os.access(self._path, os.W_OK)
        if not self._read_only:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            _warn_of_network(self._path)
        # A reader of a write-ahead log needs to create its index beside the file; where it may not, nobody else writes.
        options = "mode=rw" if writable or not self._read_only else "mode=ro&immutable=1"
        connection = sqlite3.connect(
            f"file:{quote(str(self._path))}?{options}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=self._limit(PATIENCE),
        )
        try:
            _recognise(connection, self._path)
            if self._read_only:
                connection.execute("PRAGMA query_only = 1")
        except BaseException:
            connection.close()
            raise
        return connection

    def _wait_at_most(self) -> None:
        self._connection.execute(f"PRAGMA busy_timeout = {int(1000 * self._limit(PATIENCE))}")

    @contextmanager
    def _taking_turns(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self._limit(PATIENCE)):
            raise LedgerError(f"ledger: {self._path}: {_REASONS['SQLITE_BUSY']}")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "") or ""
            reason = next((text for prefix, text in _REASONS.items() if code.startswith(prefix)), str(error))
            raise LedgerError(f"ledger: {self._path}: {reason}") from error
        except OSError as error:
            raise LedgerError(f"ledger: {error.filename or self._path}: {error.strerror}") from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def usable(path: Path) -> bool:
    """Whether there is something that a dry run can read; it may not create or migrate a ledger."""
    try:
        if not path.exists() or not path.stat().st_size:
            return False
    except OSError as error:
        raise LedgerError(f"ledger: {path}: {error.strerror}") from None
    with path.open("rb") as file:
        header = file.read(100)
    return not (header.startswith(b"SQLite format 3\0") and int.from_bytes(header[60:64], "big") < VERSION)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    """Raises `LedgerError` for another program's database, or one of a newer release."""
    ours = connection.execute("PRAGMA application_id").fetchone()[0] == OURS
    if not ours and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise LedgerError(f"ledger: {path} is another program's database; name another file")
    if (found := _version(connection)) > VERSION:
        raise LedgerError(too_new(str(path), found))


def too_new(place: str, found: int) -> str:
    """The words for a ledger of a later release."""
    return (
        f"ledger: {place} was written by a newer release (schema {found}, this one knows {VERSION}); "
        f"use that release, or another ledger; {REMEDY}"
    )


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if not _version(connection):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = NORMAL")
    if _version(connection) == VERSION:
        return
    with _transaction(connection):
        _recognise(connection, path)
        for version in range(_version(connection) + 1, VERSION + 1):
            for statement in statements(version, NAMES):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {OURS}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()  # a dry run looks for the version in the file


def _warn_of_network(path: Path) -> None:
    kind = network_file_system(path, Path("/proc/self/mounts"))
    if kind:
        log.warning(
            "ledger: %s is on a network file system (%s), where SQLite's log and locks hold for one machine only; "
            "use PostgreSQL where jobs run on several",
            path, kind,
        )  # fmt: skip


def network_file_system(path: Path, mounts: Path) -> str | None:
    """The type of the file system that holds `path` if it is a network's; `mounts` as in /proc."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place = path.resolve()
    best, kind = -1, ""
    for line in lines:
        _, point, of, *_ = line.split(" ")
        where = Path(point.replace("\\040", " "))
        if place.is_relative_to(where) and len(where.parts) >= best:
            best, kind = len(where.parts), of
    return kind if kind.startswith(_NETWORK) else None
