"""The documentation as a unit test."""

from __future__ import annotations

import inspect
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from collectors import COLLECTORS
from common import errors
from common.cli.wiring import collector_class
from common.settings import collector_settings, load_settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    ROOT / name
    for name in subprocess.run(
        ("git", "ls-files", "-co", "--exclude-standard", "*.md"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
)
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_error_and_exit_code_is_explained():
    text = (ROOT / "docs/errors.md").read_text("utf-8")
    classes = [name for name, each in inspect.getmembers(errors, inspect.isclass) if name.endswith("Error")]

    assert [name for name in classes if name != "QuarterdeckError" and f"`{name}`" not in text] == []
    assert [code.value for code in errors.ExitCode if not re.search(rf"\b{code.value}\b", text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_settings_example_is_accepted(page):
    for language, text in FENCE.findall(page.read_text("utf-8")):
        if language == "yaml":
            settings = load_settings(yaml.safe_load(text), {})
            for name, block in settings.collectors.items():
                kind = collector_class(COLLECTORS, str(block.get("type", name)), name).settings_type
                assert collector_settings(name, block, kind) is not None


def test_every_decision_is_listed():
    listed = (ROOT / "docs/decisions/README.md").read_text("utf-8")
    pages = [page.name for page in (ROOT / "docs/decisions").glob("0*.md")]

    assert pages
    assert [name for name in pages if f"({name})" not in listed] == []
