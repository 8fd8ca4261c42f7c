"""Export to networkx, igraph and GraphML."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph.build import (
    apply,
    as_contributions,
    contributions_of,
    graph_from_edges,
    synonymy_edges,
    units,
)
from hippograph.graph.export import to_igraph, to_networkx, write_graphml, xml_safe
from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.settings import GraphSettings
from hippograph.tables import Files, Rows
from hippograph.types import Triple

SETTINGS = GraphSettings(fact_weight=0.5)

LABELS = {0: "Title", 4: "a\x00b\ufffe", 5: "Zürich 北京", 6: ""}


@pytest.fixture
def exported():
    """One passage that names two entities, in one sentence and one fact, which are synonyms; a third node alone.

    There is room for four passages; entities are the nodes 4, 5 and 6.
    """
    rows = contributions_of(0, [[4, 5]], [(4, 5, Triple("a", "is", "b", 0))], SETTINGS)
    synonyms = synonymy_edges(np.array([0]), np.array([1]), np.array([units(0.25)]), 4)
    contributions = np.concatenate([as_contributions(rows), synonyms])
    edges = Rows(Files(), "graph")
    apply(edges, contributions)
    graph = KnowledgeGraph(edges, 1, 4, 3)
    return graph, to_networkx(graph, list(LABELS), contributions, LABELS.__getitem__)


def edges_of(graph):
    return {(left, right): weight for left, right, weight in graph.edges()}


def test_networkx_holds_the_same_edges_and_weights(exported):
    """Every edge with its weight and the kinds it is made of; every node that was asked for with its label."""
    graph, whole = exported

    assert {(a, b): data["weight"] for a, b, data in whole.edges(data=True)} == edges_of(graph)
    assert whole.edges[4, 5]["kinds"] == "fact sentence synonymy"
    assert whole.edges[0, 4]["kinds"] == "mention"
    assert whole.nodes[0] == {"label": "Title", "kind": "passage"}
    assert whole.nodes[5] == {"label": "Zürich 北京", "kind": "entity"}
    assert list(whole) == [0, 4, 5, 6]


def test_graphml_reads_back(exported, tmp_path):
    """What was written is what is read, with labels of any script and without characters XML cannot hold."""
    _, whole = exported
    write_graphml(tmp_path / "graph.graphml", whole)
    again = networkx.read_graphml(tmp_path / "graph.graphml", node_type=int)

    assert dict(again.edges) == dict(whole.edges)
    assert [again.nodes[node].get("label", "") for node in LABELS] == ["Title", "ab", "Zürich 北京", ""]


@hypothesis_settings(deadline=None)
@given(label=st.text(st.characters(exclude_categories=[])))
def test_any_label_can_be_written(tmp_path_factory, label):
    """Whatever a title holds, the file is XML that reads back as the safe part of it."""
    path = tmp_path_factory.mktemp("label") / "graph.graphml"
    graph = graph_from_edges({}, 1, 1)
    write_graphml(path, to_networkx(graph, [0], as_contributions([]), lambda _: label))
    read = networkx.read_graphml(path, node_type=int).nodes[0].get("label") or ""

    assert read.split() == xml_safe(label).replace("\r\n", "\n").split()


def test_only_what_xml_cannot_hold_is_left_out():
    """Tabs and line ends stay; control characters, half surrogate pairs and non-characters go."""
    assert xml_safe("a\tb\nc\rd\x00\x0b\x1f\ud800\udfff\ufffe\uffff\U0001f600") == "a\tb\nc\rd\U0001f600"


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]),
        st.sampled_from([0.25, 1.0, 2.5]),
    )
)
def test_igraph_holds_the_same_graph(weights):
    """Every node, those without edges among them, and every edge once with its weight."""
    graph = to_igraph(graph_from_edges(weights, 3, 10))

    assert graph.vcount() == 10
    assert {edge.tuple: edge["weight"] for edge in graph.es} == weights
