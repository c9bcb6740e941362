"""From settings to collectors and sinks: the composition root's parts. Only the CLI reads clock and environment."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from common.collector import BaseCollector, Context
from common.deadline import Deadline
from common.duration import Duration, parse_duration
from common.errors import ConfigError
from common.meter import Meter
from common.rollup import Rollup
from common.secrets import Secrets
from common.settings import DatadogSettings, PushgatewaySettings, Settings, collector_settings, find_file, load_settings
from common.settings import read_file as read_settings_file
from common.sinks import Sink
from common.telemetry import MASKER, setup

if TYPE_CHECKING:
    from common.sinks.pushgateway.gateway import Gateway
    from common.sinks.pushgateway.sink import PushgatewaySink

Collectors = Mapping[str, str]
"""Name of a collector's type → dotted path of its class."""
AnyCollector = BaseCollector[Any, Any]


class Loaded(msgspec.Struct, frozen=True):
    """The settings, where they came from, and the environment they were completed from."""

    settings: Settings
    path: Path | None
    environ: Mapping[str, str]


def load(config: Path | None, *, verbose: bool = False) -> Loaded:
    """The settings of this call, with logging set up; raises `ConfigError`."""
    environ = dict(os.environ)
    path = find_file(config, environ, Path.cwd())
    settings = load_settings(read_settings_file(path) if path else {}, environ)
    form = settings.log.format
    if form == "auto":
        form = "json" if environ.get("KUBERNETES_SERVICE_HOST") else "text"
    setup("debug" if verbose else settings.log.level, form, sys.stderr, MASKER)
    return Loaded(settings, path, environ)


def release() -> str:
    """The installed release, or `0+source` where it runs from a checkout without installation."""
    try:
        return version("quarterdeck")
    except PackageNotFoundError:
        return "0+source"


def collector_class(collectors: Collectors, kind: str, where: str) -> type[AnyCollector]:
    """The class of a collector's type, imported now; raises `ConfigError` for an unknown one or a missing extra."""
    if kind not in collectors:
        raise ConfigError(f"{where}: {kind!r} is not a collector; there are {', '.join(sorted(collectors))}")
    module, _, name = collectors[kind].partition(":")
    try:
        found: type[AnyCollector] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("collectors", "common"):
            raise
        raise ConfigError(
            f"{where}: {error.name} is not installed; install it with: pip install 'quarterdeck[{kind}]'"
        ) from None
    return found


def blocks(settings: Settings, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The settings' blocks to work on, by name; `git` over this folder where the settings name no collector."""
    configured = settings.collectors or {"git": {}}
    for name in names:
        if name not in configured:
            known = ", ".join(sorted(configured))
            raise ConfigError(f"{name!r} is not in `collectors` of the settings; there: {known}. Give it a block there")
    return {name: configured[name] for name in names or configured}


def build_collector(
    collectors: Collectors, name: str, block: Mapping[str, Any], window: Duration | None, context: Context
) -> AnyCollector:
    """The collector of one block; raises `ConfigError`."""
    kind = block.get("type", name)
    if not isinstance(kind, str):
        raise ConfigError(f"collectors.{name}.type: expected text, the name of a collector")
    known = collector_class(collectors, kind, f"collectors.{name}")
    own = collector_settings(name, block, known.settings_type)
    return known(own.with_window(window) if window else own, context)


def option_duration(text: str | None, option: str) -> Duration | None:
    """A length of time from the command line; raises `ConfigError` naming the option."""
    try:
        return parse_duration(text) if text is not None else None
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: {error}") from None


def build_sinks(loaded: Loaded, deadline: Deadline, meter: Meter, *, dry: bool) -> list[Sink]:
    """The sinks that the settings turn on; in a dry run without any, all of them, to estimate what they would cost.

    Secrets are resolved only for a real run. Raises `ConfigError`.
    """
    given = loaded.settings.sinks
    datadog = given.datadog if given else None
    pushgateway = given.pushgateway if given else None
    if dry and not (datadog or pushgateway):
        datadog, pushgateway = DatadogSettings(site="datadoghq.com"), PushgatewaySettings(url="http://localhost:9091")
    secrets = None if dry else Secrets(loaded.environ)
    sinks: list[Sink] = []
    if datadog:
        from common.sinks.datadog.sink import build  # noqa: PLC0415  only where it is on

        sinks.append(build(datadog, secrets, deadline, meter, loaded.settings.catch_up))
    if pushgateway:
        sinks.append(pushgateway_sink(pushgateway, secrets, deadline, meter))
    return sinks


def pushgateway_sink(
    settings: PushgatewaySettings, secrets: Secrets | None, deadline: Deadline, meter: Meter
) -> PushgatewaySink:
    """The Pushgateway of the settings; without `secrets` it can only estimate."""
    from common.sinks.pushgateway.sink import PushgatewaySink  # noqa: PLC0415  only where it is on

    password = _secret(secrets, settings.password, "sinks.pushgateway.password")
    token = _secret(secrets, settings.token, "sinks.pushgateway.token")

    def open_gateway() -> Gateway:
        from common.sinks.pushgateway.gateway import Gateway  # noqa: PLC0415  an estimate needs no transport

        return Gateway(settings, deadline, meter, password=password, token=token)

    return PushgatewaySink(open_gateway, meter)


def _secret(secrets: Secrets | None, reference: str | None, where: str) -> str | None:
    return secrets.get(reference, where) if secrets and reference else None


def rollups_of(settings: Settings) -> tuple[Rollup, ...]:
    """The settings' rollups."""
    return tuple(
        Rollup(each.name, (each.match,) if isinstance(each.match, str) else each.match, each.tags)
        for each in settings.rollups
    )
