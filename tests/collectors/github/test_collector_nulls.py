"""A null where there never was one, and a word that nobody knows: in each place of each answer, no number is wrong."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import msgspec
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
PARTS = 4
"""Of the keys, each a test, so that they can be run beside each other."""


class Key(msgspec.Struct):
    """What an answer's key is for."""

    most: int = 0
    """How often it is in an answer at most."""
    text: bool = False
    """Whether a value of it is text."""


@lru_cache(maxsize=1)
def organisation():
    return Organisation(seed=1, size="small")


@lru_cache(maxsize=1)
def undisturbed():
    """What is seen without a fault, and every key that there is in an answer."""
    keys: dict[str, Key] = {}
    with looking(organisation(), REPO) as (server, collector):
        server.faults.add(faults.Rewritten(lambda body: _noted(body, keys)), times=ANSWERS)
        seen = look(collector, organisation().end)
    assert (seen.unknown, seen.failures) == ({}, {})
    return seen, keys


def _noted(body, keys):
    found = list(_pairs(body))
    for name, value in found:
        key = keys.setdefault(name, Key())
        key.text = key.text or isinstance(value, str)
    for name, number in Counter(name for name, _ in found).items():
        keys[name].most = max(keys[name].most, number)
    return body


def _pairs(body):
    if isinstance(body, dict):
        yield from body.items()
    for each in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from _pairs(each)


def _looked(fault):
    with looking(organisation(), REPO) as (server, collector):
        server.faults.add(fault, times=ANSWERS)
        seen = look(collector, organisation().end)
    assert TOKEN not in seen.words
    return seen


def _surprises(fault):
    return surprises(_looked(fault), undisturbed()[0])


def _read(part, told, is_one):
    """A part of the keys for which that holds; addresses are read by nobody, and those in `told` tell something."""
    names = (name for name, key in undisturbed()[1].items() if not _is_address(name) and name not in told)
    return sorted(name for name in names if is_one(undisturbed()[1][name]))[part::PARTS]


def _is_address(name):
    return name.endswith("_url")


@pytest.mark.parametrize("key", QUICK)
def test_one_null_makes_no_number_wrong(key):
    assert key in undisturbed()[1]
    assert _surprises(faults.with_value(key, None)) == {}


@pytest.mark.parametrize("value", [None, "BRAND_NEW"])
def test_addresses_are_read_by_nobody(value):
    names = [name for name in undisturbed()[1] if _is_address(name)]
    assert len(names) > 50

    def change(body):
        for name in names:
            faults.with_value(name, value, most=10**6).change(body)
        return body

    seen = _looked(faults.Rewritten(change))
    assert (seen.numbers, seen.unknown, seen.failures) == (undisturbed()[0].numbers, {}, {})


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_the_first_null_of_each_answer_makes_no_number_wrong(part):
    names = _read(part, TOLD_BY_NULL, lambda key: key.most > 0)
    assert len(names) > 25
    assert {name: bad for name in names if (bad := _surprises(faults.with_value(name, None)))} == {}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_null_in_all_of_its_places_makes_no_number_wrong(part):
    names = _read(part, TOLD_BY_NULL, lambda key: key.most > 1)
    assert len(names) > 15
    assert {name: bad for name in names if (bad := _surprises(faults.with_value(name, None, most=10**6)))} == {}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_word_that_nobody_knows_makes_no_number_wrong(part):
    names = _read(part, OPEN_WORDS, lambda key: key.text)
    assert len(names) > 8
    assert {name: bad for name in names if (bad := _surprises(faults.with_value(name, "BRAND_NEW")))} == {}
