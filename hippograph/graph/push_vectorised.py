"""The forward push in numpy: every node of a frontier is pushed at once."""

from __future__ import annotations

import numpy as np

from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.graph.reset import Restarts
from hippograph.graph.scores import Nodes, Values


def push(
    graph: KnowledgeGraph, restarts: Restarts, damping: float, tolerance: float
) -> tuple[Nodes, Values, int]:
    """The nodes reached, ascending; their scores in each walk, shape (walks, nodes); and how many edges were walked.

    What was reached is kept sorted, so a walk takes memory for that and not for the graph.
    """
    walks = len(restarts.masses)
    nodes = restarts.seeds
    # A row for each node reached: what each walk has there and has not pushed on, its scores, and its degree.
    known = np.zeros((len(nodes), 2 * walks + 1))
    known[:, :walks], known[:, -1] = restarts.masses.T, graph.degrees(nodes)
    edges = 0
    while len(frontier := np.flatnonzero(_highest(known, walks) > tolerance * known[:, -1])):
        pushed = known[frontier]
        masses, degrees = pushed[:, :walks], pushed[:, -1:]
        shares = damping * masses / np.maximum(degrees, 1e-300)
        pushed[:, walks:-1] += (1 - damping) * masses
        pushed[:, :walks] = 0.0
        known[frontier] = pushed
        reached, arriving, count = _spread(graph, nodes[frontier], shares)
        edges += count
        places = np.searchsorted(nodes, reached)
        new = nodes[np.minimum(places, len(nodes) - 1)] != reached
        places += np.cumsum(new) - new
        if new.any():
            nodes, known = _with_more(nodes, known, places[new], reached[new], graph)
        known[places, :walks] += arriving
    # The residual's own share is the best cheap guess for what was not pushed, and never overshoots.
    return nodes, (known[:, walks:-1] + (1 - damping) * known[:, :walks]).T.copy(), edges


def _highest(known: Values, walks: int) -> Values:
    """The largest residual of any walk at each node. numpy takes far longer to reduce short rows."""
    highest = known[:, 0]
    for walk in range(1, walks):
        highest = np.maximum(highest, known[:, walk])
    return highest


def _spread(graph: KnowledgeGraph, nodes: Nodes, shares: Values) -> tuple[Nodes, Values, int]:
    """Hand shares a unit of weight, shape (nodes, walks), to all neighbours.

    Who they are, ascending; what each gets, shape (neighbours, walks); and over how many edges.
    """
    lengths, neighbours, weights = graph.gather(nodes)
    if not len(neighbours):
        return np.zeros(0, dtype=np.int64), np.zeros((0, shares.shape[1])), 0
    order = np.argsort(neighbours)
    ascending = neighbours[order]
    firsts = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))
    givers = np.repeat(np.arange(len(nodes)), lengths)[order]
    arriving = (shares[givers] * weights[order, np.newaxis] + 6.0) - 6.0  # on the grid: see on_grid
    reached = ascending[firsts].astype(np.int64)
    return reached, np.add.reduceat(arriving, firsts, axis=0), len(neighbours)


def _with_more(
    nodes: Nodes, known: Values, places: Nodes, more: Nodes, graph: KnowledgeGraph
) -> tuple[Nodes, Values]:
    """What is known with rows for more nodes, which will stand at some places."""
    is_old = np.ones(len(nodes) + len(more), dtype=bool)
    is_old[places] = False
    all_nodes = np.empty(len(is_old), dtype=np.int64)
    all_nodes[is_old], all_nodes[places] = nodes, more
    everything = np.zeros((len(is_old), known.shape[1]))
    everything[is_old], everything[places, -1] = known, graph.degrees(more)
    return all_nodes, everything
