"""The knowledge graph: passages and entities as nodes, and merged weights between them.

A passage's node is its row. Entities' nodes begin at `first_entity`, which leaves room for passages to come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hippograph.tables import Rows
from hippograph.tables.ragged import Ints
from hippograph.types import Node

UNIT = 4096
"""Weights are stored as whole numbers of 1/UNIT, so that they add up, and are taken back, exactly."""


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


CONTRIBUTION = np.dtype([("left", "<i4"), ("right", "<i4"), ("kind", "u1"), ("weight", "<i4")])
"""What a passage adds to one edge: its two nodes, left < right, where it comes from, and how many units."""

Contributions = npt.NDArray[np.void]
"""Rows of CONTRIBUTION."""


@dataclass(frozen=True, slots=True, eq=False)
class KnowledgeGraph:
    """An undirected weighted graph: symmetric, without self loops."""

    rows: Rows
    """Each node's neighbours and the units of the edge to each."""
    passage_rows: int
    """How many rows of passages there are, those that are gone included: their nodes have no edge."""
    first_entity: int
    entity_count: int
    """How many entities were ever named; one that no passage names any more has no edge."""

    @property
    def is_stored(self) -> bool:
        """Whether `rows` is all there is to it, so that compiled work may read them as they lie."""
        return True

    @property
    def node_count(self) -> int:
        """One more than the largest node."""
        return self.first_entity + self.entity_count

    @property
    def edge_count(self) -> int:
        """Undirected edges, each counted once."""
        return self.rows.entry_count // 2

    def is_passage(self, node: Node) -> bool:
        """Whether the node is a passage."""
        return node < self.first_entity

    def degrees(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """The sum of the weights of each of some nodes' edges."""
        return self.rows.totals(nodes) / UNIT

    def gather(
        self, nodes: npt.NDArray[np.integer]
    ) -> tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """How many neighbours each of some nodes has; all of them end to end, and the weight of each edge."""
        lengths, neighbours, units = self.rows.gather(nodes)
        return lengths, neighbours, units / UNIT

    def neighbours_of(self, node: Node) -> npt.NDArray[np.int32]:
        """The nodes joined to a node, ascending: passages first."""
        return self.rows.row(node)[0]

    def edges(self) -> Iterator[tuple[int, int, float]]:
        """Every edge once, smaller node first, with its weight. It grows with the graph."""
        yield from zip(*(values.tolist() for values in self.edge_arrays()), strict=True)

    def edge_arrays(self) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
        """The smaller nodes, the larger nodes and the weights of all edges, each once."""
        nodes = self.rows.filled()
        lengths, neighbours, weights = self.gather(nodes)
        left = np.repeat(nodes, lengths)
        once = left < neighbours
        return left[once], neighbours[once].astype(np.int64), weights[once]
