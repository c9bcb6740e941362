"""What a ledger costs beside the least that could keep the same rows: plain sqlite3, one executemany, one commit.

Prints the median of `ROUNDS` rounds; both sides in the same process, on the same disk, one after the other.
"""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from common.ledger import Change, Ledger, Record, SampleEntry, open_ledger

ROUNDS = 3
ROWS = 100_000
SCOPES = 100
START = 1_700_000_000.0
PUT = (
    "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (space, kind, id) DO UPDATE SET at = excluded.at,"
    " version = excluded.version, body = excluded.body WHERE excluded.version >= records.version"
)
TABLE = (
    "CREATE TABLE records (space INTEGER, kind TEXT, id TEXT, at REAL, version REAL, body BLOB,"
    " PRIMARY KEY (space, kind, id))"
)


def made(version: float) -> list[Change]:
    """A hundred scopes with a thousand records each, of 300 bytes."""
    per_scope = ROWS // SCOPES
    return [
        Change(
            collector="github",
            scope=f"acme/service-{scope:03}",
            records=tuple(
                Record("workflow_run", str(10_000_000 + n), START + n, version, b"%0300d" % n) for n in range(per_scope)
            ),
            watermarks={"workflow_run": version},
        )
        for scope in range(SCOPES)
    ]


def plain(path: Path, changes: list[Change], *, each_scope: bool) -> float:
    """Seconds for the same rows without us; in one commit, or one for each scope."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(TABLE.replace("TABLE", "TABLE IF NOT EXISTS", 1))
    rows = [[(n, r.kind, r.id, r.at, r.version, r.body) for r in c.records] for n, c in enumerate(changes)]
    batches = rows if each_scope else [[row for batch in rows for row in batch]]
    started = time.perf_counter()
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(PUT, batch)
        connection.execute("COMMIT")
    took = time.perf_counter() - started
    connection.close()
    return took


def ours(ledger: Ledger, changes: list[Change]) -> float:
    """Seconds with one commit for each scope."""
    started = time.perf_counter()
    for change in changes:
        ledger.commit(change)
    return time.perf_counter() - started


def read(ledger: Ledger) -> float:
    """Seconds to read every record of every scope."""
    started = time.perf_counter()
    found = sum(len(ledger.records("github", f"acme/service-{n:03}", "workflow_run")) for n in range(SCOPES))
    assert found == ROWS
    return time.perf_counter() - started


def samples(ledger: Ledger) -> float:
    """Seconds for the history of one run: a thousand numbers of each of a hundred scopes."""
    tags = tuple((("branch", f"b{n}"), ("repo", "acme/web")) for n in range(20))
    names = [f"github.metric.number_{n}" for n in range(50)]
    entries = tuple(SampleEntry(name, each, START, 1.0) for name in names for each in tags)
    changes = [Change(collector="github", scope=f"acme/service-{n:03}", samples=entries) for n in range(SCOPES)]
    return ours(ledger, changes)


def one_round(first: list[Change], second: list[Change]) -> dict[str, float]:
    """Seconds of each part."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-bench-"))
    try:
        took = {
            "plain, one commit": plain(folder / "one.db", first, each_scope=False),
            "plain, a commit a scope": plain(folder / "many.db", first, each_scope=True),
            "plain, the same again": plain(folder / "many.db", second, each_scope=True),
        }
        ledger = open_ledger(str(folder / "ours.db"))
        took |= {"sqlite": ours(ledger, first), "sqlite, again": ours(ledger, second), "sqlite, read": read(ledger)}
        took["bytes a record"] = ledger.size() / ROWS
        took["sqlite, samples"] = samples(ledger)
        ledger.close()
        took |= in_postgresql(first, second)
    finally:
        shutil.rmtree(folder)
    return took


def in_postgresql(first: list[Change], second: list[Change]) -> dict[str, float]:
    """The same in PostgreSQL, where the machine has it."""
    if SERVER is None:
        return {}
    database = SERVER.fresh()
    ledger = open_ledger(database.url, password=database.password)
    took = {
        "postgresql": ours(ledger, first),
        "postgresql, again": ours(ledger, second),
        "postgresql, read": read(ledger),
    }
    took["postgresql, samples"] = samples(ledger)
    ledger.close()
    return took


def main() -> None:
    """Print the table."""
    rounds = [one_round(made(1.0), made(2.0)) for _ in range(ROUNDS)]
    median = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    base = median["plain, a commit a scope"]
    print(
        f"{ROWS} records of 300 bytes in {SCOPES} scopes; median of {ROUNDS}; ratio to plain sqlite3, a commit a scope"
    )
    for name, value in median.items():
        if name == "bytes a record":
            print(f"{name:<26} {value:8.0f}")
        else:
            print(f"{name:<26} {value:8.3f} s {ROWS / value:12,.0f} a second {value / base:8.2f} ×")


if __name__ == "__main__":
    from tests.parts.install import parts_folder
    from tests.parts.postgresql import running

    if (parts_folder() / "bin" / "postgres").is_file():
        with running() as SERVER:
            main()
    else:
        SERVER = None
        main()
