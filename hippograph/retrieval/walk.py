"""The walk of a question: personalized PageRank from each kind of seed.

A walk is linear in its reset vector, so each kind of seed walks alone and every mixture is a weighted sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hippograph.graph.pagerank import Scores, forward_push
from hippograph.published import PublishedIndex
from hippograph.retrieval.rankings import Ranking, Rows, Values
from hippograph.retrieval.seeds import passage_seeds, sharp_weights
from hippograph.settings import RetrievalSettings
from hippograph.types import Seed

MIX = {"entities": 0.5, "dense": 0.35, "lexical": 0.15}
"""How the walks are weighed against each other before the first hop is chosen."""

DENSE_TEMPERATURE = 0.02
"""In cosines: with all-MiniLM-L6-v2 a passage 0.05 behind the best weighs a twelfth of it."""

LEXICAL_TEMPERATURE = 0.6
"""In standard deviations of BM25 over all passages."""

TOLERANCE = 1e-5
"""Residual a unit of degree that is left where it is: the same first twenty passages as the exact walk in trials."""


@dataclass(frozen=True, slots=True, eq=False)
class Walks:
    """One walk for each kind of seed that the question has."""

    scores: Mapping[str, Scores]
    passage_count: int

    def of(self, kind: str, rows: Rows) -> Values:
        """How often the walk from one kind of seed visits some passages; 0 where there is no such walk."""
        walk = self.scores.get(kind)
        return walk.of(rows) if walk else np.zeros(len(rows))

    def mixed(self, rows: Rows) -> Values:
        """How often the walks visit some passages, weighed by `MIX`."""
        return np.asarray(sum(share * self.of(kind, rows) for kind, share in MIX.items()))

    def ranking(self, k: int) -> Ranking:
        """The k passages visited most by the walks together."""
        nodes = self._passages(list(self.scores))
        return Ranking.of(nodes, self.mixed(nodes)).top(k)

    def ranking_of(self, kind: str, k: int) -> Ranking:
        """The k passages visited most from one kind of seed."""
        nodes = self._passages([kind] if kind in self.scores else [])
        return Ranking.of(nodes, self.of(kind, nodes)).top(k)

    def _passages(self, kinds: list[str]) -> Rows:
        reached = [self.scores[kind].nodes for kind in kinds]
        nodes = np.unique(np.concatenate(reached)) if reached else np.zeros(0, dtype=np.int64)
        return nodes[: np.searchsorted(nodes, self.passage_count)].astype(np.int64)


def walk_from(
    index: PublishedIndex,
    entities: tuple[Seed, ...],
    dense: Ranking,
    lexical: Ranking,
    lexical_spread: float,
    settings: RetrievalSettings,
) -> Walks:
    """Walk from the entity seeds, from the nearest passages and from the passages that share the most words."""
    near, alike = dense.top(settings.seed_passages), lexical.top(settings.seed_passages)
    resets = {
        "entities": {seed.node: seed.weight for seed in entities},
        "dense": passage_seeds(near, sharp_weights(near.scores, DENSE_TEMPERATURE)),
        "lexical": passage_seeds(alike, sharp_weights(alike.scores / lexical_spread, LEXICAL_TEMPERATURE)),
    }
    scores = {
        kind: forward_push(index.graph, reset, settings.damping, TOLERANCE)
        for kind, reset in resets.items()
        if reset
    }
    return Walks(scores, index.passage_count)
