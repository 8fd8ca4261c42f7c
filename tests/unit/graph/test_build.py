"""Contributions and the graph they add up to, by hand on small passages."""

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.graph.build import (
    apply,
    as_contributions,
    contributions_of,
    graph_from_edges,
    synonymy_edges,
    units,
)
from hippograph.graph.knowledge_graph import CONTRIBUTION, UNIT, EdgeKind, KnowledgeGraph
from hippograph.settings import GraphSettings
from hippograph.tables import Files, Rows
from hippograph.types import Node, Triple

MENTION, SENTENCE, FACT = int(EdgeKind.MENTION), int(EdgeKind.SENTENCE), int(EdgeKind.FACT)
SETTINGS = GraphSettings(mention_weight=1.0, sentence_weight=0.25, fact_weight=0.5, synonymy_weight=0.5)

FIRST_ENTITY, NODES = 10, 16


def claim(confidence=1.0):
    return Triple("a", "is", "b", 0, confidence)


def graph_of(*contributions):
    """The graph of up to ten passages and six entities that some contributions add up to."""
    edges = Rows(Files(), "graph")
    for each in contributions:
        apply(edges, each)
    return KnowledgeGraph(edges, FIRST_ENTITY, FIRST_ENTITY, NODES - FIRST_ENTITY)


def edges_of(graph):
    return {(left, right): weight for left, right, weight in graph.edges()}


def test_a_passage_contributes_what_stands_on_paper():
    """Two sentences: 10 and 11 together twice, 11 and 12 once, one fact between 12 and 10; a unit is 1/4096."""
    rows = contributions_of(3, [[10, 11], [11, 10, 12]], [(12, 10, claim(0.5))], SETTINGS)

    assert UNIT == 4096
    assert rows == [
        (3, 10, MENTION, 4096),
        (3, 11, MENTION, 4096),
        (3, 12, MENTION, 4096),
        (10, 11, SENTENCE, 2048),
        (10, 12, SENTENCE, 1024),
        (11, 12, SENTENCE, 1024),
        (10, 12, FACT, 1024),
    ]


def test_weights_are_kept_to_the_nearest_unit():
    """0.3 is 1228.8 units, and what weighs less than half a unit weighs nothing."""
    light = GraphSettings(mention_weight=0, sentence_weight=0, fact_weight=0.3 / UNIT)

    assert (units(0.3), units(1.0), units(0.4 / UNIT)) == (1229, 4096, 0)
    assert contributions_of(0, [], [(4, 5, claim())], light) == []


def test_facts_between_two_entities_add_up_in_either_direction():
    """An edge has no direction, so a fact and its inverse are two facts of one edge."""
    rows = contributions_of(0, [], [(5, 4, claim(1.0)), (4, 5, claim(0.5))], SETTINGS)

    assert rows == [(4, 5, FACT, 3072)]


def test_a_fact_about_itself_is_no_edge():
    """Subject and object that are one entity join nothing."""
    assert contributions_of(0, [[4, 4]], [(4, 4, claim())], SETTINGS) == [(0, 4, MENTION, 4096)]


def test_what_weighs_nothing_is_not_kept():
    """A weight of zero switches a kind of edge off."""
    silent = GraphSettings(mention_weight=0, sentence_weight=0, fact_weight=0, synonymy_weight=0)

    assert contributions_of(0, [[4, 5]], [(4, 5, claim())], silent) == []


def test_synonyms_are_joined_behind_the_passages():
    """Entities' numbers become nodes; the smaller end comes first, whichever was named first."""
    edges = synonymy_edges(np.array([2, 0]), np.array([1, 3]), np.array([900, 7]), FIRST_ENTITY)

    assert edges.tolist() == [(11, 12, EdgeKind.SYNONYMY, 900), (10, 13, EdgeKind.SYNONYMY, 7)]
    assert edges.dtype == CONTRIBUTION


def test_the_weight_of_an_edge_is_the_sum_of_its_contributions():
    """A sentence's 0.25, a fact's 0.5 and a synonymy's 0.25 make one edge of 1."""
    rows = contributions_of(0, [[12, 13]], [(12, 13, claim())], SETTINGS)
    synonyms = synonymy_edges(np.array([2]), np.array([3]), np.array([units(0.25)]), FIRST_ENTITY)
    graph = graph_of(as_contributions(rows), synonyms)

    assert edges_of(graph) == {(0, 12): 1.0, (0, 13): 1.0, (12, 13): 1.0}
    assert graph.degrees(np.array([0, 11, 12, 13])).tolist() == [2.0, 0.0, 2.0, 2.0]
    assert (graph.node_count, graph.entity_count, graph.edge_count) == (NODES, 6, 3)
    assert graph.neighbours_of(Node(12)).tolist() == [0, 13]
    assert graph.neighbours_of(Node(11)).tolist() == []


