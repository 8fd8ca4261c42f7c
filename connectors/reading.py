"""Files and other bytes read into documents: parsed, and every mishap turned into a sentence."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from connectors.file_types import FileType, known_endings
from connectors.marks import ReadItem, State, file_state, marked
from connectors.parsers.entries import BrokenEntry, Entry, Scalar, UnreadableFile
from hippograph.errors import MissingExtra
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged, content_id

Item = TypeVar("Item")

LARGEST_FILE = 1 << 30
"""Bytes of a file that is held in memory as a whole: 1 GiB. Files of rows are streamed and may be larger."""
STREAMED = frozenset({"text/csv", "text/tab-separated-values", "application/jsonl", "application/mbox"})
REPEATED = "An earlier row has the same id, {!r}, and was kept. Give each row an id of its own."
MOST_TOLD = 20
"""Failures of one file that are told one by one; a file of another shape would bury all others."""
FURTHER = "A further {} rows or pages were left out for such reasons, {} were read. Correct or exclude them."
COPY = "An earlier row says the same, and was kept. Remove one of them, or give them ids."
SPECIAL = "It is not a plain file but a link, a pipe, a socket or a device. Remove or exclude it."
GONE = "The file was removed while its source was being read. Nothing needs to be done."
CLOSED = "The file may not be read by this user. Change its permissions or exclude it."
TOO_LARGE = f"The file is larger than {LARGEST_FILE >> 20} MiB. Split it into smaller files."
TOO_BIG_TO_HOLD = "The file does not fit into memory. Split it into smaller files."
EMPTY = "The file is empty. Fill it or remove it."


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from, as its documents will say it."""

    name: str
    """The id of the whole; it stands before the id of a row. Without a name, rows keep their own ids."""
    uri: str
    media_type: str
    timestamp: datetime | None = None
    """When the whole was changed. Rows do not carry it: it changes when any other row does."""
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    """What is said of the whole, and not of its rows."""


def read_file(
    path: Path, name: str, kind: FileType, since: datetime | None = None
) -> Iterator[Document | SourceFailure]:
    """The documents of one file: nothing when it has not changed after `since`.

    `name` is the file's own name in its source. It is the id of the whole file, and stands before the id of a
    row; without a name, rows keep their own ids.
    """

    def read() -> Iterator[Document | SourceFailure]:
        with open_regular_file(path) as stream:
            status = os.fstat(stream.fileno())
            origin = _file_origin(path, name, kind, status)
            if since is None or (origin.timestamp and origin.timestamp > since):
                yield from read_stream(stream, status.st_size, kind, origin)

    return _telling_mishaps(path, read())


def changed_file(
    path: Path, name: str, kind: FileType, known: ReadItem | None
) -> Iterator[Document | Unchanged | SourceFailure]:
    """The same documents with marks; `Unchanged` where the file is as it was when it was read into `known`.

    First by size and times, for which it is not opened; then by content, for which it is not parsed. A file that
    was only touched keeps the timestamp of its content: it says when the file was last seen to change.
    """

    def read() -> Iterator[Document | Unchanged | SourceFailure]:
        if known and known.state.said and known.state.said == file_state(os.lstat(path)):
            yield from known.unchanged()
            return
        with open_regular_file(path) as stream:
            status = os.fstat(stream.fileno())
            state = State(file_state(status), _digest(stream, path, status.st_size, kind))
            if known and state.content and state.content == known.state.content:
                yield from known.unchanged(state)
                return
            documents = read_stream(stream, status.st_size, kind, _file_origin(path, name, kind, status))
            yield from marked(documents, state, lambda: _is_still(path, status))

    return _telling_mishaps(path, read())


def _file_origin(path: Path, name: str, kind: FileType, status: os.stat_result) -> Origin:
    changed_at = datetime.fromtimestamp(status.st_mtime, UTC)
    metadata: dict[str, Scalar] = {"path": name, "size": status.st_size}
    return Origin(name, path.as_uri(), kind.media_type, changed_at, metadata)


def _digest(stream: BinaryIO, path: Path, size: int, kind: FileType) -> str:
    """Names where a file is and what it holds, and rewinds it; nothing for a file that is too large to be read."""
    if is_too_large(size, kind):
        return ""
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    stream.seek(0)
    return content_id(str(path), digest.hexdigest())


