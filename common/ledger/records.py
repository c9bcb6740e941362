"""What a ledger holds, and the contract of one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import msgspec

from common.decoding import decode_msgpack
from common.errors import QuarterdeckError

T = TypeVar("T")
ALWAYS, NEVER = -math.inf, math.inf
CACHE, RUN, SAMPLE, WATERMARK = "cache", "run", "sample", "watermark"
COUNTED, PROGRESS, SENT, READING = "counted", "progress", "sent", "reading"
NOTES = frozenset({COUNTED, PROGRESS, SENT, READING})
RESERVED_KINDS = frozenset({CACHE, RUN, SAMPLE, WATERMARK}) | NOTES
"""Kinds that no record may have."""


class LedgerError(QuarterdeckError):
    """The ledger could not be opened, read or written; the message names the setting `ledger` and what to do."""


class LedgerBusyError(LedgerError):
    """Another run with the same instance, collector and shard is under way."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A finished thing: when it happened, the source's version of it (its last change), and its encoded body.

    A kind whose body's type changes takes a new name, and so do its watermarks: then it is fetched anew.
    """

    kind: str
    id: str
    at: float
    version: float
    body: bytes

    def read(self, kind: type[T]) -> T:
        """The body as that type; raises `LedgerError` where it is none."""
        return decode_body(self.body, kind, f"{self.kind} {self.id}")


def encode_body(value: object) -> bytes:
    """A value as a body: MessagePack."""
    return _encode(value)


_encode = msgspec.msgpack.Encoder().encode


def decode_body(body: bytes, kind: type[T], what: str = "an entry") -> T:
    """The body as that type; raises `LedgerError` where it is none."""
    try:
        return decode_msgpack(body, kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise LedgerError(f"ledger: {what} cannot be read; {REMEDY}") from None


REMEDY = "it may be deleted: the next run fetches again what the source still shows"


class Cached(msgspec.Struct, frozen=True):
    """An answer that a conditional request may confirm; `at` is when it was stored or confirmed."""

    etag: str
    body: bytes
    at: float


class Note(msgspec.Struct, frozen=True, gc=False):
    """A small memory of the runner, by kind and time: events counted, buckets sent, running totals read."""

    kind: str
    at: float
    body: bytes


class SampleEntry(msgspec.Struct, frozen=True, gc=False):
    """One number of one run; a distribution has one for each statistic."""

    metric: str
    tags: tuple[tuple[str, str], ...]
    at: float
    value: float
    statistic: str = "value"
    basis: str = "measured"


class RunEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One run as history keeps it. `start` and `end` are its window's; counts are of scopes, samples and so on."""

    shard: str
    started: float
    ended: float
    start: float
    end: float
    outcome: str
    release: str = ""
    scopes: int = 0
    scopes_read: int = 0
    samples: int = 0
    failures: tuple[tuple[str, str, str | None], ...] = ()
    """(scope, reason, metric)"""
    gap: float = 0.0
    late: int | None = None
    requests: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit does to one scope: all of it, or nothing. `scope` is empty for what belongs to the collector."""

    collector: str
    scope: str = ""
    records: tuple[Record, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    """(kind, id) of records to delete."""
    watermarks: Mapping[str, float] = {}
    cache: Mapping[str, Cached] = {}
    forget: Mapping[str, float] = {}
    """Kind of notes → time; notes later than that are deleted, before `notes` are written."""
    expire: Mapping[str, float] = {}
    """Kind of notes → time; notes earlier than that are deleted."""
    notes: tuple[Note, ...] = ()
    runs: tuple[RunEntry, ...] = ()
    samples: tuple[SampleEntry, ...] = ()


class Holding(msgspec.Struct, frozen=True):
    """How much of a kind a ledger holds of a scope; times are of events, bytes of bodies."""

    collector: str
    scope: str
    kind: str
    count: int
    oldest: float | None
    newest: float | None
    bytes: int


class Ledger(Protocol):
    """Where finished things are kept. Every method raises `LedgerError`; spans are half-open `[start, end)`."""

    keeps: bool
    """Whether a commit changes anything: not without a ledger, and not in a dry run."""

    def records(self, collector: str, scope: str, kind: str, start: float = ALWAYS, end: float = NEVER) -> list[Record]:
        """The records of that span, by time and id."""

    def versions(self, collector: str, scope: str, kind: str, start: float = ALWAYS) -> dict[str, float]:
        """Id → version of the records from `start` on."""

    def watermarks(self, collector: str, scope: str) -> dict[str, float]:
        """The scope's watermarks by name."""

    def floor(self, collector: str, kind: str) -> float:
        """Up to when records of the kind were pruned: before it nothing is known. `ALWAYS` if they never were."""

    def cached(self, collector: str, scope: str, key: str) -> Cached | None:
        """The stored answer, if there is one."""

    def notes(self, collector: str, scope: str, kind: str, start: float = ALWAYS) -> list[Note]:
        """The scope's notes of that kind from `start` on, by time."""

    def runs(self, collector: str, start: float = ALWAYS, end: float = NEVER) -> list[RunEntry]:
        """The collector's runs that started in that span, by time."""

    def samples(
        self, collector: str, scope: str, metric: str, start: float = ALWAYS, end: float = NEVER
    ) -> list[SampleEntry]:
        """The history of one metric of one scope, by time."""

    def commit(self, *changes: Change) -> None:
        """Write the changes, all or none. A record replaces one of an older or equal version, never a newer one."""

    def lock(self, collector: str, shard: str) -> AbstractContextManager[None]:
        """Keep other runs of this collector and shard out; raises `LedgerBusyError` at once if one is under way."""

    def prune(self, before: float, kinds: tuple[str, ...] = ()) -> dict[str, int]:
        """Delete what is older, of these kinds or of all but watermarks; how many of each. Dry runs only count."""

    def show(self) -> list[Holding]:
        """What is held, by collector, scope and kind."""

    def export(self) -> Iterator[bytes]:
        """Everything as lines of JSON."""

    def size(self) -> int:
        """Bytes on disk."""

    def close(self) -> None:
        """Let go of files, connections and locks."""
