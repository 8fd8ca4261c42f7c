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
from hippograph.types import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Candidate passages and the vectors needed to compare them. C candidates, T sentences in them."""

    rows: npt.NDArray[np.int64]
    vectors: Vectors
    """Shape (C, d)."""
    sentence_rows: npt.NDArray[np.int64]
    sentence_owner: npt.NDArray[np.int64]
    """The candidate each sentence belongs to: shape (T,), ascending."""
    sentence_starts: npt.NDArray[np.int64]
    """Where each candidate's sentences begin: shape (C,)."""
    sentence_vectors: Vectors
    """Shape (T, d)."""


def gather_pool(index: PublishedIndex, rows: npt.NDArray[np.int64]) -> Pool:
    """Candidates with their own and their sentences' vectors; every passage has at least one sentence."""
    starts, ends = index.sentence_starts[rows], index.sentence_starts[rows + 1]
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    sentences = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return Pool(
        rows=rows,
        vectors=index.passage_vectors.vectors(rows),
        sentence_rows=sentences,
        sentence_owner=np.repeat(np.arange(len(rows)), lengths),
        sentence_starts=offsets[:-1],
        sentence_vectors=index.sentence_vectors.vectors(sentences),
    )


def best_per_passage(pool: Pool, values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """The highest value among each candidate's sentences: (T,) or (T, n) to (C,) or (C, n)."""
    return np.maximum.reduceat(values, pool.sentence_starts, axis=0)


def union(rankings: list[Ranking], k: int) -> npt.NDArray[np.int64]:
    """Every row among the first k of some ranking, ascending."""
    return distinct(np.concatenate([ranking.rows[:k] for ranking in rankings]))
