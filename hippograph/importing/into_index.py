"""Importing into an index: the texts become documents, what was found in them is given, not extracted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hippograph.adapters.given_extractor import GivenExtractor
from hippograph.adapters.kept_readings import keep_readings, kept_readings
from hippograph.engine import index_sources
from hippograph.importing.found import Imported
from hippograph.importing.reading import ImportedSource, read_import
from hippograph.indexing import IndexReport
from hippograph.ports import Parts
from hippograph.settings import Settings
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
    was imported from there. Raises ConnectorError, MissingExtra, and all that indexing raises.
    """
    imported = read_import(path)
    settings = settings or Settings.load()
    parts = parts or build_parts(settings)
    before = kept_readings(folder)
    readings = {each.document: each for each in (*before, *imported.readings)}
    given = GivenExtractor(readings.values(), parts.extractor)
    report = index_sources(
        [ImportedSource(imported)],
        folder,
        settings=settings,
        parts=replace(parts, extractor=given),
        # What else was imported is given again: reading it takes seconds, and no model.
        migrate=migrate or bool(before),
        accept_loss=accept_loss,
        progress=progress,
    )
    keep_readings(folder, readings.values())
    return imported, report