passages_ = st.lists(
    st.lists(st.lists(st.integers(FIRST_ENTITY, NODES - 1), max_size=4), max_size=3), min_size=1, max_size=6
)


def contributed(passage, sentences):
    return as_contributions(contributions_of(passage, sentences, [], SETTINGS))


def whole_graph(passages):
    return graph_of(*(contributed(row, sentences) for row, sentences in enumerate(passages)))


@given(passages_, st.randoms(use_true_random=False))
def test_the_order_and_batches_of_passages_change_nothing(passages, random):
    """Passages that come in another order, or all at once, give the same weights to the last bit."""
    order = list(range(len(passages)))
    random.shuffle(order)
    shuffled = graph_of(*(contributed(row, passages[row]) for row in order))
    at_once = graph_of(
        np.concatenate([contributed(row, sentences) for row, sentences in enumerate(passages)])
    )

    assert edges_of(shuffled) == edges_of(at_once) == edges_of(whole_graph(passages))


@given(passages_, st.data())
def test_taking_contributions_back_equals_never_having_added_them(passages, data):
    """The graph holds no trace of passages whose contributions were taken back."""
    graph = whole_graph(passages)
    gone = data.draw(st.sets(st.sampled_from(range(len(passages)))))
    for row in gone:
        apply(graph.rows, contributed(row, []), contributed(row, passages[row]))
    left = [[] if row in gone else sentences for row, sentences in enumerate(passages)]

    assert edges_of(graph) == edges_of(whole_graph(left))
    assert graph.edge_count == whole_graph(left).edge_count


@given(passages_)
def test_a_graph_is_symmetric_and_without_loops(passages):
    """Every edge is seen from both ends with one weight, neighbours ascend, degrees are sums of weights."""
    graph, nodes = whole_graph(passages), np.arange(NODES)
    lengths, neighbours, weights = graph.gather(nodes)
    ends = np.repeat(nodes, lengths)
    seen = dict(zip(zip(ends.tolist(), neighbours.tolist(), strict=True), weights.tolist(), strict=True))

    assert all(seen[b, a] == weight and a != b for (a, b), weight in seen.items())
    assert list(seen) == sorted(seen)
    assert graph.degrees(nodes).tolist() == [sum(w for (a, _), w in seen.items() if a == n) for n in nodes]
    assert edges_of(graph) == {pair: weight for pair, weight in seen.items() if pair[0] < pair[1]}


@given(passages_)
def test_a_graph_is_the_one_networkx_adds_up(passages):
    """Mentions weigh 1, each sentence that names two entities 0.25."""
    expected = networkx.Graph()
    for row, sentences in enumerate(passages):
        for node in {node for sentence in sentences for node in sentence}:
            expected.add_edge(row, node, weight=1.0)
        for sentence in sentences:
            names = sorted(set(sentence))
            for a, b in ((a, b) for i, a in enumerate(names) for b in names[i + 1 :]):
                before = expected.get_edge_data(a, b, {"weight": 0.0})["weight"]
                expected.add_edge(a, b, weight=before + 0.25)

    assert edges_of(whole_graph(passages)) == {
        (min(a, b), max(a, b)): weight for a, b, weight in expected.edges(data="weight")
    }


def test_an_edge_named_from_both_ends_is_one_edge():
    """Plain pairs may name an edge twice; its weights add up."""
    assert edges_of(graph_from_edges({(1, 0): 1.0, (0, 1): 2.0}, 0, 2)) == {(0, 1): 3.0}


def test_a_graph_without_edges_has_all_its_nodes():
    """Nodes that nothing joins are still there, with degree zero."""
    graph = graph_from_edges({}, 1, 3)

    assert (graph.node_count, graph.edge_count) == (3, 0)
    assert graph.degrees(np.arange(3)).tolist() == [0.0, 0.0, 0.0]
    assert [graph.is_passage(Node(node)) for node in range(3)] == [True, False, False]


def test_nodes_of_entities_leave_room_for_passages():
    """A place below the first entity that no passage has yet is a passage's, without edges."""
    graph = graph_of(contributed(0, [[10]]))

    assert graph.is_passage(Node(9))
    assert not graph.is_passage(Node(10))
    assert graph.neighbours_of(Node(9)).tolist() == []


@pytest.mark.parametrize("kind", list(EdgeKind))
def test_every_kind_of_edge_fits_a_contribution(kind):
    """Kinds are kept in one byte, weights up to a hundred thousand in whole units."""
    (row,) = as_contributions([(1, 2, int(kind), units(100_000))]).tolist()

    assert row == (1, 2, int(kind), 409_600_000)
