"""Full walks: every node is scored, from reset vectors of any size, at the cost of a few passes over the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.graph.reset import Reset, restarts
from hippograph.graph.scores import Scores, Values

if TYPE_CHECKING:
    from scipy.sparse import csr_array

GRID = 2.0**40
"""What is summed are scores a unit of degree, multiples of 1/GRID, times weights, multiples of 1/4096. The products
sum to at most two, so doubles add them up exactly: however nodes are numbered, the scores are the same."""
FINEST = 16 / GRID
"""A tolerance below what this grid can tell apart is raised to it."""
ROUNDING = 2.0**-45
"""What the last few operations on a score, done in doubles, can move it by."""
NODES_AT_ONCE = 1 << 14
"""What a step works on at a time, so that it stays near the processor."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some consecutive nodes with all their edges."""

    nodes: slice
    weights: csr_array
    """Shape (nodes of the block, all nodes)."""
    degrees: Values
    """Shape (nodes of the block, 1); 1 for a node without edges, which keeps its restart."""


def full_walk(
    graph: KnowledgeGraph, resets: Sequence[Reset], damping: float, tolerance: float
) -> tuple[Scores, ...]:
    """Walks from many seeds, all together: each pass over the edges serves every walk.

    Chebyshev's semi-iteration (Golub and Varga 1961; Saad, "Iterative Methods for Sparse Linear Systems", 12.3.2) on
    z = x / degree: D^-1/2 W D^-1/2 has its spectrum in [-1, 1], so a step shrinks the error by d / (1 + sqrt(1 - d^2)),
    0.268 at d = 1/2, where one of the power method shrinks it by d. It ends when the largest residual, over 1 - d,
    shows that no score is off by more than tolerance x degree. Raises ValueError where a reset vector has no mass.
    """
    if not resets:
        return ()
    start = restarts(resets, graph.node_count)
    blocks = _blocks(graph)
    reset = np.zeros((graph.node_count, len(resets)))
    reset[start.seeds] = (1 - damping) * start.masses.T
    for block in blocks:
        reset[block.nodes] /= block.degrees
    tolerance = max(tolerance, FINEST)
    scores = _solve(blocks, reset, damping, tolerance * (1 - damping))
    for block in blocks:
        scores[block.nodes] *= block.degrees
    return tuple(
        Scores(np.arange(graph.node_count), walk, tolerance, ROUNDING) for walk in np.maximum(scores.T, 0.0)
    )


def _solve(blocks: Sequence[Block], reset: Values, damping: float, largest_residual: float) -> Values:
    """The z of z = reset + d D^-1 W z, up to a residual; shape (nodes, walks), as that of `reset`."""
    before, now = np.zeros_like(reset), _on_grid(reset)
    rate = damping / (1 + math.sqrt(1 - damping**2))
    omega = 2.0
    # Exact arithmetic would need fewer steps than this; the grid may leave a residual a little above the wanted one.
    for _ in range(10 + math.ceil(math.log(largest_residual / 8) / math.log(rate))):
        omega = 1 / (1 - damping**2 * omega / 4)
        found = max(_step(block, reset, before, now, damping, omega) for block in blocks)
        if found <= largest_residual:
            break
        before, now = now, before
    return now


def _step(block: Block, reset: Values, before: Values, now: Values, damping: float, omega: float) -> float:
    """Put the next z of a block into `before`. Gives the largest residual of `now` in the block."""
    arriving = block.weights @ (now if now.shape[1] > 1 else now[:, 0])
    residual: Values = arriving.reshape(-1, now.shape[1])
    residual *= damping / block.degrees
    residual += reset[block.nodes]
    residual -= now[block.nodes]
    largest = float(np.abs(residual).max())
    last = before[block.nodes]
    residual += now[block.nodes]
    residual -= last
    residual *= omega
    residual += last
    before[block.nodes] = _on_grid(residual)
    return largest


def _blocks(graph: KnowledgeGraph) -> list[Block]:
    from scipy.sparse import csr_array

    blocks = []
    for first in range(0, graph.node_count, NODES_AT_ONCE):
        nodes = np.arange(first, min(first + NODES_AT_ONCE, graph.node_count))
        lengths, neighbours, weights = graph.gather(nodes)
        ends = np.concatenate([[0], np.cumsum(lengths)]).astype(
            np.int32
        )  # as the neighbours: else they are copied
        degrees = graph.degrees(nodes)
        blocks.append(
            Block(
                slice(first, first + len(nodes)),
                csr_array((weights, neighbours, ends), shape=(len(nodes), graph.node_count)),
                np.where(degrees > 0, degrees, 1.0)[:, np.newaxis],
            )
        )
    return blocks


def _on_grid(values: Values) -> Values:
    values = np.rint(values * GRID)
    values /= GRID
    return values
