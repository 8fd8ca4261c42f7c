"""A single file as a source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from connectors.file_types import FileType, file_type, known_endings
from connectors.marks import items_read
from connectors.moments import in_utc
from connectors.reading import changed_file, read_file
from hippograph.errors import ConnectorError
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged


class SingleFile:
    """One file, read as a type of file, under the scheme that its source is named by."""

    def __init__(self, path: Path, kind: FileType, scheme: str) -> None:
        self._path, self._kind = path, kind
        self.source = f"{scheme}:{path}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """The file's documents; nothing when it has not changed after `since`.

        Raises ConnectorError when the file is gone.
        """
        path = existing_file(self._path)
        return read_file(path, path.name, self._kind, in_utc(since) if since else None)

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """The file's documents, unread where it is as it was. Raises ConnectorError when the file is gone."""
        path = existing_file(self._path)
        known = items_read(marks, lambda id_: path.name)
        return changed_file(path, path.name, self._kind, known.get(path.name))


class FileConnector(SingleFile):
    """One file of a known type; its id is its name. Raises ConnectorError when there is no such file."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        found = existing_file(path)
        kind = file_type(found)
        if kind is None:
            raise ConnectorError(
                f"{str(path)!r} has no ending that is read. Save it with one of these: {known_endings()}."
            )
        super().__init__(found, kind, "file")


def existing_file(path: str | os.PathLike[str]) -> Path:
    """The file's absolute path with links followed. Raises ConnectorError when there is none."""
    try:
        found = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConnectorError(f"There is no file {str(path)!r} that can be read. Check the path.") from error
    if found.is_dir():
        raise ConnectorError(f"{str(path)!r} is a folder, not a file. Read it with FolderConnector.")
    return found
