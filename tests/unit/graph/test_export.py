"""Export to networkx and GraphML, and the sizes of components, against networkx."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph.build import contributions_of, gather_contributions, graph_from_edges, merge
from hippograph.graph.export import component_sizes, to_networkx, write_graphml, xml_safe
from hippograph.graph.synonymy import SynonymyPairs
from hippograph.settings import GraphSettings
from hippograph.types import Triple

SETTINGS = GraphSettings(fact_weight=0.5)


@pytest.fixture
def exported():
    """One passage that names two entities, in one sentence and one fact, which are synonyms; a third node alone."""
    synonyms = SynonymyPairs(np.array([1], np.int32), np.array([2], np.int32), np.array([0.9], np.float32))
    rows = contributions_of(0, [[1, 2]], [(1, 2, Triple("a", "is", "b", 0))], SETTINGS)
    parts = gather_contributions(rows, synonyms, SETTINGS)
    graph = merge(parts, 1, 4)
    return graph, to_networkx(graph, parts, lambda node: ["Title", "a\x00b\ufffe", "Zürich 北京", ""][node])


def test_networkx_holds_the_same_edges_and_weights(exported):
    """Every edge with its weight and the kinds it is made of; every node with its label."""
    graph, whole = exported

    assert {(a, b): data["weight"] for a, b, data in whole.edges(data=True)} == graph.edges()
    assert whole.edges[1, 2]["kinds"] == "fact sentence synonymy"
    assert whole.edges[0, 1]["kinds"] == "mention"
    assert whole.nodes[0] == {"label": "Title", "kind": "passage"}
    assert whole.nodes[2] == {"label": "Zürich 北京", "kind": "entity"}
    assert list(whole) == [0, 1, 2, 3]


def test_graphml_reads_back(exported, tmp_path):
    """What was written is what is read, with labels of any script and without characters XML cannot hold."""
    _, whole = exported
    write_graphml(tmp_path / "graph.graphml", whole)
    again = networkx.read_graphml(tmp_path / "graph.graphml", node_type=int)

    assert dict(again.edges) == dict(whole.edges)
    assert [again.nodes[node].get("label", "") for node in range(4)] == ["Title", "ab", "Zürich 北京", ""]


@hypothesis_settings(deadline=None)
@given(label=st.text(st.characters(exclude_categories=[])))
def test_any_label_can_be_written(tmp_path_factory, label):
    """Whatever a title holds, the file is XML that reads back as the safe part of it."""
    path = tmp_path_factory.mktemp("label") / "graph.graphml"
    graph = graph_from_edges({}, 1, 1)
    none = gather_contributions([], SynonymyPairs.none(), SETTINGS)
    write_graphml(path, to_networkx(graph, none, lambda _: label))
    read = networkx.read_graphml(path, node_type=int).nodes[0].get("label") or ""

    assert read.split() == xml_safe(label).replace("\r\n", "\n").split()


def test_only_what_xml_cannot_hold_is_left_out():
    """Tabs and line ends stay; control characters, half surrogate pairs and non-characters go."""
    assert xml_safe("a\tb\nc\rd\x00\x0b\x1f\ud800\udfff\ufffe\uffff\U0001f600") == "a\tb\nc\rd\U0001f600"


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])))
def test_component_sizes_are_those_of_networkx(pairs):
    """Largest first, nodes without edges among them."""
    whole = networkx.Graph()
    whole.add_nodes_from(range(10))
    whole.add_edges_from(pairs)
    expected = sorted(map(len, networkx.connected_components(whole)), reverse=True)

    assert component_sizes(graph_from_edges(dict.fromkeys(pairs, 1.0), 0, 10)) == expected
