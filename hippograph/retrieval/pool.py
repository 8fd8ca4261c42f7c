"""The pool: the passages worth ordering for a question, with the vectors needed to compare them.

The union of a few short rankings holds nearly every gold passage, so what remains is to order it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.graph.pagerank import distinct
from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Ranking, Rows
from hippograph.tables import spans
from hippograph.types import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Candidate passages and the vectors needed to compare them. C candidates, T sentences in them."""

    rows: Rows
    vectors: Vectors
    """Shape (C, d)."""
    sentence_rows: Rows
    sentence_owner: Rows
    """The candidate each sentence belongs to: shape (T,), ascending."""
    sentence_starts: Rows
    """Where each candidate's sentences begin: shape (C,)."""
    sentence_vectors: Vectors
    """Shape (T, d)."""


def gather_pool(index: PublishedIndex, rows: Rows) -> Pool:
    """Candidates with their own and their sentences' vectors; every passage has at least one sentence."""
    sentences, lengths = sentences_of(index, rows)
    return Pool(
        rows=rows,
        vectors=index.passage_vectors.vectors(rows),
        sentence_rows=sentences,
        sentence_owner=np.repeat(np.arange(len(rows)), lengths),
        sentence_starts=np.cumsum(lengths) - lengths,
        sentence_vectors=index.sentence_vectors(sentences),
    )


def sentences_of(index: PublishedIndex, rows: Rows) -> tuple[Rows, Rows]:
    """The rows of all sentences of some passages, end to end, and how many each passage has."""
    starts, lengths = index.tables.sentence_bounds(rows)
    return spans(starts, lengths), lengths


def nearest_sentences(index: PublishedIndex, query_vector: Vectors, rows: Rows) -> Ranking:
    """The sentences of some passages by how near the question they are.

    The passages nearest by meaning and by words hold the sentences that are; scanning every sentence of the corpus
    found the same seeds at a cost that grows with it.
    """
    sentences, lengths = sentences_of(index, rows)
    keys = np.repeat(index.keys_of(rows), lengths)
    return Ranking.of(sentences, index.sentence_vectors(sentences) @ query_vector, keys)


def best_per_passage(pool: Pool, values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The highest value among each candidate's sentences: (T,) or (T, n) to (C,) or (C, n)."""
    return np.maximum.reduceat(values, pool.sentence_starts, axis=0)


def union(rankings: list[Ranking], k: int) -> Rows:
    """Every row among the first k of some ranking, ascending."""
    return distinct(np.concatenate([ranking.rows[:k] for ranking in rankings]))
