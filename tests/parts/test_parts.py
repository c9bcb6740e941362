"""The fixtures against the real programs: what goes in comes out."""

import threading
import time

import pytest
import requests
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v2.api.metrics_api import MetricsApi
from datadog_api_client.v2.model.metric_content_encoding import MetricContentEncoding
from datadog_api_client.v2.model.metric_intake_type import MetricIntakeType
from datadog_api_client.v2.model.metric_payload import MetricPayload
from datadog_api_client.v2.model.metric_point import MetricPoint
from datadog_api_client.v2.model.metric_resource import MetricResource
from datadog_api_client.v2.model.metric_series import MetricSeries
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway

from tests.parts.process import NotReadyError, Process, free_port, part, until
from tests.parts.prometheus import Queried
from tests.parts.pushgateway import PASSWORD, USER

pytestmark = pytest.mark.slow

TEXT = "# HELP git_file Files.\n# TYPE git_file gauge\ngit_file 3\n"


def push(gateway, text: str = TEXT, job: str = "quarterdeck") -> requests.Response:
    return requests.put(
        f"{gateway.url}/metrics/job/{job}",
        data=text.encode(),
        auth=gateway.auth,
        verify=gateway.verify,
        timeout=10,
    )


def test_a_pushed_metric_is_shown_and_wiped(pushgateway):
    assert push(pushgateway).status_code == 200
    assert 'git_file{instance="",job="quarterdeck"} 3' in pushgateway.metrics().splitlines()
    assert [group["labels"] for group in pushgateway.groups()] == [{"job": "quarterdeck"}]
    pushgateway.wipe()
    assert pushgateway.groups() == []


def test_the_client_library_pushes(pushgateway):
    registry = CollectorRegistry()
    Gauge("git_file", "Files.", registry=registry).set(3)
    push_to_gateway(pushgateway.url, "quarterdeck", registry)
    assert 'git_file{instance="",job="quarterdeck"} 3' in pushgateway.metrics().splitlines()


def test_a_restarted_gateway_is_empty_and_at_the_same_address(pushgateway):
    push(pushgateway)
    pushgateway.stop()
    with pytest.raises(requests.ConnectionError):
        pushgateway.metrics()
    pushgateway.start()
    assert pushgateway.groups() == []


def test_a_persistent_gateway_keeps_its_groups_over_a_stop(start_pushgateway):
    gateway = start_pushgateway(persistent=True)
    push(gateway)
    gateway.stop()
    gateway.start()
    assert [group["labels"] for group in gateway.groups()] == [{"job": "quarterdeck"}]


def test_a_gateway_without_persistence_loses_its_groups_to_a_kill(pushgateway):
    push(pushgateway)
    pushgateway.kill()
    pushgateway.start()
    assert pushgateway.groups() == []


def test_a_gateway_with_a_password_refuses_whoever_lacks_it(start_pushgateway):
    gateway = start_pushgateway(password=True)
    assert requests.get(f"{gateway.url}/metrics", timeout=10).status_code == 401
    assert requests.get(f"{gateway.url}/metrics", auth=(USER, "wrong"), timeout=10).status_code == 401
    assert requests.get(f"{gateway.url}/metrics", auth=(USER, PASSWORD), timeout=10).status_code == 200
    assert push(gateway).status_code == 200


def test_a_gateway_behind_tls_is_trusted_by_its_certificate_only(start_pushgateway, certificate):
    gateway = start_pushgateway(certificate=certificate)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{gateway.url}/metrics", timeout=10)
    assert push(gateway).status_code == 200
    assert [group["labels"] for group in gateway.groups()] == [{"job": "quarterdeck"}]


def test_two_gateways_run_side_by_side(start_pushgateway):
    first, second = start_pushgateway(), start_pushgateway()
    push(first)
    assert (len(first.groups()), len(second.groups())) == (1, 0)


def test_prometheus_scrapes_the_gateway_and_keeps_its_labels(pushgateway, prometheus):
    push(pushgateway)
    prometheus.scraped()
    labels = {"__name__": "git_file", "job": "quarterdeck"}
    assert prometheus.query("git_file") == [Queried(labels, 3.0)]
    assert prometheus.value("sum(git_file) * 2", at=time.time()) == 6.0
    assert prometheus.metadata()["git_file"] == "gauge"


