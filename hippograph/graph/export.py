"""Export: the graph as networkx and igraph hold it, and as GraphML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hippograph.graph.knowledge_graph import Contributions, EdgeKind, KnowledgeGraph
from hippograph.types import Node

if TYPE_CHECKING:
    import igraph
    import networkx


def to_networkx(
    graph: KnowledgeGraph, contributions: Contributions, label: Callable[[Node], str]
) -> networkx.Graph[int]:
    """The graph with a label and a kind at every node; at every edge its weight and the kinds it is made of."""
    import networkx

    whole: networkx.Graph[int] = networkx.Graph()
    for node in range(graph.node_count):
        kind = "passage" if graph.is_passage(Node(node)) else "entity"
        whole.add_node(node, label=xml_safe(label(Node(node))), kind=kind)
    kinds = _kinds_of_edges(contributions)
    for (left, right), weight in graph.edges().items():
        whole.add_edge(left, right, weight=weight, kinds=kinds[left, right])
    return whole


def to_igraph(graph: KnowledgeGraph) -> igraph.Graph:
    """The bare graph for igraph's algorithms: the same nodes, and at every edge its `weight`."""
    import igraph

    edges = graph.edges()
    return igraph.Graph(n=graph.node_count, edges=list(edges), edge_attrs={"weight": list(edges.values())})


def write_graphml(path: Path, graph: networkx.Graph[int]) -> None:
    """Write GraphML, which Gephi, yEd, Cytoscape and igraph read."""
    import networkx

    networkx.write_graphml(graph, path)


def component_sizes(graph: KnowledgeGraph) -> Sequence[int]:
    """How many nodes each connected component holds, largest first."""
    return sorted(to_igraph(graph).connected_components().sizes(), reverse=True)


def xml_safe(text: str) -> str:
    """The text without what XML 1.0 cannot hold: control characters, halves of surrogate pairs, U+FFFE and U+FFFF."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and not _is_forbidden(ord(c))))


def _is_forbidden(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF or 0xFFFE <= code <= 0xFFFF


def _kinds_of_edges(contributions: Contributions) -> dict[tuple[int, int], str]:
    kinds: dict[tuple[int, int], set[str]] = {}
    ends = zip(contributions.left.tolist(), contributions.right.tolist(), strict=True)
    for pair, kind in zip(ends, contributions.kind.tolist(), strict=True):
        kinds.setdefault(pair, set()).add(EdgeKind(kind).name.lower())
    return {pair: " ".join(sorted(names)) for pair, names in kinds.items()}
