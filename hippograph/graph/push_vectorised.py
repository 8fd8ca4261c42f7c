"""The forward push in numpy: every node of a frontier is pushed at once."""

from __future__ import annotations

import numpy as np

from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.graph.reset import Restarts
from hippograph.graph.scores import Nodes, Values


def push(graph: KnowledgeGraph, restarts: Restarts, damping: float, tolerance: float) -> tuple[Nodes, Values]:
    """The nodes reached, ascending, and their scores in each walk: shape (walks, nodes).

    What was reached is kept sorted, so a walk takes memory for that and not for the graph.
    """
    nodes, residuals = restarts.seeds, restarts.masses.copy()
    values, degrees = np.zeros_like(residuals), graph.degrees(nodes)
    while len(frontier := np.flatnonzero(residuals.max(axis=0) > tolerance * degrees)):
        masses = residuals[:, frontier]
        residuals[:, frontier] = 0.0
        values[:, frontier] += (1 - damping) * masses
        shares = damping * masses / np.maximum(degrees[frontier], 1e-300)
        reached, arriving = _spread(graph, nodes[frontier], shares)
        places = np.searchsorted(nodes, reached)
        new = nodes[np.minimum(places, len(nodes) - 1)] != reached
        if new.any():
            nodes = np.insert(nodes, places[new], reached[new])
            degrees = np.insert(degrees, places[new], graph.degrees(reached[new]))
            values, residuals = (np.insert(kept, places[new], 0.0, axis=1) for kept in (values, residuals))
            places += np.cumsum(new) - new
        residuals[:, places] += arriving
    # The residual's own share is the best cheap guess for what was not pushed, and never overshoots.
    return nodes, values + (1 - damping) * residuals


def _spread(graph: KnowledgeGraph, nodes: Nodes, shares: Values) -> tuple[Nodes, Values]:
    """Hand shares a unit of weight, shape (walks, nodes), to all neighbours: who they are, and what each gets."""
    lengths, neighbours, weights = graph.gather(nodes)
    if not len(neighbours):
        return np.zeros(0, dtype=np.int64), np.zeros((len(shares), 0))
    order = np.argsort(neighbours)
    ascending = neighbours[order]
    firsts = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    arriving = (np.repeat(shares, lengths, axis=1) * weights + 6.0) - 6.0  # on the grid: see on_grid
    return ascending[firsts].astype(np.int64), np.add.reduceat(arriving[:, order], firsts, axis=1)
