"""A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, throw-away keys and tokens."""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from tests.e2e.api import Api, soon
from tests.parts.certificate import Certificate, loopback_certificate
from tests.parts.process import Process, free_port, part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

START_WITHIN = 120.0
CONTROLLERS = (
    *("cronjob", "job", "garbage-collector", "pod-garbage-collector", "ttl-after-finished", "namespace"),
    *("serviceaccount", "serviceaccount-token", "root-ca-certificate-publisher", "disruption"),
    *("persistentvolume-binder", "persistentvolumeclaim-protection", "persistentvolume-protection"),
)
USERS = {"administrator": "system:masters", "manager": "system:masters", "node": "system:masters"}


@dataclass(frozen=True)
class Cluster:
    """A running control plane: `api` is its administrator, `node` the one who runs Pods; `kubeconfig` is for helm."""

    api: Api
    node: Api
    kubeconfig: Path
    folder: Path

    @property
    def version(self) -> str:
        """Such as v1.36.3."""
        found: str = self.api.send("GET", "version")["gitVersion"]
        return found


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A control plane that keeps its files in `folder` and ends with the block."""
    with ExitStack() as stack:
        certificate = loopback_certificate(folder)
        tokens = {user: secrets.token_hex(16) for user in USERS}
        etcd = stack.enter_context(_etcd(folder))
        url = stack.enter_context(_api_server(folder, certificate, tokens, etcd))
        users = {user: Api(url, token, str(certificate.authority)) for user, token in tokens.items()}
        configs = {user: _kubeconfig(folder, user, api) for user, api in users.items()}
        stack.enter_context(_controller_manager(folder, certificate, configs["manager"]))
        cluster = Cluster(users["administrator"], users["node"], configs["administrator"], folder)
        soon(lambda: cluster.api.find("serviceaccounts", "default", "default"), "the first service account")
        yield cluster


@contextmanager
def _etcd(folder: Path) -> Iterator[str]:
    with free_port() as port, free_port() as peers:
        url, peer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
        command = [
            str(part("etcd")),
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
            "--logger=zap",
        ]
        with _started(command, folder / "etcd.log", lambda: _healthy(f"{url}/health")):
            yield url


@contextmanager
def _api_server(folder: Path, certificate: Certificate, tokens: dict[str, str], etcd: str) -> Iterator[str]:
    known = folder / "tokens.csv"
    rows = [f'{token},{user},{user},"{USERS[user]}"' for user, token in tokens.items()]
    known.write_text("\n".join(rows), encoding="utf-8")
    known.chmod(0o600)
    with free_port() as port:
        url = f"https://127.0.0.1:{port}"
        command = [
            str(part("kube-apiserver")),
            f"--etcd-servers={etcd}",
            *("--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={port}"),
            *(f"--tls-cert-file={certificate.chain}", f"--tls-private-key-file={certificate.key}"),
            f"--cert-dir={folder}",
            f"--token-auth-file={known}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={certificate.chain}",
            f"--service-account-signing-key-file={certificate.key}",
            "--endpoint-reconciler-type=none",
            "--profiling=false",
        ]
        ready = f"{url}/readyz"
        with _started(command, folder / "api-server.log", lambda: _healthy(ready, certificate)):
            yield url


@contextmanager
def _controller_manager(folder: Path, certificate: Certificate, kubeconfig: Path) -> Iterator[None]:
    with free_port() as port:
        command = [
            str(part("kube-controller-manager")),
            f"--kubeconfig={kubeconfig}",
            *("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}"),
            *(f"--tls-cert-file={certificate.chain}", f"--tls-private-key-file={certificate.key}"),
            "--leader-elect=false",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={certificate.key}",
            f"--root-ca-file={certificate.authority}",
            f"--controllers={','.join(f'{name}-controller' for name in CONTROLLERS)}",
        ]
        ready = f"https://127.0.0.1:{port}/healthz"
        with _started(command, folder / "controller-manager.log", lambda: _healthy(ready, certificate)):
            yield


@contextmanager
def _started(command: Sequence[str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    process = Process(command, log, ready, within=START_WITHIN)
    try:
        process.start()
        yield
    finally:
        process.stop()


def _healthy(url: str, certificate: Certificate | None = None) -> bool:
    try:
        return requests.get(url, verify=str(certificate.authority) if certificate else True, timeout=5).ok
    except requests.RequestException:
        return False


def _kubeconfig(folder: Path, user: str, api: Api) -> Path:
    path = folder / f"{user}.kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        "clusters": [{"name": "test", "cluster": {"server": api.url, "certificate-authority": api.authority}}],
        "users": [{"name": user, "user": {"token": api.token}}],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    path.chmod(0o600)
    return path
