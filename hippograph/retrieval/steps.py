"""Steps: where a walk spent its visits, by how many edges away from its seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hippograph.published import PublishedIndex
from hippograph.retrieval.explore import Exploration
from hippograph.retrieval.rankings import Rows
from hippograph.retrieval.walk import MIX
from hippograph.settings import RetrievalSettings
from hippograph.types import WalkStep


def walk_steps(
    index: PublishedIndex, found: Exploration, settings: RetrievalSettings
) -> tuple[WalkStep, ...]:
    """The share of the walks' visits at their seeds, one edge away from where they went on, and further; together 1.

    The walks are weighed against each other as in MIX. Nothing where nothing walked.
    """
    walks = [(share, found.walks.scores[kind]) for kind, share in MIX.items() if kind in found.walks.scores]
    if not walks:
        return ()
    nodes = walks[0][1].nodes
    visits = np.sum([share * walk.values for share, walk in walks], axis=0)
    at_seeds = _among(nodes, seed_nodes(found, settings))
    seeds = np.flatnonzero(at_seeds)
    _, neighbours, _ = index.graph.gather(nodes[seeds[_went_on(index, found, nodes[seeds], settings)]])
    near = _among(nodes, neighbours) & ~at_seeds
    total = max(float(visits.sum()), 1e-300)
    return tuple(
        WalkStep(edges, float(visits[place].sum()) / total, int(np.count_nonzero(visits[place])))
        for edges, place in enumerate((at_seeds, near, ~at_seeds & ~near))
    )


def seed_nodes(found: Exploration, settings: RetrievalSettings) -> Rows:
    """Where the walks restart: the entity seeds, and the first passages by meaning and by words."""
    entities = np.array([seed.node for seed in found.entities], dtype=np.int64)
    near, alike = (ranking.top(settings.seed_passages).rows for ranking in (found.dense, found.lexical))
    return np.concatenate([entities, near, alike])


def _went_on(
    index: PublishedIndex, found: Exploration, seeds: Rows, settings: RetrievalSettings
) -> npt.NDArray[np.bool_]:
    """From which seeds some walk went on: others are not read, for one of them may be joined to everything."""
    degrees = index.graph.degrees(seeds)
    kept = [
        walk.of(seeds) <= (1 - settings.damping) * walk.tolerance * degrees
        for walk in found.walks.scores.values()
    ]
    went_on: npt.NDArray[np.bool_] = ~np.logical_and.reduce(kept)
    return went_on


def _among(ordered: npt.NDArray[np.integer], values: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which of some sorted nodes stand among the values."""
    found = np.zeros(len(ordered), dtype=bool)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found[places[ordered[places] == values]] = True
    return found
