"""Units of structural memory: what can be found besides passages (Zeng et al. 2024, section 3.1).

There a model writes triples, atomic facts and summaries of each document. Here they are read off the index: facts are
the triples of the passages, atomic facts their sentences with the title in front, and a document's summary is made of
its most central sentences. Only the passages nearest by meaning and by words are read, so that the work does not grow
with the corpus, and nothing is embedded: a fact lies in the middle between its sentence and the names that it joins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.pool import Pool
from hippograph.retrieval.rankings import Ranking, Rows
from hippograph.text.names import normal_name
from hippograph.types import Row, Triple, Vectors
from hippograph.vectors import from_steps, on_grid

MOST_FACTS = 48
"""How many facts are compared with a question: those of the sentences nearest it."""
MOST_DOCUMENTS = 60
"""Of how many documents a summary is looked at."""
MOST_SENTENCES = 200
"""How far into a document its summary reads."""
SUMMARY_SENTENCES = 3


class UnitKind(StrEnum):
    """What a unit is."""

    PASSAGE = "passage"
    FACT = "fact"
    ATOMIC = "atomic fact"
    SUMMARY = "summary"


KINDS = {
    "passages": (UnitKind.PASSAGE,),
    "facts": (UnitKind.FACT,),
    "atomic": (UnitKind.ATOMIC,),
    "summaries": (UnitKind.SUMMARY,),
    "mixed": tuple(UnitKind),
}
"""Which kinds a setting of `retrieval.units` means."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that can be found, and the passage it leads to."""

    kind: UnitKind
    passage: int
    """The row of its source; of a summary, the passage of the document that holds its first sentence."""
    sentences: tuple[int, ...]
    """The rows of the sentences it stands in; empty for a passage, which is all of them."""
    text: str = ""
    """Its words where they are not those of its sentences: a fact's."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The units of the passages worth looking at. U units."""

    units: tuple[Unit, ...]
    vectors: Vectors
    """Shape (U, d)."""


def gather_units(
    index: PublishedIndex,
    pool: Pool,
    query_vector: Vectors,
    kinds: Sequence[UnitKind],
) -> Units:
    """The units of these kinds in the passages of a pool."""
    units: list[Unit] = []
    vectors: list[Vectors] = []
    for kind in kinds:
        if kind is UnitKind.PASSAGE:
            more, theirs = [Unit(kind, row, ()) for row in pool.rows.tolist()], pool.vectors
        elif kind is UnitKind.ATOMIC:
            owners = pool.rows[pool.sentence_owner].tolist()
            places = zip(owners, pool.sentence_rows.tolist(), strict=True)
            more, theirs = [Unit(kind, owner, (row,)) for owner, row in places], pool.sentence_vectors
        elif kind is UnitKind.FACT:
            more, theirs = _facts(index, pool, query_vector)
        else:
            more, theirs = _summaries(index, pool, query_vector)
        units += more
        vectors.append(theirs)
    return Units(tuple(units), np.concatenate(vectors))


def _facts(index: PublishedIndex, pool: Pool, query_vector: Vectors) -> tuple[list[Unit], Vectors]:
    """The facts of the sentences nearest the question, nearest first. Ties go by the passage's key and the place."""
    near = pool.sentence_vectors @ query_vector
    keys = index.keys_of(pool.rows)[pool.sentence_owner]
    units: list[Unit] = []
    triples: list[Triple] = []
    places: list[int] = []
    read: dict[int, dict[int, list[Triple]]] = {}
    for place in np.lexsort((pool.sentence_rows, keys, -near)).tolist():
        if len(units) >= MOST_FACTS:
            break
        owner, row = int(pool.rows[pool.sentence_owner[place]]), int(pool.sentence_rows[place])
        if owner not in read:
            read[owner] = _triples(index, owner)
        for triple in read[owner].get(row - index.sentence_rows(Row(owner)).start, ()):
            text = " ".join(f"{triple.subject} {triple.relation} {triple.object}".split())
            units.append(Unit(UnitKind.FACT, owner, (row,), text))
            triples.append(triple)
            places.append(place)
    vectors = _fact_vectors(index, triples, pool.sentence_vectors[places])
    return units[:MOST_FACTS], vectors[:MOST_FACTS]


def _triples(index: PublishedIndex, passage: int) -> dict[int, list[Triple]]:
    """A passage's facts by the place of their sentence."""
    told: dict[int, list[Triple]] = {}
    for triple in index.load_extraction(Row(passage)).triples:
        told.setdefault(triple.sentence, []).append(triple)
    return told


def _fact_vectors(index: PublishedIndex, triples: Sequence[Triple], sentences: Vectors) -> Vectors:
    """Unit vectors between each fact's sentence and the names of its subject and object: shape (facts, d).

    What is no name of the graph, such as "three times as long", adds nothing.
    """
    names = [normal_name(name) for triple in triples for name in (triple.subject, triple.object)]
    nodes = index.nodes_of_keys(names)
    known = [place for place, node in enumerate(nodes) if node is not None]
    numbers = [int(node) - index.graph.first_entity for node in nodes if node is not None]
    together = sentences.astype(np.float64)
    vectors = from_steps(index.tables.entity_vectors.values[np.array(numbers, dtype=np.int64)])
    np.add.at(together, np.array(known, dtype=np.int64) // 2, vectors)
    lengths = np.linalg.norm(together, axis=1, keepdims=True)
    return on_grid(together / np.maximum(lengths, 1e-9))


def _summaries(index: PublishedIndex, pool: Pool, query_vector: Vectors) -> tuple[list[Unit], Vectors]:
    """Summaries of the documents of the passages nearest the question."""
    nearest = Ranking.of(pool.rows, pool.vectors @ query_vector, index.keys_of(pool.rows)).rows
    documents: dict[int, int] = {}
    for row in nearest.tolist():
        documents.setdefault(int(index.tables.passage_documents.values[row]), row)
    units, vectors = [], []
    for row in list(documents.values())[:MOST_DOCUMENTS]:
        sentences, vector = central_sentences(index, index.passages_of_document(Row(row)))
        owner = int(index.passage_of_sentences(sentences[:1])[0])
        units.append(Unit(UnitKind.SUMMARY, owner, tuple(sentences.tolist())))
        vectors.append(vector)
    return units, np.stack(vectors) if vectors else pool.vectors[:0]


def central_sentences(
    index: PublishedIndex, rows: Rows, count: int = SUMMARY_SENTENCES
) -> tuple[Rows, Vectors]:
    """The sentences nearest the middle of some passages, in reading order, and the unit vector of them together."""
    starts, lengths = index.tables.sentence_bounds(rows)
    sentences = np.concatenate([np.arange(s, s + n) for s, n in zip(starts, lengths, strict=True)])
    sentences = sentences[:MOST_SENTENCES].astype(np.int64)
    vectors = index.sentence_vectors(sentences)
    middle = vectors.astype(np.float64).sum(axis=0)
    near = np.round(vectors @ middle, 6)
    chosen = np.sort(np.argsort(-near, kind="stable")[:count])
    together = vectors[chosen].astype(np.float64).sum(axis=0)
    return sentences[chosen], on_grid(together / max(float(np.linalg.norm(together)), 1e-9))
