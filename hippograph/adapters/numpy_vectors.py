"""Exact nearest neighbours in numpy: the reference that other kinds of vector index are compared with.

The file is two .npy arrays, one after the other: the vectors (float32, mapped into memory) and the removed
rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from hippograph.errors import EmbeddingError, IndexDamaged, IndexMismatch, StorageError
from hippograph.types import Vectors

SCORE_DECIMALS = 6
"""Scores are rounded to this: what the order of additions changes lies beyond it, so equal vectors tie."""

# Rows whose scores differ by less than this may change places when they are rounded.
TIE_MARGIN = 2 * 10.0**-SCORE_DECIMALS

# Scores of a batch of queries are made in blocks of at most this many numbers (64 MiB).
SCORES_AT_ONCE = 1 << 24

Scored = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""Scores and rows, side by side."""


class NumpyVectors:
    """A vector index that multiplies every row with the query."""

    def __init__(self, matrix: Vectors, removed: npt.NDArray[np.int64] | None = None) -> None:
        """`matrix` may be mapped from a file; it is never written to."""
        self._chunks = [matrix]
        self._removed = np.empty(0, dtype=np.int64) if removed is None else removed
        self._count = len(matrix)
        self.dimension = matrix.shape[1]

    def __len__(self) -> int:
        """How many rows were added, removed ones included."""
        return self._count

    def add(self, vectors: Vectors) -> None:
        """Append rows. Raises IndexMismatch for another dimension, EmbeddingError for NaN."""
        rows = self._fitting(vectors, "vectors")
        self._chunks.append(rows.copy() if rows is vectors else rows)
        self._count += len(rows)

    def remove(self, rows: Sequence[int]) -> None:
        """Take rows out of every later search; the others keep their numbers. Raises StorageError."""
        gone = np.asarray(rows, dtype=np.int64)
        self._check_rows(gone)
        self._removed = np.union1d(self._removed, gone)

    def search(self, queries: Vectors, k: int) -> Scored:
        """Scores and rows of the k nearest, best first: each of shape (queries, k).

        Where fewer than k rows are left, the score is -inf and the row -1. Ties, to SCORE_DECIMALS, go to
        the lower row.
        """
        queries = self._fitting(queries, "queries")
        k = max(0, k)
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        if k and self._count > len(self._removed):
            for number, (found, places) in enumerate(self._near(queries, k)):
                best, where = _first(found, places, k)
                scores[number, : len(best)], rows[number, : len(where)] = best, where
        return scores, rows

    def vectors(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """The stored vectors of some rows, removed ones too. Raises StorageError for rows never added."""
        self._check_rows(rows)
        return self._matrix()[rows]

    def save(self, path: Path) -> None:
        """Write one file, aside first: the index may be mapped from the very file it replaces."""
        aside = path.with_name(path.name + ".part")
        try:
            with aside.open("wb") as file:
                np.lib.format.write_array(file, self._matrix(), allow_pickle=False)
                np.lib.format.write_array(file, self._removed, allow_pickle=False)
            os.replace(aside, path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise StorageError(f"The vectors cannot be written to {path}: {error}.") from error

    def _near(self, queries: Vectors, k: int) -> Iterator[Scored]:
        """For each query every row that may be among its k best, in any order."""
        matrix, removed = self._matrix(), self._removed
        block = max(1, SCORES_AT_ONCE // len(matrix))
        for start in range(0, len(queries), block):
            some = queries[start : start + block]
            # einsum adds up every row alike and on one thread; BLAS is faster for many queries only.
            all_scores = np.einsum("rd,d->r", matrix, some[0])[None] if len(some) == 1 else some @ matrix.T
            all_scores[:, removed] = -np.inf
            for scores in all_scores:
                yield _contenders(scores, min(k, len(matrix) - len(removed)))

    def _matrix(self) -> Vectors:
        """All rows as one array."""
        if len(self._chunks) > 1:
            self._chunks = [np.concatenate(self._chunks)]
        return self._chunks[0]

    def _fitting(self, vectors: Vectors, what: str) -> Vectors:
        """The vectors as a contiguous float32 matrix of the index's dimension."""
        array = np.ascontiguousarray(vectors, dtype=np.float32)
        if array.ndim != 2 or array.shape[1] != self.dimension:
            raise IndexMismatch(
                f"The {what} have the shape {np.shape(vectors)}, but this vector index holds rows of "
                f"{self.dimension} numbers: they come from another embedder. Use that one, or index again."
            )
        if not np.isfinite(array).all():
            raise EmbeddingError(f"The {what} hold a number that is not finite (NaN or infinity).")
        return array

    def _check_rows(self, rows: npt.NDArray[np.int64]) -> None:
        if rows.size and not 0 <= int(rows.min()) <= int(rows.max()) < self._count:
            raise StorageError(
                f"Rows {int(rows.min())} to {int(rows.max())} were asked for, but the vector index has "
                f"{self._count} rows."
            )


class NumpyVectorIndexes:
    """Makes and opens NumpyVectors."""

    fingerprint = "flat-float32-npy-1"

    def create(self, dimension: int) -> NumpyVectors:
        """An empty index for vectors of that many numbers."""
        return NumpyVectors(np.empty((0, dimension), dtype=np.float32))

    def open(self, path: Path) -> NumpyVectors:
        """Memory-mapped: the cost does not grow with the number of rows. Raises IndexDamaged."""
        return NumpyVectors(*read_flat(path))


def read_flat(path: Path) -> tuple[Vectors, npt.NDArray[np.int64]]:
    """The vectors, mapped, and the removed rows of a saved index. Raises IndexDamaged."""
    try:
        with path.open("rb") as file:
            matrix = _map(path, file)
            file.seek(matrix.nbytes, os.SEEK_CUR)
            removed = np.lib.format.read_array(file, allow_pickle=False)
            tail = file.read(1)
    except FileNotFoundError as error:
        raise IndexDamaged(f"The vector index {path} is missing. Restore it or index again.") from error
    except (OSError, ValueError, EOFError) as error:
        raise IndexDamaged(f"The vector index {path} cannot be read: {error}. Index again.") from error
    outside = removed.size and not 0 <= int(removed.min()) <= int(removed.max()) < len(matrix)
    if tail or removed.dtype != np.int64 or removed.ndim != 1 or outside:
        raise IndexDamaged(f"The vector index {path} does not end as it was written. Index again.")
    return matrix, removed


def _map(path: Path, file: BinaryIO) -> Vectors:
    """The matrix whose .npy header begins the file; leaves the file at the matrix's first number."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("it is of another format version")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    if len(shape) != 2 or by_columns or dtype != np.float32:
        raise ValueError("it holds something else than rows of float32")
    if 0 in shape:  # nothing can be mapped
        return np.empty(shape, dtype=np.float32)
    return np.asarray(np.memmap(path, dtype=np.float32, mode="r", offset=file.tell(), shape=shape))


def _contenders(scores: npt.NDArray[np.float32], k: int) -> Scored:
    """The rows that may be among the k best once scores are rounded."""
    worst = np.partition(scores, len(scores) - k)[len(scores) - k]
    rows = np.flatnonzero(scores >= worst - np.float32(TIE_MARGIN))
    return scores[rows], rows


def _first(scores: npt.NDArray[np.float32], rows: npt.NDArray[np.int64], k: int) -> Scored:
    """The k best of them: rounded, best first, the lower row first among equals."""
    rounded = np.round(scores, SCORE_DECIMALS)
    order = np.lexsort((rows, -rounded))[:k]
    return rounded[order], rows[order]
