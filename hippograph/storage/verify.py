"""Verifying: every byte against its checksum, every count and edge against the passages it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hippograph.errors import HippographError, IndexDamaged
from hippograph.graph.build import apply
from hippograph.index_tables import IndexTables
from hippograph.published import PublishedIndex
from hippograph.storage.manifest import Manifest
from hippograph.storage.reader import open_tables
from hippograph.storage.records import extraction_from_json, passage_from_json
from hippograph.tables import Files, Rows
from hippograph.text.names import normal_name
from hippograph.vectors import to_steps


def verify_version(root: Path, manifest: Manifest) -> list[str]:
    """Everything that is wrong with a version; empty when all is well."""
    try:
        tables = open_tables(root, manifest)
    except IndexDamaged as error:
        return [str(error)]
    return list(tables.files.wrong_checksums()) or list(_wrong_tables(tables, manifest))


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
    if tables.passage_count != manifest.version.passage_count:
        yield f"There are {tables.passage_count} passages, and the manifest says {manifest.version.passage_count}."
    if rows > tables.first_entity:
        yield f"There are {rows} rows of passages, and the entities' nodes begin at {tables.first_entity}."
    if not _edges_add_up(tables):
        yield "The graph's edges are not the sum of what passages and synonyms contribute."
    if not _names_add_up(tables):
        yield "The entities' counts are not those of the passages that name them."
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


def _names_add_up(tables: IndexTables) -> bool:
    counts = np.zeros(len(tables.entities), dtype=np.int64)
    for row in tables.live_passages().tolist():
        extraction = extraction_from_json(tables.extractions[row], passage_from_json(tables.passages[row]).id)
        names = sorted({normal_name(mention.name) for mention in extraction.mentions} - {""})
        counts[tables.entities.find(names)] += 1
    return np.array_equal(counts, tables.entity_counts[np.arange(len(counts))][:, 0])


def _vectors_add_up(tables: IndexTables) -> bool:
    steps = to_steps(tables.passage_vectors.values[tables.live_passages()]).astype(np.float64)
    moments = np.vstack([steps.sum(axis=0)[None], steps.T @ steps]).astype(np.int64)
    return np.array_equal(moments, tables.moments)
