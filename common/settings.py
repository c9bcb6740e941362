"""Settings: one YAML file, decoded strictly into frozen records; the environment fills what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from common.duration import Duration
from common.errors import ConfigError
from common.metric import RESERVED_TAGS, TAG
from common.objectives.settings import ObjectiveSettings, check_objectives
from common.strict import decode, join, shown
from common.window import CATCH_UP, DAY, SETTLE, WEEK
from common.yamlfile import read_file

__all__ = [
    "CollectorSettings",
    "DatadogSettings",
    "DeliverySettings",
    "LedgerSettings",
    "LogSettings",
    "MetricSettings",
    "PushgatewaySettings",
    "RollupSettings",
    "Settings",
    "SinkSettings",
    "Struct",
    "collector_settings",
    "decode",
    "find_file",
    "ledger_settings",
    "load_settings",
    "read_file",
    "shown",
]

PLACES = ("quarterdeck.yaml", "/etc/quarterdeck/quarterdeck.yaml")
T = TypeVar("T")
KeyName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[a-z][a-z0-9_-]{0,62}$",
        description="1 to 63 lower-case letters, digits, _ and -, beginning with a letter",
    ),
]
InstanceName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="text of 1 to 100 characters")]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A block of settings: unknown keys are errors."""


class CollectorSettings(Struct, frozen=True, kw_only=True):
    """What every collector's block may hold."""

    type: str = ""
    """The collector's type; the block's name by default."""
    window: Duration | None = None
    """The span that statistics look back over; the top-level `window` by default."""
    tags: dict[str, str] = {}
    """Tags for every sample of this collector."""

    def with_window(self, window: Duration) -> CollectorSettings:
        """The same settings with every window set to this one."""
        return msgspec.structs.replace(self, window=window)


class MetricSettings(Struct, frozen=True, kw_only=True):
    """Which metrics are computed, and which tags are summed away."""

    exclude: tuple[str, ...] = ()
    """Names or globs of metrics to leave out."""
    drop_tags: tuple[str, ...] = ()
    """Tags to sum away, for fewer series."""


class DatadogSettings(Struct, frozen=True, kw_only=True):
    """The Datadog sink."""

    api_key: str = "env:DD_API_KEY"
    """A reference to the API key: `env:NAME`, `file:PATH` or `aws:SECRET#KEY`."""
    app_key: str | None = None
    """A reference to the application key; metadata needs it. `env:DD_APP_KEY` where that variable is set."""
    site: str | None = None
    """The site; `DD_SITE`, else `datadoghq.com`."""
    url: str | None = None
    """A base URL instead of the site's, for proxies; `DD_URL`."""
    compression: Literal["zstd", "deflate"] | None = None
    """How bodies are compressed; `zstd` where the library is installed."""
    distribution: tuple[Literal["count", "avg", "min", "max", "p50", "p90", "p95", "p99"], ...] = (
        "count",
        "p50",
        "p95",
    )
    """What a distribution is sent as: gauges over the window."""
    historical: bool = False
    """Whether the account takes points older than an hour (Historical Metrics)."""


class PushgatewaySettings(Struct, frozen=True, kw_only=True):
    """The Pushgateway sink."""

    url: str | None = None
    """The gateway's base URL; `PUSHGATEWAY_URL`."""
    username: str | None = None
    """The user name for basic authentication."""
    password: str | None = None
    """A reference to its password."""
    token: str | None = None
    """A reference to a bearer token."""
    ca_file: str | None = None
    """A file of certificate authorities to trust instead of the system's."""
    cert_file: str | None = None
    """A client certificate, with its key in the same file or in `key_file`."""
    key_file: str | None = None
    """The client certificate's key."""


class SinkSettings(Struct, frozen=True, kw_only=True):
    """Where samples go. Without this block a sink is on if its variable is set."""

    datadog: DatadogSettings | None = None
    pushgateway: PushgatewaySettings | None = None


class LogSettings(Struct, frozen=True, kw_only=True):
    """Words on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is told."""
    format: Literal["auto", "text", "json"] = "auto"
    """`auto` is `json` inside Kubernetes and `text` elsewhere."""


class LedgerSettings(Struct, frozen=True, kw_only=True):
    """Where finished things and history are kept; a path or URL alone may stand in place of this block."""

    url: Annotated[str, msgspec.Meta(min_length=1, description="a path or postgresql://USER@HOST/DATABASE")]
    """The path of a file (its folder exists; not on NFS), or `postgresql://USER@HOST/DATABASE` without a password."""
    password: str | None = None
    """A reference to the database's password."""
    keep: Duration = Duration(400 * DAY)
    """How long finished things and history are kept."""


class RollupSettings(Struct, frozen=True, kw_only=True):
    """Scopes whose ratios and distributions are also computed over all of them together."""

    name: InstanceName
    """The value of the tag `rollup`, which stands where a scope's own samples have the scope's tag."""
    match: str | Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """A scope's name or a pattern such as `acme/pay-*`, or several; `!` takes out. `*` and `?` match, in any case."""
    tags: dict[str, str] = {}
    """Tags for its samples."""


