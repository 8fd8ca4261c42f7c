"""Personalized PageRank: how activation spreads from the seeds of a question.

The walk goes on with the chance `damping` and restarts at the seeds with the chance 1 - damping:
x = (1 - d) r + d W D^-1 x, r the reset vector, W the weights, D the degrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.graph.export import to_igraph
from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.types import Node

PUSH_TOLERANCE = 1e-6
"""Residual a unit of degree below which a node is not pushed on: the same top 100 as the exact walk in trials."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """How often the walk visits the nodes it reached; every other node scores at most the bound."""

    nodes: npt.NDArray[np.int64]
    """The nodes reached, in ascending order."""
    values: npt.NDArray[np.float64]
    """The score of each node reached."""
    tolerance: float
    """|score - exact score| <= tolerance x degree for every node; 0 for an exact walk."""

    def of(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """The scores of some nodes, 0 where the walk did not come by."""
        if not len(self.nodes):
            return np.zeros(len(nodes))
        places = np.minimum(np.searchsorted(self.nodes, nodes), len(self.nodes) - 1)
        return np.where(self.nodes[places] == nodes, self.values[places], 0.0)


def forward_push(
    graph: KnowledgeGraph,
    resets: Sequence[Mapping[Node, float]],
    damping: float,
    tolerance: float = PUSH_TOLERANCE,
) -> tuple[Scores, ...]:
    """Walks from a few seeds each, at a cost that does not grow with the graph.

    Forward push (Andersen, Chung and Lang, "Local Graph Partitioning using PageRank Vectors", 2006), a frontier at a
    time and all walks together: every node where some walk's residual exceeds tolerance x degree keeps 1 - d of it
    and hands d of it to its neighbours. Each reset vector is scaled to sum to one. Raises ValueError where one has
    no mass.
    """
    if not resets:
        return ()
    # Zeroed lazily by the operating system: only the pages that are touched cost anything.
    values = np.zeros((len(resets), graph.node_count))
    residuals = np.zeros((len(resets), graph.node_count))
    for residual, reset in zip(residuals, resets, strict=True):
        seeds, masses = _reset_vector(reset)
        residual[seeds] = _on_grid(masses)
    frontier = distinct(np.array([node for reset in resets for node in reset], dtype=np.int64))
    touched: list[npt.NDArray[np.integer]] = [frontier]
    while len(frontier):
        mass = residuals[:, frontier]
        residuals[:, frontier] = 0.0
        values[:, frontier] += (1 - damping) * mass
        reached, arriving = _spread(graph, frontier, damping * mass)
        for residual, arrived in zip(residuals, arriving, strict=True):
            np.add.at(residual, reached, arrived)
        touched.append(reached)
        highest = np.maximum.reduce([residual[reached] for residual in residuals])
        frontier = distinct(reached[highest > tolerance * graph.degrees(reached)])
    nodes = distinct(np.concatenate(touched))
    # The residual's own share is the best cheap guess for what was not pushed, and never overshoots.
    scores = values[:, nodes] + (1 - damping) * residuals[:, nodes]
    return tuple(Scores(nodes, walk, tolerance) for walk in scores)


def distinct(values: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Sorted values, each once. numpy's own `unique` hashes, which takes ten times as long for these sizes."""
    ordered = np.sort(values).astype(np.int64)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def exact_walk(graph: KnowledgeGraph, reset: Mapping[Node, float], damping: float) -> Scores:
    """The same walk solved exactly by igraph's PRPACK; the reference the push is held against."""
    nodes, masses = _reset_vector(reset)
    vector = np.zeros(graph.node_count)
    vector[nodes] = masses
    scores = to_igraph(graph).personalized_pagerank(
        damping=damping, directed=False, weights="weight", reset=vector.tolist(), implementation="prpack"
    )
    return Scores(np.arange(graph.node_count), np.asarray(scores), 0.0)


def _reset_vector(
    reset: Mapping[Node, float],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    pairs = sorted((node, weight) for node, weight in reset.items() if weight > 0 and np.isfinite(weight))
    total = math.fsum(weight for _, weight in pairs)  # exact, so in any order the same
    if total <= 0:
        raise ValueError("The reset vector has no mass: give at least one seed a positive weight.")
    nodes = np.array([node for node, _ in pairs], dtype=np.int64)
    return nodes, np.array([weight for _, weight in pairs]) / total


def _spread(
    graph: KnowledgeGraph, nodes: npt.NDArray[np.int64], masses: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Hand each node's masses, shape (walks, nodes), to its neighbours by weight."""
    lengths, neighbours, weights = graph.gather(nodes)
    shares = masses / np.maximum(graph.degrees(nodes), 1e-300)
    return neighbours, _on_grid(np.repeat(shares, lengths, axis=1) * weights)


def _on_grid(masses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Masses below one, rounded to multiples of 2^-50: their sums are exact in any order.

    So the same graph gives the same scores however its nodes are numbered. Between 4 and 8 doubles are 2^-50 apart, so
    adding 6 rounds and taking it away again leaves what was rounded.
    """
    rounded: npt.NDArray[np.float64] = (masses + 6.0) - 6.0
    return rounded
