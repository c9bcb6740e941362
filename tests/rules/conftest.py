"""The rendered rules, once for all tests of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collectors import COLLECTORS
from dashboards.rules.build import rule_files
from dashboards.rules.writing import write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def rendered_files() -> dict[str, bytes]:
    """Path → content of everything that is rendered from the rules' specs."""
    return rule_files(COLLECTORS)


@pytest.fixture(scope="session")
def rendered_folder(rendered_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds them."""
    folder = tmp_path_factory.mktemp("rules")
    write(rendered_files, folder)
    return folder
