"""The settings for editors and docs: a JSON Schema and table rows, from the records and the words in them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import UNSET

from common.duration import Duration, format_duration
from common.settings import Settings
from common.strict import is_struct, options, words

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_LENGTH = {
    "type": "string",
    "pattern": r"^([0-9]+(\.[0-9]+)?[smhdw])+$",
    "description": "A length of time: numbers with s, m, h, d or w.",
    "examples": ["15m", "7d", "1h30m"],
}
_SIMPLE: dict[object, dict[str, Any]] = {
    Duration: _LENGTH,
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Any: {},
}


class Row(msgspec.Struct, frozen=True):
    """One setting for a table: its path, what it accepts, its default as YAML (empty: none) and what it does."""

    path: str
    type: str
    default: str
    description: str


def settings_schema(collectors: Mapping[str, type[msgspec.Struct]] | None = None) -> dict[str, Any]:
    """The JSON Schema of the settings file. `collectors` are the records of each collector's block, by type."""
    definitions: dict[str, Any] = {}
    blocks = {name: _schema_of(kind, definitions) for name, kind in (collectors or {}).items()}
    _schema_of(Settings, definitions)
    whole = definitions.pop(Settings.__name__)
    if blocks:
        whole["properties"]["collectors"] |= _blocks(blocks)
    return {"$schema": DRAFT, "title": "Quarterdeck settings", **whole, "$defs": definitions}


def settings_rows(kind: type[msgspec.Struct] = Settings, prefix: str = "") -> list[Row]:
    """One row for each key, records within records unfolded."""
    return list(_rows(kind, prefix))


@cache
def field_docs(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """The text that stands under each field of the record and its bases."""
    docs: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if is_struct(base) and base is not msgspec.Struct:
            docs |= _docs_in(base)
    return docs


def _docs_in(kind: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    found = {}
    for field, under in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(under, ast.Expr):
            text = under.value.value if isinstance(under.value, ast.Constant) else None
            if isinstance(text, str):
                found[field.target.id] = " ".join(text.split())
    return found


def _description(kind: type[msgspec.Struct], field: msgspec.structs.FieldInfo) -> str:
    own = field_docs(kind).get(field.name)
    record = next(filter(is_struct, options(field.type)), None)
    return own or (" ".join((record.__doc__ or "").split()) if record else "")


def _rows(kind: type[msgspec.Struct], prefix: str) -> Iterator[Row]:
    for field in msgspec.structs.fields(kind):
        path = f"{prefix}.{field.encode_name}" if prefix else field.encode_name
        record, inner = _inside(field.type)
        if record is None or inner:
            yield Row(path, words(field.type), _written(field), _description(kind, field))
        if record is not None:
            yield from _rows(record, path + inner)


def _inside(kind: Any) -> tuple[type[msgspec.Struct] | None, str]:  # noqa: ANN401  a type expression
    """The record in a setting's type and how its path goes on: `[]` in a list, `.NAME` in a mapping."""
    for each in options(kind):
        if is_struct(each):
            return each, ""
        if get_origin(each) in {list, tuple, dict}:
            record, inner = _inside(get_args(each)[1 if get_origin(each) is dict else 0])
            if record:
                return record, (".NAME" if get_origin(each) is dict else "[]") + inner
    return None, ""


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401  any value of a setting
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return UNSET if field.default is msgspec.NODEFAULT else field.default


def _plain(value: object) -> Any:  # noqa: ANN401
    """The value as it would stand in the file."""
    if isinstance(value, Duration):
        return format_duration(value)
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def _written(field: msgspec.structs.FieldInfo) -> str:
    default = _default(field)
    if default is UNSET or default is None or default == "":
        return ""
    plain = _plain(default)
    if isinstance(plain, list):
        return f"[{', '.join(map(str, plain))}]"
    return plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _schema_of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """The type's schema; records go to `definitions`. msgspec's own generator cannot write a `Duration`'s default."""
    if get_origin(kind) is Annotated:
        bare = _schema_of(get_args(kind)[0], definitions)
        return bare | _bounds(get_args(kind)[1:], of_list=bare.get("type") == "array")
    if NoneType in get_args(kind) or len(options(kind)) > 1:
        schemas = [_schema_of(each, definitions) for each in get_args(kind) if each is not NoneType]
        return {"anyOf": [*schemas, {"type": "null"}] if NoneType in get_args(kind) else schemas}
    if is_struct(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _record_schema(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return _plain_schema(kind, definitions)


def _plain_schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {list, tuple}:
        return {"type": "array", "items": _schema_of(arguments[0], definitions)}
    if origin is dict:
        names = _schema_of(arguments[0], definitions)
        return {"type": "object", "propertyNames": names, "additionalProperties": _schema_of(arguments[1], definitions)}
    return dict(_SIMPLE[kind])


def _record_schema(kind: type[msgspec.Struct], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    for field in msgspec.structs.fields(kind):
        entry = _schema_of(field.type, definitions)
        text, default = _description(kind, field), _default(field)
        if text:
            entry["description"] = text
        if default is not UNSET and default is not None:
            entry["default"] = _plain(default)
        properties[field.encode_name] = entry
    required = [field.encode_name for field in msgspec.structs.fields(kind) if field.required]
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _bounds(notes: tuple[Any, ...], *, of_list: bool) -> dict[str, Any]:
    """What `msgspec.Meta` says, in the words of JSON Schema."""
    names = {"pattern": "pattern", "min_length": "minLength", "max_length": "maxLength", "description": "description"}
    names |= {"min_length": "minItems", "max_length": "maxItems"} if of_list else {}
    names |= {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    return {
        word: value
        for note in notes
        for name, word in names.items()
        if (value := getattr(note, name, None)) is not None
    }


def _blocks(references: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Each block by its name; one of another name says its type, by which it is judged."""
    of_type = [
        {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": dict(reference)}
        for name, reference in references.items()
    ]
    other = {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(references)}},
        "allOf": of_type,
    }
    named = {
        name: {"if": _of_its_name(name), "then": dict(reference), "else": other}
        for name, reference in references.items()
    }
    return {"properties": named, "additionalProperties": other}


def _of_its_name(name: str) -> dict[str, Any]:
    return {"properties": {"type": {"enum": ["", name]}}}
