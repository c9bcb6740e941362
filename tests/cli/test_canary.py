"""A secret planted in every setting that holds one appears in no output, whatever goes wrong."""

from __future__ import annotations

import pytest

from tests.servers.faults import Answer, HalfAnswer, ResetBeforeBody, status

CANARY = "canary-4f1d0c2b9a8e7f65"
SETTINGS = """\
deadline: 1s
collectors:
  git: {{paths: [.]}}
sinks:
  datadog: {{url: "{datadog}", api_key: "env:CANARY_API", app_key: "file:{file}"}}
  pushgateway: {{url: "{gateway}", {access}}}
"""
ACCESS = ["username: ops, password: env:CANARY_PASSWORD", "token: env:CANARY_TOKEN"]
COMMANDS = [
    ("--push", "-v"),
    ("--push", "--json"),
    ("--dry-run", "-v"),
    ("check", "-v"),
    ("metadata", "sync", "-v"),
    ("sinks", "prune", "-v"),
    ("sinks", "prune", "--instance", "old"),
]
ECHO = Answer(400, headers=(("Content-Type", "application/json"),), body=b'{"errors": ["bad %b"]}' % CANARY.encode())
FAULTS = [None, status(403), status(500), HalfAnswer(), ResetBeforeBody()]


@pytest.mark.parametrize(
    "access", [ACCESS[0], pytest.param(ACCESS[1], marks=pytest.mark.slow)], ids=["basic", "bearer"]
)
@pytest.mark.parametrize("fault", [ECHO, *(pytest.param(each, marks=pytest.mark.slow) for each in FAULTS)], ids=repr)
def test_no_secret_in_any_output(collect, repository, fault_proxy, datadog_server, closed_url, tmp_path, access, fault):
    (tmp_path / "key").write_text(CANARY)
    proxy = fault_proxy(datadog_server.url, lambda request: fault) if fault else None
    url = proxy.url if proxy else closed_url
    (repository / "quarterdeck.yaml").write_text(
        SETTINGS.format(datadog=url, gateway=url, file=tmp_path / "key", access=access)
    )
    environ = dict.fromkeys(("CANARY_API", "CANARY_PASSWORD", "CANARY_TOKEN"), CANARY)
    answers = (
        [collect(*command, "--config", "quarterdeck.yaml", **environ) for command in COMMANDS[:2]] if fault else []
    )
    answers += [collect(*command, **environ) for command in COMMANDS[2:]]

    assert all("Traceback" not in each.err for each in answers)
    assert [each for each in answers if CANARY in each.out + each.err] == []
    assert any("***" in each.out + each.err for each in answers) >= (fault is ECHO)


@pytest.mark.parametrize(
    "text",
    [
        f"sinks: {{datadog: {{api_key: {CANARY}}}}}",
        f"sinks: {{pushgateway: {{url: 'http://ops:{CANARY}@localhost:9091'}}}}",
        f"sinks: {{pushgateway: {{url: 'http://localhost:9091', token: {CANARY}}}}}",
        f"sinks: {{datadog: {{site: {CANARY}, api_key: 5}}}}",
        f"sinks: {{datadog: {CANARY}}}",
        f"window: {CANARY}",
        f"log: {{level: {CANARY}}}",
        f"{CANARY}: [",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(collect, repository, text):
    (repository / "quarterdeck.yaml").write_text(text + "\n")
    answers = [collect("--push"), collect("check"), collect("metadata", "sync")]

    assert {each.code for each in answers} <= {1, 2}
    assert [each for each in answers if CANARY in each.out + each.err or "Traceback" in each.err] == []
