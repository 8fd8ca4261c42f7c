"""One file read into documents: opened safely, parsed, and every mishap turned into a sentence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from connectors.file_types import FileType
from connectors.parsers.entries import BrokenEntry, Entry, Scalar, UnreadableFile
from hippograph.errors import MissingExtra
from hippograph.types import Document, DocumentId, SourceFailure

LARGEST_FILE = 1 << 30
"""Bytes of a file that is held in memory as a whole: 1 GiB. Files of rows are streamed and may be larger."""
STREAMED = frozenset({"text/csv", "text/tab-separated-values", "application/jsonl"})
REPEATED = "An earlier row has the same id, {!r}, and was kept. Give each row an id of its own."
EMPTY = "The file is empty. Fill it or remove it."


def read_file(
    path: Path, name: str, kind: FileType, since: datetime | None = None
) -> Iterator[Document | SourceFailure]:
    """The documents of one file: nothing when it has not changed after `since`.

    `name` is the file's own name in its source. It is the id of the whole file, and stands before the id of a
    row; without a name, rows keep their own ids.
    """
    uri = path.as_uri()
    try:
        with open_regular_file(path) as stream:
            status = os.fstat(stream.fileno())
            if since is None or _changed_at(status) > since:
                yield from _documents(stream, name, kind, uri, status)
    except (UnreadableFile, MissingExtra) as problem:
        yield SourceFailure(uri, str(problem))
    except FileNotFoundError:
        yield SourceFailure(
            uri, "The file was removed while its source was being read. Nothing needs to be done."
        )
    except PermissionError:
        yield SourceFailure(
            uri, "The file may not be read by this user. Change its permissions or exclude it."
        )
    except MemoryError:
        yield SourceFailure(uri, "The file does not fit into memory. Split it into smaller files.")
    except OSError as error:
        yield SourceFailure(
            uri, f"The file cannot be read ({error.strerror or error}). Check the disk, or exclude it."
        )


def open_regular_file(path: Path) -> BinaryIO:
    """The file, open for reading. Raises UnreadableFile for what is not a plain file; never waits for a
    pipe."""
    # What stands at the path may have been swapped since it was listed: follow no link, wait for no pipe.
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    )
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise UnreadableFile(
            "It is not a plain file but a link, a pipe, a socket or a device. Remove or exclude it."
        )
    stream = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise UnreadableFile(
            "It is not a plain file but a link, a pipe, a socket or a device. Remove or exclude it."
        )
    return stream


def _documents(
    stream: BinaryIO, name: str, kind: FileType, uri: str, status: os.stat_result
) -> Iterator[Document | SourceFailure]:
    if status.st_size == 0:
        raise UnreadableFile(EMPTY)
    if status.st_size > LARGEST_FILE and kind.media_type not in STREAMED:
        raise UnreadableFile(
            f"The file is larger than {LARGEST_FILE >> 20} MiB. Split it into smaller files."
        )
    seen: set[str] = set()
    is_empty = True
    for entry in kind.parser(stream):
        is_empty = False
        if isinstance(entry, BrokenEntry):
            yield SourceFailure(f"{uri}#{entry.place}" if entry.place else uri, entry.reason)
        elif entry.row is None:
            yield _whole_file(entry, kind, name, uri, status)
        elif entry.row in seen:
            yield SourceFailure(row_uri(uri, entry.row), REPEATED.format(entry.row))
        else:
            seen.add(entry.row)
            yield _row(entry, entry.row, kind, name, uri)
    if is_empty:
        raise UnreadableFile("The file has no rows. Fill it or remove it.")


def _whole_file(entry: Entry, kind: FileType, name: str, uri: str, status: os.stat_result) -> Document:
    if not entry.text.strip():
        raise UnreadableFile(EMPTY)
    own: dict[str, Scalar] = {"path": name, "size": status.st_size}
    return Document(
        id=DocumentId(name),
        title=entry.title or title_from_name(name),
        text=entry.text,
        uri=uri,
        media_type=kind.media_type,
        timestamp=entry.timestamp or _changed_at(status),
        metadata={**entry.metadata, **own},
    )


def _row(entry: Entry, row: str, kind: FileType, name: str, uri: str) -> Document:
    """A row's document. It carries no size and no date of its file: those change when any other row does."""
    return Document(
        id=DocumentId(f"{name}#{row}" if name else row),
        title=entry.title,
        text=entry.text,
        uri=entry.uri or row_uri(uri, row),
        media_type=kind.media_type,
        timestamp=entry.timestamp,
        metadata={**entry.metadata, "path": name} if name else entry.metadata,
    )


def row_uri(uri: str, row: str) -> str:
    """The file's URI with the row as its fragment."""
    return f"{uri}#{quote(row, safe='')}"


def title_from_name(name: str) -> str:
    """A file's stem with - and _ as spaces; the stem itself where nothing else would be left.

    >>> title_from_name("notes/a-rainy_day.txt")
    'a rainy day'
    """
    stem = Path(name).stem
    return " ".join(stem.replace("-", " ").replace("_", " ").split()) or stem


def _changed_at(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
