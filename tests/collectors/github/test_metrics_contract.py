"""What holds for every metric of the collector."""

from __future__ import annotations

import importlib
import pkgutil

import msgspec
import pytest

from collectors.github import metrics as package
from collectors.github.records import PullRequest, WorkflowRun
from common import delivery
from common.metric import Kind, metrics_in
from tests.collectors.github.builders import HOUR, MINUTE, event, pr, review, run, snapshot

TOPICS = [each.name for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
METRICS = metrics_in(*map(importlib.import_module, TOPICS), delivery)
CATALOGUE = """
github.branch.existing github.code.files_changed github.code.lines github.commit.hotfix github.commit.landed
github.commit.revert github.commit.unreviewed github.contributor.active github.contributor.commits_each
github.default_branch.passing github.issue.closed github.issue.open github.issue.opened
github.pull_request.check_state github.pull_request.closed github.pull_request.comment
github.pull_request.conflicting github.pull_request.cycle_time github.pull_request.file
github.pull_request.median_open_age github.pull_request.merge_delay github.pull_request.merge_queue_wait
github.pull_request.merged github.pull_request.oldest_open github.pull_request.open github.pull_request.opened
github.pull_request.queued github.pull_request.reopened github.pull_request.reverting
github.pull_request.review_coverage github.pull_request.review_round github.pull_request.review_state
github.pull_request.size github.pull_request.stale github.pull_request.time_in_draft
github.pull_request.time_to_approval github.pull_request.time_to_first_review github.pull_request.time_to_merge
github.release.published github.repository.fork github.repository.last_push github.repository.size
github.repository.star github.repository.vulnerability_alert github.repository.watcher github.runner.registered
github.workflow.passing github.workflow_run.active github.workflow_run.completed
github.workflow_run.consecutive_failure github.workflow_run.duration github.workflow_run.flaky
github.workflow_run.oldest_active github.workflow_run.queue_time github.workflow_run.rerun
github.workflow_run.success_ratio github.workflow_run.success_ratio_lower
delivery.change_failure_ratio delivery.deployment.completed delivery.deployment.interval delivery.lead_time
delivery.recovery_time delivery.rework_ratio
"""


def test_the_catalogue_is_complete() -> None:
    assert sorted(each.name for each in METRICS) == sorted(CATALOGUE.split())


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.name)
def test_an_empty_repository_yields_zeros_or_nothing(metric) -> None:
    assert {each.value for each in metric(snapshot())} <= {0}


@pytest.mark.parametrize("metric", METRICS, ids=lambda each: each.name)
def test_counts_of_things_are_true_zeros_where_all_tags_are_closed(metric) -> None:
    if metric.kind is Kind.GAUGE and metric.unit.startswith("{") and all(metric.tags.values()):
        opted_out = metric.name in {"github.runner.registered", "github.contributor.commits_each"}
        assert bool(metric(snapshot())) is not opted_out


def test_records_survive_a_ledger() -> None:
    pull = pr(1, merged=-HOUR, reviews=[review(-2 * HOUR)], events=[event("closed", -HOUR)], comments=[-MINUTE])
    for record, kind in ((pull, PullRequest), (run(5), WorkflowRun)):
        assert msgspec.json.decode(msgspec.json.encode(record), type=kind) == record
