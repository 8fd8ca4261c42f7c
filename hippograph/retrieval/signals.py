"""Signals: what each way of looking at a question says of each candidate, as numbers a linear model can weigh."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hippograph.lexical import LexicalScores
from hippograph.published import PublishedIndex
from hippograph.retrieval.hops import FirstHop, left_open, second_probes
from hippograph.retrieval.links import Links
from hippograph.retrieval.pool import Pool, best_per_passage
from hippograph.retrieval.rankings import Rows, Values
from hippograph.retrieval.walk import MIX, Walks
from hippograph.types import Vectors

Signals = dict[str, Values]

RANK_OFFSET = 5
"""Reciprocal ranks are 1 / (5 + rank): the first few places differ, the rest hardly."""


def similarity_signals(
    index: PublishedIndex,
    question: str,
    query_vector: Vectors,
    lexical: LexicalScores,
    pool: Pool,
    first: FirstHop,
    chains: npt.NDArray[np.float32],
) -> Signals:
    """By meaning and by words, for the question and for the second hop's probes.

    `chains` are the pool's `chain_scores`. Similarities are in standard deviations above the mean of all passages,
    so that they mean the same in any corpus.
    """
    mean, spread = index.dense_spread(query_vector)
    sentence_scores = pool.sentence_vectors @ query_vector
    itself = _is_first_hop(pool, first)
    elsewhere = np.where(itself[pool.sentence_owner], np.float32(-1), chains)
    second = pool.vectors @ second_probes(query_vector, first).T
    remaining = pool.vectors @ left_open(query_vector, first).T
    second[itself] = remaining[itself] = -1
    return {
        "dense": (pool.vectors @ query_vector - mean) / spread,
        "lexical": (lexical.of(pool.rows) - lexical.mean) / lexical.spread,
        "sentence_dense": (best_per_passage(pool, sentence_scores) - mean) / spread,
        "sentence_lexical": best_per_passage(
            pool, index.sentence_lexical_scores(question, pool.sentence_rows)
        ).astype(np.float64),
        "second": (second.max(axis=1, initial=-1) - mean) / spread,
        "left_open": (remaining.max(axis=1, initial=-1) - mean) / spread,
        "chain": (best_per_passage(pool, elsewhere.max(axis=1, initial=-1)) - mean) / spread,
    }


def link_signals(links: Links, pool: Pool, chains: npt.NDArray[np.float32]) -> Signals:
    """Ties by names; `chains` are the pool's `chain_scores`."""
    best = best_per_passage(pool, chains)
    return {
        "bridge": links.bridge,
        "pointed_at": links.pointed_at,
        "points_back": links.points_back,
        "named": links.named,
        "linked_chain": np.where(links.linked, best, 0).max(axis=1, initial=0).astype(np.float64),
    }


def walk_signals(walks: Walks, rows: Rows) -> Signals:
    """How often the walks come by: from each kind of seed, and from mixtures of them."""
    each = {f"walk_{kind}": walks.of(kind, rows) for kind in MIX}
    return {
        **each,
        "walk": np.sum([share * each[f"walk_{kind}"] for kind, share in MIX.items()], axis=0),
        "walk_sharp": 0.5 * each["walk_entities"] + 0.5 * each["walk_dense"],
    }


def feature_matrix(signals: Mapping[str, Values]) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Each signal as itself, as a share of the best candidate's, and as a reciprocal rank: shape (C, 3 x signals)."""
    names = [f"{name}{form}" for name in signals for form in ("", "_share", "_rank")]
    values = np.array(list(signals.values()))
    best = values.max(axis=1, initial=0.0)[:, None]
    shares = np.where(best > 0, values / np.where(best > 0, best, 1.0), 0.0)
    # Ties share their best place, so that the order of rows says nothing.
    ranks = np.array([np.searchsorted(np.sort(-each), -each) for each in values])
    forms = np.stack([values, shares, 1 / (RANK_OFFSET + ranks)], axis=1)
    return names, forms.reshape(len(names), -1).T


def _is_first_hop(pool: Pool, first: FirstHop) -> npt.NDArray[np.bool_]:
    """Which candidate is which first hop: shape (C, first). A passage is not its own second hop."""
    same: npt.NDArray[np.bool_] = pool.rows[:, None] == first.passages[None, :]
    return same
