"""First rankings of passages: by meaning and by words. Everything else builds on these two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.lexical import LexicalScores
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
    def of(
        cls,
        rows: npt.NDArray[np.integer],
        scores: npt.NDArray[np.floating],
        keys: npt.NDArray[np.uint64],
    ) -> Ranking:
        """Rows in order of their scores; ties go to the smaller key, made from content, and then to the lower row.

        Rows are numbered as they came, so they must not decide: an index that grew would rank otherwise than one that
        was built.
        """
        order = np.lexsort((rows, keys, -scores))
        return cls(rows[order].astype(np.int64), scores[order].astype(np.float64))

    @classmethod
    def best(
        cls,
        rows: npt.NDArray[np.integer],
        scores: npt.NDArray[np.floating],
        k: int,
        index: PublishedIndex,
    ) -> Ranking:
        """The k best of many passages, without sorting the rest; what ties with the k-th is decided by the keys."""
        if len(scores) > k:
            edge = np.partition(scores, len(scores) - k)[len(scores) - k]
            kept = scores >= edge
            rows, scores = rows[kept], scores[kept]
        return cls.of(rows, scores, index.keys_of(rows)).top(k)


SPARE = 16
"""How many more neighbours than needed are fetched, to see whether the last one needed ties with others."""


def dense_ranking(index: PublishedIndex, query_vector: Vectors, k: int) -> Ranking:
    """The k passages whose vectors are nearest the question's."""
    return dense_rankings(index, query_vector[None, :], k)[0]


def dense_rankings(index: PublishedIndex, queries: Vectors, k: int) -> list[Ranking]:
    """The k passages nearest each of several vectors on the grid: shape (queries, d)."""
    wanted = min(k, index.passage_count)
    if not wanted:
        return [Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))] * len(queries)
    fetched = wanted + SPARE
    while True:
        scores, rows = index.passage_vectors.search(queries, fetched)
        if fetched >= index.passage_count or (scores[:, -1] < scores[:, wanted - 1]).all():
            break
        fetched *= 2
    rankings = []
    for found, places in zip(scores, rows, strict=True):
        kept = places >= 0
        rankings.append(Ranking.of(places[kept], found[kept], index.keys_of(places[kept])).top(k))
    return rankings


def lexical_ranking(index: PublishedIndex, scores: LexicalScores, k: int) -> Ranking:
    """The k passages that share the most telling words with the question; those that share none are left out."""
    return Ranking.best(scores.rows, scores.values, k, index)
