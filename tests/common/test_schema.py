"""The JSON Schema and the rows of the settings: one source with the records that read them."""

from __future__ import annotations

import jsonschema
import pytest

from common.schema import Row, field_docs, settings_rows, settings_schema
from common.settings import CollectorSettings
from tests.common.test_settings import MUTATIONS, Rich, changed, example

SCHEMA = settings_schema({"git": CollectorSettings, "rich": Rich})
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one_and_takes_the_example():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert list(VALIDATOR.iter_errors(example())) == []
    assert list(jsonschema.Draft202012Validator(settings_schema()).iter_errors(example())) == []
    assert list(VALIDATOR.iter_errors({})) == []


@pytest.mark.parametrize(("path", "value"), [each.values for each in MUTATIONS], ids=[each.id for each in MUTATIONS])
def test_what_the_program_refuses_the_schema_refuses(path, value):
    assert list(VALIDATOR.iter_errors(changed(path, value))) != []


@pytest.mark.parametrize(
    ("block", "valid"),
    [
        ({"git": {}}, True),
        ({"git": {"tags": {"a": "b"}}}, True),
        ({"git": {"mode": "fast"}}, False),
        ({"rich": {"mode": "fast", "repositories": ["a", {"match": "b"}]}}, True),
        ({"rich": {"mode": "medium"}}, False),
        ({"other": {"type": "rich", "mode": "fast"}}, True),
        ({"other": {"type": "rich", "mode": "medium"}}, False),
        ({"other": {"type": "none"}}, False),
        ({"other": {}}, False),
        ({"git": {"type": "rich", "mode": "fast"}}, True),
        ({"git": {"type": "rich", "limits": {"a": 10}}}, False),
    ],
)
def test_the_schema_judges_a_collector_s_block_by_its_type(block, valid):
    assert VALIDATOR.is_valid({"collectors": block}) is valid


def test_the_schema_carries_the_words_under_the_fields_and_the_defaults():
    properties = SCHEMA["properties"]

    assert properties["window"]["description"] == "The span that statistics look back over."
    assert (properties["window"]["default"], properties["deadline"]["default"]) == ("7d", "10m")
    assert SCHEMA["$defs"]["DatadogSettings"]["properties"]["distribution"]["default"] == ["count", "p50", "p95"]
    assert SCHEMA["$defs"]["LogSettings"]["properties"]["level"]["enum"] == ["debug", "info", "warning", "error"]
    assert SCHEMA["$defs"]["Repository"]["required"] == ["match"]


def test_every_setting_is_described():
    assert [row.path for row in settings_rows() if not row.description.endswith((".", "."))] == []


def test_a_record_s_rows_name_path_type_default_and_words():
    rows = {row.path: row for row in settings_rows(Rich, "collectors.rich")}

    assert rows["collectors.rich.window"] == Row(
        "collectors.rich.window",
        "a length of time such as 15m or 7d",
        "",
        "The span that statistics look back over; the top-level `window` by default.",
    )
    assert rows["collectors.rich.repositories"] == Row(
        "collectors.rich.repositories", "a list of text or a mapping", "[]", "Names, globs or blocks."
    )
    assert rows["collectors.rich.repositories[].match"] == Row(
        "collectors.rich.repositories[].match", "text", "", "A name or glob."
    )
    assert rows["collectors.rich.by_name.NAME.match"].type == "text"
    assert (rows["collectors.rich.mode"].type, rows["collectors.rich.share"].default) == ("one of fast, slow", "0.5")
    assert {row.path: row.default for row in settings_rows()}["window"] == "7d"


def test_the_words_under_a_field_are_inherited():
    assert field_docs(Rich)["tags"] == "Tags for every sample of this collector."
