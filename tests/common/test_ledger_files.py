"""SQLite's file: its rights, what a dry run leaves, and what a damaged or full one tells."""

import os
import sqlite3
import stat

import pytest

from common.ledger import (
    LedgerError,
    open_ledger,
)
from common.ledger.sqlite import network_file_system
from tests.common.ledgers import NOON, ids, put, record


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


def filled(path):
    ledger = open_ledger(str(path))
    put(ledger, *(record(n, body=b"x" * 300) for n in range(2000)))
    ledger.close()


def test_the_file_is_for_its_owner_only_and_nothing_else_remains(path):
    old = os.umask(0)
    try:
        ledger = open_ledger(str(path))
        with ledger.lock("github", "0"):
            put(ledger, record(1))
            modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        ledger.close()
    finally:
        os.umask(old)
    assert modes == {0o600}
    assert [file.suffix for file in sorted(path.parent.iterdir())] == [".db", ".lock"]


def test_a_dry_run_leaves_the_file_and_its_folder_as_they_were(path):
    filled(path)
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    dry = open_ledger(str(path), read_only=True)
    assert len(ids(dry)) == 2000
    dry.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(path.parent.iterdir()) == [path]


def test_a_deleted_file_is_made_anew_whatever_lies_beside_it(path):
    first = open_ledger(str(path))
    put(first, record(1))
    path.unlink()
    second = open_ledger(str(path))
    assert ids(second) == []
    put(second, record(2))
    assert ids(second) == ["2"]
    second.close()


@pytest.mark.parametrize("content", [b"not a database, but long " * 50, b"SQLite format 3\0" + b"\xff" * 4080])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_ledger_is_named_and_left_alone(path, content, read_only):
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=f"ledger: {path}: the file is not a ledger, or damaged; it may be deleted"):
        open_ledger(str(path), read_only=read_only)
    assert path.read_bytes() == content


def test_a_damaged_file_is_named_with_its_remedy(path):
    filled(path)
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\xa5" * (len(content) - 4096 * 3)
    path.write_bytes(content)
    ledger = open_ledger(str(path))
    with pytest.raises(LedgerError, match=f"ledger: {path}: the file is damaged; it may be deleted"):
        ledger.records("github", "acme/web", "pull_request")
    ledger.close()


def test_another_programs_database_is_left_alone(path):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (a)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="is another program's database; name another file"):
        open_ledger(str(path))
    assert path.read_bytes() == before


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(LedgerError, match=f"ledger: the folder {tmp_path}/no does not exist; create it"):
        open_ledger(str(tmp_path / "no" / "ledger.db"))
    with pytest.raises(LedgerError, match=f"ledger: {tmp_path} is a folder; name a file in it"):
        open_ledger(str(tmp_path))


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_file_without_rights_is_named(path):
    filled(path)
    path.chmod(0o400)
    with pytest.raises(LedgerError, match=f"ledger: {path}: Permission denied"):
        open_ledger(str(path))


def test_a_full_disk_is_an_error_that_says_so_and_keeps_what_was_there(path):
    filled(path)
    ledger = open_ledger(str(path))
    ledger._database._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(LedgerError, match="the disk is full; make room"):
        put(ledger, *(record(n, body=b"y" * 3000) for n in range(5000, 6000)))
    assert len(ids(ledger)) == 2000
    ledger.close()


def test_a_writer_that_does_not_end_is_waited_for_no_longer_than_the_deadline_leaves(path):
    filled(path)
    asked = []
    ledger = open_ledger(str(path), limit=lambda seconds: asked.append(seconds) or 0.05)
    blocking = sqlite3.connect(path, isolation_level=None)
    blocking.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="another process is writing to it and did not end in time"):
        put(ledger, record(1))
    assert set(asked) == {30.0}
    blocking.execute("ROLLBACK")
    blocking.close()
    put(ledger, record("after"))
    assert ids(ledger)[-1] == "after"
    ledger.close()


def test_pruning_gives_the_disk_its_room_back(path):
    filled(path)
    ledger = open_ledger(str(path))
    before = ledger.size()
    ledger.prune(NOON + 1)
    assert ledger.size() < before / 10
    ledger.close()


def test_a_network_file_system_is_recognised(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path}/my\\040share nfs4 rw 0 0\n", encoding="utf-8")
    assert network_file_system(tmp_path / "my share" / "ledger.db", mounts) == "nfs4"
    assert network_file_system(tmp_path / "ledger.db", mounts) is None
    assert network_file_system(tmp_path, tmp_path / "none") is None
