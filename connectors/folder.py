"""A folder as a source: every file of a known type below it is one document, or one a row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from connectors.file_types import FileType, file_type
from connectors.globs import selection
from connectors.marks import items_read, named_item
from connectors.moments import in_utc
from connectors.reading import changed_file, nothing_read, read_file
from connectors.walking import Listing, list_files
from hippograph.errors import ConnectorError
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged

Item = TypeVar("Item")


class FolderConnector:
    """The files below a folder, in order of their relative paths.

    `include` and `exclude` are globs over relative paths; see connectors/globs.py. Hidden files are passed
    over unless an include glob names them. A document's id is its relative path with forward slashes, and
    `path#row` for the rows of tables and JSON lines. Raises ConnectorError when there is no such folder or it
    may not be read.
    """

    def __init__(
        self, root: str | os.PathLike[str], include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> None:
        self._root = _existing_folder(root)
        self._selection = selection(include, exclude)
        self.source = f"folder:{self._root}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every document, or those of files changed after `since`; refusals stand where their path sorts.

        Raises ConnectorError when the folder is gone or may no longer be read.
        """
        moment = in_utc(since) if since else None
        return _read(self._listed(), lambda path, name, kind: read_file(path, name, kind, moment))

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every document, unread where its file is as it was: by size and times, else by content.

        Raises ConnectorError as `documents` does.
        """
        listing = self._listed()
        known = items_read(marks, named_item(listing.files))
        return _read(listing, lambda path, name, kind: changed_file(path, name, kind, known.get(name)))

    def _listed(self) -> Listing:
        return list_files(_existing_folder(self._root), self._selection)


def _read(
    listing: Listing, read: Callable[[Path, str, FileType], Iterator[Item]]
) -> Iterator[Item | SourceFailure]:
    for name in sorted({*listing.files, *listing.refused}):
        kind = file_type(name)
        if name in listing.refused:
            yield listing.refused[name]
        elif kind is not None:
            yield from read(listing.files[name], name, kind)
    if listing.unread and not listing.files:
        yield nothing_read(listing.root.as_uri(), listing.unread)


def _existing_folder(root: str | os.PathLike[str]) -> Path:
    try:
        folder = Path(root).resolve(strict=True)
        with os.scandir(folder):
            return folder
    except NotADirectoryError as error:
        raise ConnectorError(
            f"{str(root)!r} is a file, not a folder. Name the folder it is in, or use connector_for."
        ) from error
    except PermissionError as error:
        raise ConnectorError(
            f"The folder {str(root)!r} may not be read by this user. Change its permissions."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise ConnectorError(f"There is no folder {str(root)!r} that can be read. Check the path.") from error
