"""Scores: what a walk found, how far it may be off, and how much of its order is thereby certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.graph.knowledge_graph import KnowledgeGraph

Values = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """How often the walk visits the nodes it reached; every other node scores at most its error."""

    nodes: Nodes
    """The nodes reached, in ascending order."""
    values: Values
    """The score of each node reached."""
    tolerance: float
    """|score - exact score| <= tolerance x degree for every node, reached or not; 0 for an exact walk."""
    rounding: float = 0.0
    """What rounding may have moved a score by, beyond the tolerance."""
    is_floor: bool = False
    """Whether no score is above the exact one: what is missing from a sum of one then bounds every error too."""

    def of(self, nodes: npt.NDArray[np.integer]) -> Values:
        """The scores of some nodes, 0 where the walk did not come by."""
        if not len(self.nodes):
            return np.zeros(len(nodes))
        places = np.minimum(np.searchsorted(self.nodes, nodes), len(self.nodes) - 1)
        return np.where(self.nodes[places] == nodes, self.values[places], 0.0)

    def errors(self, degrees: Values) -> Values:
        """The most by which the exact scores of nodes of these degrees can differ from theirs."""
        missing = 1.0 - float(self.values.sum()) if self.is_floor else np.inf
        return np.minimum(self.tolerance * degrees, max(missing, 0.0)) + self.rounding

    def proven(self, graph: KnowledgeGraph, k: int, largest_degree: float | None = None) -> int:
        """How many of the k best passages are certainly the best of the exact walk, as a set.

        A passage that was not reached has no score to go by, so the largest degree of any bounds it. It is read from
        the graph, which takes longer the more passages there are; who asks often looks it up once.
        """
        reached = slice(0, int(np.searchsorted(self.nodes, graph.first_entity)))
        values = self.values[reached]
        errors = self.errors(graph.degrees(self.nodes[reached]))
        order = np.argsort(-values, kind="stable")
        least = values - (self.rounding if self.is_floor else errors)
        most = np.append((values + errors)[order], -np.inf)
        if len(values) < graph.passage_rows:
            largest = largest_passage_degree(graph) if largest_degree is None else largest_degree
            most[-1] = self.errors(np.array([largest]))[0]
        # The least that one of the first j can score, against the most that one behind them can.
        ahead = np.minimum.accumulate(least[order])[:k]
        behind = np.maximum.accumulate(most[::-1])[::-1][1 : k + 1]
        proven = np.flatnonzero(ahead > behind)
        return int(proven[-1]) + 1 if len(proven) else 0


def mixed(shares: Sequence[float], walks: Sequence[Scores]) -> Scores:
    """The walk from a mixture of reset vectors: a walk is linear in its reset vector.

    The shares sum to one, and the walks were walked together, so that they reached the same nodes.
    """
    values = np.sum([share * walk.values for share, walk in zip(shares, walks, strict=True)], axis=0)
    tolerance = sum(share * walk.tolerance for share, walk in zip(shares, walks, strict=True))
    rounding = max(walk.rounding for walk in walks)
    return Scores(walks[0].nodes, values, tolerance, rounding, all(walk.is_floor for walk in walks))


def largest_passage_degree(graph: KnowledgeGraph) -> float:
    """The largest degree of any passage; it takes longer the more there are."""
    degrees = graph.degrees(np.arange(graph.passage_rows))
    return float(degrees.max()) if len(degrees) else 0.0
