"""Strict validation of JSON against datadog-api-client's models, which alone are lenient."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from datadog_api_client.configuration import Configuration
from datadog_api_client.exceptions import OpenApiException
from datadog_api_client.model_utils import (
    ModelComposed,
    ModelSimple,
    OpenApiModel,
    UnparsedObject,
    validate_and_convert_types,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = Configuration()  # type: ignore[no-untyped-call]


class RefusedError(ValueError):
    """A body that the models, or JSON itself, do not allow."""


def parse(body: bytes) -> Any:
    """The JSON value; raises `RefusedError` for anything else, NaN and Infinity included."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except ValueError as error:
        raise RefusedError(f"not JSON: {error}") from error


def complaints(value: object, model: type[OpenApiModel]) -> list[str]:
    """Everything about a parsed JSON value that `model` does not describe; empty if it is right."""
    try:
        parsed = validate_and_convert_types(  # type: ignore[no-untyped-call]
            value, (model,), ["body"], spec_property_naming=True, check_type=True, configuration=CONFIGURATION
        )
    except (OpenApiException, TypeError) as error:
        return [str(error)]
    return list(_walk(parsed, value, model.__name__))


def _walk(value: object, raw: Any, path: str) -> Iterator[str]:
    if isinstance(value, UnparsedObject):
        yield f"{path} is not what its model says"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, raw[index], f"{path}[{index}]")
    elif isinstance(value, OpenApiModel):
        found = list(_walk_model(value, raw, path))
        yield from found
        if value._unparsed and not found:
            yield f"{path} is not what its model says"


def _walk_model(model: OpenApiModel, raw: Any, path: str) -> Iterator[str]:
    if isinstance(model, ModelSimple):
        return
    if isinstance(model, ModelComposed):
        for composed in model._composed_instances:
            yield from _walk(composed, raw, path)
        return
    if not isinstance(raw, dict):
        # The models take a list for their positional arguments.
        yield f"{path} is not an object"
        return
    for name, item in model._data_store.items():
        if name not in model.attribute_map:
            yield f"{path} has no key {name}"
        elif item is None and not model._nullable:
            yield f"{path}.{name} is null"
        else:
            yield from _walk(item, raw[model.attribute_map[name]], f"{path}.{name}")


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large for a double")
    return number
