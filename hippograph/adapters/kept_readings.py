"""Readings kept in the folder of an index that was imported: one JSON line a text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hippograph.adapters.given_extractor import GivenExtractor, GivenReading, read_given
from hippograph.ports import Parts

FILE = "imported.jsonl"


def keep_readings(folder: Path, readings: Iterable[GivenReading]) -> Path:
    """Write the readings into an index folder, in one step."""
    path = folder / FILE
    rows = (
        {
            "id": each.document,
            "text": each.text,
            "entities": each.reading.names,
            "triples": each.reading.facts,
        }
        for each in readings
    )
    beside = path.with_suffix(".new")
    beside.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    os.replace(beside, path)
    return path


def kept_readings(folder: Path) -> list[GivenReading]:
    """The readings of all imports into an index. Raises ExtractionError."""
    path = folder / FILE
    return read_given(path, {}) if path.is_file() else []


def with_imported(parts: Parts, folder: Path) -> Parts:
    """The parts that an index with imports grows with: what was imported is given, all else extracted as before."""
    kept = kept_readings(folder)
    return replace(parts, extractor=GivenExtractor(kept, parts.extractor)) if kept else parts
