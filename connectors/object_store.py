"""An object store as a source: the files below an address that fsspec can list."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from connectors.file_types import FileType, file_type
from connectors.globs import selection
from connectors.marks import ReadItem, State, is_recent, items_read, marked, named_item
from connectors.moments import in_utc, parse_moment
from connectors.options import Options
from connectors.outages import is_outage
from connectors.parsers.entries import one_line
from connectors.reading import LARGEST_FILE, TOO_LARGE, Origin, nothing_read, read_stream
from hippograph.errors import ConnectorError, MissingExtra, SourceUnavailable
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged

MOMENT_KEYS = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
"""Where file systems say when an object was written: S3, Azure, local and Google, in that order."""
TAG_KEYS = ("ETag", "etag", "md5Hash", "generation")
"""What changes with an object's content: S3, Azure and Google."""
MOST_OUTAGES = 5
"""Objects out of reach in a row, after which the store is."""
PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
FETCHED_AT_ONCE = 16
HELD_BYTES = 1 << 26
"""Objects are fetched together until they would take more than 64 MiB."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One object of a known type."""

    name: str
    """Its path below the root."""
    path: str
    """Its path in the store."""
    kind: FileType
    size: int
    changed_at: datetime | None
    tag: str
    """What the store itself tells states of the object apart by; empty where it has no such thing."""

    def said(self) -> str:
        """What the store says of the object's state; empty where it says too little to be believed."""
        if self.tag:
            return f"{self.size} {self.tag}"
        if self.changed_at is None or is_recent(int(self.changed_at.timestamp() * 1e9)):
            return ""
        return f"{self.size} {self.changed_at.isoformat()}"


