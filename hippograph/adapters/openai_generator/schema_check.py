"""Checking a reply's data against the request's JSON schema, with the few harmless corrections models need."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hippograph.adapters.openai_generator.quick_check import quick_check
from hippograph.errors import UnreadableOutput

DEEPEST = 60
"""Levels of a schema that are followed when correcting; a schema may refer to itself."""


class SchemaCheck:
    """Checks data against one schema. Raises ValueError when the schema itself is none."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError

        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"The request's JSON schema is wrong: {error.message}") from error
        self._schema = schema
        self._validator = Draft202012Validator(schema)
        self._surely_fits = quick_check(schema)

    def check(self, data: Any) -> tuple[Any, bool]:
        """The data, and whether values had to be written another way. Raises UnreadableOutput naming the place."""
        if self._surely_fits(data):
            return data, False
        problem = self._problem(data)
        if problem is None:
            return data, False
        corrected = _corrected(data, self._schema, self._schema, 0)
        if self._problem(corrected) is not None:
            raise UnreadableOutput(f"it does not fit the schema: {problem}")
        return corrected, True

    def _problem(self, data: Any) -> str | None:
        try:
            error = next(iter(self._validator.iter_errors(data)), None)
        except RecursionError:
            return "it is nested too deeply"
        if error is None:
            return None
        place = "".join(f"[{step!r}]" for step in error.absolute_path)
        return f"{place or 'the object'}: {error.message[:160]}"


def fits_strict_mode(schema: Any) -> bool:
    """Whether every object of the schema is closed and requires all it names, as OpenAI's strict mode demands."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "object" or "properties" in schema:
            named = set(schema.get("properties", {}))
            if schema.get("additionalProperties") is not False or named != set(schema.get("required", ())):
                return False
        return all(fits_strict_mode(part) for part in schema.values())
    return all(fits_strict_mode(part) for part in schema) if isinstance(schema, list) else True


def _corrected(data: Any, schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    """The data with numbers written as strings, or strings as numbers, where the schema asks for the other.

    Members that a closed object does not name are left out, and so is null in a list that may not hold it: a model
    that adds a remark, or leaves a place empty, has answered all the same.
    """
    schema = _resolved(schema, root)
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return data
    if isinstance(data, dict):
        named, rest = schema.get("properties", {}), schema.get("additionalProperties")
        return {
            name: _corrected(value, named.get(name, rest), root, depth + 1)
            for name, value in data.items()
            if name in named or rest is not False
        }
    if isinstance(data, list):
        first, rest = schema.get("prefixItems", []), schema.get("items")
        if not first and not _may_be_null(_resolved(rest, root)):
            data = [value for value in data if value is not None]
        return [
            _corrected(value, first[place] if place < len(first) else rest, root, depth + 1)
            for place, value in enumerate(data)
        ]
    return _scalar(data, schema.get("type"))


def _may_be_null(schema: Any) -> bool:
    """Whether a value of this schema may be null, or nobody can tell at a glance."""
    if not isinstance(schema, Mapping) or "type" not in schema:
        return True
    wanted = schema["type"]
    return "null" in wanted if isinstance(wanted, list) else wanted == "null"


def _scalar(value: Any, wanted: Any) -> Any:
    if wanted == "string" and isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)
    if wanted in ("integer", "number") and isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return value
    return value


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    """What a local reference such as #/$defs/Fact refers to."""
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found: Any = root
    for step in reference[2:].split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
