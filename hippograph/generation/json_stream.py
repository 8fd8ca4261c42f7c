"""A JSON object read while it is being written: each finished member, and each finished element of a list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_DECODER = json.JSONDecoder(strict=False)
_SPACE = " \t\r\n"


def members(pieces: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Name and value of each member of the first object, as soon as it is complete; a list's elements one by one.

    What stands before the object (a fence, a greeting) and after it is passed over. Raises ValueError when the
    object cannot be read or breaks off.

    >>> list(members(['Sure: {"found": tr', 'ue, "sentences": [{"a": 1}, ', '{"a": 2}]} Bye']))
    [('found', True), ('sentences', {'a': 1}), ('sentences', {'a': 2})]
    """
    reader = _Reader()
    for piece in pieces:
        reader.buffer += piece
        while (event := reader.step()) is not None:
            yield event
        if reader.is_done:
            return
    raise ValueError("the object breaks off" if reader.has_begun else "there is no object")


@dataclass(slots=True)
class _Reader:
    """Where in the object the reading is. `step` goes on as far as what has arrived is sure."""

    buffer: str = ""
    has_begun: bool = False
    is_done: bool = False
    _key: str | None = None
    _in_list: bool = False
    _waiting: list[tuple[str, Any]] = field(default_factory=list)

    def step(self) -> tuple[str, Any] | None:
        """The next finished member or element; None when more text is needed or the object is at its end."""
        while not self.is_done:
            if not self.has_begun:
                _, brace, after = self.buffer.partition("{")
                if not brace:
                    return None
                self.has_begun, self.buffer = True, after
            self.buffer = self.buffer.lstrip(_SPACE)
            if not self.buffer:
                return None
            if self._key is None:
                if not self._open_member():
                    return None
            elif self._in_list and self.buffer[0] in ",]":
                self._in_list = self.buffer[0] == ","
                self._key = self._key if self._in_list else None
                self.buffer = self.buffer[1:]
            elif not self._in_list and self.buffer[0] == "[":
                self._in_list, self.buffer = True, self.buffer[1:]
            else:
                return self._take_value()
        return None

    def _open_member(self) -> bool:
        """Read on to a member's value. False when more text is needed."""
        if self.buffer[0] == "}":
            self.is_done = True
            return True
        if self.buffer[0] == ",":
            self.buffer = self.buffer[1:]
            return True
        found = self._decoded()
        if found is None:
            return False
        key, end = found
        rest = self.buffer[end:].lstrip(_SPACE)
        if not rest:
            return False
        if not isinstance(key, str) or rest[0] != ":":
            raise ValueError("a member has no name")
        self._key, self.buffer = key, rest[1:]
        return True

    def _take_value(self) -> tuple[str, Any] | None:
        found = self._decoded()
        if found is None:
            return None
        value, end = found
        rest = self.buffer[end:].lstrip(_SPACE)
        if not rest or (isinstance(value, float | int) and rest[0] in ".eE"):  # a number may go on
            return None
        if rest[0] not in (",]" if self._in_list else ",}"):
            raise ValueError("a value is followed by something else than a comma")
        self.buffer, key = rest, self._key or ""
        if not self._in_list:
            self._key = None
        return key, value

    def _decoded(self) -> tuple[Any, int] | None:
        """The value at the buffer's start and its end; None while it is not complete."""
        try:
            return _DECODER.raw_decode(self.buffer)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except json.JSONDecodeError:
            if self.buffer[0] not in '"{[tfnN-0123456789I':
                raise ValueError("a value cannot be read") from None
            return None
