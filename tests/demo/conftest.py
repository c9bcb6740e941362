"""The organisation that the patient client looks at, at three times."""

from __future__ import annotations

import pytest

from demo import serve
from tests.demo.build import generated
from tests.demo.patient import LATER, look


@pytest.fixture(scope="module")
def organisation():
    return generated(4)


@pytest.fixture(scope="module")
def clock(organisation):
    return [organisation.end]


@pytest.fixture(scope="module")
def patient_server(organisation, clock):
    with serve(organisation, lambda: clock[0]) as running:
        yield running


@pytest.fixture(params=LATER)
def seen(request, organisation, clock):
    return look(organisation, clock, LATER[request.param])
