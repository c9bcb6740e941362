"""The rendered rules in the hands of the real promtool, amtool and Alertmanager."""

import json

import pytest

from dashboards.rules.build import ALERTMANAGER, ALERTS, ROUTES, RULES, STEPS
from tests.parts import alertmanager
from tests.parts.alertmanager import amtool, promtool
from tests.parts.process import until

SUITES = sorted({*STEPS, "freshness", "gateway", "returning"})


def test_promtool_lints_the_rules(rendered_folder):
    paths = [str(rendered_folder / path) for path in (RULES, ALERTS)]
    assert promtool("check", "rules", "--lint=all", "--lint-fatal", *paths)[0] == 0


def test_these_are_all_suites(rendered_folder):
    assert sorted(path.name for path in rendered_folder.glob("prometheus/tests/*")) == [
        f"{name}.test.yaml" for name in SUITES
    ]


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_promtools_unit_tests_pass(rendered_folder, suite):
    code, said = promtool("test", "rules", str(rendered_folder / "prometheus" / "tests" / f"{suite}.test.yaml"))
    assert code == 0, said


@pytest.mark.slow
def test_promtool_refuses_a_wrong_expectation(rendered_folder, tmp_path):
    suite = (rendered_folder / "prometheus/tests/ci.test.yaml").read_text("utf-8")
    wrong = tmp_path / "prometheus" / "tests" / "ci.test.yaml"
    wrong.parent.mkdir(parents=True)
    for path in (RULES, ALERTS):
        (tmp_path / path).write_bytes((rendered_folder / path).read_bytes())
    wrong.write_text(suite.replace("The last 4 runs", "The last 5 runs"), "utf-8")
    code, said = promtool("test", "rules", str(wrong))
    assert code == 1
    assert "CIWorkflowFailsRepeatedly" in said


def test_amtool_takes_the_configuration(rendered_folder):
    assert amtool("check-config", str(rendered_folder / ALERTMANAGER))[0] == 0


def test_every_severity_and_owner_reaches_its_receiver(rendered_folder, rendered_files):
    for each in json.loads(rendered_files[ROUTES]):
        labels = [f"{name}={value}" for name, value in each["labels"].items()]
        options = [f"--config.file={rendered_folder / ALERTMANAGER}", f"--verify.receivers={each['receiver']}"]
        code, said = amtool("config", "routes", "test", *options, *labels)
        assert code == 0, said


def test_a_wrong_receiver_would_be_told(rendered_folder):
    options = [f"--config.file={rendered_folder / ALERTMANAGER}", "--verify.receivers=info-delivery"]
    assert amtool("config", "routes", "test", *options, "severity=page", "owner=platform")[0] == 1


def alert(name, severity, **labels):
    return {"alertname": name, "severity": severity, "owner": "platform", **labels}


def inhibited(rendered_folder, folder, *alerts):
    """The names of those that stay silent while all of them fire."""
    with alertmanager.running(folder, rendered_folder / ALERTMANAGER) as running:
        running.post(*alerts)

        def judged():
            found = running.alerts()
            waiting = len(found) < len(alerts) or any(
                each["status"]["state"] == "unprocessed" for each in found.values()
            )
            return None if waiting else found

        found = until(judged, what="the alerts", within=60)
        return {name for name, each in found.items() if each["status"]["inhibitedBy"]}


@pytest.mark.slow
def test_a_page_silences_what_its_own_collector_says_less_urgently(rendered_folder, tmp_path):
    github = {"instance": "prod", "collector": "github", "shard": "0"}
    assert inhibited(
        rendered_folder,
        tmp_path,
        alert("QuarterdeckCollectorStale", "page", **github),
        alert("SomebodysPage", "page", instance="prod", collector="otel", shard="0"),
        alert("SomebodysTicket", "ticket", instance="prod", collector="otel", shard="0"),
        alert("CIRunStuck", "info", **{**github, "shard": "1"}, repo="acme/b"),
        alert("QuarterdeckCollectorFailing", "ticket", **github),
        alert("CIDefaultBranchBroken", "ticket", **github, repo="acme/a"),
        alert("QuarterdeckBudgetLow", "ticket", instance="prod", collector="git", shard="0"),
        alert("QuarterdeckClockSkew", "ticket", instance="test", collector="github", shard="0"),
        alert("WithoutCollector", "ticket"),
    ) == {"QuarterdeckCollectorFailing", "CIDefaultBranchBroken"}


@pytest.mark.slow
def test_staleness_is_no_news_while_the_gateway_is_down(rendered_folder, tmp_path):
    github = {"instance": "prod", "collector": "github"}
    assert inhibited(
        rendered_folder,
        tmp_path,
        alert("PushgatewayDown", "page", job="pushgateway", instance="gateway:9091"),
        alert("QuarterdeckNothingScraped", "page"),
        alert("QuarterdeckCollectorStale", "page", **github),
        alert("QuarterdeckCollectorNeverSucceeded", "page", **github),
        alert("QuarterdeckCollectorMissing", "page", **github),
        alert("QuarterdeckFreshnessBurnFast", "page", **github),
        alert("QuarterdeckFreshnessBurnSlow", "ticket", **github),
        alert("SomethingElse", "page", **github),
    ) == {
        "QuarterdeckNothingScraped",
        "QuarterdeckCollectorStale",
        "QuarterdeckCollectorNeverSucceeded",
        "QuarterdeckCollectorMissing",
        "QuarterdeckFreshnessBurnFast",
        "QuarterdeckFreshnessBurnSlow",
    }


@pytest.mark.slow
def test_somebody_elses_gateway_silences_nothing(rendered_folder, tmp_path):
    assert (
        inhibited(
            rendered_folder,
            tmp_path,
            alert("PushgatewayDown", "page", job="billing-pushgateway", instance="billing:9091"),
            alert("QuarterdeckCollectorStale", "page", instance="prod", collector="github", shard="0"),
        )
        == set()
    )