class ObjectStoreConnector:
    """The objects below an address such as `s3://bucket/folder`, in order of their paths below it.

    A document's id is that path; the address of a single object gives one document under its name. `include`
    and `exclude` are globs, as for folders. `options` go to fsspec's file system: keys, an endpoint, a project;
    without them it looks where its vendor's tools look. Raises MissingExtra when the store's package is absent.
    """

    def __init__(
        self, uri: str, include: Sequence[str] = (), exclude: Sequence[str] = (), **options: Any
    ) -> None:
        self._files, self._root = _file_system(uri, options)
        self._selection = selection(include, exclude)
        self.source = str(self._files.unstrip_protocol(self._root))

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every document, or those of objects written after `since`.

        Raises ConnectorError when there is nothing at the address or the store cannot be reached.
        """
        unread: Counter[str] = Counter()
        moment = in_utc(since) if since else None
        files = sorted(self._listed(unread), key=lambda file: file.name)
        changed = [file for file in files if not (moment and file.changed_at and file.changed_at <= moment)]
        return chain(
            (item for file, content in self._fetched(changed) for item in self._documents(file, content)),
            self._nothing_read(files, unread),
        )

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every document, unfetched where its object is listed with the same tag, or the same size and time.

        An emptied store gives nothing where it gave something before. Raises ConnectorError as `documents` does.
        """
        unread: Counter[str] = Counter()
        files = sorted(self._listed(unread, may_be_empty=bool(marks)), key=lambda file: file.name)
        known = items_read(marks, named_item({file.name for file in files}))
        return chain(self._changed(files, known), self._nothing_read(files, unread))

    def _listed(self, unread: Counter[str], may_be_empty: bool = False) -> Iterator[StoredFile]:
        try:
            self._files.invalidate_cache()
            found: Mapping[str, Mapping[str, Any]] = self._files.find(self._root, detail=True)
        except Exception as error:  # each vendor has errors of its own
            if is_outage(error):
                raise SourceUnavailable(
                    f"{self.source} cannot be listed just now ({_said(error)}). Try again later; what was read "
                    "of it stays."
                ) from error
            raise ConnectorError(
                f"{self.source} cannot be listed ({_said(error)}). Check address and access."
            ) from error
        if not found and not may_be_empty:
            raise ConnectorError(f"There is nothing at {self.source}. Check the address.")
        for path, about in found.items():
            name = _below(self._root, path)
            is_folder = about.get("type") == "directory" or path.endswith("/")
            if not name or is_folder or not self._selection.takes(name):
                continue
            kind = file_type(name)
            if kind is None:
                unread[PurePosixPath(name).suffix or PurePosixPath(name).name] += 1
            else:
                size = int(about.get("size") or 0)
                yield StoredFile(name, path, kind, size, _changed_at(about), _tag(about))

    def _changed(
        self, files: Sequence[StoredFile], known: Mapping[str, ReadItem]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """What is as it was first, then what has to be fetched to tell."""
        unsure = []
        for file in files:
            before = known.get(file.name)
            if before and before.state.said and before.state.said == file.said():
                yield from before.unchanged()
            else:
                unsure.append(file)
        for file, content in self._fetched(unsure):
            digest = hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else ""
            before, state = known.get(file.name), State(file.said(), digest)
            if before and digest and before.state.content == digest:
                yield from before.unchanged(state)
            else:
                yield from marked(self._documents(file, content), state)

    def _nothing_read(self, files: Sequence[StoredFile], unread: Counter[str]) -> Iterator[SourceFailure]:
        if unread and not files:
            yield nothing_read(self.source, unread)

    def _fetched(self, files: Sequence[StoredFile]) -> Iterator[tuple[StoredFile, Any]]:
        """Each file with its bytes, with the error that came instead, or with None where it is too large."""
        outages = 0
        for batch in _batches(files):
            # One by one each object would cost a round trip; `cat_ranges`, unlike `cat`, reads no globs into names.
            paths = [file.path for file in batch if file.size <= LARGEST_FILE]
            contents = dict(
                zip(paths, self._files.cat_ranges(paths, None, None, on_error="return"), strict=True)
            )
            for file in batch:
                content = contents.get(file.path)
                is_away = isinstance(content, Exception) and is_outage(content)
                outages = outages + 1 if is_away else 0
                if isinstance(content, Exception) and outages == MOST_OUTAGES:
                    raise SourceUnavailable(
                        f"{self.source} went out of reach: {outages} objects in a row ({_said(content)}). Try again "
                        "later; what was read of it stays."
                    )
                yield file, content

    def _documents(self, file: StoredFile, content: Any) -> Iterator[Document | SourceFailure]:
        uri = str(self._files.unstrip_protocol(file.path))
        if isinstance(content, bytes):
            origin = Origin(
                name=file.name,
                uri=uri,
                media_type=file.kind.media_type,
                timestamp=file.changed_at,
                metadata={"path": file.name, "size": len(content)},
            )
            yield from read_stream(io.BytesIO(content), len(content), file.kind, origin)
        elif content is None:
            yield SourceFailure(uri, TOO_LARGE)
        else:
            reason = f"The object cannot be fetched ({_said(content)}). Try again, or check its access."
            yield SourceFailure(uri, reason)


def object_store_at_uri(uri: str, options: Options) -> ObjectStoreConnector:
    """The connector of an address such as s3://bucket/folder."""
    return ObjectStoreConnector(uri, options.include, options.exclude)


def _file_system(uri: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtra("fsspec", "cloud", "Reading an object store") from error
    try:
        files, root = url_to_fs(uri, **options)
    except ImportError as error:
        package = error.name or PACKAGES.get(uri.partition(":")[0], "s3fs")
        raise MissingExtra(package, "cloud", f"Reading {uri}") from error
    except Exception as error:
        raise ConnectorError(f"{uri!r} cannot be opened ({_said(error)}). Check the address.") from error
    return files, str(root).rstrip("/") or str(root)


def _below(root: str, path: str) -> str:
    """The path below the root; the last name where the root is the object itself; else nothing.

    Stores list by the first letters of a key: `notes` also finds `notes-of-others/a.md`.
    """
    if path == root:
        return PurePosixPath(path).name
    prefix = root.rstrip("/") + "/"
    return path[len(prefix) :] if path.startswith(prefix) else ""


def _changed_at(about: Mapping[str, Any]) -> datetime | None:
    for value in (about[key] for key in MOMENT_KEYS if about.get(key)):
        moment = in_utc(value) if isinstance(value, datetime) else parse_moment(value)
        if moment:
            return moment
    return None


def _tag(about: Mapping[str, Any]) -> str:
    return next((" ".join(str(about[key]).split()) for key in TAG_KEYS if about.get(key)), "")


def _batches(files: Sequence[StoredFile]) -> Iterator[list[StoredFile]]:
    """Neighbours that are fetched together, bounded in number and in bytes."""
    batch: list[StoredFile] = []
    for file in files:
        held = sum(other.size for other in batch) + file.size
        if batch and (len(batch) == FETCHED_AT_ONCE or held > HELD_BYTES):
            yield batch
            batch = []
        batch.append(file)
    if batch:
        yield batch


def _said(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}").rstrip(".: ")
