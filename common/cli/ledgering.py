"""`collect ledger show`, `prune` and `export`: care for what the ledger keeps."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from common.cli.wiring import Loaded, load, option_duration
from common.deadline import Deadline
from common.duration import format_duration
from common.errors import ConfigError, ExitCode
from common.ledger import Holding, Ledger, open_ledger
from common.secrets import Secrets
from common.settings import ledger_settings

DAY = 86_400


@contextmanager
def opened(loaded: Loaded, deadline: Deadline, *, read_only: bool) -> Iterator[Ledger]:
    """The settings' ledger for the length of a block, one that keeps nothing where there is none."""
    given = ledger_settings(loaded.settings.ledger)
    password = Secrets(loaded.environ).get(given.password, "ledger.password") if given and given.password else None
    found = open_ledger(
        given.url if given else None,
        loaded.settings.instance,
        password=password,
        read_only=read_only,
        limit=lambda seconds: deadline.limit(seconds, submitting=True),
    )
    with closing(found):
        yield found


def show_ledger(config: Path | None, *, as_json: bool, verbose: bool = False) -> int:
    """Print what the ledger holds, by collector, scope and kind."""
    loaded = _configured(config, verbose=verbose)
    with opened(loaded, Deadline(loaded.settings.deadline), read_only=True) as ledger:
        rows, size = ledger.show(), ledger.size()
    if as_json:
        body = msgspec.json.encode({"schema": 1, "bytes": size, "holdings": rows})
        sys.stdout.write(msgspec.json.format(body, indent=2).decode() + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in _table(rows, size, time.time()))
    return ExitCode.OK


def prune_ledger(
    config: Path | None, before: str, kinds: tuple[str, ...] = (), *, dry_run: bool, verbose: bool = False
) -> int:
    """Delete what is older than `before`, such as 180d, and print how much that was."""
    age = option_duration(before, "--before")
    loaded = _configured(config, verbose=verbose)
    with opened(loaded, Deadline(loaded.settings.deadline), read_only=dry_run) as ledger:
        removed = ledger.prune(time.time() - (age or 0), kinds)
    verb = "would delete" if dry_run else "deleted"
    for kind, number in sorted(removed.items()):
        sys.stdout.write(f"{verb} {number} {kind}\n")
    if not removed:
        sys.stdout.write(f"nothing is older than {before}\n")
    return ExitCode.OK


def export_ledger(config: Path | None, *, verbose: bool = False) -> int:
    """Print everything as lines of JSON."""
    loaded = _configured(config, verbose=verbose)
    with opened(loaded, Deadline(loaded.settings.deadline), read_only=True) as ledger:
        for line in ledger.export():
            sys.stdout.write(line.decode())
    return ExitCode.OK


def _configured(config: Path | None, *, verbose: bool) -> Loaded:
    loaded = load(config, verbose=verbose)
    if loaded.settings.ledger is None:
        raise ConfigError("ledger is not set: give a path or a postgresql:// URL in the settings")
    return loaded


def _table(rows: list[Holding], size: int, now: float) -> Iterator[str]:
    heads = ("collector", "scope", "kind", "count", "oldest", "newest", "bytes")
    cells = [heads, *(_cells(row, now) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        words = [each.ljust(width) for each, width in zip(row[:3], widths[:3], strict=True)]
        numbers = [each.rjust(width) for each, width in zip(row[3:], widths[3:], strict=True)]
        yield "  ".join(words + numbers)
    yield f"{size} bytes on disk"


def _cells(row: Holding, now: float) -> tuple[str, ...]:
    ages = [_age(at, now) for at in (row.oldest, row.newest)]
    return (row.collector, row.scope or "-", row.kind, str(row.count), *ages, str(row.bytes))


def _age(at: float | None, now: float) -> str:
    if at is None:
        return "-"
    seconds = max(0.0, now - at)
    return format_duration(seconds // DAY * DAY if seconds >= 2 * DAY else seconds // 60 * 60)
