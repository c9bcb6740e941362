"""What a call costs before it does anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    *("rich", "requests", "urllib3", "tenacity", "boto3", "botocore", "yaml", "msgspec"),
    *("datadog_api_client", "prometheus_client", "zstandard", "github", "collectors.git.collector", "common.run"),
    *("demo", "graphql"),
}
LIST_MODULES = """
import json, sys
from common.cli import main
from collectors import COLLECTORS
code = main(COLLECTORS, json.loads(sys.argv[1]), "demo.cli:simulation")
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_after(*arguments):
    """The exit code, and what was imported once the call has ended."""
    command = (sys.executable, "-c", LIST_MODULES, json.dumps(arguments))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    return json.loads(done.stderr.strip().splitlines()[-1])


@pytest.mark.parametrize("command", [(), ("run",), ("explain",), ("sinks",), ("backfill",), ("demo",)])
def test_help_loads_no_collector_no_client_library_and_no_rich(command):
    code, modules = modules_after(*command, "--help")

    assert code == 0
    assert HEAVY.intersection(modules) == set()
    assert len(modules) < 350


def test_a_dry_run_loads_no_client_library():
    _, modules = modules_after("git", "--dry-run")

    assert {"datadog_api_client", "boto3", "botocore", "github", "rich"}.intersection(modules) == set()
