"""Steps: where a walk spent its visits, by how many edges away from its seeds."""

from __future__ import annotations

import numpy as np

from hippograph.graph.pagerank import distinct
from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration
from hippograph.retrieval.rankings import Rows
from hippograph.retrieval.walk import MIX
from hippograph.settings import RetrievalSettings
from hippograph.types import WalkStep


def walk_steps(
    index: PublishedIndex, found: Exploration, settings: RetrievalSettings
) -> tuple[WalkStep, ...]:
    """The share of the walks' visits at their seeds, one edge away, and further; together 1.

    The walks are weighed against each other as in MIX. Nothing where nothing walked.
    """
    walks = [(share, found.walks.scores[kind]) for kind, share in MIX.items() if kind in found.walks.scores]
    if not walks:
        return ()
    nodes = walks[0][1].nodes
    visits = np.sum([share * walk.values for share, walk in walks], axis=0)
    visited = visits > 0
    at_seeds = np.isin(nodes, seed_nodes(found, settings))
    _, neighbours, _ = index.graph.gather(nodes[at_seeds])
    near = np.isin(nodes, neighbours) & ~at_seeds
    places = (at_seeds & visited, near & visited, ~at_seeds & ~near & visited)
    total = max(float(visits.sum()), 1e-300)
    return tuple(
        WalkStep(edges, float(visits[place].sum()) / total, int(place.sum()))
        for edges, place in enumerate(places)
    )


def seed_nodes(found: Exploration, settings: RetrievalSettings) -> Rows:
    """Where the walks restart: the entity seeds, and the first passages by meaning and by words; ascending."""
    entities = np.array([seed.node for seed in found.entities], dtype=np.int64)
    near, alike = (ranking.top(settings.seed_passages).rows for ranking in (found.dense, found.lexical))
    return distinct(np.concatenate([entities, near, alike]))
