"""The tree of errors is drawn where it stands, and each says what the process ends with."""

from __future__ import annotations

import inspect

import pytest

from common import errors
from common.errors import ExitCode

TREE = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, errors.QuarterdeckError)]


@pytest.mark.parametrize("kind", TREE, ids=lambda each: each.__name__)
def test_every_error_is_drawn_in_the_tree_and_described(kind):
    assert kind.__name__ in errors.__doc__
    assert kind.__doc__.endswith(".")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigError, 2),
        (errors.FetchError, 1),
        (errors.DeadlineError, 3),
        (errors.MetricError, 1),
        (errors.SubmitError, 1),
    ],
)
def test_each_error_has_its_exit_code(kind, code):
    assert kind("x").exit_code == code


def test_the_exit_codes_are_the_documented_ones():
    assert {each.name: each.value for each in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "CONFIG": 2,
        "DEADLINE": 3,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


def test_a_deadline_while_reading_is_a_failure_to_read():
    assert issubclass(errors.DeadlineError, errors.FetchError)
