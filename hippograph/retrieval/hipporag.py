"""HippoRAG and HippoRAG 2 as published, for comparison: arXiv 2405.14831 and 2502.14802.

They walk over a graph of their own (hipporag_graph.py), made in memory from the passages of an index and the triples
found in them, whoever found these. It stays apart from the index's tables on purpose: it needs vectors of facts and of
phrases that no other method reads, its reset vector touches every passage, and its upstream form keeps edges that our
tables cannot say. So an index is as large and as quick to grow as it would be without it, and whoever compares pays:
strings are embedded once and kept in the user's cache, and the graph is made when a process first asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hippograph.ports import Embedder, Generator
from hippograph.published import PublishedIndex
from hippograph.retrieval.hipporag_graph import (
    Compat,
    Fact,
    Ints,
    Triples,
    Values,
    counted,
    passage_edges,
    phrase_edges,
    read_triples,
)
from hippograph.retrieval.hipporag_vectors import kept_vectors
from hippograph.retrieval.rankings import Ranking
from hippograph.retrieval.recognition import Recognition, RecognitionOutcome, recognise
from hippograph.types import Row, Vectors
from hippograph.vectors import from_steps, on_grid

if TYPE_CHECKING:
    import igraph

FACTS = 5
"""Facts nearest the question (linking_top_k)."""
PHRASES = 5
"""Phrases whose weight is kept (link_top_k)."""
PASSAGE_WEIGHT = 0.05
"""What the nearest passage restarts with, beside the phrases (passage_node_weight)."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class HippoRag:
    """The graph and the vectors of one index version, for any number of questions. P passages, N phrases, F facts."""

    index: PublishedIndex
    rows: Ints
    """The index's row of each passage."""
    triples: Triples
    phrase_vectors: Vectors
    """Shape (N, d)."""
    fact_vectors: Vectors
    """Shape (F, d)."""
    compat: Compat

    def link(self, method: str) -> None:
        """Make the graph that a method walks over, which takes seconds, rather than within its first walk."""
        _ = self.phrase_graph if method == "hipporag1" else self.graph

    @cached_property
    def graph(self) -> igraph.Graph:
        """HippoRAG 2: phrases are nodes 0 to N - 1, passages follow."""
        edges = phrase_edges(self.triples, self.phrase_vectors, self.compat) + passage_edges(self.triples)
        return edges.to_igraph(len(self.triples.phrases) + len(self.rows))

    @cached_property
    def phrase_graph(self) -> igraph.Graph:
        """HippoRAG 1: phrases alone."""
        edges = phrase_edges(self.triples, self.phrase_vectors, self.compat)
        return edges.to_igraph(len(self.triples.phrases))

    @cached_property
    def passage_vectors(self) -> Vectors:
        """Shape (P, d)."""
        return self.index.passage_vectors.vectors(self.rows)

    @cached_property
    def holding(self) -> Values:
        """How many passages hold each phrase: shape (N,)."""
        return self.triples.passages_holding().astype(np.float64)

    def ranking(self, scores: Values, k: int) -> Ranking:
        """The k best passages by a score for each of the P."""
        return Ranking.best(self.rows, scores, k, self.index)


def build_hipporag(
    index: PublishedIndex,
    embedder: Embedder,
    compat: Compat,
    folder: Path,
    progress: Progress = lambda step, done, total: None,
) -> HippoRag:
    """The graph of an index's passages; vectors come from the folder, or are embedded and kept there.

    It grows with the index. Raises EmbeddingError, StorageError.
    """
    rows = index.tables.live_passages()
    found = [facts_of(index, row) for row in rows.tolist()]
    triples = read_triples(found, compat)
    facts = [compat.fact_text(fact) for fact in triples.facts]
    return HippoRag(
        index,
        rows,
        triples,
        _phrase_vectors(index, triples.phrases, embedder, folder, progress),
        kept_vectors(facts, embedder, folder, "facts", progress),
        compat,
    )


def _phrase_vectors(
    index: PublishedIndex, phrases: Sequence[str], embedder: Embedder, folder: Path, progress: Progress
) -> Vectors:
    """A phrase that is an entity's name has its vector in the index already."""
    vectors = np.zeros((len(phrases), embedder.dimension), dtype=np.float32)
    entities = index.tables.entities.find(phrases)
    known = entities >= 0
    vectors[known] = from_steps(index.tables.entity_vectors.values[entities[known]])
    others = [phrase for phrase, is_known in zip(phrases, known.tolist(), strict=True) if not is_known]
    vectors[~known] = kept_vectors(others, embedder, folder, "phrases", progress)
    return vectors


def facts_of(index: PublishedIndex, row: int) -> list[Fact]:
    """The triples found in a passage."""
    return [(t.subject, t.relation, t.object) for t in index.load_extraction(Row(row)).triples]


# --------------------------------------------------------------------------- HippoRAG 2


