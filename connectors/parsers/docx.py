"""Word (docx): headings, paragraphs and tables in their order; headings as Markdown headings."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile, one_line, storable
from hippograph.errors import MissingExtra

MOST_UNPACKED = 1 << 29
"""Bytes a document may unpack to: a small file that unpacks to more is a trap."""
OLD_FORMAT = b"\xd0\xcf\x11\xe0"
HEADING = re.compile(r"heading ([1-6])", re.IGNORECASE)
CORRUPT = "The Word document is damaged and cannot be read. Open it in Word, save it again, or replace it."


def read_docx(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry; its title is the document's property, else its first title or heading."""
    try:
        import docx
    except ImportError as error:
        raise MissingExtra("python-docx", "files", "Reading Word documents") from error
    _refuse_unsafe(stream)
    # lxml and python-docx let errors of many kinds out of damaged files, so all are caught.
    try:
        document = docx.Document(stream)
        blocks = [block for block in map(_block, document.iter_inner_content()) if block]
        title = one_line(document.core_properties.title or "")
    except Exception as error:
        raise UnreadableFile(CORRUPT) from error
    first_heading = next((block.lstrip("# ") for block in blocks if block.startswith("#")), "")
    yield Entry("\n\n".join(blocks), title=title or one_line(first_heading))


def _refuse_unsafe(stream: BinaryIO) -> None:
    is_old = stream.read(4) == OLD_FORMAT
    stream.seek(0)
    if is_old:
        raise UnreadableFile(
            "The Word document is encrypted or in the old format. Save it as .docx without a password."
        )
    try:
        size = sum(part.file_size for part in zipfile.ZipFile(stream).infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableFile(CORRUPT) from error
    if size > MOST_UNPACKED:
        raise UnreadableFile(f"The Word document unpacks to more than {MOST_UNPACKED >> 20} MiB. Split it.")
    stream.seek(0)


def _block(block: Any) -> str:
    """A paragraph or a table as text."""
    if hasattr(block, "rows"):
        return "\n".join(line for line in map(_row, block.rows) if line.strip(" |"))
    text = storable(block.text).strip()
    style = block.style.name if block.style is not None and block.style.name else ""
    heading = HEADING.match(style)
    if text and (heading or style == "Title"):
        return "#" * (int(heading[1]) if heading else 1) + " " + one_line(text)
    return "- " + text if text and style.startswith("List") else text


def _row(row: Any) -> str:
    """The cells of a table row; a merged cell, which python-docx repeats, is written once."""
    texts: list[str] = []
    last = None
    for cell in row.cells:
        if cell._tc is not last:
            texts.append(one_line(cell.text))
        last = cell._tc
    return " | ".join(texts)
