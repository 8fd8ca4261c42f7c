"""A quick look whether data fits a JSON schema: sure where it says yes, for the plain schemas that extraction asks for.

Nearly every reply fits, and a validator walks its whole machinery over each value of it: that took a tenth of what a
call takes. Whatever this look does not know, or does not like, goes to the validator, which has the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any], bool]

SCALARS: Mapping[str, Check] = {
    "string": lambda value: type(value) is str,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) is int or type(value) is float,
    "boolean": lambda value: type(value) is bool,
    "null": lambda value: value is None,
}


def quick_check(schema: Mapping[str, Any]) -> Check:
    """What tells whether data surely fits the schema; of a schema with other words than the plain ones, never.

    >>> fits = quick_check({"type": "array", "items": {"type": "integer"}})
    >>> fits([1, 2]), fits([1, "2"]), quick_check({"minimum": 1})(2)
    (True, False, False)
    """
    return _check(schema) or _never


def _never(value: Any) -> bool:
    return False


def _check(schema: Any) -> Check | None:
    """None where the schema holds a word that is not known here."""
    if not isinstance(schema, Mapping):
        return None
    kind, words = schema.get("type"), set(schema) - {"title", "description"}
    if kind == "object" and words <= {"type", "properties", "required", "additionalProperties"}:
        return _object(schema)
    if kind == "array" and words == {"type", "items"}:
        item = _check(schema["items"])
        return None if item is None else lambda value: type(value) is list and all(map(item, value))
    if kind == "string" and words == {"type", "enum"} and all(type(each) is str for each in schema["enum"]):
        allowed = frozenset(schema["enum"])
        return lambda value: type(value) is str and value in allowed
    return SCALARS.get(kind) if isinstance(kind, str) and words == {"type"} else None


def _object(schema: Mapping[str, Any]) -> Check | None:
    if schema.get("additionalProperties") is not False:
        return None
    members = {name: _check(part) for name, part in schema.get("properties", {}).items()}
    checks = {name: check for name, check in members.items() if check is not None}
    needed = frozenset(schema.get("required", ()))
    if len(checks) < len(members):
        return None

    def fits(value: Any) -> bool:
        return (
            type(value) is dict
            and needed <= value.keys() <= checks.keys()
            and all(checks[name](inner) for name, inner in value.items())
        )

    return fits
