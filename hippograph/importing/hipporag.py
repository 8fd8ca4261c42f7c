"""HippoRAG: its OpenIE results, a JSON file with passages, entities and triples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hippograph.errors import ConnectorError
from hippograph.importing.found import Gathering, Imported, text_of, title_and_text

FILES = "openie_results_*.json"


def is_openie(data: Any) -> bool:
    """Whether a JSON value is HippoRAG's: `{"docs": [{"passage", "extracted_triples", ...}]}`."""
    docs = data.get("docs") if isinstance(data, Mapping) else None
    return isinstance(docs, list) and any(
        isinstance(row, Mapping) and "extracted_triples" in row for row in docs
    )


def read_openie(path: Path) -> Imported:
    """The passages of one file, each a document. Raises ConnectorError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ConnectorError(f"{path} cannot be read: {error}.") from error
    if not is_openie(data):
        raise ConnectorError(
            f"{path} holds no OpenIE results: a list `docs` with `extracted_triples` is expected."
        )
    gathering = Gathering("hipporag", path)
    for number, row in enumerate(data["docs"]):
        if not isinstance(row, Mapping):
            gathering.leave("passages", "they are no records")
            continue
        key = text_of(row, "idx", "id") or str(number)
        title, text = title_and_text(text_of(row, "passage", "text"))
        gathering.add_text(key, text_of(row, "title") or title, text)
        gathering.names[key] = row.get("extracted_entities") or []
        gathering.facts[key] = row.get("extracted_triples") or []
    _leave_the_rest(gathering, path.parent)
    return gathering.result()


def _leave_the_rest(gathering: Gathering, folder: Path) -> None:
    stores = list(folder.glob("**/*_embeddings/*.parquet"))
    gathering.leave("stores of vectors", "an index embeds with its own model", len(stores))
    graphs = [path for path in folder.glob("**/graph.*") if path.suffix in (".pickle", ".graphml")]
    gathering.leave("graphs", "it is built anew from the triples, each edge once", len(graphs))
