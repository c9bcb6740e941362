"""PostgreSQL: its address, rights, and a server that refuses or is lost."""

import pytest

from common.errors import ConfigError
from common.ledger import (
    LedgerError,
    open_ledger,
)
from tests.common.ledgers import ids, put, record


def test_an_unknown_url_is_refused():
    with pytest.raises(ConfigError, match="ledger must be a path or postgresql://USER@HOST/DATABASE"):
        open_ledger("mysql://host/db")


@pytest.mark.parametrize(
    "url", ["postgresql://u:secret-word@127.0.0.1/d", "postgres://u@127.0.0.1/d?password=secret-word"]
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url):
    pytest.importorskip("psycopg")
    with pytest.raises(ConfigError, match=r"no password in the URL; name it in ledger\.password") as caught:
        open_ledger(url)
    assert "secret-word" not in str(caught.value)


def test_a_url_that_cannot_be_read_is_refused():
    pytest.importorskip("psycopg")
    with pytest.raises(ConfigError, match="this URL is not valid"):
        open_ledger("postgresql://u@127.0.0.1:5432/d?nonsense=1")


def test_a_server_that_refuses_is_named_without_its_password(postgresql, closed_url):
    with pytest.raises(
        LedgerError, match=r"ledger: PostgreSQL 127\.0\.0\.1/test_\d+: .*password authentication failed"
    ) as caught:
        open_ledger(postgresql.url, password="wrong-secret-word")
    assert "wrong-secret-word" not in str(caught.value)
    with pytest.raises(LedgerError, match=r"ledger: PostgreSQL 127\.0\.0\.1/d: "):
        open_ledger(f"postgresql://u@{closed_url.removeprefix('http://')}/d", password="x")


def test_a_user_without_rights_is_told_what_the_owner_must_do(postgresql):
    postgresql.query(
        "DO $$ BEGIN CREATE ROLE guest LOGIN PASSWORD 'guest'; EXCEPTION WHEN duplicate_object THEN END $$"
    )
    url = postgresql.url.replace("quarterdeck@", "guest@")
    with pytest.raises(LedgerError, match="let the owner run: CREATE SCHEMA quarterdeck AUTHORIZATION"):
        open_ledger(url, password="guest")
    postgresql.query("CREATE SCHEMA quarterdeck AUTHORIZATION guest")
    ledger = open_ledger(url, password="guest")
    put(ledger, record(1))
    assert ids(ledger) == ["1"]
    ledger.close()


def test_a_lost_connection_is_an_error_that_names_the_server(postgresql):
    ledger = open_ledger(postgresql.url, password=postgresql.password)
    postgresql.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{postgresql.database}'"
                     " AND application_name = 'quarterdeck'")  # fmt: skip
    with pytest.raises(LedgerError, match=r"ledger: PostgreSQL 127\.0\.0\.1/test_\d+: "):
        put(ledger, record(1))
    ledger.close()


def test_a_long_writer_of_the_same_rows_is_waited_for_no_longer_than_the_deadline_leaves(postgresql):
    import psycopg

    ledger = open_ledger(postgresql.url, password=postgresql.password, limit=lambda seconds: min(seconds, 0.2))
    put(ledger, record(1))
    with psycopg.connect(postgresql.url, password=postgresql.password) as blocking:
        blocking.execute("LOCK TABLE quarterdeck.records")
        with pytest.raises(LedgerError, match=r"did not (end|answer) in time"):
            put(ledger, record(2))
        blocking.rollback()
    put(ledger, record(3))
    assert ids(ledger) == ["1", "3"]
    ledger.close()
