"""JSON lines {id, title?, text, entities, triples}: the plainest form of an extraction."""

from __future__ import annotations

import json
from pathlib import Path

from hippograph.errors import ConnectorError
from hippograph.importing.found import Gathering, Imported, text_of
from hippograph.importing.tables import read_rows


def is_rows(path: Path) -> bool:
    """Whether a file holds readings with their texts, one a line."""
    if path.suffix.lower() not in (".jsonl", ".ndjson"):
        return False
    try:
        first = json.loads(path.open(encoding="utf-8-sig").readline())
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and "triples" in first and isinstance(first.get("text"), str)


def read_lines(path: Path) -> Imported:
    """JSON lines {id, title?, text, entities, triples} as an import. Raises ConnectorError."""
    gathering = Gathering("jsonl", path)
    for number, row in enumerate(read_rows(path)):
        key = text_of(row, "id") or str(number)
        gathering.add_text(key, text_of(row, "title"), text_of(row, "text"))
        gathering.names[key] = row.get("entities") or []
        gathering.facts[key] = row.get("triples") or []
    if not gathering.documents:
        raise ConnectorError(f"{path} holds no texts.")
    return gathering.result()
