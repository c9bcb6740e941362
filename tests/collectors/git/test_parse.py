"""Addresses, globs, streams and names."""

from __future__ import annotations

import pytest

from collectors.git.parse import glob_pattern, person, read_origin, subject_of, tokens_of
from collectors.git.records import Origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://github.com/acme/pay.git", Origin("acme/pay", "https://github.com/acme/pay/commit/")),
        ("https://user:secret@github.com/acme/pay", Origin("acme/pay", "https://github.com/acme/pay/commit/")),
        ("git@github.com:acme/pay.git", Origin("acme/pay", "https://github.com/acme/pay/commit/")),
        ("ssh://git@gitlab.acme.org:2222/a/b/pay.git", Origin("a/b/pay", "https://gitlab.acme.org/a/b/pay/-/commit/")),
        ("http://gitea.local:3000/acme/pay/", Origin("acme/pay", "http://gitea.local:3000/acme/pay/commit/")),
        ("https://git.acme.org/acme/pay.git", Origin("acme/pay", None)),
        ("/srv/git/pay.git", None),
        ("../pay", None),
        ("C:\\git\\pay", None),
        ("file:///srv/git/pay.git", None),
    ],
)
def test_an_origin_names_the_repository_without_its_credentials(url, origin):
    assert read_origin(url) == origin


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.lock", b"a/b/uv.lock", True),
        ("*.lock", b"uv.lock/x", False),
        ("docs/*.md", b"docs/a.md", True),
        ("docs/*.md", b"docs/a/b.md", False),
        ("**/vendor/**", b"vendor/x/y", True),
        ("**/vendor/**", b"my_vendor/x", False),
        ("a?.p+", b"ab.p+", True),
    ],
)
def test_globs_match_paths(glob, path, matches):
    assert (glob_pattern([glob]).fullmatch(path) is not None) is matches


def test_no_globs_match_nothing():
    assert glob_pattern([]).fullmatch(b"") is None


def test_tokens_are_whole_however_the_stream_is_cut():
    stream = b"a\0bcd\0\0" + b"x" * 50 + b"\0"
    for size in range(1, 12):
        chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [token for part in tokens_of(chunks) for token in part] == [b"a", b"bcd", b"", b"x" * 50]


def test_a_person_without_an_address_is_known_by_name():
    assert person(b"Ann", b"", frozenset()).key == "ann"
    assert person(b"\xff\xfe", b"A@X", frozenset()).key == "a@x"


def test_a_subject_is_the_first_paragraph_on_one_line():
    assert subject_of(b"\n a\nb \n\nc") == "a b"
