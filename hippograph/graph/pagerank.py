"""Personalized PageRank: how activation spreads from the seeds of a question.

The walk goes on with the chance `damping` and restarts at the seeds with the chance 1 - damping:
x = (1 - d) r + d W D^-1 x, r the reset vector, W the weights, D the degrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    graph: KnowledgeGraph, reset: Mapping[Node, float], damping: float, tolerance: float = PUSH_TOLERANCE
) -> Scores:
    """The walk from a few seeds, at a cost that does not grow with the graph.

    Forward push (Andersen, Chung and Lang, "Local Graph Partitioning using PageRank Vectors", 2006), a frontier at a
    time: every node whose residual exceeds tolerance x degree keeps 1 - d of it and hands d of it to its neighbours.
    The reset vector is scaled to sum to one. Raises ValueError where it has no mass.
    """
    seeds, masses = _reset_vector(graph, reset)
    # Zeroed lazily by the operating system: only the pages that are touched cost anything.
    values, residual = np.zeros(graph.node_count), np.zeros(graph.node_count)
    residual[seeds] = masses
    touched, frontier = [seeds], seeds
    while len(frontier):
        mass = residual[frontier]
        residual[frontier] = 0.0
        values[frontier] += (1 - damping) * mass
        reached, arriving = _spread(graph, frontier, damping * mass)
        np.add.at(residual, reached, arriving)
        touched.append(reached)
        frontier = np.unique(reached[residual[reached] > tolerance * graph.degrees[reached]])
    nodes = np.unique(np.concatenate(touched))
    # The residual's own share is the best cheap guess for what was not pushed, and never overshoots.
    return Scores(nodes, values[nodes] + (1 - damping) * residual[nodes], tolerance)


def exact_walk(graph: KnowledgeGraph, reset: Mapping[Node, float], damping: float) -> Scores:
    """The same walk solved exactly by igraph's PRPACK; the reference the push is held against."""
    import igraph

    nodes, masses = _reset_vector(graph, reset)
    vector = np.zeros(graph.node_count)
    vector[nodes] = masses
    edges = graph.edges()
    whole = igraph.Graph(n=graph.node_count, edges=list(edges), edge_attrs={"weight": list(edges.values())})
    scores = whole.personalized_pagerank(
        damping=damping, directed=False, weights="weight", reset=vector.tolist(), implementation="prpack"
    )
    return Scores(np.arange(graph.node_count), np.asarray(scores), 0.0)


def _reset_vector(
    graph: KnowledgeGraph, reset: Mapping[Node, float]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    pairs = sorted((node, weight) for node, weight in reset.items() if weight > 0 and np.isfinite(weight))
    total = sum(weight for _, weight in pairs)
    if total <= 0:
        raise ValueError("The reset vector has no mass: give at least one seed a positive weight.")
    nodes = np.array([node for node, _ in pairs], dtype=np.int64)
    return nodes, np.array([weight for _, weight in pairs]) / total


def _spread(
    graph: KnowledgeGraph, nodes: npt.NDArray[np.integer], mass: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Hand each node's mass to its neighbours by weight; a node without edges keeps nothing to hand on."""
    starts, ends = graph.starts[nodes], graph.starts[nodes + 1]
    lengths = ends - starts
    total = int(lengths.sum())
    # Positions of all the rows' entries, end to end: a range for each row, shifted to where the row begins.
    shift = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    places = np.arange(total) + shift
    share = np.repeat(mass / np.maximum(graph.degrees[nodes], 1e-300), lengths)
    return graph.neighbours[places], graph.weights[places] * share