@dataclass(frozen=True, slots=True)
class Linked:
    """The facts that a walk starts from, best first, and how near the question each is, from 0 to 1."""

    facts: tuple[int, ...]
    scores: tuple[float, ...]
    recognition: Recognition | None = None
    """What the model made of them, where one was asked."""


def link_facts(memory: HippoRag, question: str, vector: Vectors, generator: Generator | None) -> Linked:
    """The facts nearest the question, without those that a model finds of no help (section 3.3)."""
    scores = min_max(memory.fact_vectors @ vector)
    best = np.lexsort((np.arange(len(scores)), -scores))[:FACTS].tolist()
    if generator is None or not best:
        return Linked(tuple(best), tuple(scores[best].tolist()))
    recognition = recognise(question, [" ".join(memory.triples.facts[fact]) for fact in best], generator)
    kept = [best[place] for place in recognition.kept]
    if recognition.outcome is RecognitionOutcome.NOTHING_RELEVANT:
        kept = []
    return Linked(tuple(kept), tuple(scores[kept].tolist()), recognition)


def phrase_weights(memory: HippoRag, linked: Linked) -> dict[int, float]:
    """The phrases the walk restarts at: the mean, over the facts that hold one, of the fact's score / its passages.

    Only the heaviest five count. Of two that weigh the same, such as a fact's subject and object in the only passage
    that holds them, the one in the nearer fact counts, and the subject before the object. Upstream's code takes them in
    the order of a set, another one in every run: that alone moves its recall@5 on a hundred questions by half a point.
    """
    sums: dict[int, list[float]] = {}
    for fact, score in zip(linked.facts, linked.scores, strict=True):
        for phrase in memory.triples.ends[fact].tolist():
            sums.setdefault(phrase, []).append(score / max(1.0, float(memory.holding[phrase])))
    means = {phrase: sum(each) / len(each) for phrase, each in sums.items()}
    heaviest = sorted(means, key=lambda phrase: -means[phrase])[:PHRASES]
    return {phrase: means[phrase] for phrase in heaviest}


def walk_of_hipporag2(
    memory: HippoRag, phrases: dict[int, float], vector: Vectors, damping: float
) -> Values | None:
    """How often the walk visits each passage: shape (P,). None where nothing is left to restart at."""
    reset = np.zeros(len(memory.triples.phrases) + len(memory.rows))
    reset[list(phrases)] = list(phrases.values())
    reset[len(memory.triples.phrases) :] = PASSAGE_WEIGHT * min_max(memory.passage_vectors @ vector)
    if reset.sum() <= 0:
        return None
    return walk(memory.graph, reset, damping)[len(memory.triples.phrases) :]


# --------------------------------------------------------------------------- HippoRAG 1


def link_entities(memory: HippoRag, entities: Sequence[str], embedder: Embedder) -> dict[int, float]:
    """For each entity of the question its nearest phrase, whatever its cosine; the weight is node specificity.

    Node specificity is 1 / the number of passages that hold the phrase (section 2.3).
    """
    names = [name for name in dict.fromkeys(map(memory.compat.phrase, entities)) if name]
    if not names or not memory.triples.phrases:
        return {}
    cosines = on_grid(embedder.embed_passages(names)) @ memory.phrase_vectors.T
    return {
        phrase: 1 / max(1.0, float(memory.holding[phrase])) for phrase in np.argmax(cosines, axis=1).tolist()
    }


def walk_of_hipporag1(memory: HippoRag, phrases: dict[int, float], damping: float) -> Values:
    """Each passage's phrases by how often the walk visits them, summed: shape (P,).

    The paper counts a phrase once a passage; the authors' code counts it once a fact of the passage.
    """
    reset = np.zeros(len(memory.triples.phrases))
    reset[list(phrases)] = list(phrases.values())
    visits = walk(memory.phrase_graph, reset, damping)
    if memory.compat is Compat.NONE:
        places, nodes = memory.triples.mentions.T
        return counted(places, visits[nodes], len(memory.rows))
    told = np.unique(memory.triples.told, axis=0)
    ends = memory.triples.ends[told[:, 1]]
    both = visits[ends[:, 0]] + np.where(ends[:, 0] == ends[:, 1], 0.0, visits[ends[:, 1]])
    return counted(told[:, 0], both, len(memory.rows))


# --------------------------------------------------------------------------- both


def walk(graph: igraph.Graph, reset: Values, damping: float) -> Values:
    """Personalized PageRank by igraph's PRPACK, as upstream has it: exact, over every node."""
    scores = graph.personalized_pagerank(
        damping=damping, directed=False, weights="weight", reset=reset.tolist(), implementation="prpack"
    )
    return np.asarray(scores)


def min_max(scores: npt.NDArray[np.floating]) -> Values:
    """Stretched to 0 to 1; all ones where they are equal."""
    if not len(scores):
        return np.zeros(0)
    low, high = float(scores.min()), float(scores.max())
    if high == low:
        return np.ones(len(scores))
    return (scores.astype(np.float64) - low) / (high - low)
