"""The values that the tests install the chart with: pure, and shaped as a person would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.servers.datadog import DatadogServer

Object = dict[str, Any]
SECRET = "team-keys"
TOKEN = "a-token-of-the-simulation"
EVERY_MINUTE = {"schedule": "* * * * *", "deadline": "30s"}
QUICKLY = {"deadline": "30s", "activeDeadlineSeconds": 120, "terminationGracePeriodSeconds": 30}


def whole(
    gateway: str = "", datadog: DatadogServer | None = None, *, secret: str = SECRET, **collectors: Object
) -> Object:
    """Values with these sinks and collectors."""
    sinks: Object = {}
    if gateway:
        sinks["pushgateway"] = {"url": gateway}
    if datadog is not None:
        sinks["datadog"] = {"url": datadog.url}
    held = {"secrets": {"existingSecret": secret}} if secret else {}
    return {"settings": {"sinks": sinks}, **held, "collectors": collectors}


def github(url: str, repositories: tuple[str, ...] = ("simulated-acme/*",), **more: Any) -> Object:
    """A collector of the simulated organisation; `more` are keys of the chart."""
    settings = {"api_url": url, "repositories": list(repositories), **more.pop("settings", {})}
    return {**QUICKLY, "settings": settings, **more}


def git(claim: str, **more: Any) -> Object:
    """A collector of the repository that the claim's volume holds."""
    mount = {"name": "repository", "mountPath": "/repositories/shop", "readOnly": True}
    volume = {"name": "repository", "persistentVolumeClaim": {"claimName": claim}}
    settings = {"paths": ["/repositories/shop"], **more.pop("settings", {})}
    return {**QUICKLY, "settings": settings, "volumes": [volume], "volumeMounts": [mount], **more}
