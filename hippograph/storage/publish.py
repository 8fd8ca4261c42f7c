"""Publishing: what is pending in the stage becomes a version, visible by one rename.

A version is written behind the one before it, in the same files, at the cost of what changed. Files are written from
nothing, into a new folder, where there is nothing to build on: no version yet, another shape, a rollback, damage, or
too much that is gone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hippograph.errors import ConnectorError, IndexDamaged, IndexNotFound
from hippograph.index_tables import IndexTables
from hippograph.ports import VectorIndexes
from hippograph.settings import Settings
from hippograph.storage.grow import DocumentState, find_names, grow, passage_strings
from hippograph.storage.manifest import (
    VERSIONS,
    Manifest,
    keep_copy,
    read_manifest,
    read_versions,
    write_manifest,
)
from hippograph.storage.stage import Stage, batches, storage_errors
from hippograph.tables import Files
from hippograph.types import DocumentId, Extraction, ExtractionFailure, IndexVersion, Passage, VersionId
from hippograph.vectors import Steps

log = logging.getLogger(__name__)

TABLES = "tables"

DOCUMENTS_AT_ONCE = 4000
"""How many documents are linked in one go: what a publish holds in memory."""

GONE_SHARE = 4
"""An index is compacted when one in this many of its passages is gone."""

FEW = 256
"""Up to this many passages that are gone are never worth a compaction."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a version is made with."""

    parts: Mapping[str, str]
    settings: Settings
    extractor: str
    embedder: str
    dimension: int
    vectors: VectorIndexes


def publish_pending(
    stage: Stage,
    shape: Shape,
    now: datetime,
    told: Callable[[int, int], None],
    compact: bool = False,
) -> Manifest:
    """Make a version of everything in the stage, or find that the visible one already is. Safe to repeat.

    Raises ConnectorError where there would be no passage and never was a version.
    """
    with storage_errors(stage.folder):
        previous = current_manifest(stage.folder)
        if previous:
            stage.settle(previous.version.id)
            keep_copy(stage.folder, previous)
        _sweep(stage.folder, previous)
        tables = None if compact else _tables_to_grow(stage, previous, shape)
        if tables is None:
            stage.make_all_pending()
            tables = _new_tables(stage, shape.dimension)
            previous_files = None
        else:
            previous_files = previous
        try:
            _link(stage, tables, shape, told)
            tables.prepare(shape.vectors)
            failures = tuple(stage.failures(shape.extractor))
            if previous_files and _is_same(previous_files, tables.files, failures):
                stage.about_to_publish(previous_files.version.id)
                stage.settle(previous_files.version.id)
                return previous_files
            manifest = _commit(stage, tables, shape, failures, now, previous)
        finally:
            tables.files.close()
        if previous and not previous_files and _is_whole(stage.folder, previous, manifest.version.id):
            shutil.rmtree(stage.folder / manifest.tables)
            stage.settle(previous.version.id)
            return previous
        write_manifest(stage.folder, manifest)
        stage.settle(manifest.version.id)
        _retire(stage.folder, shape.settings.storage.keep_versions)
    return manifest


def pending_strings(stage: Stage, extractor: str) -> tuple[list[str], list[str], list[str]]:
    """What the passages that are pending need embedded: names, texts, sentences."""
    names: set[str] = set()
    texts: list[str] = []
    sentences: list[str] = []
    for id_ in stage.pending():
        if stage.original_of(id_) != id_:
            continue
        passages = stage.passages_of(id_)
        names.update(find_names(_extraction(stage, extractor, passage) for passage in passages))
        own_texts, own_sentences = passage_strings(passages)
        texts += own_texts
        sentences += own_sentences
    return sorted(names), texts, sentences


def current_manifest(folder: Path) -> Manifest | None:
    """The visible version's manifest; None where nothing is published yet."""
    try:
        return read_manifest(folder)
    except IndexNotFound:
        return None


def _tables_to_grow(stage: Stage, previous: Manifest | None, shape: Shape) -> IndexTables | None:
    """The visible version's tables; None where they are nothing to build on."""
    if (
        previous is None
        or stage.published() != previous.version.id
        or dict(shape.parts) != dict(previous.parts)
    ):
        return None
    try:
        files = Files(stage.folder / previous.tables, previous.lengths, previous.states)
    except IndexDamaged as error:
        log.warning("%s The index is written anew.", error)
        return None
    tables = IndexTables(files, shape.dimension)
    rows, gone = len(tables.passages), len(tables.gone)
    if rows + stage.pending_passage_count() > tables.first_entity:
        return None
    return None if gone > FEW and gone * GONE_SHARE > rows else tables


def _new_tables(stage: Stage, dimension: int) -> IndexTables:
    folder = stage.folder / TABLES / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    tables = IndexTables(Files(folder), dimension)
    tables.make_room(stage.passage_count())
    return tables


