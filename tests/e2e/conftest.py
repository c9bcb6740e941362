"""One control plane and node for all tests of a process, and a namespace for each test."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from demo import Organisation, Rates, serve
from tests.e2e.team import Team

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from demo.server import Server
    from tests.e2e.cluster import Cluster
    from tests.e2e.node import Node

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real control plane."""
    from tests.e2e.cluster import running

    with running(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="session")
def node(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """The node on which the cluster's Pods run."""
    from tests.e2e.node import running

    with running(cluster.node, tmp_path_factory.mktemp("node")) as started:
        yield started


@pytest.fixture(scope="session")
def image() -> str:
    """The image of this tree."""
    from tests.image.building import built_image

    return built_image()


@pytest.fixture
def team(cluster: Cluster, node: Node, image: str, tmp_path: Path) -> Iterator[Team]:
    """A namespace of its own."""
    made = Team(cluster, node, f"team-{next(NUMBERS)}", image, tmp_path)
    node.trouble.clear()
    made.settle_in()
    yield made
    made.leave()


@pytest.fixture
def github_server() -> Iterator[Server]:
    """A simulated GitHub whose clock stands at the beginning of the test."""
    organisation = Organisation(1, "small", int(time.time()))
    with serve(organisation, rates=Rates(unlimited=True)) as server:
        yield server
