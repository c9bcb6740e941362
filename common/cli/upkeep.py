"""`collect metadata sync` and `collect sinks prune`: care for what the sinks keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from common.cli.listing import catalogue
from common.cli.output import output
from common.cli.wiring import blocks, load, pushgateway_sink
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode
from common.meter import Meter
from common.secrets import Secrets
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


def prune_pushgateway(config: Path | None, instance: str | None, *, dry_run: bool, verbose: bool) -> int:
    """Delete the groups of a retired instance, or of our own collectors that are no more; raises `ConfigError`."""
    loaded = load(config, verbose=verbose)
    settings = loaded.settings.sinks.pushgateway if loaded.settings.sinks else None
    if settings is None:
        raise ConfigError("there is no Pushgateway: set PUSHGATEWAY_URL, or sinks.pushgateway in the settings")
    if instance is None and loaded.path is None:
        raise ConfigError("there is no settings file to tell what is retired: give --config FILE, or --instance NAME")
    if instance == loaded.settings.instance:
        raise ConfigError(f"--instance {instance!r} is this installation's own; prune it from its successor")
    retired = (
        of_instance(instance) if instance else not_configured(loaded.settings.instance, blocks(loaded.settings, ()))
    )
    sink = pushgateway_sink(settings, Secrets(loaded.environ), Deadline(loaded.settings.deadline), Meter())
    found = sink.prune(retired, dry=dry_run)
    for each in found:
        verb = "would delete" if dry_run else "deleted"
        output().write(f"{verb} job={each.job} instance={each.key.instance} collector={each.key.collector}")
        output().write(f" shard={each.key.shard}\n")
    if not found:
        output().write("nothing to delete\n")
    return ExitCode.OK
