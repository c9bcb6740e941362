"""What a collector is: it lists scopes, reads each once, and names the modules whose metrics look at what it read."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

import msgspec

from common.deadline import Deadline
from common.ledger import Ledger, NullLedger
from common.meter import Meter
from common.metric import Metric, metrics_in
from common.settings import CollectorSettings
from common.window import Window


class Scope(msgspec.Struct, frozen=True):
    """One thing that a collector looks at, and the tags that the settings give it."""

    name: str
    tags: Mapping[str, str] = {}
    identified: bool = True
    """False: its name is a stand-in; what sinks hold of others must stay."""


class Failure(msgspec.Struct, frozen=True):
    """What is missing from a run and why: a scope, or one metric of it. An empty scope means the whole source."""

    scope: str
    reason: str
    metric: str | None = None


class Snapshot(Protocol):
    """What was read of one scope: facts in frozen records, no judgements."""

    @property
    def scope(self) -> str: ...


class Evidence(msgspec.Struct, frozen=True):
    """One record behind a number, for a person to read."""

    text: str
    url: str | None = None


class Check(msgspec.Struct, frozen=True):
    """One finding of the doctor: what was looked at, whether it works, and what to do if not."""

    subject: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    remedy: str = ""


class Context(msgspec.Struct, frozen=True):
    """What the composition root hands to a collector besides its settings."""

    deadline: Deadline
    meter: Meter
    environ: Mapping[str, str] = {}
    ledger: Ledger = NullLedger()
    """Where finished records may be kept, under `collector`; it may keep nothing."""
    collector: str = ""
    """The name of the settings' block, which is the `collector` tag."""


SettingsT = TypeVar("SettingsT", bound=CollectorSettings)
SnapshotT = TypeVar("SnapshotT", bound=Snapshot)


class BaseCollector(ABC, Generic[SettingsT, SnapshotT]):
    """The contract of a collector. It holds no state but its settings and its client, and never retries or sleeps."""

    name: ClassVar[str]
    """The type, as in the settings' `type`."""
    scope: ClassVar[str]
    """The tag that carries a scope's name."""
    modules: ClassVar[tuple[str, ...]]
    """Dotted names of the modules that define its metrics."""
    settings_type: ClassVar[type[CollectorSettings]]

    def __init__(self, settings: SettingsT, context: Context) -> None:
        self.settings = settings
        self.context = context

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Its metrics by name, read without credentials or network; raises `TypeError` for two of one name."""
        found = metrics_in(*(importlib.import_module(name) for name in cls.modules))
        for each in found:
            if cls.scope in each.tags:
                raise TypeError(f"metric {each.name} declares the scope's own tag {cls.scope!r}")
        return found

    def window_of(self, metric: Metric, window: Window) -> Window:
        """The window that a metric's statistics are cut to: the run's, unless a section has its own."""
        del metric
        return window

    def coverage_of(self, metric: Metric, snapshot: SnapshotT) -> tuple[int, int] | None:
        """Where a metric may have to leave records out: how many it was made of, and of how many; else `None`."""
        del metric, snapshot
        return None

    @abstractmethod
    def discover(self) -> Sequence[Scope]:
        """The scopes to look at, none twice; raises `FetchError` when the list cannot be known."""

    @abstractmethod
    def fetch(self, since: Mapping[str, float], window: Window) -> Iterator[SnapshotT | Failure]:
        """One snapshot or one failure for each scope in `since`, which tells from when its events are wanted."""

    @abstractmethod
    def describe(self, snapshot: SnapshotT, record: str) -> Evidence:
        """The record with that id, as `explain` shows it."""

    @abstractmethod
    def check(self) -> Iterator[Check]:
        """Whether its settings, credentials and rights let it work."""
