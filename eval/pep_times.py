"""A recorded history of documents whose header fields changed, as dated documents and the truth on any date."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.moments import parse_moment
from eval.datasets import DatasetNotFound, read_rows
from hippograph.types import Document, DocumentId

EVENTS = "header_events.jsonl"
VERSIONS = "typing_peps_quarterly_versions.jsonl"


@dataclass(frozen=True, slots=True)
class HeaderHistory:
    """Every change of every header field, and the documents that tell of them."""

    documents: tuple[Document, ...]
    changes: Mapping[tuple[int, str], tuple[tuple[datetime, str], ...]]
    """By number and field: from when it had which value; an empty value where it was taken out. Oldest first."""
    values: Mapping[DocumentId, Mapping[str, str]]
    """What each document says of each field."""
    last: datetime
    """The newest change of all."""

    def value_in(self, document: DocumentId, field: str) -> str | None:
        """What a document says of a field; None where it says nothing."""
        return self.values[document].get(field)

    def stating(self, number: int, field: str) -> Iterator[datetime]:
        """When the documents about a number that say something of a field were written."""
        for document in self.documents:
            if document.title == f"PEP {number}" and field in self.values[document.id] and document.timestamp:
                yield document.timestamp

    def truth(self, number: int, field: str, moment: datetime) -> str | None:
        """The value of a field at a moment; None where there was none yet or it was empty."""
        changes = self.changes.get((number, field), ())
        place = bisect_right([date for date, _ in changes], moment)
        return (changes[place - 1][1] or None) if place else None

    def first(self, number: int) -> datetime:
        """When something is first told of a number."""
        return min(changes[0][0] for (other, _), changes in self.changes.items() if other == number)


def open_header_history(folder: Path) -> HeaderHistory:
    """The events and versions of a folder. Raises DatasetNotFound."""
    for name in (EVENTS, VERSIONS):
        if not (folder / name).is_file():
            raise DatasetNotFound(f"{folder} holds no {name}: it is a recorded history of header fields.")
    events = [event for event, _ in read_rows(folder / EVENTS)]
    changes: dict[tuple[int, str], list[tuple[datetime, str]]] = defaultdict(list)
    for event in events:
        changes[event["pep"], event["field"]].append((_date(event["date"]), event["new"] or ""))
    versions = [row for row, _ in read_rows(folder / VERSIONS)]
    documents = (*map(_header, events), *map(_version, versions))
    values = {_header(event).id: {event["field"]: event["new"] or ""} for event in events}
    values |= {_version(row).id: row["header"] for row in versions}
    told = {key: tuple(sorted(values, key=lambda pair: pair[0])) for key, values in changes.items()}
    return HeaderHistory(documents, told, values, max(values[-1][0] for values in told.values()))


def _header(event: Mapping[str, Any]) -> Document:
    """One change as the header lines that changed, and its date: a value that comes back is another document."""
    id_ = DocumentId(f"pep-{event['pep']:04d}/{event['date']}/{event['field'].lower()}")
    text = (
        f"PEP: {event['pep']}\nDate: {event['date']}\n{event['field']}: {event['new'] or ''}".rstrip() + "\n"
    )
    return Document(id_, f"PEP {event['pep']}", text, timestamp=_date(event["date"]))


def _version(row: Mapping[str, Any]) -> Document:
    """A whole document in one of its states."""
    id_ = DocumentId(f"pep-{row['pep']:04d}@{row['date']}")
    return Document(id_, f"PEP {row['pep']}", row["text"], timestamp=_date(row["date"]))


def _date(written: str) -> datetime:
    moment = parse_moment(written)
    if moment is None:
        raise DatasetNotFound(f"{written!r} is not a date.")
    return moment
