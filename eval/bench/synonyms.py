"""What it takes to find the synonyms of a few new names among many, beside comparing all with all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.generated import name_of
from hippograph.graph.synonymy import SynonymyPairs, find_new_synonyms, numerals_of
from hippograph.settings import GraphSettings
from hippograph.types import Vectors
from hippograph.vectors import to_steps

COUNT = 100_000
SHARE = 0.01
"""How many of the names are new."""
DIMENSION = 384
"""That of all-MiniLM-L6-v2."""
SPREAD = 0.42
"""How far a name lies from its group's middle: two of a group have a cosine of about 1 / (1 + SPREAD ** 2), 0.85."""
NEIGHBOURS_NEAR = 1.9
"""How many others of its group a name has on average: as many as MuSiQue's names have from a cosine of 0.8 on."""

SAMPLE = 2_000
"""How many rows of the comparison of all with all are timed."""
QUERY_ROWS, KEY_ROWS = 1_000, 10_000
NEIGHBOURS = 2_047
"""HippoRAG 2's settings: queries and keys in batches of these sizes, and so many neighbours of each name."""
ROUNDS = 5


def measure_synonyms(count: int, sample: int = SAMPLE, rounds: int = ROUNDS) -> dict[str, Any]:
    """Seconds of three ways over the same generated vectors, and the recall of the way for new names.

    HippoRAG 2 finds the 2,047 nearest of every name, new or not, at every call, and walks over them as Python lists.
    A sample of its rows is timed, with numpy in place of torch, and multiplied. Comparing all with all in blocks keeps
    what reaches the threshold. Recall is that of pairs with a new name, against inner products in double precision of
    the vectors before they are rounded for storage.
    """
    threshold = GraphSettings().synonymy_threshold
    vectors = grouped_vectors(count, DIMENSION, seed=0)
    steps, numerals = to_steps(vectors), numerals_of([name_of(rank, "person") for rank in range(count)])
    first_new = count - max(1, round(count * SHARE))
    found: list[SynonymyPairs] = []
    seconds = [
        _seconds(lambda: found.append(find_new_synonyms(steps, numerals, first_new, threshold)))
        for _ in range(rounds)
    ]
    new = statistics.median(seconds)
    rows = min(sample, count)
    upstream = _seconds(lambda: as_upstream(vectors, rows, threshold)) * count / rows
    every = _seconds(lambda: find_new_synonyms(steps, numerals, 0, threshold))
    expected = exact_pairs(vectors, first_new, threshold)
    kept = set(zip(found[-1].left.tolist(), found[-1].right.tolist(), strict=True))
    return {
        "bench": "synonyms",
        "names": count,
        "new": count - first_new,
        "dimension": DIMENSION,
        "pairs_with_a_new_name": len(expected),
        "seconds_new": round(new, 4),
        "seconds_upstream": round(upstream, 1),
        "upstream_rows_timed": rows,
        "seconds_all_pairs": round(every, 2),
        "upstream_to_new": round(upstream / new, 1),
        "all_pairs_to_new": round(every / new, 1),
        "recall": round(len(kept & expected) / len(expected), 5) if expected else None,
        "precision": round(len(kept & expected) / len(kept), 5) if kept else None,
    }


def grouped_vectors(count: int, dimension: int, seed: int) -> Vectors:
    """Unit vectors in groups of near neighbours, in a shuffled order: shape (count, dimension)."""
    rng = np.random.default_rng(seed)
    sizes = rng.geometric(
        2 / (NEIGHBOURS_NEAR + 2), count
    )  # seen from a name, groups are larger than on average
    group = np.repeat(np.arange(count), sizes)[:count]
    centres = rng.standard_normal((int(group[-1]) + 1, dimension), dtype=np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    noise = rng.standard_normal((count, dimension), dtype=np.float32) * np.float32(
        SPREAD / np.sqrt(dimension)
    )
    vectors: Vectors = centres[rng.permutation(group)] + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def as_upstream(vectors: Vectors, rows: int, threshold: float) -> list[tuple[int, int]]:
    """Synonyms of the first rows the way HippoRAG 2 finds those of all: nearest neighbours, then lists."""
    pairs = []
    for start in range(0, rows, QUERY_ROWS):
        queries = vectors[start : min(start + QUERY_ROWS, rows)]
        scores, keys = _nearest(queries, vectors)
        for row, (row_scores, row_keys) in enumerate(zip(scores.tolist(), keys.tolist(), strict=True), start):
            for score, key in zip(row_scores, row_keys, strict=True):
                if score < threshold:
                    break
                if key != row:
                    pairs.append((row, key))
    return pairs


def exact_pairs(vectors: Vectors, first_new: int, threshold: float) -> set[tuple[int, int]]:
    """Every pair with a name from `first_new` on, by inner products in double precision."""
    pairs: set[tuple[int, int]] = set()
    for start in range(first_new, len(vectors), 250):
        some = vectors[start : start + 250].astype(np.float64)
        for block in range(0, len(vectors), KEY_ROWS):
            right, left = np.nonzero(
                some @ vectors[block : block + KEY_ROWS].astype(np.float64).T >= threshold
            )
            ends = zip((block + left).tolist(), (start + right).tolist(), strict=True)
            pairs.update((a, b) for a, b in ends if a < b)
    return pairs


def _nearest(queries: Vectors, keys: Vectors) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Scores and rows of each query's nearest keys, best first: those of each block of keys, then of all blocks."""
    scores, rows = [], []
    for start in range(0, len(keys), KEY_ROWS):
        block = queries @ keys[start : start + KEY_ROWS].T
        near = _largest(block, NEIGHBOURS)
        scores.append(np.take_along_axis(block, near, axis=1))
        rows.append(near + start)
    all_scores, all_rows = np.concatenate(scores, axis=1), np.concatenate(rows, axis=1)
    best = _largest(all_scores, NEIGHBOURS)
    return np.take_along_axis(all_scores, best, axis=1), np.take_along_axis(all_rows, best, axis=1)


def _largest(scores: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
    """The columns of each row's k largest values, largest first."""
    k = min(k, scores.shape[1])
    some = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1)
    return np.take_along_axis(some, order, axis=1)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
