"""PDF: the text of its pages, a blank line between two of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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
    # pypdf lets errors of many kinds out of damaged files (KeyError, RecursionError ...), so all are caught.
    with _quiet_parser():
        try:
            reader = PdfReader(stream)
            is_locked = reader.is_encrypted and not _opens_without_password(reader)
            page_count = 0 if is_locked else len(reader.pages)
        except Exception as error:
            raise UnreadableFile(CORRUPT) from error
        if is_locked:
            raise UnreadableFile(ENCRYPTED)
        pages = [_page_text(reader, number) for number in range(page_count)]
        text = "\n\n".join(page for page in pages if page)
        if not text:
            raise UnreadableFile(CORRUPT if None in pages else SCANNED)
        entry = _entry(text, reader, page_count)
    for number, page in enumerate(pages, start=1):
        if page is None:
            yield BrokenEntry(
                f"Page {number} is damaged and was left out. Save the PDF again.", f"page={number}"
            )
    yield entry


@contextmanager
def _quiet_parser() -> Iterator[None]:
    """Keeps pypdf's remarks on odd files from standard error; what matters is reported as a failure."""
    logger = logging.getLogger("pypdf")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _page_text(reader: Any, number: int) -> str | None:
    """The text of a page, or None when it is damaged."""
    try:
        lines = storable(reader.pages[number].extract_text()).split("\n")
    except Exception:
        return None
    return "\n".join(line.rstrip() for line in lines).strip()


def _opens_without_password(reader: Any) -> bool:
    from pypdf.errors import PyPdfError

    try:
        return bool(reader.decrypt(""))
    except (PyPdfError, NotImplementedError):
        return False


def _entry(text: str, reader: Any, page_count: int) -> Entry:
    try:
        stated = reader.metadata
        title = one_line(str(stated.title or "")) if stated else ""
        moment = in_utc(stated.creation_date) if stated and stated.creation_date else None
    except Exception:  # damaged metadata must not lose the text
        title, moment = "", None
    return Entry(text, title=title, timestamp=moment, metadata={"pages": page_count})
