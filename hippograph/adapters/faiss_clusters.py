"""Nearest neighbours among more rows than are worth scanning: FAISS's inverted file with 8-bit codes.

Rows are sorted into clusters (IVF; Sivic and Zisserman, "Video Google", 2003); a search looks into the nearest of them,
at codes of one byte a coordinate, and scores what comes up there again by the vectors themselves. Rows that came after
the clusters were made are scanned. Scores are exact; a near row in a cluster that was not looked into is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.adapters.numpy_vectors import NumpyVectors, Places, Scored
from hippograph.types import Vectors

ROWS_PER_LIST = 4
"""There are this many times the square root of the rows many clusters, as FAISS's guidelines have it."""
PROBED = 2.0
"""This many times the root of their number of clusters are looked into: the more there are, the smaller a share holds
what is near."""
TRAINED_ON = 64
"""How many rows a cluster is trained on, at most."""
AT_ONCE = 1 << 16
"""How many rows are coded at a time."""
AGAIN = 4
"""How many times more rows than asked for are scored again by their vectors."""


def make_clusters(matrix: Vectors, before: Path | None, rows_before: int) -> npt.NDArray[np.uint8]:
    """The clusters of all rows, as bytes to be kept beside them.

    Clusters that were made for at least half as many rows are kept, and only the new rows are sorted into them.
    """
    import faiss

    if before is not None and 2 * rows_before >= len(matrix):
        index: Any = faiss.read_index(str(before))
    else:
        lists = int(ROWS_PER_LIST * np.sqrt(len(matrix)))
        index = faiss.index_factory(matrix.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        step = max(1, len(matrix) // (TRAINED_ON * lists))
        index.train(np.ascontiguousarray(matrix[::step]))
        rows_before = 0
    for start in range(rows_before, len(matrix), AT_ONCE):
        index.add(np.ascontiguousarray(matrix[start : start + AT_ONCE]))
    made: npt.NDArray[np.uint8] = faiss.serialize_index(index)
    return made


class ClusteredVectors(NumpyVectors):
    """A vector index that looks into clusters of its first rows and scans the rest."""

    def __init__(self, matrix: Vectors, gone: Places, clusters: Path, clustered: int) -> None:
        """`clusters` is the file of `make_clusters` over the first `clustered` rows; it is mapped, not read."""
        super().__init__(matrix, gone)
        faiss: Any = import_module("faiss")  # its own types know less than it does
        self._clustered = clustered
        self._index = faiss.read_index(str(clusters), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        self._parameters = faiss.SearchParametersIVF(
            nprobe=max(1, round(PROBED * np.sqrt(self._index.nlist)))
        )

    def _near(self, queries: Vectors, k: int) -> Iterator[Scored]:
        wanted = min(self._clustered, AGAIN * k + len(queries))
        _, found = self._index.search(queries, wanted, params=self._parameters)
        later = np.arange(self._clustered, len(self._matrix))
        for query, near in zip(queries, found, strict=True):
            rows = np.concatenate([near[near >= 0], later])
            rows = rows[~np.isin(rows, self._gone)]
            yield self._matrix[rows] @ query, rows
