"""Opening a published version: memory-mapped, so that the cost does not grow with the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from hippograph.errors import IndexDamaged
from hippograph.index_tables import IndexTables
from hippograph.ports import VectorIndexes
from hippograph.published import PublishedIndex
from hippograph.storage.manifest import Manifest
from hippograph.storage.records import document_from_json, extraction_from_json, passage_from_json
from hippograph.tables import Files
from hippograph.types import Document, Extraction, Passage, Row


def open_version(root: Path, manifest: Manifest, vectors: VectorIndexes) -> PublishedIndex:
    """Open the version a manifest names. Raises IndexDamaged where a file is missing or too short."""
    tables = open_tables(root, manifest)
    try:
        tables.files.hold()
        nearest = vectors.over(tables.passage_vectors.values, tables.gone, tables.prepared())
        return PublishedIndex(manifest.version, tables, nearest, _Records(tables))
    except (OSError, ValueError, IndexError) as error:
        raise IndexDamaged(
            f"{root / manifest.tables} cannot be opened ({error}). Rebuild with: "
            f"hippograph compact --index {root}; or restore it from a copy."
        ) from error


def open_tables(root: Path, manifest: Manifest) -> IndexTables:
    """The tables of a version. Raises IndexDamaged."""
    return IndexTables(Files(root / manifest.tables, manifest.lengths, manifest.states), manifest.dimension)


class _Records:
    """Documents, passages and extractions, read when they are asked for."""

    def __init__(self, tables: IndexTables) -> None:
        self._tables = tables

    def passage(self, row: Row) -> Passage:
        return passage_from_json(self._tables.passages[row])

    def extraction(self, row: Row) -> Extraction:
        return extraction_from_json(self._tables.extractions[row], self.passage(row).id)

    def origin(self, passage: Row) -> Document:
        return document_from_json(self._tables.document_records[self._tables.record_of(passage)])

    def document(self, passage: Row) -> Document:
        return replace(
            self.origin(passage), text=self._tables.document_texts[self._tables.record_of(passage)]
        )

    def documents(self) -> Iterator[Document]:
        tables = self._tables
        states = tables.document_states[np.arange(len(tables.document_ids))][:, 0]
        numbers = sorted(np.flatnonzero(states).tolist(), key=lambda number: tables.document_ids[number])
        for record in (int(states[number]) - 1 for number in numbers):
            yield replace(
                document_from_json(tables.document_records[record]), text=tables.document_texts[record]
            )
