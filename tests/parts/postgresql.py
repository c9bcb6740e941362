"""A real PostgreSQL: a throw-away cluster on a free loopback port that asks for a password."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.parts.process import Process, free_port, part

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "quarterdeck"
PASSWORD = "hunter2-of-postgresql"
NOBODY = 65534
_numbers = count(1)


@dataclass(frozen=True)
class Postgresql:
    """A running server; `url` names a database of one test and no password."""

    port: int
    process: Process
    database: str = "postgres"
    password: str = PASSWORD

    @property
    def url(self) -> str:
        """The database without the password."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{self.database}"

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """The rows of any statement, run by the owner of everything."""
        import psycopg

        with psycopg.connect(self.url, password=self.password, autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def fresh(self) -> Postgresql:
        """The same server with a new, empty database."""
        name = f"test_{next(_numbers)}"
        self.query(f"CREATE DATABASE {name}")
        return Postgresql(self.port, self.process, name)


@contextmanager
def running() -> Iterator[Postgresql]:
    """A server that ends with the block; its files are in memory where there is room for them."""
    memory = Path("/dev/shm")
    with (
        tempfile.TemporaryDirectory(
            dir=memory if os.access(memory, os.W_OK) else None, prefix="postgresql-"
        ) as scratch,
        free_port() as port,
    ):
        folder = Path(scratch)
        secret = folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        drop = _unprivileged(folder, secret)
        data = folder / "data"
        initialise = [str(part("initdb")), "-D", str(data), "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}"]
        done = subprocess.run(
            [*drop, *initialise, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off",
            "jit": "off", "max_connections": 30, "shared_buffers": "32MB", "autovacuum": "off",
        }  # fmt: skip
        command = [*drop, str(part("postgres")), "-D", str(data)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = Process(command, folder / "postgresql.log", lambda: _is_ready(port))
        try:
            process.start()
            yield Postgresql(port, process)
        finally:
            process.stop()


def _unprivileged(folder: Path, secret: Path) -> list[str]:
    """What stands before a command for root, whom PostgreSQL refuses."""
    if os.getuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL refuses root, and setpriv (util-linux) is not installed")
    for path in (folder, secret):
        os.chown(path, NOBODY, NOBODY)
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]


def _is_ready(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(host="127.0.0.1", port=port, user=USER, password=PASSWORD, dbname="postgres").close()
    except psycopg.OperationalError:
        return False
    return True
