"""Fixtures of all tests: no network beyond loopback, a bare environment, real programs, and servers that misbehave."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import hypothesis
import pytest

from tests.servers.network import guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.parts.certificate import Certificate
    from tests.parts.postgresql import Postgresql
    from tests.parts.prometheus import Prometheus, Promtool
    from tests.parts.pushgateway import Pushgateway
    from tests.parts.victoriametrics import VictoriaMetrics
    from tests.servers.datadog import DatadogServer
    from tests.servers.faults import FaultProxy

T = TypeVar("T")
NOWHERE = "http://127.0.0.1:1"
FOREIGN = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    *("DD_API_KEY", "DD_APP_KEY", "DD_SITE", "DD_URL", "PUSHGATEWAY_URL", "KUBECONFIG", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    *("GITHUB_TOKEN", "GH_TOKEN", "GITHUB_API_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)


# A property holds however busy the machine is.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_configure() -> None:
    """A job started in a shell's background ignores Ctrl-C, and so would every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fails a test that leaves this machine, also where the code under test swallowed the error."""
    refused = guard(monkeypatch)
    yield refused
    if refused:
        pytest.fail(f"the test tried to reach {', '.join(refused)}")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away the variables by which a developer's own machine would change a test, or be written to by one."""
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed_url() -> Iterator[str]:
    """A loopback address where every connection is refused."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def _maker(
    running: Callable[..., AbstractContextManager[T]], folders: Callable[[], Path], stack: ExitStack
) -> Callable[..., T]:
    return lambda *arguments, **options: stack.enter_context(running(folders(), *arguments, **options))


@pytest.fixture
def _ending() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def _folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return partial(tmp_path_factory.mktemp, "part")


@pytest.fixture
def certificate(_folders: Callable[[], Path]) -> Certificate:
    """A certificate for 127.0.0.1."""
    from tests.parts.certificate import loopback_certificate

    return loopback_certificate(_folders())


@pytest.fixture
def start_pushgateway(_folders: Callable[[], Path], _ending: ExitStack) -> Callable[..., Pushgateway]:
    """Starts Pushgateways: `start_pushgateway(password=True, certificate=certificate, persistent=True)`."""
    from tests.parts.pushgateway import running

    return _maker(running, _folders, _ending)


@pytest.fixture
def pushgateway(start_pushgateway: Callable[..., Pushgateway]) -> Pushgateway:
    """An empty Pushgateway."""
    return start_pushgateway()


@pytest.fixture
def start_prometheus(_folders: Callable[[], Path], _ending: ExitStack) -> Callable[..., Prometheus]:
    """Starts Prometheus: `start_prometheus([pushgateway.url], honor_labels=False)`; it scrapes after five seconds."""
    from tests.parts.prometheus import running

    return _maker(running, _folders, _ending)


@pytest.fixture(scope="session")
def _relayed_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FaultProxy, Prometheus]]:
    from tests.parts.prometheus import running
    from tests.servers.faults import running as relaying

    with relaying(NOWHERE) as relay, running(tmp_path_factory.mktemp("prometheus"), [relay.url]) as started:
        yield relay, started


@pytest.fixture
def prometheus(_relayed_prometheus: tuple[FaultProxy, Prometheus], pushgateway: Pushgateway) -> Iterator[Prometheus]:
    """A Prometheus without samples that scrapes `pushgateway` with honor_labels, ten times a second.

    All tests share one process, and a relay that leads to the gateway of each: a new process would cost five seconds.
    """
    relay, shared = _relayed_prometheus
    relay.aim(pushgateway.url)
    shared.scraped()
    shared.forget()
    yield shared
    relay.aim(NOWHERE)


@pytest.fixture(scope="session")
def _postgresql_server() -> Iterator[Postgresql]:
    from tests.parts.postgresql import running

    with running() as started:
        yield started


@pytest.fixture
def postgresql(_postgresql_server: Postgresql) -> Postgresql:
    """A new, empty database in a PostgreSQL that all tests of this process share."""
    return _postgresql_server.fresh()


@pytest.fixture
def promtool() -> Promtool:
    """The promtool binary."""
    from tests.parts.process import part
    from tests.parts.prometheus import Promtool

    return Promtool(part("promtool"))


@pytest.fixture
def victoriametrics(_folders: Callable[[], Path], _ending: ExitStack) -> VictoriaMetrics:
    """An empty VictoriaMetrics that takes Datadog's v2 series."""
    from tests.parts.victoriametrics import running

    started: VictoriaMetrics = _maker(running, _folders, _ending)()
    return started


@pytest.fixture
def start_datadog_server(_ending: ExitStack) -> Callable[..., DatadogServer]:
    """Starts Datadog-shaped servers: `start_datadog_server(clock, validate=True, record=False)`."""
    from tests.servers.datadog import running

    return lambda *arguments, **options: _ending.enter_context(running(*arguments, **options))


@pytest.fixture
def datadog_server(start_datadog_server: Callable[..., DatadogServer]) -> DatadogServer:
    """A Datadog-shaped server that judges timestamps by this machine's clock."""
    return start_datadog_server()


@pytest.fixture
def fault_proxy(_ending: ExitStack) -> Callable[..., FaultProxy]:
    """Starts proxies: `fault_proxy(upstream.url, [Silence(20), status(503)])`; see tests/servers/faults.py."""
    from tests.servers.faults import running

    return lambda *arguments, **options: _ending.enter_context(running(*arguments, **options))
