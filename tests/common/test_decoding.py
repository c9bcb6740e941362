"""Types are decoded from any thread, also when all meet one for the first time at once."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from common.decoding import decode_json, decode_msgpack
from tests.cli.conftest import ROOT

RACE = """
import sys
import threading
from typing import Generic, TypeVar

import msgspec
from common.decoding import decode_json, decode_msgpack

sys.setswitchinterval(1e-6)
T = TypeVar("T")
THREADS, TYPES, DEEP = 16, 30, 12
JSON = b'{"inner": ' * DEEP + b'{"name": "a", "more": [[1, "b"]]}' + b"}" * DEEP
PACKED = msgspec.msgpack.encode(msgspec.json.decode(JSON))


class Page(msgspec.Struct, Generic[T], frozen=True):
    inner: "T"


def made(number):
    # A type of types that nobody has looked into yet.
    leaf = msgspec.defstruct(f"Leaf{number}", [("name", "str"), ("more", "list[tuple[int, str]]")], frozen=True)
    for depth in range(DEEP):
        if depth % 2:
            leaf = Page[leaf]
        else:
            names = {"Leaf": leaf}
            leaf = msgspec.defstruct(f"Node{number}x{depth}", [("inner", leaf)], frozen=True)
    return leaf


for number in range(TYPES):
    kind, gate, seen = made(number), threading.Barrier(THREADS), []

    def decode(own):
        gate.wait()
        found = decode_json(JSON, kind) if own % 2 else decode_msgpack(PACKED, kind)
        seen.append(msgspec.json.decode(msgspec.json.encode(found)))

    threads = [threading.Thread(target=decode, args=(own,)) for own in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [msgspec.json.decode(JSON)] * THREADS, (number, len(seen))
print("all decoded")
"""


def test_many_threads_that_meet_a_type_at_once_all_decode_it():
    """In a process of its own: without the lock in `common.decoding` the interpreter crashes here."""
    done = subprocess.run((sys.executable, "-c", RACE), cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "all decoded\n", "")


class Small(msgspec.Struct, frozen=True):
    number: int


def test_what_does_not_fit_is_an_error_and_the_next_is_decoded():
    for decode, encode in ((decode_json, msgspec.json.encode), (decode_msgpack, msgspec.msgpack.encode)):
        with pytest.raises(msgspec.ValidationError, match="Expected `int`"):
            decode(encode({"number": "one"}), Small)
        assert decode(encode({"number": 1}), Small) == Small(1)
