"""JSON lines as a source: every line is a document under its own id."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors.file import existing_file
from connectors.file_types import JSON_LINES
from connectors.marks import items_read
from connectors.moments import in_utc
from connectors.reading import changed_file, read_file
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged


class JsonlConnector:
    """A file of one `{"id", "title", "text", "timestamp", "uri", ...}` a line; only the text must be there.

    A line without an id is known by a hash of its title and text. Further keys become metadata, nested ones
    as JSON text; so does a timestamp that cannot be read. Raises ConnectorError when there is no such file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = existing_file(path)
        self.source = f"jsonl:{self._path}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """The lines in their order; nothing when the file has not changed after `since`.

        Raises ConnectorError when the file is gone.
        """
        return read_file(existing_file(self._path), "", JSON_LINES, in_utc(since) if since else None)

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """The lines, unread where the file is as it was. Raises ConnectorError when the file is gone."""
        known = items_read(marks, lambda id_: "")
        return changed_file(existing_file(self._path), "", JSON_LINES, known.get(""))
