"""A ledger of each sort."""

import pytest

from tests.common.ledgers import Place


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        found = Place(str(tmp_path / "ledger.db"))
    else:
        pytest.importorskip("psycopg")
        server = request.getfixturevalue("postgresql")
        found = Place(server.url, server.password)
    yield found
    found.close()


@pytest.fixture
def ledger(place):
    return place.open()
