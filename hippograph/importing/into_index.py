"""Importing into an index: the texts become documents, and what was found in them stands in for what rules find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hippograph.adapters.given_extractor import GivenExtractor
from hippograph.errors import GenerationError
from hippograph.importing.found import Imported
from hippograph.importing.reading import ImportedSource, read_import
from hippograph.indexing import IndexReport, build_index
from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.storage.stage import Stage, passage_key
from hippograph.types import Extraction, ExtractionFailure, Passage
from hippograph.upgrading import Upgrade
from hippograph.wiring import build_parts


def import_into(
    path: Path,
    folder: Path,
    *,
    settings: Settings | None = None,
    parts: Parts | None = None,
    migrate: bool = False,
    accept_loss: bool = False,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> tuple[Imported, IndexReport]:
    """Bring what another system left at `path` into an index, beside what is there.

    A passage longer than ours is cut, and each part gets the facts that stand in it. Importing again replaces what
    was imported from there. Passages that are cut another way later (`--migrate`) lose what was imported; importing
    again brings it back. Raises ConnectorError, MissingExtra, and all that indexing raises.
    """
    imported = read_import(path)
    settings = settings or Settings.load()
    reader = ImportReader(imported)
    report = build_index(
        [ImportedSource(imported)],
        folder,
        parts or build_parts(settings),
        settings,
        migrate=migrate,
        accept_loss=accept_loss,
        upgrade=Upgrade(reader, reader.passages_in),
        progress=progress,
    )
    return imported, report


class ImportReader:
    """Reads nothing by itself: it gives each passage of an import what was found in it there."""

    halted: GenerationError | None = None

    def __init__(self, imported: Imported) -> None:
        self._documents = sorted(document.id for document in imported.documents)
        self._given = GivenExtractor(imported.readings)
        self.fingerprint = self._given.fingerprint

    def read(self, passages: Sequence[Passage]) -> Iterator[Extraction | ExtractionFailure]:
        """One result a passage, in order."""
        return self._given.extract(passages)

    def passages_in(self, stage: Stage, extractor: str) -> list[Passage]:
        """The passages of the import, one for each distinct text: of two readings of one text, the first stands."""
        found: dict[str, Passage] = {}
        for document in self._documents:
            for passage in stage.passages_of(document):
                found.setdefault(passage_key(passage), passage)
        return list(found.values())
