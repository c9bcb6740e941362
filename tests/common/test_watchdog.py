"""The end of runs that hang, in real processes with real signals; and the watchdog's own rules."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from common.deadline import Deadline
from common.watchdog import Watchdog
from tests.parts.process import until

ROOT = Path(__file__).parents[2]


def started(way: str, length: float = 60) -> tuple[subprocess.Popen[str], list[int]]:
    """The program, once it hangs, and the processes that it started."""
    command = [sys.executable, "-m", "tests.common.stopped", way, str(length)]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    word, *children = program.stdout.readline().split()
    assert word == "ready"
    return program, [int(each) for each in children]


def ended(program: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = program.communicate(timeout=20)
    return program.returncode, out, err


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("what", ["child", "foreign", "event"])
def test_sigterm_submits_what_is_complete_and_ends_with_143(what):
    program, children = started(f"b:{what}")
    program.send_signal(signal.SIGTERM)

    assert ended(program) == (143, "signal: read a, missing b, prepare submit report\n", "")
    assert until(lambda: None if any(map(alive, children)) else "none", what="the end of the children") == "none"
    assert len(children) == (2 if what == "child" else 0)


@pytest.mark.parametrize("what", ["child", "foreign"])
def test_the_deadline_submits_what_is_complete(what):
    program, children = started(f"b:{what}", 1.0)

    assert ended(program) == (0, "deadline: read a, missing b, prepare submit report\n", "")
    assert until(lambda: None if any(map(alive, children)) else "none", what="the end of the children") == "none"


def test_a_deadline_before_anything_was_read_ends_with_3():
    program, _ = started("a:event", 1.0)

    assert ended(program) == (3, "deadline: read nothing, missing a b, prepare report\n", "")


def test_a_submission_that_hangs_ends_with_1_when_the_time_is_over():
    began = time.monotonic()
    program, _ = started("submit", 1.0)

    assert ended(program) == (1, "", "")
    assert time.monotonic() - began < 10


def test_sigterm_during_a_submission_that_hangs_does_not_outlast_the_deadline():
    program, _ = started("submit", 2.0)
    program.send_signal(signal.SIGTERM)

    assert ended(program) == (1, "", "")


def test_sigint_stays_a_keyboard_interrupt_and_leaves_no_children():
    program, children = started("b:child")
    program.send_signal(signal.SIGINT)

    assert ended(program) == (130, "interrupted\n", "")
    assert until(lambda: None if any(map(alive, children)) else "none", what="the end of the children") == "none"


def test_a_block_that_ends_in_time_leaves_everything_as_it_was():
    before = signal.getsignal(signal.SIGTERM)
    ends = []
    with Watchdog(Deadline(600), ends.append, end=ends.append):
        assert signal.getsignal(signal.SIGTERM) is not before

    assert (signal.getsignal(signal.SIGTERM), signal.set_wakeup_fd(-1), ends) == (before, -1, [])
    assert [each.name for each in threading.enumerate() if each.name in {"watchdog", "expire"}] == []


@pytest.mark.parametrize(("answer", "code"), [(7, 7), (None, 3)])
def test_the_process_ends_with_the_code_that_is_told_and_the_block_waits_for_it(answer, code):
    told, ends = [], []

    def expire(why):
        told.append(why)
        return answer

    with Watchdog(Deadline(0.02), expire, end=ends.append):
        pass_by = threading.Event()
        pass_by.wait(0.1)

    assert (told, ends) == (["deadline"], [code])


def test_a_signal_is_answered_once_however_often_it_comes():
    told, ends, go = [], [], threading.Event()

    def expire(why):
        told.append(why)
        go.wait(5)

    with Watchdog(Deadline(600), expire, end=ends.append):
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        go.set()
        until(lambda: ends or None, what="the end")

    assert (told, ends) == (["signal"], [143])


def test_after_a_signal_no_more_time_is_left_than_for_submitting():
    left, ends, deadline = [], [], Deadline(600)

    def expire(why):
        left.append(deadline.remaining())

    with Watchdog(deadline, expire, end=ends.append):
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: ends or None, what="the end")

    assert ends == [143]
    assert 0 < left[0] <= 20


def test_an_answer_that_does_not_come_is_not_waited_for_beyond_the_deadline():
    never, ends = threading.Event(), []
    with Watchdog(Deadline(0.2), lambda why: never.wait(30) and None, end=ends.append):
        until(lambda: ends or None, what="the end")
    never.set()

    assert ends == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_answer_that_fails_ends_with_1():
    ends = []

    def expire(why):
        raise ValueError("a bug")

    with Watchdog(Deadline(0.02), expire, end=ends.append):
        until(lambda: ends or None, what="the end")

    assert ends == [1]


def test_a_signal_that_comes_too_late_goes_to_whoever_listens_next():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        watchdog = Watchdog(Deadline(600), heard.append, end=heard.append)
        with watchdog:
            watchdog._state = "left"  # the moment between the end of the block and the handler's removal
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert heard == [signal.SIGTERM]


def test_what_is_shielded_is_done_whole_before_the_end_or_not_at_all():
    told, ends, go = [], [], threading.Event()

    def expire(why):
        told.append("expire")
        go.wait(5)

    with Watchdog(Deadline(60), expire, end=lambda code: (told.append("end"), ends.append(code))) as watchdog:
        with watchdog.shielded():
            os.kill(os.getpid(), signal.SIGTERM)
            until(lambda: watchdog._state == "ending" or None, what="the signal")
            told.append("first")
        until(lambda: "expire" in told or None, what="the answer")
        go.set()
        with watchdog.shielded():
            told.append("second")

    assert told == ["first", "expire", "end", "second"]  # with the real `end` nothing comes after it


def test_outside_of_the_main_thread_only_the_deadline_counts():
    before, ends = signal.getsignal(signal.SIGTERM), []

    def work():
        with Watchdog(Deadline(0.02), lambda why: 9, end=ends.append):
            until(lambda: ends or None, what="the end")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5)

    assert (ends, signal.getsignal(signal.SIGTERM)) == ([9], before)
