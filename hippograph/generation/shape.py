"""The shape of a structured answer: a pydantic model or a JSON schema, and what a model's data becomes in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from hippograph.errors import SettingsError, UnreadableOutput

Shape: TypeAlias = type[BaseModel] | Mapping[str, Any]
_HOME = "#/$defs/answer_data"
_ROOTS = {"type", "properties", "$ref", "anyOf", "oneOf", "allOf", "enum"}
"""One of these stands in every schema that says something."""


def schema_of(shape: Shape) -> Mapping[str, Any]:
    """The JSON schema of a shape. Raises SettingsError for what is none."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return shape.model_json_schema()
    if not isinstance(shape, Mapping) or not _ROOTS & set(shape):
        raise SettingsError(
            "The shape of an answer is a pydantic model class or a JSON schema, "
            'such as {"type": "object", "properties": {"town": {"type": "string"}}}.'
        )
    return shape


def in_shape(shape: Shape, data: Any) -> Any:
    """The data as the shape wants it: an instance of the pydantic model, or the JSON itself.

    Raises UnreadableOutput when the model's own rules refuse it.
    """
    if data is None or not isinstance(shape, type):
        return data
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or shape.__name__
        raise UnreadableOutput(
            f"The answer does not fit {shape.__name__}: {place}: {first['msg']}. Ask again, or loosen the shape."
        ) from error


def reply_schema(answer: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of an answer with one member more, `data`: of the shape, or null where there is no answer."""
    own = {
        name: part for name, part in shape.items() if name not in ("$defs", "definitions", "$schema", "$id")
    }
    homes: dict[str, Any] = {**shape.get("definitions", {}), **shape.get("$defs", {}), "answer_data": own}
    properties = dict(answer["properties"])
    first = next(iter(properties))
    data = {"anyOf": [{"$ref": _HOME}, {"type": "null"}]}
    return {
        **answer,
        "properties": {first: properties.pop(first), "data": data, **properties},
        "required": [first, "data", *(name for name in answer["required"] if name != first)],
        "$defs": _moved(homes),
    }


def _moved(part: Any) -> Any:
    """A piece of the shape with its references pointing to where it stands now."""
    if isinstance(part, Mapping):
        return {
            name: _new_place(each) if name == "$ref" and isinstance(each, str) else _moved(each)
            for name, each in part.items()
        }
    return [_moved(each) for each in part] if isinstance(part, list) else part


def _new_place(reference: str) -> str:
    for old in ("#/$defs/", "#/definitions/"):
        if reference.startswith(old):
            return f"#/$defs/{reference.removeprefix(old)}"
    return f"{_HOME}{reference[1:]}" if reference.startswith("#") else reference
