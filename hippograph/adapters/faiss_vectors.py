"""Nearest neighbours by FAISS: exact up to a number of rows, on the processor or on a GPU, by clusters beyond.

FAISS scans the mapped rows where they lie, so an index can be opened with or without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from hippograph.adapters.devices import checked_device
from hippograph.adapters.faiss_clusters import ClusteredVectors, make_clusters
from hippograph.adapters.numpy_vectors import (
    NumpyVectors,
    Places,
    Scored,
)
from hippograph.errors import MissingExtra
from hippograph.ports import Prepared
from hippograph.types import Vectors

log = logging.getLogger(__name__)

# From this many queries on a matrix product is faster than FAISS's scan (6 times, at 256 queries).
QUERIES_FOR_PRODUCT = 8

# FAISS gives rows that are gone too, so that many more have to be fetched; a product leaves them out at once.
MOST_GONE = 100

# The most neighbours FAISS gives on a GPU.
GPU_NEIGHBOURS = 2048


class FaissVectors(NumpyVectors):
    """A vector index that FAISS searches."""

    def __init__(self, matrix: Vectors, gone: Places, gpu: _Gpu | None = None) -> None:
        super().__init__(matrix, gone)
        self._gpu = gpu

    def _near(self, queries: Vectors, k: int) -> Iterator[Scored]:
        if self._gpu is None and (len(queries) >= QUERIES_FOR_PRODUCT or len(self._gone) > MOST_GONE):
            yield from super()._near(queries, k)
            return
        for query in queries:
            yield self._contenders(query[None], k)

    def _contenders(self, query: Vectors, k: int) -> Scored:
        """The rows that may be among the k best: a few more than k, until the last one cannot tie."""
        fetched = k + len(self._gone) + 8
        while True:
            fetched = min(fetched, len(self._matrix))
            scores, rows = self._scan(query, fetched)
            if self._gone.size:
                kept = ~np.isin(rows, self._gone)
                scores, rows = scores[kept], rows[kept]
            if fetched == len(self._matrix) or scores[-1] < scores[k - 1]:
                return scores, rows
            fetched *= 2

    def _scan(self, query: Vectors, k: int) -> Scored:
        """The k nearest rows, best first, those that are gone included."""
        import faiss

        if self._gpu is not None and k <= GPU_NEIGHBOURS:
            return self._gpu.scan(self._matrix, query, k)
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)  # one query is done before a second thread has woken up
        try:
            scores, rows = faiss.knn(query, self._matrix, k, metric=faiss.METRIC_INNER_PRODUCT)
        finally:
            faiss.omp_set_num_threads(threads)
        return scores[0], rows[0]


class FaissVectorIndexes:
    """Searches mapped vectors with FAISS."""

    def __init__(self, device: str = "auto", exact_up_to: int = 100_000) -> None:
        """`device` is auto, cpu or cuda; auto takes a GPU where FAISS sees one. Raises MissingExtra.

        More rows than `exact_up_to` are searched by clusters.
        """
        self._exact_up_to = exact_up_to
        device = checked_device(device)
        faiss = _faiss()
        self._on_gpu = device != "cpu" and faiss.get_num_gpus() > 0
        if device.startswith("cuda") and not self._on_gpu:
            log.warning("FAISS sees no GPU; vectors are searched on the processor.")

    def prepare(self, matrix: Vectors, before: Prepared | None) -> npt.NDArray[np.uint8] | None:
        """The rows in clusters, once those that are not in any are more than are worth scanning."""
        done = before.rows if before else 0
        if len(matrix) - done <= self._exact_up_to:
            return None
        return make_clusters(matrix, before.path if before else None, done)

    def over(self, matrix: Vectors, gone: Places, prepared: Prepared | None = None) -> NumpyVectors:
        """An index over rows that are there already: the cost does not grow with them."""
        if prepared is not None:
            return ClusteredVectors(matrix, gone, prepared.path, prepared.rows)
        return FaissVectors(matrix, gone, _Gpu() if self._on_gpu else None)


class _Gpu:
    """A copy of the rows on the first GPU, made by the first search and again when rows were added."""

    def __init__(self) -> None:
        self._index: Any = None
        self._resources: Any = None
        self._lock = threading.Lock()  # a GPU's resources serve one thread at a time

    def scan(self, matrix: Vectors, query: Vectors, k: int) -> Scored:
        """The k nearest rows, best first."""
        with self._lock:
            index = self._copy(matrix)
            scores, rows = index.search(query, k)
        return scores[0], rows[0]

    def _copy(self, matrix: Vectors) -> Any:
        import faiss

        if self._index is None:
            self._resources = faiss.StandardGpuResources()
            self._index = faiss.GpuIndexFlatIP(self._resources, matrix.shape[1])
        if self._index.ntotal < len(matrix):
            self._index.add(matrix[self._index.ntotal :])
        return self._index


def _faiss() -> Any:
    """The module. Raises MissingExtra; warns when its two packages have overwritten each other."""
    try:
        import faiss
    except ImportError as error:
        raise MissingExtra("faiss-cpu", "cpu", "Vector search by FAISS") from error
    if _installed("faiss-cpu") and _installed("faiss-gpu"):
        log.warning(
            "Both faiss-cpu and faiss-gpu are installed and overwrite each other: "
            "uninstall both, then install one."
        )
    return faiss


def _installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
