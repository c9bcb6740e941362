"""A real Pushgateway: plain, with a password, or behind TLS, and with or without a persistence file."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from tests.parts.process import Process, free_port, part, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.parts.certificate import Certificate

USER = "quarterdeck"
PASSWORD = "open-sesame"
# bcrypt of the password above, at the lowest cost that Go takes.
PASSWORD_HASH = "$2b$04$abcdefghijklmnopqrstuuXcjcm5avyCiJoD2uS24xa2lb6fjMB3G"
PERSISTENCE_INTERVAL = "1s"


@dataclass(frozen=True)
class Pushgateway:
    """A running Pushgateway; `url` has no trailing slash."""

    url: str
    process: Process
    auth: tuple[str, str] | None = None
    verify: str | bool = True

    def start(self) -> None:
        """Starts it again on the same port; empty, unless it has a persistence file."""
        self.process.start()

    def stop(self) -> None:
        """Ends it; what it held is gone, unless it has a persistence file."""
        self.process.stop()

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        self.process.kill()

    def metrics(self) -> str:
        """The exposition text that Prometheus would scrape, the gateway's own metrics included."""
        return self._get("/metrics").text

    def groups(self) -> list[dict[str, Any]]:
        """Every group as `/api/v1/metrics` shows it."""
        groups: list[dict[str, Any]] = json.loads(self._get("/api/v1/metrics").content)["data"]
        return groups

    def wipe(self) -> None:
        """Deletes every group, and returns once they are gone."""
        answer = requests.put(f"{self.url}/api/v1/admin/wipe", auth=self.auth, verify=self.verify, timeout=10)
        answer.raise_for_status()
        until(lambda: None if self.groups() else True, what="an empty Pushgateway")

    def _get(self, path: str) -> requests.Response:
        answer = requests.get(self.url + path, auth=self.auth, verify=self.verify, timeout=10)
        answer.raise_for_status()
        return answer


@contextmanager
def running(
    folder: Path, *, password: bool = False, certificate: Certificate | None = None, persistent: bool = False
) -> Iterator[Pushgateway]:
    """A Pushgateway that keeps its files in `folder` and ends with the block."""
    with free_port() as port:
        url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        auth = (USER, PASSWORD) if password else None
        verify = str(certificate.authority) if certificate else True
        command = [
            str(part("pushgateway")),
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.config.file={_web_config(folder, password=password, certificate=certificate)}",
            "--web.enable-admin-api",
            f"--persistence.file={folder / 'groups' if persistent else ''}",
            f"--persistence.interval={PERSISTENCE_INTERVAL}",
        ]
        process = Process(command, folder / "pushgateway.log", lambda: _is_ready(url, auth, verify))
        try:
            process.start()
            yield Pushgateway(url, process, auth, verify)
        finally:
            process.stop()


def _is_ready(url: str, auth: tuple[str, str] | None, verify: str | bool) -> bool:
    try:
        return requests.get(f"{url}/-/ready", auth=auth, verify=verify, timeout=5).ok
    except requests.ConnectionError:
        return False


def _web_config(folder: Path, *, password: bool, certificate: Certificate | None) -> Path:
    config: dict[str, object] = {}
    if password:
        config["basic_auth_users"] = {USER: PASSWORD_HASH}
    if certificate:
        config["tls_server_config"] = {"cert_file": str(certificate.chain), "key_file": str(certificate.key)}
    path = folder / "web.yml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path
