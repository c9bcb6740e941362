"""Every panel's query, after two runs over the simulated organisation, asked of a real Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from collectors import COLLECTORS
from common.window import BUCKET, DAY, HOUR, SETTLE, WEEK, Window
from dashboards.rules.build import RULES, rule_files
from demo import Organisation, serve
from tests.cli.conftest import Collect, commit_at, git
from tests.dashboards.rendered import expressions, names_in
from tests.parts.process import until

if TYPE_CHECKING:
    from pathlib import Path

END = 1_790_000_000
"""The end of the organisation's history, and the beginning of its life."""
NOW = END + 37 * HOUR
"""A time at which workflows run."""
APART = 4 * HOUR
"""Seconds between the runs, so that something of every kind happens meanwhile."""
MAY_BE_EMPTY = {
    "collector_retry": "nothing had to be sent again",
    "collector_metric_coverage_ratio": "every metric was made of all its records",
    "quarterdeck_basis_info": "every number was measured",
}
"""Series that a healthy run need not have, and why."""
SPEED = "1s"
AT = "import time; time.time = lambda: {!r}; from run_collector import main; main()"
"""The command line, at a time of its own."""
LAST_RECORDED = "repo_workflow_branch:github_workflow_run_success:ratio7d"


def settings(folder: Path, organisation: Organisation, clone: Path) -> dict[str, Any]:
    judged = {"metric": "github.workflow_run.completed", "tags": {"conclusion": ["success", "failure"]}}
    told = organisation.settings
    return {
        "instance": "end-to-end",
        "ledger": str(folder / "ledger.db"),
        "tags": {"env": "test", "team": "web", "simulated": "true"},
        "rollups": [{"name": "all", "match": "simulated-acme/*"}],
        "objectives": [
            {
                "name": "ci",
                "good": {**judged, "tags": {"conclusion": "success"}},
                "total": judged,
                "target": 0.8,
            },
            {"name": "no-old-ones", "metric": "github.pull_request.oldest_open", "comparison": "<=", "target": "90d"},
        ],
        "collectors": {
            "git": {"paths": [str(clone)]},
            "github": {
                "repositories": [f"{organisation.owner}/*"],
                "bots": list(told.bots),
                "jobs": True,
                "runners": True,
            },
        },
    }


def at_the_tests_speed(rules: bytes) -> bytes:
    """The recording rules with a second for each evaluation, and notes that are believed as soon."""
    found = yaml.safe_load(rules)
    for group in found["groups"]:
        group["interval"] = SPEED
    return json.dumps(found).replace("offset 1m", f"offset {SPEED}").encode()


def cloned(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for number, ago in enumerate((6 * DAY, 5 * DAY, 30 * HOUR)):
        commit_at(folder, int(NOW - ago), f"c{number}")
    git(folder, "tag", "-a", "v1.0.0", "-m", "A release", GIT_COMMITTER_DATE=f"{int(NOW - 29 * HOUR)} +0000")
    return folder


def interpolated(expression: str) -> str:
    """The expression as Grafana asks it with All chosen everywhere."""
    return re.sub(r"\$\w+", ".*", expression.replace("$rollup", ".+"))


@pytest.mark.slow
def test_every_panel_shows_something_after_two_runs(tmp_path, pushgateway, start_prometheus):
    rules, config = tmp_path / "rules.json", tmp_path / "quarterdeck.yaml"
    rules.write_bytes(at_the_tests_speed(rule_files(COLLECTORS)[RULES]))
    prometheus = start_prometheus([pushgateway.url], interval=SPEED, rules=[rules])
    clone = cloned(tmp_path / "shop")
    organisation = Organisation(1, "small", END)
    config.write_text(json.dumps(settings(tmp_path, organisation, clone)))
    now = [0.0]

    def run_at(moment):
        now[0] = moment
        environ = {"PUSHGATEWAY_URL": pushgateway.url, "GITHUB_API_URL": server.url, "GITHUB_TOKEN": "simulated-token"}
        done = subprocess.run(
            (sys.executable, "-c", AT.format(moment), "--push"),
            cwd=tmp_path,
            env=Collect(tmp_path).environment(**environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        prometheus.scraped()

    with serve(organisation, lambda: now[0]) as server:
        run_at(NOW - APART)
        until(lambda: prometheus.query(f"shard_repo:quarterdeck_counted:until offset {SPEED}") or None, within=30)
        commit_at(clone, (NOW - APART) // BUCKET * BUCKET + 10, "between")
        run_at(NOW)

    landed = "sum(sum_over_time(repo_author_shape:git_commit_landed:events[1d]))"
    until(
        lambda: [row.value for row in prometheus.query(landed)] == [1.0] or None, within=60, what="the counted commit"
    )
    until(lambda: prometheus.query(LAST_RECORDED) or None, within=60, what="what is recorded of records")

    assert nothing_for(prometheus, dict(expressions())) == {}
    assert counted(prometheus) == happened(organisation)


def counted(prometheus):
    """The workflow runs that ended between the runs, as a panel shows them, by conclusion."""
    (text,) = {text for panel, text in expressions() if panel.startswith("operations: Runs that ended, per hour")}
    return {row.labels["conclusion"]: row.value for row in prometheus.query(interpolated(text)) if row.value}


def happened(organisation):
    """The same in truth: what lies in the quarters that closed between the runs."""
    start, end = ((moment - SETTLE) // BUCKET * BUCKET for moment in (NOW - APART, NOW))
    told = organisation.truth(Window(NOW - WEEK, NOW), NOW)
    found = Counter()
    for (metric, _, tags), events in told.items():
        if metric == "github.workflow_run.completed":
            found[dict(tags)["conclusion"]] += sum(start <= each.at < end for each in events)
    return {conclusion: float(number) for conclusion, number in found.items() if number}


def nothing_for(prometheus, shown):
    """The panels whose query has no answer, and for whom that is no excuse."""
    return {
        panel: names_in(text)
        for panel, text in shown.items()
        if not names_in(text) & MAY_BE_EMPTY.keys() and not prometheus.query(interpolated(text))
    }
