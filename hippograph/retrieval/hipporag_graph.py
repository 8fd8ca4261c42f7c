"""HippoRAG's graph of phrases and passages, made of the triples that were found in the passages.

Two makes of it. Ours keeps one edge a pair of nodes: the number of triples that join two phrases plus the cosine of
synonyms. `Compat.UPSTREAM` is the graph that the authors' code builds (branches `main` and `legacy`), with what its
numbers rest on: every triple and every synonym pair joins its phrases twice, a passage its phrases once; a synonym's
cosine takes the place of the triples between two phrases; whatever is not an ASCII letter or digit is blank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hippograph.graph.synonymy import find_new_synonyms, numerals_of
from hippograph.text.names import normal_name
from hippograph.types import Vectors
from hippograph.vectors import to_steps

if TYPE_CHECKING:
    import igraph

Fact = tuple[str, str, str]
"""Subject, relation, object."""
Ints = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

SYNONYMY_THRESHOLD = 0.8
MOST_SYNONYMS = 101
"""Synonyms that upstream's code takes for one phrase: it stops once it has more than a hundred."""
LEAST_CHARACTERS = 3
"""Upstream looks for no synonyms of a phrase with fewer letters and digits; it may still be another's synonym."""
BLOCK_ROWS = 2048

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[^A-Za-z0-9 ]")


class Compat(StrEnum):
    """Whose graph it is."""

    NONE = "none"
    """Ours: typed parts of an edge add up, names of any script stay, synonyms by our rule."""
    UPSTREAM = "upstream"
    """As the authors' code has it, doubled edges and all."""

    def phrase(self, text: str) -> str:
        """The form under which two phrases are one node; empty for a phrase that names nothing.

        >>> Compat.UPSTREAM.phrase("The Zürich-Office"), Compat.NONE.phrase("The Zürich-Office")
        ('the z rich office', 'zürich office')
        """
        if self is Compat.UPSTREAM:
            return _NEITHER_LETTER_NOR_DIGIT.sub(" ", text.lower()).strip()
        return normal_name(text)

    def fact_text(self, fact: Fact) -> str:
        """What is embedded for a fact. Upstream embeds the text of a Python tuple."""
        return str(fact) if self is Compat.UPSTREAM else " ".join(fact)


@dataclass(frozen=True, slots=True, eq=False)
class Triples:
    """The triples of P passages as N phrases and F distinct facts, both sorted, so that numbers come from content."""

    phrases: tuple[str, ...]
    facts: tuple[Fact, ...]
    ends: Ints
    """The phrases of each fact's subject and object: shape (F, 2)."""
    told: Ints
    """Each telling of a fact: its passage, counted from 0, and the fact: shape (tellings, 2)."""
    mentions: Ints
    """Each passage with each phrase of its facts, once: shape (mentions, 2)."""
    passage_count: int

    def passages_holding(self) -> Ints:
        """How many passages hold each phrase: shape (N,)."""
        return np.bincount(self.mentions[:, 1], minlength=len(self.phrases)).astype(np.int64)


def read_triples(found: Sequence[Sequence[Fact]], compat: Compat) -> Triples:
    """The triples of each passage in normal form. A triple with an end that names nothing is left out."""
    tellings = [(place, fact) for place, facts in enumerate(found) for fact in _normal(facts, compat)]
    facts = sorted({fact for _, fact in tellings})
    phrases = sorted({end for fact in facts for end in (fact[0], fact[2])})
    number = {phrase: place for place, phrase in enumerate(phrases)}
    ends = _pairs([(number[subject], number[object_]) for subject, _, object_ in facts])
    place_of = {fact: place for place, fact in enumerate(facts)}
    told = _pairs([(place, place_of[fact]) for place, fact in tellings])
    passages = np.repeat(told[:, 0], 2)
    mentions = np.unique(np.stack([passages, ends[told[:, 1]].ravel()], axis=1), axis=0)
    return Triples(tuple(phrases), tuple(facts), ends, told, mentions, len(found))


def _normal(facts: Sequence[Fact], compat: Compat) -> list[Fact]:
    """Upstream's code keeps a phrase of blanks alone as a node; it would tie together all that is not English."""
    normal = [(compat.phrase(s), compat.phrase(r), compat.phrase(o)) for s, r, o in dict.fromkeys(facts)]
    return [fact for fact in normal if fact[0] and fact[2]]


