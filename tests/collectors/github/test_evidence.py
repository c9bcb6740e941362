"""What stands behind a number, for a person, and what was left out of it."""

from __future__ import annotations

import pytest

from collectors.github.coverage import coverage
from collectors.github.evidence import describe
from collectors.github.messages import body_reverts_commit, body_reverts_pull
from collectors.github.records import Attempt, Branch, Release, Runner, Unavailable
from collectors.github.snapshot import GitHubSnapshot
from common.collector import Evidence
from tests.collectors.github.builders import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    commit,
    deployment,
    issue,
    pr,
    rules,
    run,
    snapshot,
)

URL = "https://github.com/acme/api"


def full() -> GitHubSnapshot:
    return snapshot(
        open_pulls=[pr(1, title="Add\x1b x")],
        closed_pulls=[pr(2, closed=-HOUR, author=None, title="Gone", commits=[commit("abcdef0123", subject="Own")])],
        commits=[commit("0123456789", subject="Fix")],
        runs=[run(5, attempt=2, earlier=(Attempt(1, "failure", NOON - DAY),)), run(6, branch=None, sha="0123456789")],
        branches=[Branch("a b", NOON)],
        open_issues=[issue(3, title="Broken")],
        deployments=[deployment(9, "0123456789", -HOUR, environment="eu prod")],
        releases=[Release("v1/x", "0", NOON, name="One")],
        runners=[Runner(8, "big", "online", busy=False)],
    )


@pytest.mark.parametrize(
    ("record", "text", "path"),
    [
        ("pr:1", "#1 Add  x by ann", "/pull/1"),
        ("pr:2:1768470000", "#2 Gone", "/pull/2"),
        ("issue:3:1768470000", "#3 Broken", "/issues/3"),
        ("run:5:2", "ci.yml on main, attempt 2: success", "/actions/runs/5/attempts/2"),
        ("run:5:1", "ci.yml on main, attempt 1: failure", "/actions/runs/5/attempts/1"),
        ("run:6:1", "ci.yml on 0123456, attempt 1: success", "/actions/runs/6/attempts/1"),
        ("run:5:2:unknown", "ci.yml on main, attempt 2: earlier attempts not known", "/actions/runs/5/attempts/2"),
        ("commit:0123456789", "0123456 Fix", "/commit/0123456789"),
        ("commit:abcdef0123", "abcdef0 Own", "/commit/abcdef0123"),
        ("deployment:9", "0123456 to eu prod: success", "/deployments/eu%20prod"),
        ("release:v1/x", "One", "/releases/tag/v1%2Fx"),
        ("branch:a b", "a b", "/tree/a%20b"),
        ("runner:8", "big", "/settings/actions/runners/8"),
        ("person:ann", "ann", "/commits?author=ann"),
        ("pr:99", "pr:99", "/pull/99"),
    ],
)
def test_every_record_has_words_and_an_address(record, text, path) -> None:
    assert describe(full(), record) == Evidence(text, URL + path)


def test_a_record_of_no_known_kind_is_its_own_description() -> None:
    assert describe(full(), "else") == Evidence("else")


def test_a_section_that_could_not_be_read_still_leaves_the_address() -> None:
    given = snapshot(open_pulls=Unavailable("no"), closed_pulls=Unavailable("no"))
    assert describe(given, "pr:1") == Evidence("pr:1", f"{URL}/pull/1")


def test_coverage_tells_what_a_number_leaves_out() -> None:
    given = snapshot(
        closed_pulls=[pr(1, merged=-HOUR, commits=[commit("a", -DAY)]), pr(2, merged=-HOUR), pr(3, merged=-8 * DAY)],
        runs=[run(1, first_job=NOON - MINUTE), run(2, earlier=None), run(3, own=False), run(4, at=-8 * DAY)],
        rules=rules(jobs=True),
    )
    assert coverage(given) == (
        ("github.pull_request.cycle_time", 1, 2),
        ("github.workflow_run.queue_time", 1, 2),
        ("github.workflow_run.flaky", 1, 2),
    )


def test_coverage_of_what_could_not_be_read_is_not_told() -> None:
    assert coverage(snapshot(closed_pulls=Unavailable("no"), runs=Unavailable("no"))) == ()


@pytest.mark.parametrize(
    ("body", "reverts"),
    [
        ("Reverts acme/api#12", True),
        ("Why.\n\nReverts acme/a.b#1 for now", True),
        ("It reverts acme/api#1", False),
        ("", False),
    ],
)
def test_a_body_says_what_it_reverts_in_githubs_own_words(body, reverts) -> None:
    assert body_reverts_pull(body) is reverts


def test_a_commit_says_what_it_reverts_in_gits_own_words() -> None:
    assert body_reverts_commit("This reverts commit 0123abc.")
    assert not body_reverts_commit("This reverts commitments")
