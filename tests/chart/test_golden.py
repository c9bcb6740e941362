"""What the ready files become, in full, so that a change of a template is seen in review.

To write the files anew: `UPDATE_GOLDEN=1 pytest tests/chart/test_golden.py`
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import CI, READY, Release, template

GOLDEN = Path(__file__).parent / "golden"
CASES = [*READY, *(path for path in CI if path.stem == "sharded-values")]


class Readable(yaml.SafeDumper):
    """Writes text of several lines as it is."""


def text_of(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Readable.add_representer(str, text_of)


def rendered(values):
    """The objects as one text, without what every release of the chart changes."""
    objects = template(values, release=Release("rel"))
    ordered = sorted(objects, key=lambda each: (each["kind"], each["metadata"]["name"]))
    text = yaml.dump_all(ordered, Dumper=Readable, width=120)
    text = re.sub(r"quarterdeck[-:]\d+\.\d+\.\d+", "quarterdeck-VERSION", text)
    text = re.sub(r"(app\.kubernetes\.io/version): \S+", r"\1: VERSION", text)
    return re.sub(r"(sinks-prune)-[0-9a-f]{8}\b", r"\1-HASH", text)


@pytest.mark.parametrize("values", CASES, ids=lambda path: path.stem)
def test_the_ready_files_become_what_was_reviewed(values):
    golden = GOLDEN / f"{values.stem}.yaml"
    found = rendered(values)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(found, "utf-8")

    assert found == golden.read_text("utf-8")
