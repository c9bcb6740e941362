"""Two processes, killed ones, and releases that follow each other."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from common.ledger import (
    LedgerBusyError,
    LedgerError,
    NullLedger,
    tables,
)
from tests.common.ledgers import ids, put, record
from tests.parts.process import until

ROOT = Path(__file__).parents[2]
CHILD = """
import json, os, signal, sys
from common.ledger import *
url, password, work = json.loads(sys.argv[1])
ledger = open_ledger(url, password=password)
class Deadly(dict):
    def items(self):
        os.kill(os.getpid(), signal.SIGKILL)
    def __bool__(self):
        return True
def change(scope, **more):
    records = tuple(Record("build", str(n), 1.0, 1.0, b"x") for n in range(500))
    return Change(collector="github", scope=scope, records=records, **more)
"""


def child(place, work):
    argument = json.dumps([place.url, place.password, ""])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + work, argument],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def test_a_killed_process_leaves_all_of_a_scope_or_nothing(place, ledger):
    work = "ledger.commit(change('whole'))\nledger.commit(change('torn', watermarks=Deadly()))\n"
    with child(place, work) as process:
        assert process.wait(30) == -signal.SIGKILL
    assert len(ids(ledger, "build", "whole")) == 500
    assert ids(ledger, "build", "torn") == []
    put(ledger, record(1, kind="build"), scope="torn")
    assert ids(ledger, "build", "torn") == ["1"]


def test_an_interrupted_commit_leaves_nothing_and_the_ledger_usable(ledger):
    class Interrupted(dict):
        def items(self):
            raise KeyboardInterrupt

        def __bool__(self):
            return True

    with pytest.raises(KeyboardInterrupt):
        put(ledger, record(1), watermarks=Interrupted())
    assert ids(ledger) == []
    put(ledger, record(2))
    assert ids(ledger) == ["2"]


def test_two_processes_write_at_once_and_nothing_is_lost(place, ledger):
    work = (
        "for n in range(20):\n"
        "    ledger.commit(change(f'scope-{n}'), change(f'{sys.argv[0]}-{os.getpid()}-{n}'))\n"
        "print(os.getpid(), flush=True)\n"
    )
    both = [child(place, work), child(place, work)]
    assert [process.communicate(timeout=60)[1] for process in both] == [None, None]
    assert [process.returncode for process in both] == [0, 0]
    assert [len(ids(ledger, "build", f"scope-{n}")) for n in range(20)] == [500] * 20
    assert sum(each.count for each in ledger.show()) == 60 * 500


def test_a_run_keeps_a_second_one_out_until_it_ends_however_it_ends(place, ledger):
    work = "with ledger.lock('github', '0'):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    with child(place, work) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LedgerBusyError, match="ledger: another run of default/github/0 is under way"):
            ledger.lock("github", "0").__enter__()
        with ledger.lock("github", "1"), ledger.lock("tekton", "0"):
            process.kill()
            process.wait(10)

    def entered():
        try:
            with ledger.lock("github", "0"):
                return True
        except LedgerBusyError:
            return None

    assert until(entered, what="the lock of a killed process")


def test_threads_take_turns(ledger):
    threads = [threading.Thread(target=put, args=(ledger, record(n)), kwargs={"scope": f"s{n}"}) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [ids(ledger, scope=f"s{n}") for n in range(8)] == [[str(n)] for n in range(8)]


def test_an_older_ledger_is_brought_forward_with_its_content(place, ledger, monkeypatch):
    put(ledger, record(1))
    ledger.close()
    later(monkeypatch, "ALTER TABLE runs ADD COLUMN note {text}")
    assert isinstance(place.open(read_only=True), NullLedger)
    newer = place.open()
    assert ids(newer) == ["1"]
    newer.close()
    monkeypatch.undo()
    with pytest.raises(LedgerError, match=r"was written by a newer release \(schema 2, this one knows 1\)"):
        place.open()


def later(monkeypatch, statement):
    from common.ledger import sqlite

    monkeypatch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, (statement,)))
    monkeypatch.setattr(sqlite, "VERSION", 2)
    if "psycopg" in sys.modules:
        from common.ledger import postgres

        monkeypatch.setattr(postgres, "VERSION", 2)


def test_a_migration_that_fails_changes_nothing(place, ledger, monkeypatch):
    put(ledger, record(1))
    ledger.close()
    later(monkeypatch, "ALTER TABLE nowhere ADD COLUMN note {text}")
    with pytest.raises(LedgerError, match="ledger"):
        place.open()
    monkeypatch.undo()
    again = place.open()
    assert ids(again) == ["1"]
    again.close()
