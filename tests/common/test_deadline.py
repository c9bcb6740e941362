"""What time is left, and the children that must not outlive it."""

from __future__ import annotations

import subprocess
import threading

import pytest

from common.deadline import Deadline
from common.errors import DeadlineError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], start_new_session=True)


def test_reading_ends_before_the_end_so_that_submitting_has_time(clock):
    deadline = Deadline(600, clock)
    clock.now = 100

    assert (deadline.remaining(), deadline.for_fetching()) == (500, 480)


def test_a_short_deadline_is_shared_half_and_half(clock):
    deadline = Deadline(10, clock)

    assert (deadline.remaining(), deadline.for_fetching()) == (10, 5)


def test_a_request_gets_its_own_limit_or_what_is_left(clock):
    deadline = Deadline(600, clock)
    clock.now = 570

    assert (deadline.limit(5), deadline.limit(30), deadline.limit(30, submitting=True)) == (5, 10, 30)


def test_no_request_begins_once_time_is_over(clock):
    deadline = Deadline(600, clock)
    clock.now = 580
    with pytest.raises(DeadlineError):
        deadline.limit(5)
    assert deadline.limit(5, submitting=True) == 5

    clock.now = 600
    with pytest.raises(DeadlineError):
        deadline.limit(5, submitting=True)
    assert deadline.remaining() == 0


def test_a_child_ends_with_its_block():
    process = sleeper()
    with Deadline(600).child(process) as same:
        assert (same is process, process.poll()) == (True, None)

    assert process.returncode == -9


def test_a_child_that_has_ended_keeps_its_own_answer():
    process = subprocess.Popen(["true"], start_new_session=True)
    with Deadline(600).child(process):
        process.wait()

    assert process.returncode == 0


def test_stopping_ends_children_and_all_further_reading_but_no_submitting():
    deadline, process = Deadline(600), sleeper()
    with deadline.child(process):
        deadline.kill_children()
        assert process.wait(5) == -9
    with deadline.child(sleeper()) as late:
        assert late.wait(5) == -9

    assert deadline.for_fetching() == 0
    with pytest.raises(DeadlineError):
        deadline.limit(5)
    assert deadline.limit(5, submitting=True) == 5


def test_stopping_wakes_those_who_wait_to_read_and_not_those_who_wait_to_submit():
    deadline = Deadline(600)
    threading.Timer(0.02, deadline.kill_children).start()
    with pytest.raises(DeadlineError):
        deadline.sleep(60)
    deadline.sleep(0.001, submitting=True)

    assert Deadline(600).sleep(0.001) is None


def test_a_hurry_leaves_what_is_kept_for_submitting_and_never_adds_time():
    now = [100.0]
    deadline = Deadline(600, clock=lambda: now[0])
    deadline.hurry()
    assert (deadline.remaining(), deadline.for_fetching()) == (20.0, 0.0)
    now[0] = 115.0
    deadline.hurry()
    assert deadline.remaining() == 5.0
