"""A ledger in SQL that SQLite and PostgreSQL both understand; what differs is in their own modules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

import msgspec

from common.ledger import holdings
from common.ledger.records import (
    ALWAYS,
    NEVER,
    NOTES,
    RESERVED_KINDS,
    Cached,
    Change,
    Holding,
    Note,
    Record,
    RunEntry,
    SampleEntry,
    decode_body,
    encode_body,
)

Row = tuple[Any, ...]
RowT = TypeVar("RowT", bound=Row)
PRUNED = "pruned:"


class Sql(Protocol):
    """Runs statements whose parameters are written `?`."""

    def ask(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query."""

    def do(self, statement: str, values: Sequence[object] = ()) -> int:
        """How many rows a statement changed."""

    def each(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Run the statement for every row; no two have the same key."""


class Database(Protocol):
    """One connection. Every method raises `LedgerError`."""

    def reading(self) -> AbstractContextManager[Sql]:
        """For queries."""

    def writing(self) -> AbstractContextManager[Sql]:
        """One transaction: committed at the end of the block, rolled back by an exception."""

    def stream(self, statement: str, values: Sequence[object]) -> Iterator[Row]:
        """The rows of a query of any size."""

    def lock(self, key: str) -> AbstractContextManager[None]:
        """Held for the block; raises `LedgerBusyError` where somebody else holds it."""

    def tidy(self) -> None:
        """Give back what was deleted."""

    def size(self) -> int:
        """Bytes on disk."""

    def close(self) -> None:
        """Let go of it."""


class SqlLedger:
    """One instance's part of a database. Several threads may use it; a read-only one keeps nothing."""

    def __init__(self, database: Database, instance: str, *, read_only: bool = False) -> None:
        self.keeps = not read_only
        self._database, self._instance = database, _text(instance)
        self._spaces: dict[tuple[str, str], int] = {}

    def records(self, collector: str, scope: str, kind: str, start: float = ALWAYS, end: float = NEVER) -> list[Record]:
        """The records of that span, by time and id."""
        rows = self._ask(
            "SELECT kind, id, at, version, body FROM records"
            " WHERE space = ? AND kind = ? AND at >= ? AND at < ? ORDER BY at, id",
            collector, scope, kind, start, end,
        )  # fmt: skip
        return [Record(*row) for row in rows]

    def versions(self, collector: str, scope: str, kind: str, start: float = ALWAYS) -> dict[str, float]:
        """Id → version of the records from `start` on."""
        statement = "SELECT id, version FROM records WHERE space = ? AND kind = ? AND at >= ?"
        return dict(self._ask(statement, collector, scope, kind, start))

    def watermarks(self, collector: str, scope: str) -> dict[str, float]:
        """The scope's watermarks by name."""
        return dict(self._ask("SELECT name, value FROM watermarks WHERE space = ?", collector, scope))

    def floor(self, collector: str, kind: str) -> float:
        """Up to when records of the kind were pruned: before it nothing is known. `ALWAYS` if they never were."""
        return self.watermarks(collector, "").get(PRUNED + kind, ALWAYS)

    def cached(self, collector: str, scope: str, key: str) -> Cached | None:
        """The stored answer, if there is one."""
        rows = self._ask("SELECT etag, body, at FROM cache WHERE space = ? AND key = ?", collector, scope, key)
        return Cached(*rows[0]) if rows else None

    def notes(self, collector: str, scope: str, kind: str, start: float = ALWAYS) -> list[Note]:
        """The scope's notes of that kind from `start` on, by time."""
        statement = "SELECT kind, at, body FROM notes WHERE space = ? AND kind = ? AND at >= ? ORDER BY at"
        return [Note(*row) for row in self._ask(statement, collector, scope, kind, start)]

    def runs(self, collector: str, start: float = ALWAYS, end: float = NEVER) -> list[RunEntry]:
        """The collector's runs that started in that span, by time."""
        statement = "SELECT body FROM runs WHERE space = ? AND at >= ? AND at < ? ORDER BY at, shard"
        return [decode_body(body, RunEntry, "a run") for (body,) in self._ask(statement, collector, "", start, end)]

    def samples(
        self, collector: str, scope: str, metric: str, start: float = ALWAYS, end: float = NEVER
    ) -> list[SampleEntry]:
        """The history of one metric of one scope, by time."""
        rows = self._ask(
            "SELECT tags, at, value, statistic, basis FROM series JOIN samples ON series = series.id"
            " WHERE space = ? AND metric = ? AND at >= ? AND at < ? ORDER BY at, tags, statistic",
            collector, scope, metric, start, end,
        )  # fmt: skip
        known: dict[str, tuple[tuple[str, str], ...]] = {}
        return [
            SampleEntry(metric, known.setdefault(tags, _tags(tags)), at, value, statistic, basis or "measured")
            for tags, at, value, statistic, basis in rows
        ]

    def commit(self, *changes: Change) -> None:
        """Write the changes, all or none. A record replaces one of an older or equal version, never a newer one."""
        for change in changes:
            _check_kinds(change)
        if not self.keeps or not changes:
            return
        found: dict[tuple[str, str], int] = {}
        with self._database.writing() as sql:
            for change in sorted(changes, key=lambda each: (each.collector, each.scope)):
                key = (change.collector, change.scope)
                if key not in found:
                    found[key] = self._spaces.get(key) or _new_space(sql, self._instance, *key)
                _write(sql, found[key], change)
        self._spaces |= found

    def lock(self, collector: str, shard: str) -> AbstractContextManager[None]:
        """Keep other runs of this collector and shard out; raises `LedgerBusyError` at once if one is under way."""
        if not self.keeps:
            return nullcontext()
        return self._database.lock(f"{self._instance}/{collector}/{shard}")

    def prune(self, before: float, kinds: tuple[str, ...] = ()) -> dict[str, int]:
        """Delete what is older, of these kinds or of all but watermarks; how many of each. Dry runs only count."""
        if not self.keeps:
            with self._database.reading() as sql:
                return holdings.count(sql, self._instance, before, kinds)
        with self._database.writing() as sql:
            removed = holdings.count(sql, self._instance, before, kinds)
            for collector, kind in holdings.kept_kinds(sql, self._instance, before, kinds):
                space = _new_space(sql, self._instance, collector, "")
                sql.do(_RAISE_WATERMARK, (space, PRUNED + kind, before))
            holdings.delete(sql, self._instance, before, kinds)
        self._database.tidy()
        return removed

    def show(self) -> list[Holding]:
        """What is held, by collector, scope and kind."""
        with self._database.reading() as sql:
            return holdings.show(sql, self._instance)

    def export(self) -> Iterator[bytes]:
        """Everything as lines of JSON."""
        return holdings.export(self._database.stream, self._instance)

    def size(self) -> int:
        """Bytes on disk."""
        return self._database.size()

    def close(self) -> None:
        """Let go of files, connections and locks."""
        self._database.close()

    def _ask(self, statement: str, collector: str, scope: str, *values: object) -> list[Row]:
        with self._database.reading() as sql:
            space = self._spaces.get((collector, scope)) or _space(sql, self._instance, collector, scope)
            if space is None:
                return []
            self._spaces[collector, scope] = space
            return sql.ask(statement, (space, *(_text(each) if isinstance(each, str) else each for each in values)))


def _check_kinds(change: Change) -> None:
    taken = {record.kind for record in change.records} & RESERVED_KINDS
    unknown = {note.kind for note in change.notes} | change.forget.keys() | change.expire.keys()
    if taken or unknown - NOTES:
        raise ValueError(f"not kinds of a record or of a note: {', '.join(sorted(taken | (unknown - NOTES)))}")


def _space(sql: Sql, instance: str, collector: str, scope: str) -> int | None:
    rows = sql.ask(
        "SELECT id FROM spaces WHERE instance = ? AND collector = ? AND scope = ?",
        (instance, _text(collector), _text(scope)),
    )
    return int(rows[0][0]) if rows else None


def _new_space(sql: Sql, instance: str, collector: str, scope: str) -> int:
    sql.do(
        "INSERT INTO spaces (instance, collector, scope) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (instance, _text(collector), _text(scope)),
    )
    found = _space(sql, instance, collector, scope)
    assert found is not None  # noqa: S101  the row was there, or is now
    return found


def _write(sql: Sql, space: int, change: Change) -> None:
    if change.records:
        rows = [(space, r.kind, _text(r.id), r.at, r.version, r.body) for r in change.records]
        rows.sort(key=lambda row: (row[1], row[2], row[4]))
        sql.each(_PUT_RECORD, _last(rows, 3))
    if change.gone:
        gone = sorted((space, kind, _text(id_)) for kind, id_ in change.gone)
        sql.each("DELETE FROM records WHERE space = ? AND kind = ? AND id = ?", gone)
    for kind, after in change.forget.items():
        sql.do("DELETE FROM notes WHERE space = ? AND kind = ? AND at > ?", (space, kind, after))
    for kind, before in change.expire.items():
        sql.do("DELETE FROM notes WHERE space = ? AND kind = ? AND at < ?", (space, kind, before))
    if change.notes:
        sql.each(_PUT_NOTE, _last([(space, note.kind, note.at, note.body) for note in change.notes], 3))
    if change.cache:
        answers = sorted(change.cache.items(), key=lambda item: item[0])
        sql.each(_PUT_CACHE, [(space, _text(key), each.etag, each.body, each.at) for key, each in answers])
    if change.runs:
        sql.each(_PUT_RUN, _last([(space, run.shard, run.started, encode_body(run)) for run in change.runs], 3))
    if change.samples:
        _write_samples(sql, space, change.samples)
    if change.watermarks:
        watermarks = sorted(change.watermarks.items())
        sql.each(_PUT_WATERMARK, [(space, _text(name), value) for name, value in watermarks])


def _last(rows: Iterable[RowT], keys: int) -> list[RowT]:
    """The last row of each key, which is the first columns: one statement may not write a row twice."""
    return list({row[:keys]: row for row in rows}.values())


def _write_samples(sql: Sql, space: int, samples: Sequence[SampleEntry]) -> None:
    known = _known_series(sql, space)
    texts = {tags: _tags_text(tags) for tags in {each.tags for each in samples}}
    keyed = [((each.metric, texts[each.tags], each.statistic), each) for each in samples]
    if new := sorted({key for key, _ in keyed} - known.keys()):
        sql.each(
            "INSERT INTO series (space, metric, tags, statistic) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(space, *key) for key in new],
        )
        known = _known_series(sql, space)
    rows = [(known[key], s.at, s.value, None if s.basis == "measured" else s.basis) for key, s in keyed]
    sql.each(_PUT_SAMPLE, _last(sorted(rows, key=lambda row: row[:2]), 2))


def _known_series(sql: Sql, space: int) -> Mapping[tuple[str, str, str], int]:
    rows = sql.ask("SELECT metric, tags, statistic, id FROM series WHERE space = ?", (space,))
    return {(metric, tags, statistic): series for metric, tags, statistic, series in rows}


def _text(text: str) -> str:
    """The text as either database takes it: PostgreSQL has no NUL, UTF-8 no lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _tags_text(tags: tuple[tuple[str, str], ...]) -> str:
    return msgspec.json.encode([(name, _text(value)) for name, value in tags]).decode()


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    return msgspec.json.decode(text, type=tuple[tuple[str, str], ...])


_PUT_RECORD = (
    "INSERT INTO records (space, kind, id, at, version, body) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (space, kind, id) DO UPDATE SET at = excluded.at, version = excluded.version, body = excluded.body"
    " WHERE excluded.version >= records.version"
)
_PUT_WATERMARK = (
    "INSERT INTO watermarks (space, name, value) VALUES (?, ?, ?)"
    " ON CONFLICT (space, name) DO UPDATE SET value = excluded.value"
)
_RAISE_WATERMARK = _PUT_WATERMARK + " WHERE excluded.value > watermarks.value"
_PUT_NOTE = (
    "INSERT INTO notes (space, kind, at, body) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (space, kind, at) DO UPDATE SET body = excluded.body"
)
_PUT_CACHE = (
    "INSERT INTO cache (space, key, etag, body, at) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (space, key) DO UPDATE SET etag = excluded.etag, body = excluded.body, at = excluded.at"
)
_PUT_RUN = (
    "INSERT INTO runs (space, shard, at, body) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (space, at, shard) DO UPDATE SET body = excluded.body"
)
_PUT_SAMPLE = (
    "INSERT INTO samples (series, at, value, basis) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (series, at) DO UPDATE SET value = excluded.value, basis = excluded.basis"
)