def _link(stage: Stage, tables: IndexTables, shape: Shape, told: Callable[[int, int], None]) -> None:
    """Bring the tables in step with the documents that are pending."""
    pending = stage.pending()

    def steps_of(strings: Sequence[str]) -> Steps:
        return stage.steps(shape.embedder, strings, shape.dimension)

    done = 0
    for some in batches(pending, DOCUMENTS_AT_ONCE):
        states = [state_of(stage, id_, shape.extractor) for id_ in some]
        grow(tables, states, shape.settings.graph, steps_of)
        done += len(some)
        told(done, len(pending))


def state_of(stage: Stage, id_: DocumentId, extractor: str) -> DocumentState:
    """A document as it should be published; a copy of another is indexed with that one alone."""
    if stage.original_of(id_) != id_:
        return DocumentState(id_, None)
    passages = stage.passages_of(id_)
    return DocumentState(
        id_, stage.document(id_), passages, [_extraction(stage, extractor, passage) for passage in passages]
    )


def _extraction(stage: Stage, extractor: str, passage: Passage) -> Extraction:
    """What was found in a passage; an unread one keeps text and vectors and adds nothing to the graph."""
    result = stage.extraction(extractor, passage)
    return Extraction(passage.id, (), ()) if isinstance(result, ExtractionFailure) else result


def _is_same(previous: Manifest, files: Files, failures: tuple[str, ...]) -> bool:
    return (previous.lengths, previous.failures) == (files.lengths, failures)


def _is_whole(folder: Path, previous: Manifest, id_: VersionId) -> bool:
    """Whether a version written from nothing is, byte for byte, the visible one, and that one undamaged."""
    if previous.version.id != id_:
        return False
    try:
        files = Files(folder / previous.tables, previous.lengths, previous.states)
    except IndexDamaged:
        return False
    return not any(files.wrong_checksums())


def _commit(
    stage: Stage,
    tables: IndexTables,
    shape: Shape,
    failures: tuple[str, ...],
    now: datetime,
    previous: Manifest | None,
) -> Manifest:
    """Flush the tables and say what the version is, without making it visible yet."""
    if not tables.passage_count and previous is None:
        shutil.rmtree(tables.files.folder or "", ignore_errors=True)
        raise ConnectorError("The documents hold no text to index. What was published before is untouched.")
    tables.files.commit()
    content = json.dumps(
        [tables.files.lengths, tables.files.states, dict(shape.parts), failures], sort_keys=True
    )
    id_ = VersionId(hashlib.sha256(content.encode()).hexdigest()[:16])
    counts = tables.counts
    before = [each.version.number for each in read_versions(stage.folder)] if previous else []
    others = shape.settings.storage.keep_versions - 1
    folder = tables.files.folder or stage.folder
    manifest = Manifest(
        version=IndexVersion(
            id=id_,
            number=max(before, default=0) + 1,
            published_at=now,
            document_count=counts["documents"],
            passage_count=tables.passage_count,
            entity_count=counts["entities"],
            fact_count=counts["facts"],
            edge_count=tables.edges.entry_count // 2,
            failure_count=len(failures),
            upgraded_count=counts["upgraded"],
        ),
        tables=f"{TABLES}/{folder.name}",
        lengths=dict(tables.files.lengths),
        states=dict(tables.files.states),
        parts=dict(shape.parts),
        settings=shape.settings.model_dump(mode="json", include={"passage", "extraction", "graph", "models"}),
        dimension=shape.dimension,
        failures=failures,
        kept=tuple(before[-others:] if others else ()),
    )
    stage.about_to_publish(id_)
    return manifest


def _sweep(folder: Path, current: Manifest | None) -> None:
    """Remove what a killed writer left: folders of tables that no version stands in."""
    kept = {manifest.tables for manifest in read_versions(folder)} if current else set()
    for path in (folder / TABLES).glob("*"):
        if f"{TABLES}/{path.name}" not in kept:
            shutil.rmtree(path, ignore_errors=True)


def _retire(folder: Path, keep: int) -> None:
    """Remove all but the newest versions and the visible one, and files that none of them stands in.

    A reader that has one open keeps its files until it closes.
    """
    versions = read_versions(folder)
    visible = read_manifest(folder).version.number
    kept = [each for each in versions if each in versions[-keep:] or each.version.number == visible]
    for manifest in versions:
        if manifest not in kept:
            (folder / VERSIONS / f"{manifest.version.number:06d}.json").unlink(missing_ok=True)
    for path in (folder / TABLES).glob("*"):
        here = [each for each in kept if each.tables == f"{TABLES}/{path.name}"]
        if not here:
            shutil.rmtree(path, ignore_errors=True)
            continue
        used = {name for each in here for name in each.lengths}
        for file in path.iterdir():
            if file.name not in used:
                file.unlink(missing_ok=True)
