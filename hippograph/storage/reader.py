"""Opening a published version: memory-mapped, so that the cost does not grow with the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.errors import IndexDamaged
from hippograph.graph.knowledge_graph import Contributions, KnowledgeGraph
from hippograph.lexical import LexicalIndex
from hippograph.ports import VectorIndexes
from hippograph.published import PublishedIndex
from hippograph.storage.manifest import Manifest
from hippograph.storage.records import document_from_json, extraction_from_json, passage_from_json
from hippograph.tables import Lookup, Strings, mapped


def open_version(root: Path, manifest: Manifest, vectors: VectorIndexes) -> PublishedIndex:
    """Open the version a manifest names. Raises IndexDamaged where a file is missing or has another size."""
    folder = root / manifest.folder
    for problem in _wrong_sizes(folder, manifest):
        raise IndexDamaged(f"{problem} Index again, or restore {root} from a copy.")
    try:
        return _open(folder, manifest, vectors)
    except (OSError, ValueError) as error:
        raise IndexDamaged(
            f"{folder} cannot be opened ({error}). Index again, or restore it from a copy."
        ) from error


def verify_version(root: Path, manifest: Manifest) -> list[str]:
    """Everything that is wrong with a version's files and edges; empty when all is well."""
    return wrong_files(root, manifest) or _wrong_edges(root / manifest.folder, manifest)


def wrong_files(root: Path, manifest: Manifest) -> list[str]:
    """The files of a version that are missing, cut off or altered."""
    folder = root / manifest.folder
    return list(_wrong_sizes(folder, manifest)) or list(_wrong_checksums(folder, manifest))


def read_contributions(folder: Path) -> Contributions:
    """What each passage contributed to each edge of a version. Raises IndexDamaged."""
    names = ("left", "right", "kind", "passage", "weight")
    try:
        return Contributions(*(_array(folder, f"contributions.{name}") for name in names))
    except (OSError, ValueError) as error:
        raise IndexDamaged(
            f"{folder} cannot be read any more ({error}). Where newer versions have taken its place, "
            "open the index again."
        ) from error


def _open(folder: Path, manifest: Manifest, vectors: VectorIndexes) -> PublishedIndex:
    passages, extractions = Strings(folder, "passages"), Strings(folder, "extractions")
    documents, texts = Strings(folder, "documents"), Strings(folder, "documents.text")
    sentence_starts = _array(folder, "sentences.starts")
    return PublishedIndex(
        version=manifest.version,
        graph=_graph(folder, len(passages)),
        lexical=LexicalIndex(folder, "passages", len(passages)),
        sentence_lexical=LexicalIndex(folder, "sentences", int(sentence_starts[-1])),
        passage_vectors=vectors.open(folder / "passages.vectors"),
        sentence_vectors=vectors.open(folder / "sentences.vectors"),
        sentence_starts=sentence_starts,
        sentence_entity_starts=_array(folder, "sentences.entity_starts"),
        sentence_entities=_array(folder, "sentences.entities"),
        entity_keys=Lookup(folder, "entities.keys"),
        entity_names=Strings(folder, "entities.names"),
        entity_passage_counts=_array(folder, "entities.passage_counts"),
        title_nodes=_array(folder, "titles.nodes"),
        passage_documents=_array(folder, "passages.documents"),
        vector_mean=_array(folder, "vectors.mean"),
        vector_covariance=_array(folder, "vectors.covariance"),
        load_passage=lambda row: passage_from_json(passages[row]),
        load_extraction=lambda row: extraction_from_json(
            extractions[row], passage_from_json(passages[row]).id
        ),
        load_origin=lambda row: document_from_json(documents[row]),
        load_document=lambda row: replace(document_from_json(documents[row]), text=texts[row]),
    )


def _graph(folder: Path, passage_count: int) -> KnowledgeGraph:
    starts, neighbours, weights, degrees = (
        _array(folder, f"graph.{name}") for name in ("starts", "neighbours", "weights", "degrees")
    )
    return KnowledgeGraph(starts, neighbours, weights, degrees, passage_count)


def _array(folder: Path, name: str) -> npt.NDArray[Any]:
    return mapped(folder / f"{name}.npy")


def _wrong_sizes(folder: Path, manifest: Manifest) -> Iterator[str]:
    for name, (size, _) in manifest.files.items():
        path = folder / name
        if not path.is_file():
            yield f"{path} is missing."
        elif path.stat().st_size != size:
            yield f"{path} has {path.stat().st_size} bytes and should have {size}."


def _wrong_checksums(folder: Path, manifest: Manifest) -> Iterator[str]:
    for name, (_, sha256) in manifest.files.items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                yield f"{folder / name} was altered: its checksum is not the one published."


def _wrong_edges(folder: Path, manifest: Manifest) -> list[str]:
    """Edges whose weight is not the sum of what their passages contribute."""
    from hippograph.graph.build import merge

    graph = _graph(folder, manifest.version.passage_count)
    again = merge(read_contributions(folder), graph.passage_count, graph.node_count)
    arrays = ("starts", "neighbours", "weights", "degrees")
    same = all(np.array_equal(getattr(graph, name), getattr(again, name)) for name in arrays)
    return [] if same else [f"{folder}: the graph's edges are not the sum of their contributions."]
