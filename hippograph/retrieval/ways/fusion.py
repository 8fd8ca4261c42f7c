"""Fusing rankings of passages by their ranks, and rankings as results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Ranking, dense_ranking
from hippograph.retrieval.search import SCORE_DECIMALS, ranked_passage
from hippograph.types import RankedPassage, Reason, Vectors

RRF_K = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


def fuse(index: PublishedIndex, rankings: Sequence[Ranking]) -> Ranking:
    """Every passage of some rankings by the sum of 1 / (60 + rank): needs no scores that can be compared."""
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *(ranking.rows for ranking in rankings)])
    shares = [1 / (RRF_K + np.arange(1, len(ranking.rows) + 1)) for ranking in rankings]
    distinct, places = np.unique(rows, return_inverse=True)
    scores = np.bincount(places, np.concatenate([np.zeros(0), *shares]), minlength=len(distinct))
    return Ranking.of(distinct, np.round(scores, SCORE_DECIMALS), index.keys_of(distinct))


def followed_by_dense(index: PublishedIndex, ranking: Ranking, query_vector: Vectors, k: int) -> Ranking:
    """The k first of a ranking; where it ends earlier, the dense ranking goes on, each passage below its last."""
    if len(ranking.rows) >= k:
        return ranking.top(k)
    dense = dense_ranking(index, query_vector, k)
    beyond = ~np.isin(dense.rows, ranking.rows)
    last = float(ranking.scores[-1]) if len(ranking.rows) else 0.0
    scores = last + np.minimum(dense.scores[beyond] - 1, 0)
    return Ranking(
        np.concatenate([ranking.rows, dense.rows[beyond]]), np.concatenate([ranking.scores, scores])
    ).top(k)


def as_passages(
    index: PublishedIndex, ranking: Ranking, reasons: Callable[[int], tuple[Reason, ...]]
) -> tuple[RankedPassage, ...]:
    """The passages of a ranking, each with the reasons for its row."""
    return tuple(
        ranked_passage(index, rank, row, score, 1, reasons(row))
        for rank, (row, score) in enumerate(
            zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True), start=1
        )
    )
