"""From a path to an import: which system wrote what lies there, and its documents as a source of an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hippograph.errors import ConnectorError
from hippograph.importing.found import Imported
from hippograph.importing.graphrag import is_graphrag, read_graphrag
from hippograph.importing.graphs import LIGHTRAG_GRAPH, is_lightrag, read_graph_file, read_lightrag
from hippograph.importing.hipporag import FILES, is_openie, read_openie
from hippograph.importing.rows import is_rows, read_lines
from hippograph.types import Document

KNOWN = (
    "HippoRAG's openie_results_*.json, LightRAG's working folder (kv_store_text_chunks.json), GraphRAG's output folder "
    "(text_units, entities, relationships as .parquet, .csv or .json), a .graphml file, JSON lines of "
    "{id, title, text, entities, triples}"
)


def read_import(path: Path) -> Imported:
    """What another system left at a path. Raises ConnectorError, MissingExtra."""
    if not path.exists():
        raise ConnectorError(f"{path} does not exist.")
    if path.is_file():
        return _read_file(path)
    for folder in (path, path / "output"):
        if is_graphrag(folder):
            return read_graphrag(folder)
        if is_lightrag(folder):
            return read_lightrag(folder)
        if found := sorted(folder.glob(FILES)):
            return read_openie(found[-1])
        if graphs := sorted(folder.glob("*.graphml")):
            return read_graph_file(graphs[0])
    raise ConnectorError(f"{path} holds nothing that can be imported. Known are {KNOWN}.")


class ImportedSource:
    """The documents of an import, as a source of an index."""

    def __init__(self, imported: Imported) -> None:
        self.source = f"import:{imported.path.resolve()}"
        self._documents = imported.documents

    def documents(self, since: datetime | None = None) -> Iterator[Document]:
        """Every document."""
        return iter(self._documents)


def _read_file(path: Path) -> Imported:
    if path.suffix.lower() in (".graphml", ".xml"):
        if path.name == LIGHTRAG_GRAPH and is_lightrag(path.parent):
            return read_lightrag(path.parent)
        return read_graph_file(path)
    if path.suffix.lower() == ".json":
        try:
            data = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise ConnectorError(f"{path} cannot be read: {error}.") from error
        if is_openie(data):
            return read_openie(path)
    if is_rows(path):
        return read_lines(path)
    raise ConnectorError(f"{path} holds nothing that can be imported. Known are {KNOWN}.")
