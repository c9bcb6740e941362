"""A null where there never was one, and a word that nobody knows: in each place of each answer, no number is wrong."""

from __future__ import annotations

from functools import lru_cache

import pytest

from demo import Organisation, faults
from tests.collectors.github.looking import TOKEN, look, looking, surprises

REPO = "simulated-acme/web"
ANSWERS = 1_000
TOLD_BY_NULL = {
    "author": "a deleted account",
    "user": "a commit whose author has no account",
    "head_branch": "a run for no branch",
    "head_repository": "a run of a fork that was deleted",
    "reviewDecision": "no review is required",
    "statusCheckRollup": "no checks",
}
"""Where GitHub says something by null, and that is what is counted."""
OPEN_WORDS = {
    "conclusion": "a run that ended in another way",
    "environment": "another environment",
    "login": "somebody else",
    "path": "another workflow",
    "tagName": "another release",
}
"""Where a new word is one more value, not one that must be understood."""
QUICK = ("mergedAt", "conclusion", "statuses", "labels", "mergeable")


@lru_cache(maxsize=1)
def organisation():
    return Organisation(seed=1, size="small")


@lru_cache(maxsize=1)
def undisturbed():
    """What is seen without a fault, and every key that there is in an answer."""
    keys: set[str] = set()
    with looking(organisation(), REPO) as (server, collector):
        server.faults.add(faults.Rewritten(lambda body: _gather(body, keys)), times=ANSWERS)
        seen = look(collector, organisation().end)
    assert (seen.unknown, seen.failures) == ({}, {})
    return seen, frozenset(keys)


def _gather(body, keys):
    if isinstance(body, dict):
        keys.update(body)
    for each in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        _gather(each, keys)
    return body


def _surprises(fault):
    with looking(organisation(), REPO) as (server, collector):
        server.faults.add(fault, times=ANSWERS)
        seen = look(collector, organisation().end)
    assert TOKEN not in seen.words
    return surprises(seen, undisturbed()[0])


@pytest.mark.parametrize("key", QUICK)
def test_one_null_makes_no_number_wrong(key):
    assert key in undisturbed()[1]
    assert _surprises(faults.with_value(key, None)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 10**6], ids=["the first of each answer", "all"])
def test_a_null_in_any_place_makes_no_number_wrong(most):
    keys = sorted(undisturbed()[1] - TOLD_BY_NULL.keys())
    assert len(keys) > 150
    assert {key: bad for key in keys if (bad := _surprises(faults.with_value(key, None, most=most)))} == {}


@pytest.mark.slow
def test_a_word_that_nobody_knows_in_any_place_makes_no_number_wrong():
    keys = sorted(undisturbed()[1] - OPEN_WORDS.keys())
    found = {key: bad for key in keys if (bad := _surprises(faults.with_value(key, "BRAND_NEW")))}
    assert found == {}
