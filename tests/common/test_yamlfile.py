"""YAML files: what is read, and what is refused in one sentence that quotes no line of the file."""

from __future__ import annotations

import re

import pytest

from common.errors import ConfigError
from common.yamlfile import read_file

CANARY = "canary-5up3r-s3cret-value-that-is-long"


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: 1\na: 2", 'line 2: the key "a" stands twice'),
        (b"a:\n  b: 1\n  b: 2", 'line 3: the key "b" stands twice'),
        (
            CANARY.encode() + b": 1\n" + CANARY.encode() + b": 2",
            f"line 2: the key {len(CANARY)} characters of text stands twice",
        ),
        (b"1: a", "line 1: the key 1 is not text; put it in quotes"),
        (b"on: a", "line 1: the key true is not text; put it in quotes"),
        (b"? [a, b]\n: c", "line 1: the key a list is not text; put it in quotes"),
        (b"a:\n\tb: 1", "not YAML: line 2: a tab cannot indent; use spaces"),
        (b"a: " + CANARY.encode() + b": b", "not YAML: line 1: mapping values are not allowed here"),
        (b"a: [1, 2", "not YAML: line 1: expected ',' or ']', but got '<stream end>'"),
        (b"a: !!python/object:os.system x", "not YAML: line 1: a tag such as !name is not accepted"),
        (b"a: !" + CANARY.encode() + b" x", "not YAML: line 1: a tag such as !name is not accepted"),
        (b"a: *" + CANARY.encode(), "not YAML: line 1: an alias needs one anchor of its name, before it"),
        (b"a: &x [*x]", "line 1: its aliases unfold to more than 100000 values"),
        (bomb(9).encode(), "its aliases unfold to more than 100000 values"),
        (b"[" * 60 + b"]" * 60, "line 1: nested more than 50 levels deep"),
        (b"[" * 5000 + b"]" * 5000, "nested more than 50 levels deep"),
        (b"{a: " * 5000, "nested more than 50 levels deep"),
        (b"a: " + b"9" * 5000, "line 1: the value cannot be read"),
        (b"a: \xff\xfe", "not UTF-8 text: byte 4 is out of place"),
        ("a: ä".encode("utf-16"), "not UTF-8 text: byte 1 is out of place"),
        (b"a: \x00", "not YAML: the character at place 4 is not allowed"),
        (b"a: 1\n---\nb: 2", "not YAML: line 2: but found another document"),
        (b"- a\n- b", "must hold a mapping of settings, not a list"),
        (b"just words", 'must hold a mapping of settings, not "just words"'),
        (CANARY.encode(), f"must hold a mapping of settings, not {len(CANARY)} characters of text"),
        (b"a: " + b"x" * (1024 * 1024), "is larger than 1048576 bytes"),
    ],
)
def test_a_file_that_is_not_yaml_says_where_and_quotes_no_line(content, words, tmp_path):
    path = tmp_path / "q.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_file(path)

    assert re.fullmatch(f"{path}:? .*{re.escape(words)}", str(caught.value))
    assert CANARY not in repr(caught.value)


@pytest.mark.parametrize(
    ("content", "data"),
    [
        (b"", {}),
        (b"# nothing\n", {}),
        (b"\xef\xbb\xbfinstance: x", {"instance": "x"}),
        (b"a: 2026-01-01", {"a": "2026-01-01"}),
        (b"base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}", {"base": {"x": 1, "y": 2}, "more": {"x": 1, "y": 3}}),
        (b"a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
    ],
)
def test_a_file_is_read_as_written(content, data, tmp_path):
    path = tmp_path / "q.yaml"
    path.write_bytes(content)

    assert read_file(path) == data


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigError, match=f"{tmp_path}/none cannot be read: No such file or directory"):
        read_file(tmp_path / "none")
    with pytest.raises(ConfigError, match=f"{tmp_path} cannot be read: Is a directory"):
        read_file(tmp_path)
