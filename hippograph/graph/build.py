"""From what a passage names and claims to its contributions, and from contributions to edges.

Every contribution depends only on its passage, and adding is exact, so the same passages give the same graph in
whatever order and batches they came and went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from hippograph.graph.knowledge_graph import CONTRIBUTION, UNIT, Contributions, EdgeKind, KnowledgeGraph
from hippograph.settings import GraphSettings
from hippograph.tables import Files, Rows
from hippograph.types import Grade, Triple


def contributions_of(
    passage: int,
    entities: Sequence[Sequence[int]],
    facts: Sequence[tuple[int, int, Triple]],
    settings: GraphSettings,
    grade: Grade = Grade.LITE,
) -> list[tuple[int, int, int, int]]:
    """What one passage adds: rows (left node, right node, kind, units).

    `entities` holds the entity nodes of each of its sentences, `facts` the nodes of each fact's two ends; `grade` says
    who found them, and so what they weigh.
    """
    mentioned = sorted({node for sentence in entities for node in sentence})
    mention = units(settings.mention_weight)
    rows = [(passage, node, int(EdgeKind.MENTION), mention) for node in mentioned]
    together: dict[tuple[int, int], int] = {}
    for sentence in entities:
        for pair in combinations(sorted(set(sentence)), 2):
            together[pair] = together.get(pair, 0) + units(settings.sentence_weight)
    fact_weight = settings.model_fact_weight if grade is Grade.LLM else settings.fact_weight
    claimed: dict[tuple[int, int], int] = {}
    for subject, object_, triple in facts:
        if subject != object_:
            pair = (min(subject, object_), max(subject, object_))
            claimed[pair] = claimed.get(pair, 0) + units(fact_weight * triple.confidence)
    for kind, weights in ((EdgeKind.SENTENCE, together), (EdgeKind.FACT, claimed)):
        rows += [(a, b, int(kind), weight) for (a, b), weight in weights.items()]
    return [row for row in rows if row[3] > 0]


def units(weight: float) -> int:
    """A weight as the graph keeps it."""
    return round(weight * UNIT)


def as_contributions(rows: Sequence[tuple[int, int, int, int]]) -> Contributions:
    """Rows as one array."""
    return np.array(rows, dtype=CONTRIBUTION)


def synonymy_edges(
    left: npt.NDArray[np.integer],
    right: npt.NDArray[np.integer],
    weights: npt.NDArray[np.integer],
    first_entity: int,
) -> Contributions:
    """Contributions of pairs of synonyms, given as entities' numbers and units."""
    edges = np.zeros(len(left), dtype=CONTRIBUTION)
    edges["left"] = first_entity + np.minimum(left, right)
    edges["right"] = first_entity + np.maximum(left, right)
    edges["kind"], edges["weight"] = EdgeKind.SYNONYMY, weights
    return edges


def apply(edges: Rows, added: Contributions, taken: Contributions | None = None) -> None:
    """Add contributions to the edges and take others back, all at once: a row that changes is written once."""
    back = np.zeros(0, dtype=CONTRIBUTION) if taken is None else taken
    left, right = (np.concatenate([added[end], back[end]]) for end in ("left", "right"))
    amounts = np.concatenate([added["weight"].astype(np.int64), -back["weight"].astype(np.int64)])
    edges.add(
        np.concatenate([left, right]), np.concatenate([right, left]), np.concatenate([amounts, amounts])
    )


def graph_from_edges(
    edges: Mapping[tuple[int, int], float], passage_count: int, node_count: int
) -> KnowledgeGraph:
    """A graph from plain weighted pairs, for small worlds and tests."""
    rows = Rows(Files(), "graph")
    pairs = [(min(a, b), max(a, b), int(EdgeKind.FACT), units(weight)) for (a, b), weight in edges.items()]
    apply(rows, as_contributions(pairs))
    return KnowledgeGraph(rows, passage_count, passage_count, node_count - passage_count)
