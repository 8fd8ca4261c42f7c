"""Recorded histories: how real collections of documents grew, changed and shrank, one delta a date."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.moments import parse_moment
from eval.datasets import DatasetError, DatasetNotFound, read_rows
from hippograph.types import Document, DocumentId

PEP_FILES = ("snapshots_monthly.jsonl", "header_events.jsonl", "typing_peps_quarterly_versions.jsonl")
TLDR_FILES = ("osx_windows_versions.jsonl",)


@dataclass(frozen=True, slots=True)
class Delta:
    """What happened to a collection by a date: documents in their new state, and those that are gone."""

    date: str
    put: tuple[Document, ...]
    removed: tuple[DocumentId, ...]


@dataclass(frozen=True, slots=True)
class History:
    """The deltas of a collection, oldest first."""

    name: str
    deltas: tuple[Delta, ...]

    def limited(self, count: int) -> History:
        """The same dates for the `count` documents that appeared first."""
        ids = dict.fromkeys(document.id for delta in self.deltas for document in delta.put)
        kept = set(list(ids)[:count])
        return History(
            self.name,
            tuple(
                Delta(
                    delta.date,
                    tuple(document for document in delta.put if document.id in kept),
                    tuple(id_ for id_ in delta.removed if id_ in kept),
                )
                for delta in self.deltas
            ),
        )


def open_history(folder: Path) -> History:
    """The history a folder holds, in either of the two forms that are known. Raises DatasetError."""
    for files, read in FORMS.items():
        if all((folder / name).is_file() for name in files):
            try:
                return History(folder.resolve().name, tuple(read(folder)))
            except (KeyError, TypeError, AttributeError) as error:
                raise DatasetError(f"{folder} is no history as its file names say: {error!r}.") from error
    known = " or ".join(", ".join(files) for files in FORMS)
    raise DatasetNotFound(f"{folder} holds no recorded history: it is a folder with {known}.")


def _pep_deltas(folder: Path) -> Iterator[Delta]:
    """Every PEP as its header lines, and its body where the versions are recorded: one delta a month."""
    events = _by_date(folder / "header_events.jsonl")
    versions = _by_date(folder / "typing_peps_quarterly_versions.jsonl")
    headers: dict[int, dict[str, str]] = {}
    bodies: dict[int, str] = {}
    for snapshot in _rows(folder / "snapshots_monthly.jsonl"):
        date, touched = snapshot["date"], dict.fromkeys(snapshot["added"])
        for event in events.get(date, ()):
            _set_field(headers.setdefault(event["pep"], {}), event["field"], event["new"])
            touched[event["pep"]] = None
        for version in versions.get(date, ()):
            bodies[version["pep"]] = version["text"].partition("\n\n")[2]
            touched[version["pep"]] = None
        gone = snapshot["deleted"]
        documents = (_pep(pep, headers.get(pep, {}), bodies.get(pep, ""), date) for pep in touched)
        put = tuple(document for pep, document in zip(touched, documents, strict=True) if pep not in gone)
        yield Delta(date, put, tuple(_pep_id(pep) for pep in gone))


def _pep(pep: int, header: Mapping[str, str], body: str, date: str) -> Document:
    lines = "\n".join(f"{field}: {value}" for field, value in header.items())
    text = f"PEP: {pep}\n{lines}\n\n{body}".strip()
    return Document(_pep_id(pep), header.get("Title", f"PEP {pep}"), text, timestamp=parse_moment(date))


def _pep_id(pep: int) -> DocumentId:
    return DocumentId(f"pep-{pep:04d}")


def _set_field(header: dict[str, str], field: str, value: str | None) -> None:
    if value is None:
        header.pop(field, None)
    else:
        header[field] = value


def _tldr_deltas(folder: Path) -> Iterator[Delta]:
    """Every help page in every state it had, one delta a quarter; a page without a text is gone."""
    for date, rows in _by_date(folder / TLDR_FILES[0]).items():
        put = (
            Document(
                DocumentId(row["path"]), _heading(row["text"]), row["text"], timestamp=parse_moment(date)
            )
            for row in rows
            if row["text"] is not None
        )
        yield Delta(date, tuple(put), tuple(DocumentId(row["path"]) for row in rows if row["text"] is None))


def _heading(page: str) -> str:
    return page.lstrip().partition("\n")[0].lstrip("# ").strip()


def _by_date(path: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of a file by their date, oldest date first."""
    dated: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(_rows(path), key=lambda row: str(row["date"])):
        dated.setdefault(row["date"], []).append(row)
    return dated


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    return (row for row, _ in read_rows(path))


FORMS: Mapping[tuple[str, ...], Callable[[Path], Iterator[Delta]]] = {
    PEP_FILES: _pep_deltas,
    TLDR_FILES: _tldr_deltas,
}
"""How a history is read, by the files it is made of."""


def states(history: History) -> Iterator[tuple[Delta, dict[DocumentId, Document]]]:
    """Each delta with the documents that are there after it, which is the same dictionary every time."""
    held: dict[DocumentId, Document] = {}
    for delta in history.deltas:
        for id_ in delta.removed:
            held.pop(id_, None)
        held.update((document.id, document) for document in delta.put)
        yield delta, held


def final_documents(history: History) -> list[Document]:
    """The documents that are there in the end."""
    *_, (_, held) = states(history)
    return list(held.values())
