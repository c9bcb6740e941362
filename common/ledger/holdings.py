"""What a ledger holds as a whole: counting, deleting by age, and export."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from common.ledger.records import CACHE, RUN, SAMPLE, WATERMARK, Holding

if TYPE_CHECKING:
    from common.ledger.core import Row, Sql

# ruff: noqa: S608  every statement is made of constants and placeholders

Stream = Callable[[str, Sequence[object]], Iterator["Row"]]
_OWN = "space IN (SELECT id FROM spaces WHERE instance = ?)"
_OWN_SERIES = f"series IN (SELECT id FROM series WHERE {_OWN})"
# table → its kind (a column, or a constant), the rows that are the instance's, and how their bytes are counted
_PRUNED = {
    "records": ("kind", _OWN),
    "notes": ("kind", _OWN),
    "cache": (f"'{CACHE}'", _OWN),
    "runs": (f"'{RUN}'", _OWN),
    "samples": (f"'{SAMPLE}'", _OWN_SERIES),
}
_SHOWN = (
    ("SELECT space, kind, count(*), min(at), max(at), sum(length(body)) FROM records GROUP BY space, kind"),
    ("SELECT space, kind, count(*), min(at), max(at), sum(length(body)) FROM notes GROUP BY space, kind"),
    (f"SELECT space, '{CACHE}', count(*), min(at), max(at), sum(length(body)) FROM cache GROUP BY space"),
    (f"SELECT space, '{RUN}', count(*), min(at), max(at), sum(length(body)) FROM runs GROUP BY space"),
    (
        f"SELECT space, '{SAMPLE}', count(*), min(at), max(at), 16 * count(*)"
        " FROM series JOIN samples ON series = series.id GROUP BY space"
    ),
    (f"SELECT space, '{WATERMARK}', count(*), NULL, NULL, 8 * count(*) FROM watermarks GROUP BY space"),
)


def count(sql: Sql, instance: str, before: float, kinds: Sequence[str]) -> dict[str, int]:
    """How many entries of each kind are older."""
    found: dict[str, int] = {}
    for table, (kind, own) in _PRUNED.items():
        grouped = "GROUP BY kind" if kind == "kind" else ""
        statement = f"SELECT {kind}, count(*) FROM {table} WHERE {own} AND at < ? {grouped}"
        found |= {of: number for of, number in sql.ask(statement, (instance, before)) if number and _wanted(of, kinds)}
    return found


def kept_kinds(sql: Sql, instance: str, before: float, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """(collector, kind) of the records that are older."""
    rows = sql.ask(
        "SELECT DISTINCT collector, kind FROM records JOIN spaces ON space = spaces.id WHERE instance = ? AND at < ?",
        (instance, before),
    )
    return [(collector, kind) for collector, kind in rows if _wanted(kind, kinds)]


def delete(sql: Sql, instance: str, before: float, kinds: Sequence[str]) -> None:
    """Delete the entries of these kinds, or of all, that are older."""
    for table, (kind, own) in _PRUNED.items():
        where, values = f"{own} AND at < ?", [instance, before]
        if kinds:
            where += f" AND {kind} IN ({', '.join('?' * len(kinds))})"
            values += kinds
        sql.do(f"DELETE FROM {table} WHERE {where}", values)


def _wanted(kind: str, kinds: Sequence[str]) -> bool:
    return not kinds or kind in kinds


def show(sql: Sql, instance: str) -> list[Holding]:
    """What the instance holds, by collector, scope and kind."""
    spaces = {
        space: (collector, scope)
        for space, collector, scope in sql.ask(
            "SELECT id, collector, scope FROM spaces WHERE instance = ?", (instance,)
        )
    }
    found = [
        Holding(*spaces[space], kind, number, oldest, newest, int(size))
        for statement in _SHOWN
        for space, kind, number, oldest, newest, size in sql.ask(statement)
        if space in spaces
    ]
    return sorted(found, key=lambda each: (each.collector, each.scope, each.kind))


_EXPORTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("record", "records", ("kind", "id", "at", "version", "body")),
    ("watermark", "watermarks", ("name", "value")),
    ("note", "notes", ("kind", "at", "body")),
    ("cache", "cache", ("key", "etag", "at", "body")),
    ("run", "runs", ("shard", "at", "body")),
)


def export(stream: Stream, instance: str) -> Iterator[bytes]:
    """Everything of the instance as lines of JSON; bodies that are no MessagePack are base64."""
    for entry, table, fields in _EXPORTED:
        columns = [f"{table}.{field}" for field in fields]
        statement = (
            f"SELECT collector, scope, {', '.join(columns)} FROM {table} JOIN spaces ON space = spaces.id"
            f" WHERE instance = ? ORDER BY collector, scope, {', '.join(columns[:2])}"
        )
        for row in stream(statement, (instance,)):
            yield _line(entry, ("collector", "scope", *fields), row)
    fields = ("metric", "tags", "statistic", "at", "value", "basis")
    statement = (
        f"SELECT collector, scope, {', '.join(fields)} FROM samples JOIN series ON series = series.id"
        " JOIN spaces ON space = spaces.id WHERE instance = ? ORDER BY collector, scope, metric, tags, statistic, at"
    )
    for row in stream(statement, (instance,)):
        yield _line("sample", ("collector", "scope", *fields), row)


def _line(entry: str, columns: Sequence[str], row: Row) -> bytes:
    found: dict[str, Any] = {"entry": entry, **dict(zip(columns, row, strict=True))}
    if "body" in found:
        found["body"] = _readable(found["body"])
    if entry == "sample":
        found |= {"tags": dict(msgspec.json.decode(found["tags"])), "basis": found["basis"] or "measured"}
    return msgspec.json.encode(found) + b"\n"


def _readable(body: bytes) -> object:
    try:
        decoded = msgspec.msgpack.decode(body)
        msgspec.json.encode(decoded)
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
        return base64.b64encode(body).decode()
    return decoded
