"""PDF: the text of its pages, a blank line between two of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from connectors.moments import in_utc
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile, one_line, storable
from hippograph.errors import MissingExtra

CORRUPT = "The PDF is damaged and cannot be read. Open it in a viewer, save it again, or replace it."
ENCRYPTED = "The PDF is encrypted. Save a copy without the password and index that."
SCANNED = "The PDF holds no text: it looks scanned. Run OCR over it first and index the result."


def read_pdf(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """One entry with the text of all pages; a page that cannot be read is a broken entry."""
    try:
        from pypdf import PdfReader
    except ImportError as error:
        raise MissingExtra("pypdf", "files", "Reading PDF") from error
    # pypdf lets errors of many kinds out of damaged files (KeyError, RecursionError, zlib.error ...), so all are caught.
    try:
        reader = PdfReader(stream)
        is_locked = reader.is_encrypted and not _opens_without_password(reader)
        page_count = 0 if is_locked else len(reader.pages)
    except Exception as error:
        raise UnreadableFile(CORRUPT) from error
    if is_locked:
        raise UnreadableFile(ENCRYPTED)
    texts: list[str] = []
    for number in range(1, page_count + 1):
        try:
            texts.append(_tidy(reader.pages[number - 1].extract_text()))
        except Exception:
            yield BrokenEntry(
                f"Page {number} of the PDF is damaged and was left out. Save the PDF again.", f"page={number}"
            )
    text = "\n\n".join(text for text in texts if text)
    if not text:
        raise UnreadableFile(SCANNED if texts or not page_count else CORRUPT)
    yield _entry(text, reader, page_count)


def _opens_without_password(reader: Any) -> bool:
    from pypdf.errors import PyPdfError

    try:
        return bool(reader.decrypt(""))
    except (PyPdfError, NotImplementedError):
        return False


def _tidy(page: str) -> str:
    return "\n".join(line.rstrip() for line in storable(page).split("\n")).strip()


def _entry(text: str, reader: Any, page_count: int) -> Entry:
    try:
        stated = reader.metadata
        title = one_line(str(stated.title or "")) if stated else ""
        moment = in_utc(stated.creation_date) if stated and stated.creation_date else None
    except Exception:  # damaged metadata must not lose the text
        title, moment = "", None
    return Entry(text, title=title, timestamp=moment, metadata={"pages": page_count})
