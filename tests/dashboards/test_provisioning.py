"""What a Grafana reads when it starts, beside the compose file that starts it."""

from __future__ import annotations

import pytest
import yaml

from tests.cli.conftest import ROOT

COMPOSE = ROOT / "deploy/compose"


@pytest.fixture
def mounts():
    """Target → source of what the compose file mounts into Grafana."""
    service = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))["services"]["grafana"]
    return {target: source for source, target, *_ in (each.split(":") for each in service["volumes"])}


def provisioned(kind):
    return yaml.safe_load((COMPOSE / f"grafana/provisioning/{kind}/quarterdeck.yaml").read_text("utf-8"))


def test_the_source_has_a_fixed_uid_is_the_default_and_is_a_service_of_the_stack():
    (source,) = provisioned("datasources")["datasources"]
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text("utf-8"))["services"]

    assert (source["uid"], source["type"], source["isDefault"]) == ("quarterdeck-prometheus", "prometheus", True)
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in services
    assert source["editable"] is False


def test_the_steps_are_no_shorter_than_the_scrapes():
    (source,) = provisioned("datasources")["datasources"]
    prometheus = yaml.safe_load((COMPOSE / "prometheus.yaml").read_text("utf-8"))

    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def test_the_provider_reads_the_dashboards_that_the_chart_ships(mounts):
    (provider,) = provisioned("dashboards")["providers"]
    folder = (COMPOSE / mounts[provider["options"]["path"]]).resolve()

    assert folder == ROOT / "charts/quarterdeck/files/grafana"
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert provider["folderUid"] == "quarterdeck"


def test_the_files_are_where_grafana_looks_for_them(mounts):
    assert (COMPOSE / mounts["/etc/grafana/provisioning"]).resolve() == COMPOSE / "grafana/provisioning"
