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

TOLERANCE = 1e-4
"""Residual a unit of degree that is left where it is. A tenth and a third of it ordered no better and took longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Walks:
    """One walk for each kind of seed that the question has. They were walked together and reached the same nodes."""

    scores: Mapping[str, Scores]
    index: PublishedIndex

    def of(self, kind: str, rows: Rows) -> Values:
        """How often the walk from one kind of seed visits some passages; 0 where there is no such walk."""
        walk = self.scores.get(kind)
        return walk.of(rows) if walk else np.zeros(len(rows))

    def ranking(self, mix: Mapping[str, float], k: int) -> Ranking:
        """The k passages visited most, each kind of seed weighed by its share of the mix."""
        walks = [(share, self.scores[kind]) for kind, share in mix.items() if kind in self.scores]
        if not walks:
            return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
        nodes = walks[0][1].nodes
        passages = slice(0, int(np.searchsorted(nodes, self.index.graph.first_entity)))
        visits = np.sum([share * walk.values[passages] for share, walk in walks], axis=0)
        return Ranking.best(nodes[passages], visits, k, self.index)


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
    kinds = [kind for kind, reset in resets.items() if reset]
    walked = forward_push(index.graph, [resets[kind] for kind in kinds], settings.damping, TOLERANCE)
    return Walks(dict(zip(kinds, walked, strict=True)), index)
