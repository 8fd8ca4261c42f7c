"""Plain text: the file's characters as they are."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.parsers.decoding import detect_encoding
from connectors.parsers.entries import BrokenEntry, Entry, Scalar, one_line, storable

TITLE_WITHIN = 10_000
"""Characters in which a title is looked for."""
RST_TITLE = re.compile(r"^(\S[^\n]*)\n([=\-`:.'\"~^_*+#<>])\2{2,}[ \t]*$", re.MULTILINE)


def read_plain(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry with the whole text and no title."""
    text, metadata = read_text(stream)
    yield Entry(text, metadata=metadata)


def read_restructured(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry with the whole text; the title is the first underlined heading."""
    text, metadata = read_text(stream)
    found = RST_TITLE.search(text[:TITLE_WITHIN])
    yield Entry(text, title=one_line(found[1]) if found else "", metadata=metadata)


def read_text(stream: BinaryIO, declared: str | None = None) -> tuple[str, dict[str, Scalar]]:
    """The decoded text with `\\n` line ends, and the encoding as metadata where it is not UTF-8."""
    encoding = detect_encoding(stream, declared)
    text = storable(io.TextIOWrapper(stream, encoding=encoding.name).read())
    return text, encoding.metadata()
