"""Verifying: every byte against its checksum, every count and edge against the passages it comes from.

SQLite keeps no checksums, so what the stage holds of documents that are published is compared with what is published.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hippograph.errors import HippographError, IndexDamaged, PublishConflict, StorageError
from hippograph.graph.build import apply
from hippograph.index_tables import IndexTables
from hippograph.published import PublishedIndex
from hippograph.storage.grow import passage_strings, within
from hippograph.storage.manifest import Manifest
from hippograph.storage.publish import state_of
from hippograph.storage.reader import open_tables
from hippograph.storage.records import (
    extraction_from_json,
    extraction_to_json,
    passage_from_json,
    passage_to_json,
    split_document,
)
from hippograph.storage.stage import STAGE_NAME, WAY_OUT, Stage, wrong_stage
from hippograph.tables import Files, Rows
from hippograph.text.names import normal_name
from hippograph.types import DocumentId, Grade, IndexVersion
from hippograph.vectors import to_steps


def verify_version(root: Path, manifest: Manifest) -> list[str]:
    """Everything that is wrong with a version; empty when all is well."""
    try:
        tables = open_tables(root, manifest)
    except IndexDamaged as error:
        return [str(error)]
    return list(tables.files.wrong_checksums()) or list(_wrong_tables(tables, manifest))


def wrong_work(root: Path, manifest: Manifest) -> list[str]:
    """What is wrong with the stage of an index; what only it holds, and what another writer is at, is not looked at."""
    if found := wrong_stage(root):
        return found
    path = root / STAGE_NAME
    try:
        with Stage(root) as stage:
            differing = list(_contradictions(stage, open_tables(root, manifest), manifest))
    except (PublishConflict, StorageError):  # another writer is at work, or the folder cannot be written
        return []
    except (IndexDamaged, ValueError, KeyError, TypeError) as error:
        return [f"{path} is damaged: {error}. {WAY_OUT}"]
    return [f"{path} is damaged: {problem}. {WAY_OUT}" for problem in differing]


def _contradictions(stage: Stage, tables: IndexTables, manifest: Manifest) -> Iterator[str]:
    """The published documents that would be published otherwise, though nothing is said to have changed."""
    if stage.published() != manifest.version.id:
        return
    pending = set(stage.pending())
    for number in range(len(tables.document_ids)):
        id_ = tables.document_ids[number]
        record = int(tables.document_states.at(number)[0]) - 1
        if record < 0 or id_ in pending:
            continue
        state = state_of(stage, DocumentId(id_), manifest.parts["extractor"])
        kept = (tables.document_records[record], tables.document_texts[record])
        if state.document is None or split_document(state.document) != kept:
            yield f"it says something else of the document {id_!r} than what is published"
            continue
        rows, positions = tables.document_passages.row(number)
        rows = rows[np.argsort(positions)]
        found = [
            (passage_to_json(passage), extraction_to_json(within(passage, extraction)))
            for passage, extraction in zip(state.passages, state.extractions, strict=True)
        ]
        if found != [(tables.passages[row], tables.extractions[row]) for row in rows.tolist()]:
            yield f"it says something else of the passages of {id_!r} than what is published"
            continue
        texts, _ = passage_strings(state.passages)
        steps = stage.steps(manifest.parts["embedder"], texts, tables.dimension)
        if not np.array_equal(steps, to_steps(tables.passage_vectors.values[rows])):
            yield f"it holds other vectors of the passages of {id_!r} than what is published"


@contextmanager
def damage_told(index: PublishedIndex) -> Iterator[None]:
    """What a reader trips over in an altered file is told as damage; any other error passes through as it is."""
    try:
        yield
    except HippographError:
        raise
    except Exception as error:
        problems = list(index.tables.files.wrong_checksums())
        if not problems:
            raise
        raise IndexDamaged(f"{problems[0]} Rebuild with: hippograph compact --index DIR.") from error


def _wrong_tables(tables: IndexTables, manifest: Manifest) -> Iterator[str]:
    rows = len(tables.passages)
    for name, count in (
        ("extractions", len(tables.extractions)),
        ("documents of passages", len(tables.passage_documents)),
        ("passage vectors", len(tables.passage_vectors)),
        ("ends of sentences", len(tables.sentence_ends)),
    ):
        if count != rows:
            yield f"There are {count} {name} for {rows} passages."
    sentences = int(tables.sentence_ends.values[-1]) if rows else 0
    if len(tables.sentence_vectors) != sentences:
        yield f"There are {len(tables.sentence_vectors)} vectors for {sentences} sentences."
    if len(tables.entity_vectors) != len(tables.entities):
        yield f"There are {len(tables.entity_vectors)} vectors for {len(tables.entities)} entities."
    yield from _wrong_counts(tables, manifest.version)
    if rows > tables.first_entity:
        yield f"There are {rows} rows of passages, and the entities' nodes begin at {tables.first_entity}."
    if not _edges_add_up(tables):
        yield "The graph's edges are not the sum of what passages and synonyms contribute."
    if not _vectors_add_up(tables):
        yield "The vectors' mean and covariance are not those of the passages."


def _edges_add_up(tables: IndexTables) -> bool:
    """Whether the graph is the sum of its contributions, built again from nothing."""
    again = Rows(Files(), "graph")
    apply(again, tables.all_contributions())
    nodes = again.filled()
    if not np.array_equal(nodes, tables.edges.filled()):
        return False
    lengths, columns, amounts = tables.edges.gather(nodes)
    again_lengths, again_columns, again_amounts = again.gather(nodes)
    return (
        np.array_equal(lengths, again_lengths)
        and np.array_equal(columns, again_columns)
        and np.array_equal(amounts, again_amounts)
        and np.array_equal(again.totals(nodes), tables.edges.totals(nodes))
    )


def _wrong_counts(tables: IndexTables, version: IndexVersion) -> Iterator[str]:
    """What is counted again and comes out as something else."""
    naming = np.zeros(len(tables.entities), dtype=np.int64)
    fact_count = upgraded_count = 0
    for row in tables.live_passages().tolist():
        extraction = extraction_from_json(tables.extractions[row], passage_from_json(tables.passages[row]).id)
        names = sorted({normal_name(mention.name) for mention in extraction.mentions} - {""})
        naming[tables.entities.find(names)] += 1
        fact_count += len(extraction.triples)
        upgraded_count += extraction.grade is Grade.LLM
    if not np.array_equal(naming, tables.entity_counts[np.arange(len(naming))][:, 0]):
        yield "The entities' counts are not those of the passages that name them."
    states = tables.document_states[np.arange(len(tables.document_ids))]
    for name, counted, told in (
        ("documents", int((states > 0).sum()), version.document_count),
        ("passages", tables.passage_count, version.passage_count),
        ("entities", int((naming > 0).sum()), version.entity_count),
        ("facts", fact_count, version.fact_count),
        ("edges", tables.edges.entry_count // 2, version.edge_count),
        ("passages that a language model read", upgraded_count, version.upgraded_count),
    ):
        if counted != told:
            yield f"There are {counted} {name}, and the manifest says {told}."


def _vectors_add_up(tables: IndexTables) -> bool:
    steps = to_steps(tables.passage_vectors.values[tables.live_passages()]).astype(np.float64)
    moments = np.vstack([steps.sum(axis=0)[None], steps.T @ steps]).astype(np.int64)
    return np.array_equal(moments, tables.moments)
