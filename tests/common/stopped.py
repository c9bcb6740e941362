"""A program that is stopped midway: `python -m tests.common.stopped WAY LENGTH`. It says `ready` when it hangs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading

from common.deadline import Deadline
from common.errors import ExitCode
from common.watchdog import Watchdog, Why
from tests.common.fakes import FakeCollector, FakeSink, Seen, attempt


def say(text: str, end: str = "\n") -> None:
    """Print, unbuffered."""
    print(text, end=end, flush=True)  # noqa: T201


def main(way: str, length: float) -> int:
    """Read `a`, hang in `b` in the way that is asked for; the answer is the exit code."""
    deadline = Deadline(length)
    sink = FakeSink()

    def hang(scope: str) -> None:
        if scope == way.partition(":")[0]:
            _hang_in(way.partition(":")[2], deadline)

    tried = attempt(FakeCollector([Seen("a"), Seen("b")], deadline=deadline, before=hang), sink)
    if way == "submit":
        sink.before = lambda: (say("ready"), threading.Event().wait(60))

    def expire(why: Why) -> int:
        run = tried.interrupt(why)
        read, missing = " ".join(run.scopes_read), " ".join(each.scope for each in run.failures)
        print(f"{run.stopped}: read {read or 'nothing'}, missing {missing}, {' '.join(sink.calls)}")  # noqa: T201
        return run.exit_code()

    try:
        with Watchdog(deadline, expire):
            tried.execute()
        say("main went on")
    except KeyboardInterrupt:
        say("interrupted")
        return ExitCode.INTERRUPTED
    return ExitCode.OK


def _hang_in(what: str, deadline: Deadline) -> None:
    if what == "child":
        command = ["sh", "-c", "sleep 60 & echo $$ $!; wait"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        with deadline.child(process):
            say("ready " + process.stdout.readline().decode().strip())
            process.stdout.read()
    elif what == "foreign":
        say("ready")
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**9)  # no Python runs in this thread until it is done
    else:
        say("ready")
        threading.Event().wait(60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2])))
