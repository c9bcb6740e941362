"""JSON and MessagePack into typed records, from any thread. Pure.

One decoder is made at a time: msgspec looks into a record's type when it first meets it, and the interpreter crashes
where two threads do so at once.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")
_json: dict[Any, msgspec.json.Decoder[Any]] = {}
_msgpack: dict[Any, msgspec.msgpack.Decoder[Any]] = {}
_making = threading.Lock()


def decode_json(raw: bytes | str | msgspec.Raw, kind: type[T]) -> T:
    """`raw` as that type; raises `msgspec.DecodeError` or `msgspec.ValidationError`."""
    decoder = _json.get(kind)
    if decoder is None:
        with _making:
            decoder = _json[kind] = msgspec.json.Decoder(kind)
    return cast(T, decoder.decode(raw))


def decode_msgpack(raw: bytes, kind: type[T]) -> T:
    """The same of MessagePack."""
    decoder = _msgpack.get(kind)
    if decoder is None:
        with _making:
            decoder = _msgpack[kind] = msgspec.msgpack.Decoder(kind)
    return cast(T, decoder.decode(raw))
