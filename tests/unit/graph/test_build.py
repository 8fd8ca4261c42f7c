"""Contributions and the merged graph, by hand on small passages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.graph.build import contributions_of, gather_contributions, graph_from_edges, merge
from hippograph.graph.knowledge_graph import EdgeKind
from hippograph.graph.synonymy import SynonymyPairs
from hippograph.settings import GraphSettings
from hippograph.types import Node, Triple

MENTION, SENTENCE, FACT = int(EdgeKind.MENTION), int(EdgeKind.SENTENCE), int(EdgeKind.FACT)
SETTINGS = GraphSettings(mention_weight=1.0, sentence_weight=0.25, fact_weight=0.5, synonymy_weight=0.5)


def claim(confidence=1.0):
    return Triple("a", "is", "b", 0, confidence)


def synonyms(*pairs):
    left, right, cosine = (list(column) for column in zip(*pairs, strict=True))
    return SynonymyPairs(np.array(left, np.int32), np.array(right, np.int32), np.array(cosine, np.float32))


def test_a_passage_contributes_what_stands_on_paper():
    """Two sentences: 10 and 11 together twice, 11 and 12 once, one fact between 12 and 10."""
    rows = contributions_of(3, [[10, 11], [11, 10, 12]], [(12, 10, claim(0.5))], SETTINGS)

    assert rows == [
        (3, 10, MENTION, 3, 1.0),
        (3, 11, MENTION, 3, 1.0),
        (3, 12, MENTION, 3, 1.0),
        (10, 11, SENTENCE, 3, 0.5),
        (10, 12, SENTENCE, 3, 0.25),
        (11, 12, SENTENCE, 3, 0.25),
        (10, 12, FACT, 3, 0.25),
    ]


def test_facts_between_two_entities_add_up_in_either_direction():
    """An edge has no direction, so a fact and its inverse are two facts of one edge."""
    rows = contributions_of(0, [], [(5, 4, claim(1.0)), (4, 5, claim(0.5))], SETTINGS)

    assert rows == [(4, 5, FACT, 0, 0.75)]


def test_a_fact_about_itself_is_no_edge():
    """Subject and object that are one entity join nothing."""
    assert contributions_of(0, [[4, 4]], [(4, 4, claim())], SETTINGS) == [(0, 4, MENTION, 0, 1.0)]


def test_what_weighs_nothing_is_not_kept():
    """A weight of zero switches a kind of edge off."""
    silent = GraphSettings(mention_weight=0, sentence_weight=0, fact_weight=0, synonymy_weight=0)
    rows = contributions_of(0, [[4, 5]], [(4, 5, claim())], silent)

    assert rows == []
    assert len(gather_contributions(rows, synonyms((4, 5, 0.9)), silent)) == 0


def test_the_weight_of_an_edge_is_the_sum_of_its_contributions():
    """A sentence's 0.25, a fact's 0.5 and a synonymy's 0.5 x 0.5 make one edge of 1."""
    rows = contributions_of(0, [[2, 3]], [(2, 3, claim())], SETTINGS)
    graph = merge(gather_contributions(rows, synonyms((2, 3, 0.5)), SETTINGS), 1, 4)

    assert graph.edges() == {(0, 2): 1.0, (0, 3): 1.0, (2, 3): 1.0}
    assert graph.degrees.tolist() == [2.0, 0.0, 2.0, 2.0]
    assert (graph.passage_count, graph.entity_count, graph.edge_count) == (1, 3, 3)
    assert graph.neighbours_of(Node(2)).tolist() == [0, 3]
    assert graph.weights_of(Node(1)).tolist() == []


def test_synonymy_belongs_to_no_passage():
    """It depends on its two ends alone, so it stays when a passage goes."""
    parts = gather_contributions(contributions_of(0, [[2, 3]], [], SETTINGS), synonyms((2, 3, 0.5)), SETTINGS)

    assert parts.passage[parts.kind == EdgeKind.SYNONYMY].tolist() == [-1]


sentences_of_passages = st.lists(
    st.lists(st.lists(st.integers(10, 15), max_size=4), max_size=3), min_size=1, max_size=6
)


def gathered(passages, order=None):
    rows = [
        row
        for passage in order or range(len(passages))
        for row in contributions_of(passage, passages[passage], [], SETTINGS)
    ]
    return gather_contributions(rows, SynonymyPairs.none(), SETTINGS)


def arrays(record, names):
    return [getattr(record, name).tolist() for name in names]


def parts_of(contributions):
    return arrays(contributions, ("left", "right", "kind", "passage", "weight"))


def graph_of(graph):
    return arrays(graph, ("starts", "neighbours", "weights", "degrees"))


@given(sentences_of_passages, st.randoms(use_true_random=False))
def test_the_order_of_passages_changes_nothing(passages, random):
    """Passages that come in another order give the same arrays."""
    order = list(range(len(passages)))
    random.shuffle(order)
    straight, shuffled = gathered(passages), gathered(passages, order)

    assert parts_of(straight) == parts_of(shuffled)
    assert graph_of(merge(straight, 10, 16)) == graph_of(merge(shuffled, 10, 16))


@given(sentences_of_passages)
def test_taking_a_passages_contributions_away_equals_building_without_it(passages):
    """The merged graph holds no trace of a passage whose rows are gone."""
    whole = gathered(passages)
    kept = whole.passage != 0
    names = ("left", "right", "kind", "passage", "weight")
    less = type(whole)(*(getattr(whole, name)[kept] for name in names))

    assert graph_of(merge(less, 10, 16)) == graph_of(merge(gathered([[], *passages[1:]]), 10, 16))


@given(sentences_of_passages)
def test_a_merged_graph_is_symmetric_and_without_loops(passages):
    """Every edge is seen from both ends with one weight, rows are sorted, degrees are row sums."""
    graph = merge(gathered(passages), 10, 16)
    seen = {
        (node, int(other)): float(weight)
        for node in range(graph.node_count)
        for other, weight in zip(graph.neighbours_of(Node(node)), graph.weights_of(Node(node)), strict=True)
    }

    assert all(seen[b, a] == weight and a != b for (a, b), weight in seen.items())
    assert list(seen) == sorted(seen)
    assert graph.degrees == pytest.approx(
        [sum(w for (a, _), w in seen.items() if a == node) for node in range(graph.node_count)]
    )


def test_an_edge_named_from_both_ends_is_one_edge():
    """Plain pairs may name an edge twice; its weights add up."""
    assert graph_from_edges({(1, 0): 1.0, (0, 1): 2.0}, 0, 2).edges() == {(0, 1): 3.0}


def test_a_graph_without_edges_has_all_its_nodes():
    """Nodes that nothing joins are still there, with degree zero."""
    graph = graph_from_edges({}, 1, 3)

    assert (graph.node_count, graph.edge_count, graph.degrees.tolist()) == (3, 0, [0.0, 0.0, 0.0])
    assert [graph.is_passage(Node(node)) for node in range(3)] == [True, False, False]
