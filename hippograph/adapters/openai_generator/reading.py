"""Reading the JSON of a reply: out of fences and prose, repaired where that is safe, refused where it is not.

Nothing is evaluated. What was cut off is refused rather than closed: the last name of a cut list would be wrong.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from hippograph.errors import UnreadableOutput

FENCE = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\r?\n?(.*?)(?:```|\Z)", re.DOTALL)
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
LONGEST_REPAIR = 200_000
"""Characters; repairing takes time that grows faster than the text."""


def read_json(text: str) -> tuple[dict[str, Any], bool]:
    """The JSON object in a reply, and whether it had to be repaired. Raises UnreadableOutput, which says why.

    >>> read_json('Here you are: {"entities": ["Ada Lovelace"]} Anything else?')
    ({'entities': ['Ada Lovelace']}, True)
    """
    cleaned = LONE_SURROGATE.sub("\ufffd", text.strip().removeprefix("\ufeff"))
    try:
        return _object(_strict(cleaned)), cleaned != text.strip()
    except (ValueError, RecursionError):
        pass
    inside = _inside(cleaned)
    try:
        return _object(_strict(inside)), True
    except _TwoValues as error:
        raise UnreadableOutput(f"it {error}") from None
    except (ValueError, RecursionError):
        return _object(_repaired(inside)), True


def _inside(text: str) -> str:
    """The part that should be JSON: the last fenced block that holds an object, else from the first brace on."""
    blocks = [block.strip() for block in FENCE.findall(text)]
    text = next((block for block in reversed(blocks) if block.startswith("{")), text)
    start = text.find("{")
    if start < 0:
        raise UnreadableOutput("it holds no JSON object")
    return text[start : _end(text, start)]


def _end(text: str, start: int) -> int:
    """Where the object that starts there ends, by its brackets; the text's end when it does not."""
    depth, quoted, escaped = 0, False, False
    for position in range(start, len(text)):
        character = text[position]
        if quoted:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                quoted = False
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth == 0:
                return position + 1
    if quoted or depth > 1:
        raise UnreadableOutput("it breaks off in the middle")
    return len(text)


class _TwoValues(ValueError):
    """A key that stands twice with different values: neither can be trusted."""


def _strict(text: str) -> Any:
    value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant, parse_float=_finite)
    return _whole(value) if "\\u" in text else value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found and found[name] != value:
            raise _TwoValues(f"gives {name[:40]!r} twice, with different values")
        found[name] = value
    return found


def _whole(value: Any) -> Any:
    """The value with a mark in place of half characters, which JSON can write as an escape and UTF-8 cannot."""
    if isinstance(value, str):
        return LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return value


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is no number that JSON could carry on")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnreadableOutput("its JSON is not an object")
    return value


def _repaired(text: str) -> Any:
    from json_repair import repair_json

    if len(text) > LONGEST_REPAIR:
        raise UnreadableOutput("it is not JSON, and too long to be repaired")
    try:
        # Once more through the strict reader: repairing keeps the last of two values and lets NaN through.
        return _strict(repair_json(text, skip_json_loads=True))
    except _TwoValues as error:
        raise UnreadableOutput(f"it {error}") from None
    except Exception as error:
        # Any error of a parser that guesses says the same: this is not JSON.
        raise UnreadableOutput("it is not JSON and cannot be repaired") from error
