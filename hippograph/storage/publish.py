"""Publishing: the stage's work becomes a version that never changes, visible by one rename."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from hippograph.errors import IndexNotFound
from hippograph.graph.linking import Linked
from hippograph.lexical import save_lexical_index
from hippograph.ports import VectorIndexes
from hippograph.settings import Settings
from hippograph.storage.manifest import Manifest, flush_folder, read_manifest, write_manifest
from hippograph.storage.reader import wrong_files
from hippograph.storage.records import extraction_to_json, passage_to_json, split_document
from hippograph.storage.stage import Stage, storage_errors
from hippograph.tables import save_lookup, save_strings
from hippograph.types import Document, IndexVersion, Vectors, VersionId

VERSIONS = "versions"


def write_version(
    stage: Stage,
    linked: Linked,
    documents: Sequence[Document],
    texts: Sequence[str],
    passage_vectors: Vectors,
    sentences: Sequence[str],
    sentence_vectors: Vectors,
    vectors: VectorIndexes,
) -> Path:
    """Write every file of a version aside, out of every reader's sight, and return the folder."""
    with storage_errors(stage.folder):
        _sweep(stage.folder)
        folder = stage.folder / VERSIONS / f".{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        _save_tables(folder, linked, documents)
        _save_graph(folder, linked)
        save_lexical_index(folder, "passages", texts)
        save_lexical_index(folder, "sentences", sentences)
        for name, matrix in (("passages", passage_vectors), ("sentences", sentence_vectors)):
            index = vectors.create(matrix.shape[1])
            index.add(matrix)
            index.save(folder / f"{name}.vectors")
        np.save(folder / "vectors.mean.npy", passage_vectors.mean(axis=0))
        centred = passage_vectors - passage_vectors.mean(axis=0)
        np.save(folder / "vectors.covariance.npy", centred.T @ centred / max(1, len(centred)))
    return folder


def publish(
    stage: Stage,
    folder: Path,
    counts: Mapping[str, int],
    failures: Sequence[str],
    parts: Mapping[str, str],
    settings: Settings,
    dimension: int,
    published_at: datetime,
) -> Manifest:
    """Make a written version visible. Where it equals the one that is visible and whole, that one stays."""
    with storage_errors(stage.folder):
        files = _weigh_and_flush(folder)
        id_ = VersionId(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16])
        previous = _current(stage.folder)
        number = previous.version.number + 1 if previous else 1
        if previous and _is_same(previous, id_, parts, failures) and not wrong_files(stage.folder, previous):
            shutil.rmtree(folder)
            return previous
        final = folder.with_name(f"{number:06d}-{id_}")
        os.replace(folder, final)
        flush_folder(final.parent)
        manifest = Manifest(
            version=IndexVersion(id=id_, number=number, published_at=published_at, **counts),
            folder=f"{VERSIONS}/{final.name}",
            files=files,
            parts=dict(parts),
            settings=settings.model_dump(mode="json", include={"passage", "extraction", "graph", "models"}),
            dimension=dimension,
            failures=tuple(failures),
        )
        write_manifest(stage.folder, manifest)
        _retire(stage.folder, settings.storage.keep_versions)
    return manifest


def _save_tables(folder: Path, linked: Linked, documents: Sequence[Document]) -> None:
    origins = [split_document(document) for document in documents]
    save_strings(folder, "documents", (record for record, _ in origins))
    save_strings(folder, "documents.text", (text for _, text in origins))
    save_strings(folder, "passages", map(passage_to_json, linked.passages))
    save_strings(folder, "extractions", map(extraction_to_json, linked.extractions))
    save_strings(folder, "entities.keys", linked.entity_keys)
    save_lookup(folder, "entities.keys", linked.entity_keys)
    save_strings(folder, "entities.names", linked.entity_names)
    row_of = {document.id: row for row, document in enumerate(documents)}
    owners = [row_of[passage.document] for passage in linked.passages]
    np.save(folder / "passages.documents.npy", np.array(owners, dtype=np.int32))
    np.save(folder / "entities.passage_counts.npy", linked.entity_passage_counts)
    np.save(folder / "sentences.starts.npy", linked.sentence_starts)
    np.save(folder / "sentences.entity_starts.npy", linked.sentence_entity_starts)
    np.save(folder / "sentences.entities.npy", linked.sentence_entities)
    np.save(folder / "titles.nodes.npy", linked.title_nodes)


def _save_graph(folder: Path, linked: Linked) -> None:
    graph, parts = linked.graph, linked.contributions
    np.save(folder / "graph.starts.npy", graph.starts)
    np.save(folder / "graph.neighbours.npy", graph.neighbours)
    np.save(folder / "graph.weights.npy", graph.weights)
    np.save(folder / "graph.degrees.npy", graph.degrees)
    for name in ("left", "right", "kind", "passage", "weight"):
        np.save(folder / f"contributions.{name}.npy", getattr(parts, name))


def _weigh_and_flush(folder: Path) -> dict[str, tuple[int, str]]:
    files = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        files[path.name] = (path.stat().st_size, digest)
    flush_folder(folder)
    return files


def _current(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except IndexNotFound:
        return None


def _is_same(previous: Manifest, id_: VersionId, parts: Mapping[str, str], failures: Sequence[str]) -> bool:
    """Whether a version holds just this. A passage that reads well by now, and holds nothing, changes no file."""
    return (previous.version.id, previous.parts, previous.failures) == (id_, parts, tuple(failures))


def _sweep(folder: Path) -> None:
    """Remove what a killed writer left: files still aside, and a version that no manifest came to name."""
    current = _current(folder)
    shown = current.folder if current else ""
    for path in (folder / VERSIONS).glob("*"):
        if path.name.startswith(".") or f"{VERSIONS}/{path.name}" > shown:
            shutil.rmtree(path, ignore_errors=True)


def _retire(folder: Path, keep: int) -> None:
    """Remove all but the newest versions. A reader that has one open keeps its files until it closes."""
    for path in sorted((folder / VERSIONS).glob("[0-9]*"))[:-keep]:
        shutil.rmtree(path, ignore_errors=True)
