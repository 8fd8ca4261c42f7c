"""The second look: what candidates say of each other, once a first order says how far to believe each of them.

The first hop of a question is often clear, and what it leads to is not: many passages are nearer the question. So the
passages believed most are read again for what they name, what they are about and which words of the question they
leave unexplained, and each candidate is told how well it goes with one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.retrieval.links import COMMON
from hippograph.retrieval.pool import Pool, best_per_passage
from hippograph.retrieval.rankings import Rows, Values
from hippograph.types import Node, Vectors

BELIEVED = 8
"""How many of the first order's passages are read again."""

DOUBT = 2.0
"""A passage whose score is so much below the best one's is believed 1/e as much."""

NEARNESS = 0.3
"""In cosines: how fast a sentence counts less than the one of its passage nearest the question."""

Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """What C candidates name, sentence by sentence: N times E entities are named. W words are the question's."""

    owners: Rows
    """The candidate each naming stands in: shape (N,), ascending."""
    entities: Rows
    """Which entity is named, as a place in the two below: shape (N,)."""
    nearness: Values
    """How near the question the sentence of each naming is, 1 for the nearest of its passage: shape (N,)."""
    telling: Values
    """How telling an entity is of where to look next, 0 for one the question names: shape (E,)."""
    titles: Rows
    """The entity each candidate is about; -1 where it is about none of them: shape (C,)."""
    words: Grid
    """Which words of the question each candidate holds, 0 or 1: shape (C, W)."""
    importance: Values
    """Each word's share of what the question says, by how rare it is; together 1: shape (W,)."""


def find_ties(
    index: PublishedIndex, question: str, query_vector: Vectors, pool: Pool, named: Mapping[Node, str]
) -> Ties:
    """Read the candidates' sentences: one look into the table of names and one into that of words."""
    lengths, nodes = index.entities_of_sentences(pool.sentence_rows)
    similarity = pool.sentence_vectors @ query_vector
    below = similarity - best_per_passage(pool, similarity)[pool.sentence_owner]
    distinct, entities = np.unique(nodes, return_inverse=True)
    held = np.maximum(index.passages_naming(distinct), 1)
    is_new = ~np.isin(distinct, np.array(list(named), dtype=np.int64))
    holds, rarity = index.question_words_in(question, pool.sentence_rows)
    return Ties(
        owners=np.repeat(pool.sentence_owner, lengths),
        entities=entities.astype(np.int64),
        nearness=np.repeat(np.exp(below.astype(np.float64) / NEARNESS), lengths),
        telling=np.where(is_new & (held <= COMMON), held**-0.5, 0.0),
        titles=_places(distinct, index.title_nodes(pool.rows)),
        words=best_per_passage(pool, holds.astype(np.float64)).astype(np.float64),
        importance=rarity / max(float(rarity.sum()), 1e-9),
    )


def look_again(ties: Ties, scores: Values) -> dict[str, Values]:
    """What each candidate gains from the passages believed most; `scores` are those of the first order: shape (C,).

    The higher of what any one of them says counts, times how far it is believed. A passage does not speak for itself.
    """
    count = len(scores)
    top = np.argsort(-scores, kind="stable")[:BELIEVED]
    belief = np.exp((scores[top] - scores[top[0]]) / DOUBT)[:, None]
    others = np.ones((len(top), count))
    others[np.arange(len(top)), top] = 0
    naming = belief * _names_of(ties, top)
    about = ties.titles >= 0
    pointed = np.where(about, naming[:, np.where(about, ties.titles, 0)], 0) * others
    is_title = ties.entities[None, :] == ties.titles[top][:, None]
    back = belief * _most(ties, is_title * ties.nearness, count) * others
    bridge = _most(ties, (naming * ties.telling)[:, ties.entities], count) * others
    unexplained = (1 - ties.words[top]) * ties.importance @ ties.words.T
    linked = np.maximum(np.maximum(pointed, back), bridge)
    each = {
        "believed_points": pointed,
        "believed_back": back,
        "believed_bridge": bridge,
        "fills": unexplained * belief * others,
        "fills_linked": unexplained * linked,
        "fills_pointed": unexplained * pointed,
    }
    return {name: values.max(axis=0) for name, values in each.items()}


def _names_of(ties: Ties, candidates: Rows) -> Grid:
    """How clearly some candidates name each entity: in their sentence nearest the question 1: shape (.., E)."""
    names = np.zeros((len(candidates), max(1, len(ties.telling))))
    for place, candidate in enumerate(candidates.tolist()):
        here = slice(*np.searchsorted(ties.owners, [candidate, candidate + 1]).tolist())
        np.maximum.at(names[place], ties.entities[here], ties.nearness[here])
    return names[:, : len(ties.telling)] if len(ties.telling) else names


def _most(ties: Ties, values: Grid, count: int) -> Grid:
    """The highest value among each candidate's namings: (.., N) to (.., C), 0 where a candidate names nothing."""
    most = np.zeros((len(values), count))
    if len(ties.owners):
        present, starts = np.unique(ties.owners, return_index=True)
        most[:, present] = np.maximum.reduceat(values, starts, axis=1)
    return most


def _places(ordered: npt.NDArray[np.integer], values: npt.NDArray[np.integer]) -> Rows:
    """Where each value stands in a sorted array; -1 where it does not."""
    if not len(ordered):
        return np.full(len(values), -1, dtype=np.int64)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return np.where(ordered[places] == values, places, -1).astype(np.int64)
