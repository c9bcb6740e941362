"""The Datadog-shaped server takes what the real client sends, and refuses what it must."""

import gzip
import json
import zlib

import pytest
import requests
import urllib3
import zstandard
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, ForbiddenException, NotFoundException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.metrics_api import MetricsApi as MetricsApiV1
from datadog_api_client.v1.model.metric_metadata import MetricMetadata
from datadog_api_client.v2.api.metrics_api import MetricsApi
from datadog_api_client.v2.model.metric_content_encoding import MetricContentEncoding
from datadog_api_client.v2.model.metric_intake_type import MetricIntakeType
from datadog_api_client.v2.model.metric_payload import MetricPayload
from datadog_api_client.v2.model.metric_point import MetricPoint
from datadog_api_client.v2.model.metric_resource import MetricResource
from datadog_api_client.v2.model.metric_series import MetricSeries

from tests.servers.datadog import API_KEY, APP_KEY, MAX_INFLATED, MAX_PAYLOAD
from tests.servers.datadog_store import Key, Shape

NOW = 1_800_000_000


@pytest.fixture
def server(start_datadog_server):
    return start_datadog_server(lambda: NOW, record=True)


@pytest.fixture
def client(server):
    configuration = Configuration(host=server.url, api_key={"apiKeyAuth": API_KEY, "appKeyAuth": APP_KEY})
    with ApiClient(configuration) as client:
        yield client
        client.rest_client.pool_manager.clear()


def payload(value: float = 2.5, at: int = NOW) -> MetricPayload:
    series = MetricSeries(
        metric="git.commit.count",
        type=MetricIntakeType.COUNT,
        interval=900,
        unit="commit",
        points=[MetricPoint(timestamp=at, value=value)],
        resources=[MetricResource(name="ci", type="host")],
        tags=["repo:acme/b", "env:production"],
    )
    return MetricPayload(series=[series])


def body(**changes: object) -> dict[str, list[dict[str, object]]]:
    return {"series": [{"metric": "a.b", "type": 3, "points": [{"timestamp": NOW, "value": 1}], **changes}]}


