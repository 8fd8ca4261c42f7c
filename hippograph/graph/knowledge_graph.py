"""The knowledge graph: passages and entities as nodes, merged weights as a compressed sparse row matrix.

Nodes 0 .. passage_count - 1 are passages in the order of their rows; entities follow in the order of their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hippograph.types import Node


class EdgeKind(IntEnum):
    """Where a contribution to an edge's weight comes from."""

    MENTION = 0
    """A passage names an entity."""
    SENTENCE = 1
    """A sentence of a passage names two entities."""
    FACT = 2
    """A passage claims a fact between two entities."""
    SYNONYMY = 3
    """Two entities' names mean nearly the same; no passage contributes it."""


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """What each passage adds to each edge. Five arrays of one length; `left` < `right` in every row."""

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    kind: npt.NDArray[np.uint8]
    passage: npt.NDArray[np.int32]
    """The contributing passage's node; -1 for synonymy, which depends on its two ends alone."""
    weight: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True, eq=False)
class KnowledgeGraph:
    """An undirected weighted graph: symmetric, without self loops, rows sorted by neighbour."""

    starts: npt.NDArray[np.int64]
    """Where each node's row begins: shape (nodes + 1,)."""
    neighbours: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]
    degrees: npt.NDArray[np.float64]
    """The sum of the weights of each node's edges: shape (nodes,)."""
    passage_count: int

    @property
    def node_count(self) -> int:
        """Passages and entities together."""
        return len(self.starts) - 1

    @property
    def entity_count(self) -> int:
        """The nodes that are not passages."""
        return self.node_count - self.passage_count

    @property
    def edge_count(self) -> int:
        """Undirected edges, each counted once."""
        return len(self.neighbours) // 2

    def is_passage(self, node: Node) -> bool:
        """Whether the node is a passage."""
        return node < self.passage_count

    def neighbours_of(self, node: Node) -> npt.NDArray[np.int32]:
        """The nodes joined to a node, in ascending order."""
        return self.neighbours[self.starts[node] : self.starts[node + 1]]

    def weights_of(self, node: Node) -> npt.NDArray[np.float32]:
        """The weights of a node's edges, in the order of `neighbours_of`."""
        return self.weights[self.starts[node] : self.starts[node + 1]]

    def edges(self) -> dict[tuple[int, int], float]:
        """Every edge once, smaller node first. For tests and export; it grows with the graph."""
        rows = np.repeat(np.arange(self.node_count), np.diff(self.starts))
        once = rows < self.neighbours
        ends = zip(rows[once].tolist(), self.neighbours[once].tolist(), strict=True)
        return dict(zip(ends, self.weights[once].tolist(), strict=True))
