"""JSON lines: one object a line, each a document."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from connectors.moments import parse_moment
from connectors.parsers.decoding import is_binary
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile, one_line, scalar, storable
from hippograph.types import content_id

LONGEST_LINE = 1 << 26
"""Bytes of one line that are read: 64 MiB."""
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_json_lines(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """An entry for each line, and a broken one for each line that is not an object with a text."""
    head = stream.read(1 << 13)
    stream.seek(0)
    if head.startswith(WIDE_MARKS) or is_binary(head):
        raise UnreadableFile("The file is not UTF-8 text. Save it as UTF-8, one JSON object a line.")
    for number, line in enumerate(_lines(stream), start=1):
        if not line.strip():
            continue
        try:
            yield _entry(_object(line))
        except ValueError as problem:
            yield BrokenEntry(f"Line {number} {problem}. Correct or delete the line.", f"line={number}")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines, each cut at LONGEST_LINE + 1 bytes so that a file without line ends stays in bounds."""
    is_first = True
    while line := stream.readline(LONGEST_LINE + 1):
        yield line.removeprefix(codecs.BOM_UTF8) if is_first else line
        is_first = False
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST_LINE + 1)


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise ValueError(f"is longer than {LONGEST_LINE >> 20} MiB")
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=float)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error.msg} at column {error.colno})") from None
    except (ValueError, RecursionError):
        raise ValueError("holds a number too long or values nested too deep") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object with a text")
    return value


def _entry(row: Mapping[str, Any]) -> Entry:
    """The entry of one object. Raises ValueError with the predicate of what is wrong."""
    text = row.get("text")
    if not isinstance(text, str):
        raise ValueError("has no text" if text is None else 'has a "text" that is not a string')
    text = storable(text)
    if not text.strip():
        raise ValueError("has an empty text")
    title = one_line(_words(row.get("title")))
    moment = parse_moment(row.get("timestamp"))
    known = {"id", "title", "text", "uri"} | ({"timestamp"} if moment else set())
    return Entry(
        text=text,
        title=title,
        row=_row_id(row.get("id")) or content_id(title, text),
        uri=storable(_words(row.get("uri"))),
        timestamp=moment,
        metadata={storable(key): scalar(value) for key, value in row.items() if key not in known},
    )


def _row_id(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or isinstance(value, str):
        return storable(value or "").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError('has an "id" that is neither a string nor a whole number')


def _words(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
