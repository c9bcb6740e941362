"""`collect check`: the doctor. It tries all that a run needs, and says what to do about what does not work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from common.catalog import Entry
from common.cli.listing import catalogue
from common.cli.objectives_binding import objective_findings
from common.cli.output import output, write_json
from common.cli.wiring import Loaded, blocks, build_collector, build_sinks, load
from common.collector import Check, Context
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode, QuarterdeckError
from common.meter import Meter

_MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


def run_checks(
    collectors: Mapping[str, str], names: tuple[str, ...], config: Path | None, *, as_json: bool, verbose: bool
) -> int:
    """Print every finding; 1 when one failed. Raises `ConfigError` only for settings that cannot be decoded at all."""
    loaded = load(config, verbose=verbose)
    findings: list[Check] = []
    for each in _findings(collectors, names, loaded):
        findings.append(each)
        if not as_json:
            _print(each)
    failed = sum(each.state == "failed" for each in findings)
    if as_json:
        write_json({"schema": 1, "checks": findings})
    else:
        output().write(f"\n{len(findings)} checked, {failed} failed\n")
    return ExitCode.FAILED if failed else ExitCode.OK


def _print(each: Check) -> None:
    output().write(f"{_MARKS[each.state]}  {each.subject}: {each.detail}\n")
    if each.remedy and each.state != "ok":
        output().write(f"         → {each.remedy}\n")
    output().flush()


def _findings(collectors: Mapping[str, str], names: tuple[str, ...], loaded: Loaded) -> Iterator[Check]:
    yield Check("settings", "ok", str(loaded.path) if loaded.path else "no file; defaults and environment variables")
    for name, block in blocks(loaded.settings, names).items():
        yield from _collector_findings(collectors, name, block, loaded)
    yield from objective_findings(collectors, loaded)
    yield from _selection_findings(loaded, catalogue(collectors))
    yield from _sink_findings(loaded)


def _selection_findings(loaded: Loaded, entries: list[Entry]) -> Iterator[Check]:
    """Globs and tags that select nothing: mostly a slip of the pen, and silent in a run."""
    given = loaded.settings.metrics
    for glob in given.exclude:
        if not any(fnmatchcase(each.name, glob) for each in entries):
            yield Check("metrics.exclude", "warning", f"{glob!r} matches no metric", "`collect metrics` lists them")
    for tag in given.drop_tags:
        if not any(tag in each.tags for each in entries):
            yield Check("metrics.drop_tags", "warning", f"no metric has the tag {tag!r}", "docs/metrics.md lists them")


def _collector_findings(
    collectors: Mapping[str, str], name: str, block: Mapping[str, object], loaded: Loaded
) -> Iterator[Check]:
    context = Context(Deadline(loaded.settings.deadline), Meter(), loaded.environ)
    try:
        collector = build_collector(collectors, name, block, None, context)
        for each in collector.check():
            yield _named(each, name)
    except QuarterdeckError as error:
        yield Check(name, "failed", str(error), "mend it in the settings, then check again")


def _named(each: Check, owner: str) -> Check:
    """The finding with its owner's name in front, once."""
    subject = each.subject if each.subject.startswith(owner) else f"{owner}: {each.subject}"
    return msgspec.structs.replace(each, subject=subject)


def _sink_findings(loaded: Loaded) -> Iterator[Check]:
    deadline = Deadline(loaded.settings.deadline)
    given = loaded.settings.sinks
    if not given or not (given.datadog or given.pushgateway):
        yield Check("sinks", "warning", "none is configured", "set PUSHGATEWAY_URL or DD_API_KEY to submit with --push")
        return
    for kind in ("datadog", "pushgateway"):
        block = getattr(given, kind)
        if block is None:
            continue
        only = msgspec.structs.replace(given, **{other: None for other in ("datadog", "pushgateway") if other != kind})
        try:
            alone = msgspec.structs.replace(loaded, settings=msgspec.structs.replace(loaded.settings, sinks=only))
            for sink in build_sinks(alone, deadline, Meter(), dry=False):
                started = time.monotonic()
                for each in sink.check():
                    took = f" ({time.monotonic() - started:.1f} s)"
                    yield msgspec.structs.replace(_named(each, kind), detail=each.detail + took)
        except ConfigError as error:
            yield Check(kind, "failed", str(error), "mend the setting or the variable, then check again")
