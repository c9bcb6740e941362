"""The ledger of who has none: it knows nothing and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

from common.ledger.records import ALWAYS, NEVER, Cached, Change, Holding, Note, Record, RunEntry, SampleEntry

# ruff: noqa: ARG002  the contract is in records.Ledger


class NullLedger:
    """Keeps nothing, so that callers need no special case."""

    keeps = False

    def records(self, collector: str, scope: str, kind: str, start: float = ALWAYS, end: float = NEVER) -> list[Record]:
        return []

    def versions(self, collector: str, scope: str, kind: str, start: float = ALWAYS) -> dict[str, float]:
        return {}

    def watermarks(self, collector: str, scope: str) -> dict[str, float]:
        return {}

    def floor(self, collector: str, kind: str) -> float:
        return ALWAYS

    def cached(self, collector: str, scope: str, key: str) -> Cached | None:
        return None

    def notes(self, collector: str, scope: str, kind: str, start: float = ALWAYS) -> list[Note]:
        return []

    def runs(self, collector: str, start: float = ALWAYS, end: float = NEVER) -> list[RunEntry]:
        return []

    def samples(
        self, collector: str, scope: str, metric: str, start: float = ALWAYS, end: float = NEVER
    ) -> list[SampleEntry]:
        return []

    def commit(self, *changes: Change) -> None:
        return

    def lock(self, collector: str, shard: str) -> AbstractContextManager[None]:
        return nullcontext()

    def prune(self, before: float, kinds: tuple[str, ...] = ()) -> dict[str, int]:
        return {}

    def show(self) -> list[Holding]:
        return []

    def export(self) -> Iterator[bytes]:
        return iter(())

    def size(self) -> int:
        return 0

    def close(self) -> None:
        return
