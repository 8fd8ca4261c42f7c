"""Units of structural memory: what can be found besides passages (Zeng et al. 2024, section 3.1).

There a model writes triples, atomic facts and summaries of each document. Here they are read off the index: facts are
the triples of the passages, atomic facts their sentences with the title in front, and a document's summary is made of
its most central sentences. Only the passages nearest by meaning and by words are read, so that the work does not grow
with the corpus.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hippograph.ports import Embedder
from hippograph.published import PublishedIndex
from hippograph.retrieval.pool import Pool
from hippograph.retrieval.rankings import Rows
from hippograph.types import Row, Vectors
from hippograph.vectors import on_grid

MOST_FACTS = 48
"""How many facts are compared with a question: those of the sentences nearest it. They alone are embedded."""
MOST_DOCUMENTS = 60
"""Of how many documents a summary is looked at."""
MOST_SENTENCES = 200
"""How far into a document its summary reads."""
SUMMARY_SENTENCES = 3
KEPT_FACTS = 20_000
"""How many facts' vectors are kept for the next question."""


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


class FactVectors:
    """Vectors of facts as words, kept for the questions to come."""

    def __init__(self, embedder: Embedder, most: int = KEPT_FACTS) -> None:
        self._embedder = embedder
        self._most = most
        self._kept: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors on the grid: shape (texts, d). Raises EmbeddingError."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known |= dict(zip(new, on_grid(self._embedder.embed_passages(new)), strict=True))
        with self._lock:
            self._kept.update(known)
            for text in texts:
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])


def gather_units(
    index: PublishedIndex,
    pool: Pool,
    query_vector: Vectors,
    kinds: Sequence[UnitKind],
    facts: FactVectors,
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
            more = _facts(index, pool, query_vector)
            theirs = facts.of([unit.text for unit in more]) if more else pool.vectors[:0]
        else:
            more, theirs = _summaries(index, pool)
        units += more
        vectors.append(theirs)
    return Units(tuple(units), np.concatenate(vectors))


def _facts(index: PublishedIndex, pool: Pool, query_vector: Vectors) -> list[Unit]:
    """The facts of the sentences nearest the question, nearest first. Ties go by the passage's key and the place."""
    near = pool.sentence_vectors @ query_vector
    keys = index.keys_of(pool.rows)[pool.sentence_owner]
    found: list[Unit] = []
    read: dict[int, dict[int, list[str]]] = {}
    for place in np.lexsort((pool.sentence_rows, keys, -near)).tolist():
        if len(found) >= MOST_FACTS:
            break
        owner, row = int(pool.rows[pool.sentence_owner[place]]), int(pool.sentence_rows[place])
        if owner not in read:
            read[owner] = _triples(index, owner)
        first = index.sentence_rows(Row(owner)).start
        found += [Unit(UnitKind.FACT, owner, (row,), text) for text in read[owner].get(row - first, ())]
    return found[:MOST_FACTS]


def _triples(index: PublishedIndex, passage: int) -> dict[int, list[str]]:
    """A passage's facts in words, by the place of their sentence, each once."""
    told: dict[int, dict[str, None]] = {}
    for triple in index.load_extraction(Row(passage)).triples:
        text = " ".join(f"{triple.subject} {triple.relation} {triple.object}".split())
        if text:
            told.setdefault(triple.sentence, {})[text] = None
    return {place: list(texts) for place, texts in told.items()}


def _summaries(index: PublishedIndex, pool: Pool) -> tuple[list[Unit], Vectors]:
    """A summary of each document that a passage of the pool was cut from, the first documents of the pool only."""
    documents: dict[int, Rows] = {}
    for row in pool.rows.tolist():
        number = int(index.tables.passage_documents.values[row])
        if number not in documents and len(documents) < MOST_DOCUMENTS:
            documents[number] = index.passages_of_document(Row(row))
    units, vectors = [], []
    for rows in documents.values():
        sentences, vector = central_sentences(index, rows)
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
