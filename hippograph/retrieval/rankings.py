"""First rankings of passages: by meaning and by words. Everything else builds on these two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.types import Vectors

Rows = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Rows, best first, and their scores."""

    rows: Rows
    scores: Values

    def top(self, k: int) -> Ranking:
        """The first k."""
        return Ranking(self.rows[:k], self.scores[:k])

    @classmethod
    def of(cls, rows: npt.NDArray[np.integer], scores: npt.NDArray[np.floating]) -> Ranking:
        """Rows in order of their scores; ties go to the lower row."""
        order = np.lexsort((rows, -scores))
        return cls(rows[order].astype(np.int64), scores[order].astype(np.float64))

    @classmethod
    def best(cls, rows: npt.NDArray[np.integer], scores: npt.NDArray[np.floating], k: int) -> Ranking:
        """The k best of many, without sorting the rest; what ties with the k-th is decided by the lower row."""
        if len(scores) > k:
            edge = np.partition(scores, len(scores) - k)[len(scores) - k]
            kept = scores >= edge
            rows, scores = rows[kept], scores[kept]
        return cls.of(rows, scores).top(k)


def dense_ranking(index: PublishedIndex, query_vector: Vectors, k: int) -> Ranking:
    """The k passages whose vectors are nearest the question's."""
    scores, rows = index.passage_vectors.search(query_vector[None, :], k)
    kept = rows[0] >= 0
    return Ranking(rows[0][kept], scores[0][kept].astype(np.float64))


def lexical_ranking(scores: npt.NDArray[np.float32], k: int) -> Ranking:
    """The k passages that share the most telling words with the question; those that share none are left out."""
    rows = np.flatnonzero(scores)
    return Ranking.best(rows, scores[rows], k)