def post(server, value: object, *, key: str = API_KEY, encoding: str | None = None) -> requests.Response:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = {"DD-API-KEY": key, "Content-Type": "application/json"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return requests.post(f"{server.url}/api/v2/series", data=raw, headers=headers, timeout=10)


@pytest.mark.parametrize("encoding", [None, "zstd1", "deflate", "gzip"])
def test_what_the_client_sends_through_its_models_is_kept(server, client, encoding):
    options = {"content_encoding": MetricContentEncoding(encoding)} if encoding else {}
    answer = MetricsApi(client).submit_metrics(payload(), **options)
    assert list(answer.errors) == []
    key = Key("git.commit.count", ("env:production", "repo:acme/b"), (("host", "ci"),), NOW)
    assert server.store.points == {key: 2.5}
    assert server.store.shapes == {"git.commit.count": {Shape(1, "commit", 900)}}
    assert server.requests == {"POST /api/v2/series": 1}
    assert server.store.recorded[0].headers.get("content-encoding") == encoding


def test_the_last_value_of_a_timestamp_wins(server, client):
    for value in (1.0, 7.0):
        MetricsApi(client).submit_metrics(payload(value))
    assert server.value("git.commit.count", NOW, ["repo:acme/b", "env:production"]) == 7.0
    assert len(server.values("git.commit.count")) == 1
    assert server.store.collisions == []


def test_a_key_written_twice_in_one_request_is_a_collision(server):
    points = [{"timestamp": NOW, "value": 1}, {"timestamp": NOW, "value": 2}]
    assert post(server, body(points=points, tags=["A:B"])).status_code == 202
    assert server.store.collisions == [Key("a.b", ("a:b",), (), NOW)]


def test_a_changed_type_unit_or_interval_shows(server):
    for changes in ({"unit": "x"}, {"unit": "x"}, {"unit": "y"}):
        post(server, body(**changes))
    assert server.unsteady() == {"a.b": {Shape(3, "x", None), Shape(3, "y", None)}}


@pytest.mark.parametrize(("age", "kept"), [(3600, True), (3601, False), (-600, True), (-601, False)])
def test_points_too_old_or_too_new_are_errors_of_a_202_and_not_kept(server, age, kept):
    answer = post(server, body(points=[{"timestamp": NOW - age, "value": 1}]))
    assert answer.status_code == 202
    assert len(answer.json()["errors"]) == (0 if kept else 1)
    assert len(server.values("a.b")) == (1 if kept else 0)


WRONG = {
    "an unknown key": body(units="s"),
    "an unknown key of a point": body(points=[{"timestamp": NOW, "value": 1, "at": 1}]),
    "a type outside its values": body(type=4),
    "a type by name": body(type="gauge"),
    "a type that is true": body(type=True),
    "a text for an interval": body(interval="900"),
    "a fraction for an interval": body(interval=900.5),
    "a text for a value": body(points=[{"timestamp": NOW, "value": "1"}]),
    "a fraction for a timestamp": body(points=[{"timestamp": NOW + 0.5, "value": 1}]),
    "the points of v1": body(points=[[NOW, 1]]),
    "no value": body(points=[{"timestamp": NOW}]),
    "no points": body(points=[]),
    "null for tags": body(tags=None),
    "numbers for tags": body(tags=[1]),
    "a resource without a name": body(resources=[{"type": "host"}]),
    "a name with a dash": body(metric="a-b"),
    "a number for a series": {"series": [1]},
    "no series": {},
    "a list": [],
    "NaN": b'{"series": [{"metric": "a", "points": [{"timestamp": 1800000000, "value": NaN}]}]}',
    "infinity by size": b'{"series": [{"metric": "a", "points": [{"timestamp": 1800000000, "value": 1e999}]}]}',
    "no JSON": b"series",
    "another encoding of text": '{"series": [], "é": 1}'.encode("latin-1"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_models_do_not_describe_is_a_400_and_nothing_is_kept(server, wrong):
    answer = post(server, WRONG[wrong])
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 1
    assert server.store.points == {}
    assert server.store.shapes == {}


def test_a_nan_that_the_client_lets_through_is_refused(server, client):
    with pytest.raises(ApiException) as caught:
        MetricsApi(client).submit_metrics(payload(float("nan")))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("br", b"{}"),
        ("gzip", b"{}"),
        ("gzip", gzip.compress(b'{"series": []}', mtime=0)[:-4]),
        ("deflate", zlib.compress(b'{"series": []}') + b"x"),
        ("zstd1", b"{}"),
    ],
)
def test_a_wrong_or_cut_encoding_is_a_400(server, encoding, raw):
    assert post(server, raw, encoding=encoding).status_code == 400


def test_the_documented_limits_are_a_413(server):
    empty = json.dumps({"series": []}).encode()
    padded = empty + b" " * (MAX_INFLATED - len(empty))
    compress = zstandard.ZstdCompressor().compress
    assert post(server, compress(padded[:-1]), encoding="zstd1").status_code == 202
    assert post(server, compress(padded), encoding="zstd1").status_code == 413
    assert post(server, gzip.compress(padded), encoding="gzip").status_code == 413
    assert post(server, zlib.compress(padded[:-1]), encoding="deflate").status_code == 202
    assert post(server, padded[:MAX_PAYLOAD]).status_code == 202
    assert post(server, padded[: MAX_PAYLOAD + 1]).status_code == 413


def test_a_wrong_key_is_a_403(server):
    assert post(server, body(), key="wrong").status_code == 403
    with ApiClient(Configuration(host=server.url, api_key={"apiKeyAuth": "wrong"})) as client:
        with pytest.raises(ForbiddenException):
            AuthenticationApi(client).validate()
        client.rest_client.pool_manager.clear()


def test_a_right_key_validates(client):
    assert AuthenticationApi(client).validate().valid is True


def test_metadata_of_a_metric_never_seen_is_a_404(client):
    with pytest.raises(NotFoundException):
        MetricsApiV1(client).update_metric_metadata("git.commit.count", MetricMetadata(unit="commit"))


def test_metadata_of_a_seen_metric_is_kept_and_merged(server, client):
    MetricsApi(client).submit_metrics(payload())
    api = MetricsApiV1(client)
    api.update_metric_metadata("git.commit.count", MetricMetadata(unit="commit", type="count"))
    api.update_metric_metadata("git.commit.count", MetricMetadata(description="Commits."))
    found = api.get_metric_metadata("git.commit.count")
    assert (found.unit, found.type, found.description) == ("commit", "count", "Commits.")
    assert server.requests["PUT /api/v1/metrics/git.commit.count"] == 2


def test_wrong_metadata_is_a_400(server):
    post(server, body())
    headers = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
    for wrong in ({"units": "s"}, {"unit": 1}, {"integration": "x"}):
        answer = requests.put(f"{server.url}/api/v1/metrics/a.b", json=wrong, headers=headers, timeout=10)
        assert answer.status_code == 400
    assert server.store.metadata == {}


def test_many_requests_share_one_connection(server):
    host, port = server.server_address
    with urllib3.HTTPConnectionPool(host, port) as pool:
        answers = [pool.request("GET", "/api/v1/validate", headers={"DD-API-KEY": API_KEY}) for _ in range(50)]
        connections = pool.num_connections
    assert [answer.json() for answer in answers] == [{"valid": True}] * 50
    assert connections == 1
