"""Hops without a model: what the first hop's best sentences lead to.

A second probe is made of vectors alone: the question together with what was found, or without what it answered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.retrieval.pool import Pool, sentences_of
from hippograph.retrieval.rankings import Ranking, Rows, dense_rankings
from hippograph.types import Vectors
from hippograph.vectors import on_grid

FIRST_HOPS = 5
"""How many passages of the first hop are followed further."""

ANSWERED = 0.6
"""How much of a first-hop sentence's direction is taken out of the question to see what it left open."""


@dataclass(frozen=True, slots=True, eq=False)
class FirstHop:
    """Passages that answer to the question itself, and the sentence of each that does so best."""

    passages: Rows
    sentence_vectors: Vectors
    """The best sentence's vector: shape (first hops, d)."""
    sentences: Rows
    """The best sentence's row."""


def choose_first_hop(index: PublishedIndex, query_vector: Vectors, ranking: Ranking) -> FirstHop:
    """The first passages of a ranking, each with the sentence nearest the question."""
    passages = ranking.rows[:FIRST_HOPS]
    sentences, lengths = sentences_of(index, passages)
    vectors = index.sentence_vectors(sentences)
    near = vectors @ query_vector
    ends = np.cumsum(lengths)
    best = [start + int(np.argmax(near[start:end])) for start, end in zip(ends - lengths, ends, strict=True)]
    return FirstHop(passages, vectors[best], sentences[best])


def second_hop(index: PublishedIndex, query_vector: Vectors, first: FirstHop, k: int) -> Ranking:
    """The passages nearest some second probe; the passage a probe comes from is not its own second hop."""
    rankings = dense_rankings(index, second_probes(query_vector, first), k)
    if not rankings:
        return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
    rows = np.concatenate([ranking.rows for ranking in rankings])
    scores = np.concatenate([ranking.scores for ranking in rankings])
    origins = np.repeat(first.passages, [len(ranking.rows) for ranking in rankings])
    found, places = np.unique(rows[rows != origins], return_inverse=True)
    best = np.full(len(found), -np.inf)
    np.maximum.at(best, places, scores[rows != origins])
    return Ranking.best(found, best, k, index)


def second_probes(query_vector: Vectors, first: FirstHop) -> Vectors:
    """What to look for next: the question together with each first-hop sentence, unit length, on the grid."""
    return _unit(query_vector + first.sentence_vectors)


def left_open(query_vector: Vectors, first: FirstHop) -> Vectors:
    """The question without what each first-hop sentence already answers, unit length, on the grid."""
    answered = (first.sentence_vectors @ query_vector)[:, None] * first.sentence_vectors
    return _unit(query_vector - ANSWERED * answered)


def chain_scores(pool: Pool, query_vector: Vectors, first: FirstHop) -> npt.NDArray[np.float32]:
    """Cosine of the question with a first-hop sentence and a sentence here taken together: shape (T, hops)."""
    together = pool.sentence_vectors @ first.sentence_vectors.T
    here = (pool.sentence_vectors @ query_vector)[:, None]
    there = (first.sentence_vectors @ query_vector)[None, :]
    cosines: npt.NDArray[np.float32] = (here + there) / np.sqrt(np.maximum(2 + 2 * together, 1e-6))
    return cosines


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return on_grid(vectors / np.maximum(lengths, 1e-9))
