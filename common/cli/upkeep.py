"""`collect metadata sync` and `collect sinks prune`: care for what the sinks keep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from common.cli.listing import catalogue
from common.cli.output import output
from common.cli.wiring import Loaded, blocks, load, pushgateway_sink
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode
from common.meter import Meter
from common.secrets import Secrets
from common.sinks import RunKey
from common.sinks.datadog.metadata import metadata_sync
from common.sinks.datadog.transport import Access, Transport
from common.sinks.pushgateway.prune import not_configured, of_instance


def sync_metadata(collectors: Mapping[str, str], config: Path | None, *, dry_run: bool, verbose: bool) -> int:
    """Write what the catalogue says of every metric to Datadog and print the counts; raises `ConfigError`."""
    loaded = load(config, verbose=verbose)
    settings = loaded.settings.sinks.datadog if loaded.settings.sinks else None
    if settings is None:
        raise ConfigError("there is no Datadog sink: set DD_API_KEY and DD_APP_KEY, or sinks.datadog in the settings")
    secrets = Secrets(loaded.environ)
    api_key = secrets.get(settings.api_key, "sinks.datadog.api_key")
    app_key = secrets.get(settings.app_key, "sinks.datadog.app_key") if settings.app_key else None
    transport = Transport(Access(settings, api_key, app_key), Deadline(loaded.settings.deadline), Meter())
    synced = metadata_sync(catalogue(collectors), transport, settings.distribution, dry_run=dry_run)
    states = Counter(each.state for each in synced)
    verb = "would be written" if dry_run else "written"
    output().write(f"{states['written']} {verb}, {states['unchanged']} already right, ")
    output().write(f"{states['unseen']} not yet seen by Datadog\n")
    return ExitCode.OK


def prune_pushgateway(
    config: Path | None, instance: str | None, shards: Sequence[str] = (), *, dry_run: bool, verbose: bool
) -> int:
    """Delete the groups of a retired instance, or of our own collectors and shards that are no more.

    Each of `shards` is `NAME=N`. Raises `ConfigError`.
    """
    loaded = load(config, verbose=verbose)
    settings = loaded.settings.sinks.pushgateway if loaded.settings.sinks else None
    if settings is None:
        raise ConfigError("there is no Pushgateway: set PUSHGATEWAY_URL, or sinks.pushgateway in the settings")
    retired = _retired(loaded, instance, shards)
    sink = pushgateway_sink(settings, Secrets(loaded.environ), Deadline(loaded.settings.deadline), Meter())
    found = sink.prune(retired, dry=dry_run)
    for each in found:
        verb = "would delete" if dry_run else "deleted"
        output().write(f"{verb} job={each.job} instance={each.key.instance} collector={each.key.collector}")
        output().write(f" shard={each.key.shard}\n")
    if not found:
        output().write("nothing to delete\n")
    return ExitCode.OK


def _retired(loaded: Loaded, instance: str | None, shards: Sequence[str]) -> Callable[[RunKey], bool]:
    if instance is None:
        if loaded.path is None:
            raise ConfigError(
                "there is no settings file to tell what is retired: give --config FILE, or --instance NAME"
            )
        configured = blocks(loaded.settings, ())
        return not_configured(loaded.settings.instance, configured, parse_shards(shards, configured))
    if shards:
        raise ConfigError("--shards and --instance exclude each other: a retired instance goes whole")
    if instance == loaded.settings.instance:
        raise ConfigError(f"--instance {instance!r} is this installation's own; prune it from its successor")
    return of_instance(instance)


def parse_shards(given: Sequence[str], collectors: Collection[str]) -> dict[str, int]:
    """Each `NAME=N` as how many shards a collector has; raises `ConfigError`."""
    found: dict[str, int] = {}
    for text in given:
        name, _, count = text.partition("=")
        if not re.fullmatch(r"[1-9][0-9]{0,3}", count) or name not in collectors:
            known = ", ".join(sorted(collectors))
            raise ConfigError(
                f"--shards {text!r}: write NAME=N, such as github=4, with the name of a collector ({known}) "
                "and into how many shards it is cut"
            )
        if name in found:
            raise ConfigError(f"--shards {text!r}: {name} is given twice")
        found[name] = int(count)
    return found
