"""Exact nearest neighbours in numpy: the reference that other kinds of vector index are compared with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hippograph.errors import EmbeddingError, IndexMismatch, StorageError
from hippograph.ports import Prepared
from hippograph.types import Vectors

# Scores of a batch of queries are made in blocks of at most this many numbers (64 MiB).
SCORES_AT_ONCE = 1 << 24

Scored = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""Scores and rows, side by side."""

Places = npt.NDArray[np.int64]


class NumpyVectors:
    """A vector index that multiplies every row with the query."""

    def __init__(self, matrix: Vectors, gone: Places) -> None:
        """`matrix` may be mapped from a file; it is never written to. `gone` are rows that are never found."""
        self._matrix = matrix
        self._gone = gone
        self.dimension = matrix.shape[1]

    def __len__(self) -> int:
        return len(self._matrix) - len(self._gone)

    def search(self, queries: Vectors, k: int) -> Scored:
        """Scores and rows of the k nearest, best first: each of shape (queries, k).

        Where fewer than k rows are left, the score is -inf and the row -1. Ties go to the lower row.
        """
        queries = self._fitting(queries)
        k = max(0, k)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        if k and len(self):
            for number, (found, places) in enumerate(self._near(queries, min(k, len(self)))):
                order = np.lexsort((places, -found))[:k]
                scores[number, : len(order)], rows[number, : len(order)] = found[order], places[order]
        return scores, rows

    def vectors(self, rows: Places) -> Vectors:
        """The stored vectors of some rows. Raises StorageError for rows that do not exist."""
        if rows.size and not 0 <= int(rows.min()) <= int(rows.max()) < len(self._matrix):
            raise StorageError(
                f"Rows {int(rows.min())} to {int(rows.max())} were asked for, but the vector index has "
                f"{len(self._matrix)} rows."
            )
        return self._matrix[rows]

    def _near(self, queries: Vectors, k: int) -> Iterator[Scored]:
        """For each query every row that may be among its k best, in any order."""
        block = max(1, SCORES_AT_ONCE // len(self._matrix))
        for start in range(0, len(queries), block):
            some = queries[start : start + block]
            all_scores = some @ self._matrix.T
            all_scores[:, self._gone] = -np.inf
            for scores in all_scores:
                worst = np.partition(scores, len(scores) - k)[len(scores) - k]
                rows = np.flatnonzero(scores >= worst)
                yield scores[rows], rows

    def _fitting(self, queries: Vectors) -> Vectors:
        """The queries as a contiguous float32 matrix of the index's dimension."""
        array = np.ascontiguousarray(queries, dtype=np.float32)
        if array.ndim != 2 or array.shape[1] != self.dimension:
            raise IndexMismatch(
                f"The queries have the shape {np.shape(queries)}, but this vector index holds rows of "
                f"{self.dimension} numbers: they come from another embedder. Use that one, or index again."
            )
        if not np.isfinite(array).all():
            raise EmbeddingError("The queries hold a number that is not finite (NaN or infinity).")
        return array


class NumpyVectorIndexes:
    """Searches mapped vectors with numpy."""

    def prepare(self, matrix: Vectors, before: Prepared | None) -> npt.NDArray[np.uint8] | None:
        """Nothing: every row is scanned, however many there are."""
        return None

    def over(self, matrix: Vectors, gone: Places, prepared: Prepared | None = None) -> NumpyVectors:
        """An index over rows that are there already: the cost does not grow with them."""
        return NumpyVectors(matrix, gone)
