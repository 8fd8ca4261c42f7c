"""The kinds of files that can be read: a file's ending, its media type, its parser."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import splitext
from pathlib import PurePath

from connectors.parsers.docx import read_docx
from connectors.parsers.entries import Parser
from connectors.parsers.html import read_html
from connectors.parsers.json_lines import read_json_lines
from connectors.parsers.markdown import read_markdown
from connectors.parsers.pdf import read_pdf
from connectors.parsers.plain import read_plain, read_restructured
from connectors.parsers.tables import read_table


@dataclass(frozen=True, slots=True)
class FileType:
    """What a file with a certain ending holds, and who reads it."""

    media_type: str
    parser: Parser


MARKDOWN = FileType("text/markdown", read_markdown)
HTML = FileType("text/html", read_html)
JSON_LINES = FileType("application/jsonl", read_json_lines)

FILE_TYPES = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": FileType("text/plain", read_plain),
    ".rst": FileType("text/x-rst", read_restructured),
    ".html": HTML,
    ".htm": HTML,
    ".pdf": FileType("application/pdf", read_pdf),
    ".docx": FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", read_docx),
    ".csv": FileType("text/csv", read_table),
    ".tsv": FileType("text/tab-separated-values", read_table),
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
}


def file_type(path: PurePath | str) -> FileType | None:
    """The type that a file's ending stands for, in any case; None for an ending that is not read."""
    return FILE_TYPES.get(splitext(path)[1].lower())


def known_endings() -> str:
    """The endings that are read, for messages."""
    return ", ".join(FILE_TYPES)