def _pairs(pairs: Sequence[tuple[int, int]]) -> Ints:
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


# --------------------------------------------------------------------------- edges


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Undirected weighted edges; a pair may stand more than once, and then weighs the sum."""

    pairs: Ints
    """Shape (E, 2)."""
    weights: Values

    def __add__(self, other: Edges) -> Edges:
        return Edges(np.concatenate([self.pairs, other.pairs]), np.concatenate([self.weights, other.weights]))

    def to_igraph(self, node_count: int) -> igraph.Graph:
        """The graph on which igraph walks."""
        import igraph

        graph = igraph.Graph(n=node_count, edges=self.pairs.tolist(), directed=False)
        graph.es["weight"] = self.weights.tolist()
        return graph


def phrase_edges(triples: Triples, vectors: Vectors, compat: Compat) -> Edges:
    """Phrase to phrase: by the triples that name both, and as synonyms. `vectors` are the phrases': shape (N, d)."""
    joined = triples.ends[triples.told[:, 1]]
    joined = joined[joined[:, 0] != joined[:, 1]]
    if compat is Compat.NONE:
        near, cosines = _synonyms(triples.phrases, vectors)
        return _summed(Edges(joined, np.ones(len(joined))) + Edges(near, cosines))
    both_ways = np.concatenate([joined, joined[:, ::-1]])
    by_direction = _summed(Edges(both_ways, np.ones(len(both_ways))), directed=True)
    near, cosines = _upstream_synonyms(triples.phrases, vectors)
    kept = ~_among(by_direction.pairs, near, len(triples.phrases))
    return Edges(by_direction.pairs[kept], by_direction.weights[kept]) + Edges(near, cosines)


def passage_edges(triples: Triples) -> Edges:
    """Passage to each phrase it holds, 1.0; passage p is node N + p."""
    pairs = triples.mentions + np.array([[len(triples.phrases), 0]])
    return Edges(pairs, np.ones(len(pairs)))


def _summed(edges: Edges, directed: bool = False) -> Edges:
    """Each pair once, with the sum of its weights."""
    if not len(edges.pairs):
        return edges
    pairs = edges.pairs if directed else np.sort(edges.pairs, axis=1)
    distinct, places = np.unique(pairs, axis=0, return_inverse=True)
    return Edges(distinct, counted(places.ravel(), edges.weights, len(distinct)))


def counted(places: Ints, weights: Values, count: int) -> Values:
    """The sum of the weights that fall on each of `count` places."""
    return np.bincount(places, weights, minlength=count).astype(np.float64)


def _among(pairs: Ints, others: Ints, count: int) -> npt.NDArray[np.bool_]:
    """Which of the directed pairs stand among the others, of `count` phrases."""
    return np.isin(pairs[:, 0] * count + pairs[:, 1], others[:, 0] * count + others[:, 1])


def _synonyms(phrases: Sequence[str], vectors: Vectors) -> tuple[Ints, Values]:
    """By the rule of our own graph: each pair once, however many there are, no two numbers alike."""
    found = find_new_synonyms(to_steps(vectors), numerals_of(phrases), 0, SYNONYMY_THRESHOLD)
    return np.stack([found.left, found.right], axis=1), found.cosine.astype(np.float64)


def _upstream_synonyms(phrases: Sequence[str], vectors: Vectors) -> tuple[Ints, Values]:
    """From every phrase of three letters and digits or more, at most its 101 nearest: directed pairs."""
    asks = np.array([len(phrase.replace(" ", "")) >= LEAST_CHARACTERS for phrase in phrases], dtype=bool)
    pairs, values = [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    for start in range(0, len(phrases), BLOCK_ROWS):
        cosines = vectors[start : start + BLOCK_ROWS] @ vectors.T
        cosines[
            np.arange(len(cosines)), start + np.arange(len(cosines))
        ] = -1  # a phrase is not its own synonym
        cosines[~asks[start : start + BLOCK_ROWS]] = -1
        left, right = np.nonzero(cosines >= SYNONYMY_THRESHOLD)
        near = cosines[left, right]
        order = np.lexsort((right, -near, left))
        left, right, near = left[order], right[order], near[order]
        rank = np.arange(len(left)) - np.searchsorted(left, left)
        kept = rank < MOST_SYNONYMS
        pairs.append(np.stack([start + left[kept], right[kept]], axis=1))
        values.append(near[kept].astype(np.float64))
    return np.concatenate(pairs), np.concatenate(values)
