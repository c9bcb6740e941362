"""GitHub's token appears in no output, whatever GitHub answers, the token itself included."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo import Organisation, Rates, faults, serve
from tests.cli.conftest import Collect
from tests.servers.datadog import API_KEY

CANARY = "ghs-canary-4f1d0c2b9a8e7f65"
PLENTY = Rates(core=10**6, graphql=10**6, core_a_minute=10**6, graphql_a_minute=10**6)
SETTINGS = """
deadline: 8s
ledger: ledger.db
collectors: {github: {repositories: [simulated-acme/tools], token: env:CANARY_TOKEN, runners: true}}
"""
PUSH = ("github", "--push", "-v")
LOOKS = [
    ("github", "--dry-run", "-v"),
    ("github", "--dry-run", "--json"),
    ("check", "github", "-v"),
    ("explain", "github.pull_request.merged", "-v"),
]
EXPORT = ("ledger", "export")


def _named(body):
    """The answer with the token as the name of everything."""
    if isinstance(body, dict):
        return {
            key: CANARY if key in {"title", "message", "login", "path"} else _named(each) for key, each in body.items()
        }
    return [_named(each) for each in body] if isinstance(body, list) else body


FAULTS = {
    "400 that repeats it": faults.said(400, f"bad credentials {CANARY}"),
    "403 that repeats it": faults.said(403, f"token {CANARY} may not"),
    "a GraphQL error that repeats it": faults.Rewritten(
        lambda body: {"data": None, "errors": [{"message": f"unknown {CANARY}", "type": "SOME"}]}
    ),
    "a page that repeats it": faults.Answer(502, f"<html>{CANARY}</html>", {"Content-Type": "text/html"}),
    "a redirect to another host": faults.Answer(302, "", {"Location": f"http://127.0.0.1:9/{CANARY}"}),
    "401": faults.unauthorised(),
    "names": faults.Rewritten(_named),
    "half of the JSON": faults.Truncated(),
    "reset": faults.Reset(),
}
QUICK = "a GraphQL error that repeats it"
REPEATED = {QUICK, "400 that repeats it", "403 that repeats it", "names"}
"""Where what GitHub said is kept in the ledger."""


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=1, size="small", end=1_700_000_000)


@pytest.mark.parametrize(
    "fault", [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow) for name in FAULTS]
)
def test_the_token_is_in_no_output(organisation, tmp_path, datadog_server, fault):
    (tmp_path / "quarterdeck.yaml").write_text(SETTINGS)
    collect = Collect(tmp_path)
    with serve(organisation, rates=PLENTY) as server:
        environ = {"GITHUB_API_URL": server.url, "CANARY_TOKEN": CANARY}
        environ |= {"DD_URL": datadog_server.url, "DD_API_KEY": API_KEY}
        server.faults.add(FAULTS[fault], times=10_000)
        answers = [collect(*PUSH, **environ)]
        asked = len(server.requests)
        with ThreadPoolExecutor(4) as pool:
            others = [EXPORT] if fault == QUICK else [*LOOKS, EXPORT]
            answers += pool.map(lambda command: collect(*command, **environ), others)
        assert asked > 0
        assert len(server.requests) >= asked + len(others) - 1
    assert [each for each in answers if CANARY in each.out + each.err] == []
    assert all("Traceback" not in each.err for each in answers)
    assert [json.loads(line)["entry"] for line in answers[-1].out.splitlines()].count("run") == 1
    assert ("***" in answers[-1].out) >= (fault in REPEATED)
    assert all(CANARY.encode() not in each.read_bytes() for each in tmp_path.glob("ledger.db*"))