class Settings(Struct, frozen=True, kw_only=True):
    """The whole file."""

    instance: Annotated[str, msgspec.Meta(min_length=1, max_length=100, description="text of 1 to 100 characters")] = (
        "default"
    )
    """Keeps installations apart; `QUARTERDECK_INSTANCE`."""
    window: Duration = Duration(WEEK)
    """The span that statistics look back over."""
    settle: Duration = Duration(SETTLE)
    """How long after its end a 15-minute bucket may still change at the source."""
    catch_up: Duration = Duration(CATCH_UP)
    """How far back events are counted that earlier runs missed."""
    deadline: Duration = Duration(600)
    """When a run must have ended."""
    schedule_interval: Duration = Duration(900)
    """How often the job runs; only published, for alerts on freshness."""
    tags: dict[str, str] = {}
    """Tags for every sample."""
    ledger: LedgerSettings | str | None = None
    """Where finished things and history are kept: a path, a `postgresql://` URL, or a block; `QUARTERDECK_LEDGER`."""
    metrics: MetricSettings = MetricSettings()
    collectors: dict[KeyName, dict[str, Any]] = {}
    """A block for each collector; its name is the `collector` tag. Nothing: `git` over this folder."""
    rollups: tuple[RollupSettings, ...] = ()
    """Several scopes under one name. What can be added up is not repeated; the rest is computed over their union."""
    objectives: tuple[ObjectiveSettings, ...] = ()
    """What should hold. Each is judged by every collector that has its metrics."""
    sinks: SinkSettings | None = None
    log: LogSettings = LogSettings()


class DeliverySettings(Struct, frozen=True, kw_only=True):
    """How deployments are read, for the `delivery.*` metrics."""

    window: Duration = Duration(30 * DAY)
    """The span that delivery's statistics look back over."""
    environment: str = "production"
    """The `environment` tag."""


def find_file(given: Path | None, environ: Mapping[str, str], folder: Path) -> Path | None:
    """The settings file: the one given, `QUARTERDECK_CONFIG`, or the first of the usual places; `None` without any."""
    named = given or (Path(environ["QUARTERDECK_CONFIG"]) if environ.get("QUARTERDECK_CONFIG") else None)
    if named:
        return named
    return next((path for place in PLACES if (path := folder / place).is_file()), None)


def load_settings(data: dict[str, Any], environ: Mapping[str, str]) -> Settings:
    """The file's settings, completed from the environment; raises `ConfigError`."""
    settings = decode(data, Settings, "")
    _check_tags(settings.tags, "tags")
    _check_rollups(settings.rollups)
    check_objectives(settings.objectives)
    if "instance" not in data and environ.get("QUARTERDECK_INSTANCE"):
        instance: str = decode(environ["QUARTERDECK_INSTANCE"], InstanceName, "QUARTERDECK_INSTANCE")
        settings = msgspec.structs.replace(settings, instance=instance)
    ledger = settings.ledger or environ.get("QUARTERDECK_LEDGER") or None
    return msgspec.structs.replace(settings, sinks=_sinks(settings.sinks, environ), ledger=ledger_settings(ledger))


def collector_settings(name: str, block: Mapping[str, Any], kind: type[T]) -> T:
    """One collector's block as its own record; raises `ConfigError`."""
    decoded = decode({**block}, kind, f"collectors.{name}")
    _check_tags(getattr(decoded, "tags", {}), f"collectors.{name}.tags")
    return decoded


def ledger_settings(given: LedgerSettings | str | None) -> LedgerSettings | None:
    """The ledger's block, also of a path or URL alone; raises `ConfigError` for a password in the URL."""
    ledger = LedgerSettings(url=given) if isinstance(given, str) else given
    if ledger and re.search(r"://[^/@]*:[^/@]*@|[?&](ssl)?password=", ledger.url):
        raise ConfigError(
            "ledger: no password in the URL; name it in ledger.password as a reference such as env:LEDGER_PASSWORD"
        )
    return ledger


def _sinks(given: SinkSettings | None, environ: Mapping[str, str]) -> SinkSettings:
    sinks = given or SinkSettings(
        datadog=DatadogSettings() if environ.get("DD_API_KEY") else None,
        pushgateway=PushgatewaySettings() if environ.get("PUSHGATEWAY_URL") else None,
    )
    datadog, pushgateway = sinks.datadog, sinks.pushgateway
    if datadog:
        url = datadog.url or environ.get("DD_URL")
        datadog = msgspec.structs.replace(
            datadog,
            site=_site(datadog.site or environ.get("DD_SITE") or "datadoghq.com"),
            url=_http_url(url, "sinks.datadog.url (DD_URL)") if url else None,
            app_key=datadog.app_key or ("env:DD_APP_KEY" if environ.get("DD_APP_KEY") else None),
        )
    if pushgateway:
        url = pushgateway.url or environ.get("PUSHGATEWAY_URL")
        if not url:
            raise ConfigError("sinks.pushgateway.url is missing: give the gateway's URL there or in PUSHGATEWAY_URL")
        pushgateway = msgspec.structs.replace(
            pushgateway, url=_http_url(url, "sinks.pushgateway.url (PUSHGATEWAY_URL)")
        )
    return SinkSettings(datadog=datadog, pushgateway=pushgateway)


def _site(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text):
        raise ConfigError("sinks.datadog.site (DD_SITE) must be a site's name such as datadoghq.com or datadoghq.eu")
    return text


def _http_url(url: str, where: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s?#]*)?", url):
        raise ConfigError(f"{where} must be an http:// or https:// URL without a user name, query or fragment")
    return url.rstrip("/")


def _check_rollups(rollups: tuple[RollupSettings, ...]) -> None:
    for index, each in enumerate(rollups):
        _check_tags(each.tags, f"rollups[{index}].tags")
        if each.name in (earlier.name for earlier in rollups[:index]):
            raise ConfigError(f"rollups[{index}].name: {each.name!r} is the name of an earlier one; choose another")


def _check_tags(tags: Mapping[str, str], where: str) -> None:
    for tag in tags:
        if not TAG.fullmatch(tag) or tag in RESERVED_TAGS:
            reserved = ", ".join(sorted(RESERVED_TAGS))
            raise ConfigError(
                f"{join(where, tag)}: a tag is a lower-case word with digits and _, and not one of {reserved}"
            )
