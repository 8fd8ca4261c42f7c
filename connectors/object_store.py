"""An object store as a source: the files below an address that fsspec can list."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from connectors.file_types import FileType, file_type
from connectors.globs import selection
from connectors.moments import in_utc, parse_moment
from connectors.options import Options
from connectors.parsers.entries import one_line
from connectors.reading import LARGEST_FILE, TOO_LARGE, Origin, nothing_read, read_stream
from hippograph.errors import ConnectorError, MissingExtra
from hippograph.types import Document, SourceFailure

MOMENT_KEYS = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
"""Where file systems say when an object was written: S3, Azure, local and Google, in that order."""
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
        return self._read(changed, unread if not files else Counter())

    def _listed(self, unread: Counter[str]) -> Iterator[StoredFile]:
        try:
            self._files.invalidate_cache()
            found: Mapping[str, Mapping[str, Any]] = self._files.find(self._root, detail=True)
        except Exception as error:  # each vendor has errors of its own
            raise ConnectorError(
                f"{self.source} cannot be listed ({_said(error)}). Check address and access."
            ) from error
        if not found:
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
                yield StoredFile(name, path, kind, int(about.get("size") or 0), _changed_at(about))

    def _read(self, files: Sequence[StoredFile], unread: Counter[str]) -> Iterator[Document | SourceFailure]:
        for batch in _batches(files):
            # One by one each object would cost a round trip; `cat_ranges`, unlike `cat`, reads no globs into names.
            paths = [file.path for file in batch if file.size <= LARGEST_FILE]
            contents = dict(
                zip(paths, self._files.cat_ranges(paths, None, None, on_error="return"), strict=True)
            )
            for file in batch:
                yield from self._documents(file, contents.get(file.path))
        if unread:
            yield nothing_read(self.source, unread)

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