def test_without_honor_labels_prometheus_moves_the_job(pushgateway, start_prometheus):
    push(pushgateway)
    prometheus = start_prometheus([pushgateway.url], honor_labels=False)
    prometheus.scraped()
    (row,) = prometheus.query("git_file")
    assert (row.labels["job"], row.labels["exported_job"]) == ("scrape", "quarterdeck")


def test_samples_of_an_earlier_test_are_forgotten(prometheus):
    assert prometheus.query('count(max_over_time({job="quarterdeck"}[1h]))') == []


def test_a_deleted_group_is_gone_after_the_next_scrape(pushgateway, prometheus):
    push(pushgateway)
    prometheus.scraped()
    pushgateway.wipe()
    prometheus.scraped()
    assert prometheus.query("git_file") == []


def test_promtool_names_what_is_wrong(promtool):
    assert promtool.check_metrics(TEXT) == []
    assert promtool.check_metrics("# TYPE a_total gauge\na_total 1\n") == [
        "a_total no help text",
        'a_total non-counter metrics should not have "_total" suffix',
    ]
    (complaint,) = promtool.check_metrics("not a metric at all\n")
    assert complaint.startswith("error while linting: text format parsing error in line 1")


def series(value: float, at: int, host: str | None = "ci") -> MetricSeries:
    options = {"resources": [MetricResource(name=host, type="host")]} if host else {}
    return MetricSeries(
        metric="git.commit.count",
        type=MetricIntakeType.COUNT,
        interval=900,
        points=[MetricPoint(timestamp=at, value=value)],
        tags=["repo:acme/b"],
        **options,
    )


def submit(victoriametrics, *given: MetricSeries, **options: object) -> None:
    configuration = Configuration(host=victoriametrics.datadog_url, api_key={"apiKeyAuth": "any"})
    with ApiClient(configuration) as client:
        MetricsApi(client).submit_metrics(MetricPayload(series=list(given)), **options)
        client.rest_client.pool_manager.clear()


@pytest.mark.parametrize("encoding", [None, "deflate", "gzip"])
def test_victoriametrics_takes_a_v2_series_and_gives_it_back(victoriametrics, encoding):
    at = int(time.time())
    options = {"content_encoding": MetricContentEncoding(encoding)} if encoding else {}
    submit(victoriametrics, series(4.0, at), **options)
    labels = {"__name__": "git.commit.count", "host": "ci", "repo": "acme/b"}
    assert victoriametrics.query('{__name__="git.commit.count"}', at) == [Queried(labels, 4.0)]
    assert victoriametrics.value('{__name__="git.commit.count"} + 1', at) == 5.0


def test_victoriametrics_gives_no_host_to_a_series_without_one(victoriametrics):
    at = int(time.time())
    submit(victoriametrics, series(4.0, at))
    submit(victoriametrics, series(1.0, at, host=None))
    rows = victoriametrics.query('{__name__="git.commit.count"}', at)
    assert sorted(row.labels.get("host", "") for row in rows) == ["", "ci"]


def test_a_program_that_ends_at_once_tells_its_last_words(tmp_path):
    with free_port() as port:
        command = [str(part("pushgateway")), f"--web.listen-address=127.0.0.1:{port}", "--no-such-flag"]
        process = Process(command, tmp_path / "log", lambda: False)
        with pytest.raises(NotReadyError, match="unknown long flag '--no-such-flag'"):
            process.start()


def test_waiting_is_bounded():
    with pytest.raises(NotReadyError, match=r"a miracle did not come within 0\.05 s"):
        until(lambda: None, within=0.05, what="a miracle")


def test_two_holders_never_get_the_same_port():
    ports: list[int] = []
    gathered = threading.Barrier(20, timeout=10)

    def hold() -> None:
        with free_port() as port:
            ports.append(port)
            gathered.wait()

    threads = [threading.Thread(target=hold) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ports)) == 20


def test_a_missing_part_skips_or_fails_as_asked(monkeypatch, tmp_path):
    monkeypatch.setenv("QUARTERDECK_PARTS", str(tmp_path))
    monkeypatch.delenv("QUARTERDECK_REQUIRE_PARTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"run `python tests/parts/install\.py pushgateway`"):
        part("pushgateway")
    monkeypatch.setenv("QUARTERDECK_REQUIRE_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="pushgateway is not in"):
        part("pushgateway")
