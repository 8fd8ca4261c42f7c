"""What a parser finds in one file: entries, broken entries, or nothing that can be read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import BinaryIO

Scalar = str | int | float | bool | None

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that no UTF-8 file and no database keeps: NUL and halves of surrogate pairs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text found in a file: the file's whole text, or one of its rows."""

    text: str
    title: str = ""
    row: str | None = None
    """The row's own id, or its number counted from 1; None when the entry is the whole file."""
    uri: str = ""
    timestamp: datetime | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """A part of a file that gave no text; the parts around it are kept."""

    reason: str
    place: str = ""
    """Where it stands, for the URI's fragment: `line=7`, `page=3`."""


class UnreadableFile(Exception):
    """The file as a whole gives no text. The message is the sentence people see."""


Parser = Callable[[BinaryIO], Iterator[Entry | BrokenEntry]]
"""Reads an open file from its start. Raises UnreadableFile, or MissingExtra when its library is absent."""


def storable(text: str) -> str:
    """The text with `\\n` for every kind of line end, and U+FFFD for what cannot be stored.

    >>> storable("one\\r\\ntwo\\rthree")
    'one\\ntwo\\nthree'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNSTORABLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text on one line, with single spaces: what a title looks like."""
    return " ".join(storable(text).split())


def scalar(value: object) -> Scalar:
    """A value as metadata keeps it: numbers and truth as they are, moments in ISO 8601, nested values as JSON.

    >>> scalar([1, "é"])
    '[1, "é"]'
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON, in which metadata is stored, has no infinity
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | dict):
        return storable(json.dumps(value, ensure_ascii=False, default=str))
    return storable(str(value))
