"""What `collect check` finds out about Datadog."""

from __future__ import annotations

from collections.abc import Iterator

from common.collector import Check
from common.errors import ConfigError, SubmitError
from common.sinks.datadog.transport import Access, Transport

VALIDATE = "/api/v1/validate"
METADATA = "/api/v1/metrics/collector.run.duration"
SITES = (
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
    "ddog-gov.com",
    "us2.ddog-gov.com",
)
"""The sites that Datadog documents."""


def findings(access: Access, transport: Transport) -> Iterator[Check]:
    """Site, API key, and the application key where one is given; later ones only where the earlier ones answered."""
    yield _site(access)
    try:
        yield _api_key(access, transport)
        if access.app_key:
            yield _app_key(access, transport)
    except ConfigError as error:
        yield Check("datadog", "failed", str(error), "install the extra")
    except SubmitError as error:
        remedy = "look at sinks.datadog.site (DD_SITE) or url (DD_URL), and whether this network lets HTTPS out"
        yield Check("datadog", "failed", str(error), remedy)


def _site(access: Access) -> Check:
    if access.settings.url:
        return Check("datadog site", "ok", f"{access.settings.url}, instead of a site")
    if access.place in SITES:
        return Check("datadog site", "ok", access.place)
    bare = access.place.removeprefix("app.").removeprefix("api.")
    meant = f"write {bare}" if bare in SITES else f"one of {', '.join(SITES)}"
    remedy = f"set sinks.datadog.site (DD_SITE): {meant}; sinks.datadog.url (DD_URL) is for proxies"
    return Check("datadog site", "warning", f"{access.place} is no site that Datadog documents", remedy)


def _api_key(access: Access, transport: Transport) -> Check:
    name = access.key_name(access.settings.api_key, "api_key")
    answer = transport.probe("GET", VALIDATE)
    if answer.status == 200 and b"valid" in answer.body:
        return Check("datadog API key", "ok", f"{name} is valid on {access.place}")
    if answer.status in {401, 403}:
        remedy = "make a new one under Organization Settings, API Keys, or name its account's site (DD_SITE)"
        return Check("datadog API key", "failed", f"{name} is not accepted on {access.place}", remedy)
    detail = f"{access.place} answered {answer.status}{transport.words(answer)}"
    return Check("datadog API key", "failed", detail, "look at sinks.datadog.site (DD_SITE) or url (DD_URL)")


def _app_key(access: Access, transport: Transport) -> Check:
    name = access.key_name(access.settings.app_key, "app_key")
    answer = transport.probe("GET", METADATA, app=True)
    if answer.status in {200, 404}:  # 404: a metric that was never sent; the key may ask
        return Check("datadog application key", "ok", f"{name} may read metadata")
    if answer.status in {401, 403}:
        remedy = "give it the scopes metrics_read and metrics_metadata_write, or make a new one in the same account"
        return Check("datadog application key", "failed", f"{name} is not accepted for metadata", remedy)
    detail = f"{access.place} answered {answer.status}{transport.words(answer)}"
    return Check("datadog application key", "failed", detail, "try again later")
