"""Personalized PageRank: how activation spreads from the seeds of a question.

The walk goes on with the chance `damping` and restarts at the seeds with the chance 1 - damping:
x = (1 - d) r + d W D^-1 x, r the reset vector, W the weights, D the degrees.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hippograph.graph.export import to_igraph
from hippograph.graph.full_walk import full_walk
from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.graph.push import PUSH_TOLERANCE, forward_push
from hippograph.graph.reset import Reset, restarts
from hippograph.graph.scores import Scores, mixed

__all__ = [
    "PUSH_TOLERANCE",
    "Reset",
    "Scores",
    "distinct",
    "exact_walk",
    "forward_push",
    "full_walk",
    "mixed",
    "walk",
]

MOST_SEEDS = 256
"""From 200 seeds of like weight a push at a tolerance of 1e-4 had the exact top 20, from 1,000 three quarters of it: a
seed's mass is lost in the tolerance. From few seeds it takes a thousandth of the time of a full walk."""


def walk(
    graph: KnowledgeGraph,
    resets: Sequence[Reset],
    damping: float,
    tolerance: float = PUSH_TOLERANCE,
) -> tuple[Scores, ...]:
    """Walks from several reset vectors: a push from a few seeds each, else full walks.

    No score is off by more than tolerance x degree. Raises ValueError where a reset vector has no mass.
    """
    solve = forward_push if all(len(reset) <= MOST_SEEDS for reset in resets) else full_walk
    return solve(graph, resets, damping, tolerance)


def exact_walk(graph: KnowledgeGraph, reset: Reset, damping: float) -> Scores:
    """The same walk solved by igraph's PRPACK: the reference the others are held against.

    It hands on to the seeds what a lone seed would lose, so its scores sum to one. Raises ValueError as `walk` does.
    """
    start = restarts([reset], graph.node_count)
    vector = np.zeros(graph.node_count)
    vector[start.seeds] = start.masses[0]
    scores = to_igraph(graph).personalized_pagerank(
        damping=damping, directed=False, weights="weight", reset=vector.tolist(), implementation="prpack"
    )
    return Scores(np.arange(graph.node_count), np.asarray(scores), 0.0)


def distinct(values: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Sorted values, each once. numpy's own `unique` hashes, which takes ten times as long for these sizes."""
    ordered = np.sort(values).astype(np.int64)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
