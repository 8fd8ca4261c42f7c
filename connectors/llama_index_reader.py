"""Any LlamaIndex reader as a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.moments import in_utc, parse_moment
from connectors.outages import is_outage
from connectors.parsers.entries import BrokenEntry, Entry, Scalar, one_line, scalar, storable
from connectors.reading import Origin, entry_documents
from hippograph.errors import ConnectorError, HippographError, SourceUnavailable
from hippograph.types import Document, SourceFailure, content_id

MOMENT_KEYS = (
    *("timestamp", "last_modified_date", "last_modified", "modified_at", "updated_at", "date", "created_at"),
    *("creation_date", "published"),
)
"""Where readers write when a document was changed or made, the best first."""
TITLE_KEYS = ("title", "file_name", "page_title", "name", "subject")
URI_KEYS = ("uri", "url", "source_url", "link")
FLEETING = frozenset({"last_accessed_date"})
"""Metadata that changes although the document does not."""


class LlamaIndexConnector:
    """The documents of a LlamaIndex reader, under the ids the reader gives them.

    `source` names the source for ever, such as "notion:handbook"; `arguments` go to the reader's load_data at
    each reading. A document whose id the reader left to chance is known by a hash of its title and text. Title,
    timestamp and URI are taken from the metadata where readers commonly put them.

    A reader reads everything to give anything, and what some say of their resources does not always tell one state from
    the next. So it knows no marks: what changed is told by content.
    """

    def __init__(self, reader: Any, source: str, **arguments: Any) -> None:
        if not hasattr(reader, "load_data"):
            raise ConnectorError(f"{type(reader).__name__} is no LlamaIndex reader: it has no load_data.")
        if not source.strip():
            raise ConnectorError("Name the source: its documents are known by that name at the next reading.")
        self._reader, self._arguments = reader, arguments
        self.source = f"llama_index:{source}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every document, or those whose timestamp is after `since` or unknown.

        Raises ConnectorError when the reader fails, also half-way; it is SourceUnavailable where its service did not
        answer.
        """
        moment = in_utc(since) if since else None
        for item in entry_documents(map(_entry, self._load()), Origin("", self.source, "text/plain")):
            is_old = isinstance(item, Document) and item.timestamp and moment and item.timestamp <= moment
            if not is_old:
                yield item

    def _load(self) -> Iterator[Any]:
        # Readers let errors of all kinds out, their services' own among them.
        try:
            yield from self._lazily()
        except HippographError:
            raise
        except Exception as error:
            what = f"{type(self._reader).__name__} cannot read {self.source}"
            said = f"{type(error).__name__}: {one_line(str(error)).rstrip('.')}"
            if is_outage(error):
                raise SourceUnavailable(
                    f"{what} just now: {said}. Try again later; what was read of it stays."
                ) from error
            raise ConnectorError(f"{what}: {said}. Check its settings.") from error

    def _lazily(self) -> Iterator[Any]:
        try:
            found = self._reader.lazy_load_data(**self._arguments)
        except (AttributeError, NotImplementedError):  # a reader has load_data, and may have the other
            found = self._reader.load_data(**self._arguments)
        yield from found


def _entry(document: Any) -> Entry | BrokenEntry:
    metadata: Mapping[str, Any] = document.metadata or {}
    text = storable(document.get_content())  # without the metadata, which is kept apart
    title = one_line(_first(metadata, TITLE_KEYS))
    has_own_id = "id_" in document.model_fields_set and str(document.id_).strip()
    row = storable(str(document.id_)).strip() if has_own_id else content_id(title, text)
    if not text.strip():
        return BrokenEntry(
            f"The reader found no text in {title or (row if has_own_id else 'a document')!r}. Fill or exclude it.",
            quote(row, safe=""),
        )
    moments = (_moment(metadata.get(key)) for key in MOMENT_KEYS)
    kept: dict[str, Scalar] = {
        storable(str(key)): scalar(value) for key, value in metadata.items() if key not in FLEETING
    }
    return Entry(
        text=text,
        title=title,
        row=row,
        uri=storable(_first(metadata, URI_KEYS)),
        timestamp=next((moment for moment in moments if moment), None),
        metadata=kept,
    )


def _first(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    found = (metadata[key] for key in keys if isinstance(metadata.get(key), str))
    return next((value for value in found if value.strip()), "")


def _moment(value: object) -> datetime | None:
    return in_utc(value) if isinstance(value, datetime) else parse_moment(value)
