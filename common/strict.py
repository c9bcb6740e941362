"""Strict decoding whose errors a person can act on: the key's full path, what was found, what is accepted. Pure."""

from __future__ import annotations

import difflib
import json
import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec

from common.duration import Duration, parse_duration
from common.errors import ConfigError

T = TypeVar("T")
_ECHO_LENGTH = 16
_LONGEST_KEY = 64
_SECRET_KEY = re.compile(r"key|token|password|secret")
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_WORDS: dict[object, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Duration: "a length of time such as 15m or 7d",
    Any: "anything",
    types.NoneType: "nothing",
}


def decode(data: object, kind: type[T], where: str) -> T:
    """The data as that record; raises `ConfigError` that names the key's path, what was found and what is accepted."""
    try:
        decoded: T = _convert(data, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(_told(_locate(data, kind, where) or _Problem(where, data, kind, str(error)))) from None
    return decoded


def shown(value: object) -> str:
    """The value as an error may repeat it; long text could be a misplaced secret, so only its length is told."""
    if isinstance(value, str):
        return (
            f"{len(value)} characters of text" if len(value) > _ECHO_LENGTH else json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = repr(value) if isinstance(value, float) or value.bit_length() < 64 else ""
        return text or "a number of many digits"
    return {dict: "a mapping", list: "a list", types.NoneType: "nothing"}.get(type(value), "something else")


def join(where: str, step: str) -> str:
    """The path of a key, or of a list's item, below `where`."""
    if len(step) > _LONGEST_KEY:
        step = f"<{len(step)} characters>"
    elif not _PLAIN_KEY.fullmatch(step):
        step = json.dumps(step, ensure_ascii=False)
    return f"{where}.{step}" if where else step


def words(kind: Any) -> str:  # noqa: ANN401  a type expression
    """What a setting of this type accepts, for people."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        described = next((meta.description for meta in arguments[1:] if getattr(meta, "description", None)), None)
        return described or words(arguments[0])
    if origin is Literal:
        return "one of " + ", ".join(map(str, arguments))
    if origin in {Union, types.UnionType}:
        return " or ".join(dict.fromkeys(words(each) for each in arguments if each is not types.NoneType))
    if origin in {list, tuple}:
        return f"a list of {words(arguments[0])}"
    return _WORDS.get(kind, "a mapping")


def is_struct(kind: Any) -> bool:  # noqa: ANN401
    """Whether the type is a record of settings."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def options(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401
    """The alternatives of a union, without `None`; of any other type, that one. Bounds and notes are taken off."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in {Union, types.UnionType}:
        return tuple(one for each in get_args(kind) if each is not types.NoneType for one in options(each))
    return (kind,)


class _Problem(NamedTuple):
    """The innermost value that does not fit; `key` where the fault is a mapping's key."""

    where: str
    data: object
    kind: Any
    message: str
    is_key: bool = False


def _convert(data: object, kind: Any) -> Any:  # noqa: ANN401
    return msgspec.convert(data, kind, strict=True, dec_hook=_decode_hook)


def _decode_hook(kind: type, value: object) -> object:
    if kind is Duration:
        if not isinstance(value, str):
            raise ValueError(f"expected {_WORDS[Duration]}, found {shown(value)}")
        return parse_duration(value)
    raise NotImplementedError(kind)


def _locate(data: object, kind: Any, where: str, *, is_key: bool = False) -> _Problem | None:  # noqa: ANN401
    try:
        _convert(data, kind)
    except msgspec.ValidationError as error:
        inner = (_locate(child, of, at, is_key=key) for at, child, of, key in _children(data, kind, where))
        return next(filter(None, inner), None) or _Problem(where, data, kind, str(error), is_key)
    return None


def _children(data: object, kind: Any, where: str) -> Iterator[tuple[str, object, Any, bool]]:  # noqa: ANN401
    for each in options(kind):
        origin, arguments = get_origin(each), get_args(each)
        if isinstance(data, dict) and is_struct(each):
            for field in msgspec.structs.fields(each):
                if field.encode_name in data:
                    yield join(where, field.encode_name), data[field.encode_name], field.type, False
        elif isinstance(data, dict) and origin is dict:
            for key, value in data.items():
                yield join(where, str(key)), key, arguments[0], True
                yield join(where, str(key)), value, arguments[1], False
        elif isinstance(data, list) and origin in {list, tuple}:
            for index, value in enumerate(data):
                yield f"{where}[{index}]", value, arguments[0], False


def _told(problem: _Problem) -> str:
    where = problem.where or "the settings"
    record = next((each for each in options(problem.kind) if is_struct(each)), None)
    if record is not None and isinstance(problem.data, dict):
        return _told_of_keys(problem.where, problem.data, record)
    if problem.is_key:
        return f"{where}: the name must be {words(problem.kind)}"
    if problem.message.startswith("a length of time"):
        return f"{where}: {problem.message}; found {shown(problem.data)}"
    accepted = words(problem.kind)
    found = _found(problem)
    if isinstance(problem.data, str) and accepted.startswith("one of "):
        return f"{where}: {found} is not {accepted}"
    return f"{where}: expected {accepted}, found {found}{_hint(problem.data, accepted)}"


def _told_of_keys(where: str, data: Mapping[str, object], record: type[msgspec.Struct]) -> str:
    fields = msgspec.structs.fields(record)
    names = [field.encode_name for field in fields]
    unknown = next((str(key) for key in data if key not in names), None)
    if unknown is not None:
        close = difflib.get_close_matches(unknown, names, 1)
        meant = f"; did you mean {close[0]}?" if close else ""
        accepted = f"; accepted here: {', '.join(names)}" if names else ""
        return f"{join(where, unknown)} is not a setting{meant}{accepted}"
    missing = next((field for field in fields if field.required and field.encode_name not in data), None)
    if missing is None:
        return f"{where or 'the settings'}: expected {words(record)} of another form"
    return f"{join(where, missing.encode_name)} is missing: expected {words(missing.type)}"


def _found(problem: _Problem) -> str:
    if _SECRET_KEY.search(problem.where.rpartition(".")[2]) and isinstance(problem.data, str | int | float):
        return f"{len(problem.data)} characters of text" if isinstance(problem.data, str) else "no text"
    return shown(problem.data)


def _hint(data: object, accepted: str) -> str:
    if accepted == "text" and isinstance(data, bool | int | float):
        return "; put it in quotes"
    if data is None:
        return "; leave the key out, or write {} for an empty mapping" if accepted == "a mapping" else "; leave it out"
    if accepted.startswith("a list of") and isinstance(data, str):
        return "; write it in [brackets]"
    return ""