def _is_still(path: Path, before: os.stat_result) -> bool:
    """Whether the file is as it was; asked by its path, as parsers may have closed it."""
    try:
        now = os.lstat(path)
    except OSError:
        return False
    times = (now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    return times == (before.st_size, before.st_mtime_ns, before.st_ctime_ns)


def _telling_mishaps(path: Path, items: Iterator[Item]) -> Iterator[Item | SourceFailure]:
    """What is read of a file, and a sentence in place of every error of the file system."""
    try:
        yield from items
    except UnreadableFile as problem:
        yield SourceFailure(path.as_uri(), str(problem))
    except FileNotFoundError:
        yield SourceFailure(path.as_uri(), GONE)
    except PermissionError:
        yield SourceFailure(path.as_uri(), CLOSED)
    except MemoryError:
        yield SourceFailure(path.as_uri(), TOO_BIG_TO_HOLD)
    except OSError as error:
        reason = f"The file cannot be read ({error.strerror or error}). Check the disk, or exclude it."
        yield SourceFailure(path.as_uri(), reason)


def open_regular_file(path: Path) -> BinaryIO:
    """The file, open for reading; never waits for a pipe. Raises UnreadableFile for all but plain files."""
    # What stands at the path may have been swapped since it was listed: follow no link, wait for no pipe.
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    )
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise UnreadableFile(SPECIAL)
    stream = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise UnreadableFile(SPECIAL)
    return stream


def read_stream(
    stream: BinaryIO, size: int, kind: FileType, origin: Origin
) -> Iterator[Document | SourceFailure]:
    """The documents of an open file of so many bytes. Errors of the stream itself pass through."""
    try:
        if size == 0:
            raise UnreadableFile(EMPTY)
        if is_too_large(size, kind):
            raise UnreadableFile(TOO_LARGE)
        found = False
        for item in entry_documents(kind.parser(stream), origin):
            found = True
            yield item
        if not found:
            raise UnreadableFile("The file has no rows. Fill it or remove it.")
    except (UnreadableFile, MissingExtra) as problem:
        yield SourceFailure(origin.uri, str(problem))
    except MemoryError:
        yield SourceFailure(origin.uri, TOO_BIG_TO_HOLD)


def is_too_large(size: int, kind: FileType) -> bool:
    """Whether a file of so many bytes cannot be held as a whole."""
    return size > LARGEST_FILE and kind.media_type not in STREAMED


def entry_documents(
    entries: Iterable[Entry | BrokenEntry], origin: Origin
) -> Iterator[Document | SourceFailure]:
    """What entries become: one document each, and failures for broken and repeated ones.

    Raises UnreadableFile when the entry of the whole has no text.
    """
    seen: set[str] = set()
    found = failed = 0
    for entry in entries:
        item = _item(entry, seen, origin)
        is_bad = isinstance(item, SourceFailure)
        found, failed = found + 1, failed + is_bad
        if not is_bad or failed <= MOST_TOLD:
            yield item
    if failed > MOST_TOLD:
        yield SourceFailure(origin.uri, FURTHER.format(failed - MOST_TOLD, found - failed))


def nothing_read(uri: str, endings: Iterable[str]) -> SourceFailure:
    """What is said of a source whose files all have endings that are not read."""
    reason = f"No file here has an ending that is read, only {', '.join(sorted(endings))}."
    return SourceFailure(uri, f"{reason} Known are {known_endings()}.")


def _item(entry: Entry | BrokenEntry, seen: set[str], origin: Origin) -> Document | SourceFailure:
    """What one entry becomes; `seen` holds the ids of the rows before it and takes in this one's."""
    if isinstance(entry, BrokenEntry):
        return SourceFailure(f"{origin.uri}#{entry.place}" if entry.place else origin.uri, entry.reason)
    if entry.row is None:
        return _whole(entry, origin)
    if entry.row in seen:
        is_copy = entry.row == content_id(entry.title, entry.text)
        return SourceFailure(row_uri(origin.uri, entry.row), COPY if is_copy else REPEATED.format(entry.row))
    seen.add(entry.row)
    return _row(entry, entry.row, origin)


def _whole(entry: Entry, origin: Origin) -> Document:
    if not entry.text.strip():
        raise UnreadableFile(EMPTY)
    return Document(
        id=DocumentId(origin.name),
        title=entry.title or title_from_name(origin.name),
        text=entry.text,
        uri=origin.uri,
        media_type=origin.media_type,
        timestamp=entry.timestamp or origin.timestamp,
        metadata={**entry.metadata, **origin.metadata},
    )


def _row(entry: Entry, row: str, origin: Origin) -> Document:
    metadata = {**entry.metadata, "path": origin.name} if origin.name else dict(entry.metadata)
    if entry.uri and "://" in origin.uri:
        # Its own URI does not say which file it stands in: should that break, the row is not taken for a deleted one.
        metadata["file_uri"] = origin.uri
    return Document(
        id=DocumentId(f"{origin.name}#{row}" if origin.name else row),
        title=entry.title,
        text=entry.text,
        uri=entry.uri or row_uri(origin.uri, row),
        media_type=origin.media_type,
        timestamp=entry.timestamp,
        metadata=metadata,
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
