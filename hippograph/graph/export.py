"""Export: the graph as networkx and igraph hold it, and as GraphML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hippograph.graph.knowledge_graph import Contributions, EdgeKind, KnowledgeGraph
from hippograph.types import Node

if TYPE_CHECKING:
    import igraph
    import networkx


def to_networkx(
    graph: KnowledgeGraph,
    nodes: Iterable[int],
    contributions: Contributions,
    label: Callable[[Node], str],
) -> networkx.Graph[int]:
    """Some nodes with their labels and kinds; all edges with their weights and the kinds they are made of.

    `contributions` are those that the edges are the sum of.
    """
    import networkx

    whole: networkx.Graph[int] = networkx.Graph()
    kinds = _kinds_of_edges(contributions)
    for node in nodes:
        kind = "passage" if graph.is_passage(Node(node)) else "entity"
        whole.add_node(node, label=xml_safe(label(Node(node))), kind=kind)
    for left, right, weight in graph.edges():
        whole.add_edge(left, right, weight=weight, kinds=kinds[left, right])
    return whole


def to_igraph(graph: KnowledgeGraph) -> igraph.Graph:
    """The bare graph for igraph's algorithms: the same nodes, and at every edge its `weight`."""
    import igraph

    left, right, weights = graph.edge_arrays()
    # As an array: a large graph would take gigabytes as Python's tuples.
    pairs = np.stack([left, right], axis=1)
    return igraph.Graph(n=graph.node_count, edges=pairs, edge_attrs={"weight": weights.tolist()})


def write_graphml(path: Path, graph: networkx.Graph[int]) -> None:
    """Write GraphML, which Gephi, yEd, Cytoscape and igraph read."""
    import networkx

    networkx.write_graphml(graph, path)


def xml_safe(text: str) -> str:
    """The text without what XML 1.0 cannot hold: control characters, halves of surrogate pairs, U+FFFE and U+FFFF."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and not _is_forbidden(ord(c))))


def _is_forbidden(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF or 0xFFFE <= code <= 0xFFFF


def _kinds_of_edges(contributions: Contributions) -> dict[tuple[int, int], str]:
    kinds: dict[tuple[int, int], set[str]] = {}
    for left, right, kind in contributions[["left", "right", "kind"]].tolist():
        kinds.setdefault((left, right), set()).add(EdgeKind(kind).name.lower())
    return {pair: " ".join(sorted(names)) for pair, names in kinds.items()}
