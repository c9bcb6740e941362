"""The server in its own process."""

from __future__ import annotations

import pytest
import requests

from demo.__main__ import main
from demo.process import serving
from tests.demo.build import NOW

TOKEN = {"Authorization": "Bearer simulated"}


def test_it_serves_is_steered_and_ends():
    with serving("--seed", "2", "--traffic", "2m-4m:400%") as remote:
        path = f"{remote.url}/repos/simulated-acme/web"
        assert requests.get(path, headers=TOKEN, timeout=10).status_code == 200
        remote.move(NOW - 400 * 86_400)
        assert requests.get(path, headers=TOKEN, timeout=10).status_code == 404
        body = {"query": "query Who{viewer{login}}", "operationName": "Who"}
        assert requests.post(remote.graphql_url, json=body, headers=TOKEN, timeout=10).status_code == 200
        seen = [(one.method, one.status, one.cost, one.operation) for one in remote.requests()]
        remote.reset()
        left = remote.requests()
    assert seen == [("GET", 200, 1, None), ("GET", 404, 1, None), ("POST", 200, 1, "Who")]
    assert left == []


def test_bad_traffic_ends_with_a_sentence(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--traffic", "4m-2m:10%"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "traffic: '4m-2m:10%' ends before it starts" in said
    assert "Traceback" not in said
