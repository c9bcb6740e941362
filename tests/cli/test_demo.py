"""`collect demo`: the real collectors over a simulated organisation, which says so everywhere."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import pytest

from common.cli import main
from tests.cli.conftest import Collect

DEMO = "demo.cli:simulation"
GIT_ONLY = {"git": "collectors.git.collector:GitCollector"}


@pytest.fixture
def nowhere(tmp_path):
    return Collect(tmp_path)


def test_the_real_collector_looks_and_every_line_says_that_it_is_simulated(nowhere):
    answer = nowhere("demo", "--traffic", "2m-4m:400%,6m-8m:300%")
    lines = answer.out.splitlines()
    rows = [line for line in lines if line.startswith(("github.", "delivery."))]

    assert (answer.code, answer.err) == (0, "")
    assert lines[0].startswith("SIMULATED: simulated-acme (seed 1, small) at http://127.0.0.1:")
    assert lines[1:3] == ["traffic      2m to     4m  400 %", "traffic      6m to     8m  300 %"]
    assert "simulated-github: success (dry run) · " in answer.out
    assert len(rows) > 300
    assert [row for row in rows if "repo=simulated-acme/" not in row or "simulated=true" not in row] == []


def test_json_says_so_in_a_field_and_in_every_sample(nowhere):
    answer = nowhere("demo", "--seed", "2", "--json")
    found = json.loads(answer.out)
    (run,) = found["runs"]

    assert (answer.code, found["simulated"], found["organisation"]) == (0, True, "simulated-acme")
    assert (found["seed"], found["size"], found["traffic"]) == (2, "small", ["traffic  as ever"])
    assert (run["collector"], run["outcome"], run["dry_run"]) == ("simulated-github", "success", True)
    assert {each["tags"]["simulated"] for each in run["samples"]} == {"true"}
    assert answer.err.startswith("SIMULATED: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--traffic", "4m-2m:400%"), "traffic: '4m-2m:400%' ends before it starts; accepted is START-END:PERCENT%"),
        (("--traffic", "busy"), "traffic: found 'busy'; accepted is START-END:PERCENT%"),
        (("--size", "huge"), "--size 'huge': accepted are small, medium, large"),
        (("--port", "99999"), "--port 99999: accepted are 1 to 65535, and 0 for a free one"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_2(nowhere, arguments, words):
    answer = nowhere("demo", *arguments)

    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
    assert answer.err.count("\n") == 1


def test_served_it_can_be_looked_at_by_the_usual_command_until_it_is_interrupted(nowhere):
    command = (sys.executable, "-m", "run_collector", "demo", "--serve")
    process = subprocess.Popen(
        command,
        cwd=nowhere.folder,
        env=nowhere.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        exports = [process.stdout.readline() for _ in range(2)]
        environ = dict(re.fullmatch(r"export (\w+)=(\S+)\n", line).groups() for line in exports)
        (nowhere.folder / "quarterdeck.yaml").write_text(
            "collectors: {github: {repositories: [simulated-acme/tools]}}\n"
        )
        answer = nowhere("github", "--only", "github.pull_request.open", "--json", **environ)
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)

    assert set(environ) == {"GITHUB_API_URL", "GITHUB_TOKEN"}
    assert json.loads(answer.out)["runs"][0]["scopes"] == ["simulated-acme/tools"]
    assert (process.returncode, out) == (0, "")
    assert err.startswith("SIMULATED: simulated-acme (seed 1, small) at ")
    assert 'a quarterdeck.yaml for it:\n{"tags":{"simulated":"true"},"collectors":{"github":{' in err


def test_a_port_that_is_taken_is_told(nowhere):
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        answer = nowhere("demo", "--port", str(port))

    assert answer.code == 2
    assert answer.err == f"collect: --port {port}: Address already in use; 0 is a free one\n"


def test_without_its_collector_there_is_nothing_to_show(capsys):
    assert main(GIT_ONLY, ["demo"], DEMO) == 0
    assert capsys.readouterr().err == (
        "collect demo: there is no collector for github here, so there is nothing to show\n"
    )


def test_a_missing_extra_is_named_with_its_remedy(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphql", None)
    for name in [each for each in sys.modules if each == "demo" or each.startswith("demo.")]:
        monkeypatch.delitem(sys.modules, name)

    assert main(GIT_ONLY, ["demo"], DEMO) == 2
    assert capsys.readouterr().err == (
        "collect: collect demo: graphql is not installed; install it with: pip install 'quarterdeck[demo]'\n"
    )
