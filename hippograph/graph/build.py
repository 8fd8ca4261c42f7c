"""From extractions to a graph: typed contributions of each passage, merged into one weight an edge.

Every contribution depends only on its passage, so the same passages give the same graph in whatever order and batches
they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import scipy.sparse as sparse

from hippograph.graph.knowledge_graph import Contributions, EdgeKind, KnowledgeGraph
from hippograph.graph.synonymy import SynonymyPairs
from hippograph.settings import GraphSettings
from hippograph.types import Triple


def contributions_of(
    passage: int,
    entities: Sequence[Sequence[int]],
    facts: Sequence[tuple[int, int, Triple]],
    settings: GraphSettings,
) -> list[tuple[int, int, int, int, float]]:
    """What one passage adds: rows (left node, right node, kind, passage node, weight).

    `entities` holds the entity nodes of each of its sentences, `facts` the nodes of each fact's two ends.
    """
    mentioned = sorted({node for sentence in entities for node in sentence})
    rows = [(passage, node, int(EdgeKind.MENTION), passage, settings.mention_weight) for node in mentioned]
    together: dict[tuple[int, int], float] = {}
    for sentence in entities:
        for pair in combinations(sorted(set(sentence)), 2):
            together[pair] = together.get(pair, 0.0) + settings.sentence_weight
    claimed: dict[tuple[int, int], float] = {}
    for subject, object_, triple in facts:
        if subject != object_:
            pair = (min(subject, object_), max(subject, object_))
            claimed[pair] = claimed.get(pair, 0.0) + settings.fact_weight * triple.confidence
    for kind, weights in ((EdgeKind.SENTENCE, together), (EdgeKind.FACT, claimed)):
        rows += [(a, b, int(kind), passage, w) for (a, b), w in sorted(weights.items()) if w > 0]
    return [row for row in rows if row[4] > 0]


def gather_contributions(
    rows: Sequence[tuple[int, int, int, int, float]], synonyms: SynonymyPairs, settings: GraphSettings
) -> Contributions:
    """All contributions as arrays, sorted by (left, right, kind, passage)."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    weighs = settings.synonymy_weight > 0
    pairs = synonyms if weighs else synonyms.none()
    left = np.concatenate([table[:, 0].astype(np.int32), pairs.left])
    right = np.concatenate([table[:, 1].astype(np.int32), pairs.right])
    kind = np.concatenate(
        [table[:, 2].astype(np.uint8), np.full(len(pairs.left), EdgeKind.SYNONYMY, np.uint8)]
    )
    passage = np.concatenate([table[:, 3].astype(np.int32), np.full(len(pairs.left), -1, np.int32)])
    weight = np.concatenate(
        [table[:, 4].astype(np.float32), (pairs.cosine * settings.synonymy_weight).astype(np.float32)]
    )
    order = np.lexsort((passage, kind, right, left))
    return Contributions(left[order], right[order], kind[order], passage[order], weight[order])


def merge(contributions: Contributions, passage_count: int, node_count: int) -> KnowledgeGraph:
    """Sum the contributions of each edge, in a fixed order, into a symmetric matrix."""
    ends = (contributions.left, contributions.right)
    half = sparse.coo_matrix(
        (contributions.weight.astype(np.float64), ends), shape=(node_count, node_count)
    ).tocsr()
    half.sum_duplicates()
    matrix = (half + half.T).tocsr()
    matrix.sort_indices()
    weights = matrix.data.astype(np.float32)
    degrees = np.zeros(node_count)
    np.add.at(degrees, np.repeat(np.arange(node_count), np.diff(matrix.indptr)), weights.astype(np.float64))
    return KnowledgeGraph(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), weights, degrees, passage_count
    )


def graph_from_edges(
    edges: Mapping[tuple[int, int], float], passage_count: int, node_count: int
) -> KnowledgeGraph:
    """A graph from plain weighted pairs, for small worlds and tests."""
    rows = [(min(a, b), max(a, b), int(EdgeKind.FACT), -1, w) for (a, b), w in edges.items()]
    none = SynonymyPairs.none()
    return merge(gather_contributions(rows, none, GraphSettings()), passage_count, node_count)
