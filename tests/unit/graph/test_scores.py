"""Scores: how far they may be off, and how much of their order is proven."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph.build import graph_from_edges
from hippograph.graph.full_walk import FINEST
from hippograph.graph.knowledge_graph import UNIT
from hippograph.graph.pagerank import forward_push, full_walk, mixed

PASSAGES = 12


@st.composite
def worlds(draw):
    """A graph of passages and entities, and the seeds of two walks."""
    count = draw(st.integers(PASSAGES + 1, 40))
    nodes = st.integers(0, count - 1)
    pairs = st.tuples(nodes, nodes).map(sorted).map(tuple).filter(lambda pair: pair[0] < pair[1])
    weights = st.integers(1, 20 * UNIT).map(lambda units: units / UNIT)
    edges = draw(st.dictionaries(pairs, weights, min_size=10, max_size=90))
    resets = draw(st.lists(st.dictionaries(nodes, st.floats(0.01, 5), min_size=1), min_size=2, max_size=2))
    return graph_from_edges(edges, PASSAGES, count), resets


def best(scores, k):
    """The k best passages."""
    return set(np.argsort(-scores.of(np.arange(PASSAGES)), kind="stable")[:k].tolist())


@hypothesis_settings(deadline=None, max_examples=150)
@given(worlds(), st.sampled_from([1e-2, 1e-3, 1e-5]), st.floats(0.1, 0.9))
def test_what_is_proven_is_so(world, tolerance, damping):
    """The passages that a rough walk calls proven are the best of the finest full walk."""
    graph, resets = world
    (fine,) = full_walk(graph, resets[:1], damping, FINEST)
    for solve in (forward_push, full_walk):
        (rough,) = solve(graph, resets[:1], damping, tolerance)
        k = rough.proven(graph, PASSAGES)
        assert best(rough, k) == best(fine, k)


@hypothesis_settings(deadline=None, max_examples=150)
@given(worlds(), st.sampled_from([1e-1, 1e-3, 1e-5]), st.floats(0.1, 0.9))
def test_no_score_of_a_push_is_above_the_exact_one_nor_further_below_than_its_error(
    world, tolerance, damping
):
    """0 <= exact - score <= min(d x tolerance x degree, what is missing from one), at nodes not reached too."""
    graph, resets = world
    nodes = np.arange(graph.node_count)
    (rough,) = forward_push(graph, resets[:1], damping, tolerance)
    (fine,) = full_walk(graph, resets[:1], damping, FINEST)
    short = fine.of(nodes) - rough.of(nodes)

    assert (short >= -1e-9).all()
    assert (short <= rough.errors(graph.degrees(nodes)) + 1e-9).all()
    assert rough.tolerance == damping * tolerance
    assert rough.rounding < 1e-9


@hypothesis_settings(deadline=None)
@given(worlds(), st.floats(0.1, 0.9))
def test_a_mixture_of_walks_is_the_walk_from_the_mixture(world, share):
    """Walks are linear in their reset vectors, and so are their errors."""
    graph, resets = world
    walks = forward_push(graph, resets, 0.5, 1e-9)
    sums = [sum(reset.values()) for reset in resets]
    both = {
        node: share * resets[0].get(node, 0) / sums[0] + (1 - share) * resets[1].get(node, 0) / sums[1]
        for node in resets[0] | resets[1]
    }
    (expected,) = forward_push(graph, [both], 0.5, 1e-9)
    mixture = mixed([share, 1 - share], walks)

    assert mixture.of(np.arange(graph.node_count)) == pytest.approx(
        expected.of(np.arange(graph.node_count)), abs=1e-6
    )
    assert mixture.tolerance == pytest.approx(0.5e-9)
    assert mixture.is_floor


def test_passages_apart_are_proven_and_passages_alike_are_not():
    """Passages 0 to 3 at distances of one, one, two and two from the seed, entity 4."""
    edges = {(0, 4): 3.0, (1, 4): 2.0, (4, 5): 1.0, (2, 5): 1.0, (3, 5): 1.0}
    graph = graph_from_edges(edges, 4, 6)
    (scores,) = forward_push(graph, [{4: 1.0}], 0.5, 1e-9)

    assert scores.values[0] > scores.values[1] > scores.values[2] == scores.values[3]
    assert [scores.proven(graph, k) for k in (1, 2, 3, 4)] == [1, 2, 2, 4]


def test_a_passage_that_was_not_reached_may_still_be_among_the_best():
    """How large a degree it may have decides whether anything is proven."""
    edges = {(0, 5): 4.0, (1, 5): 1.0, (2, 6): 1.0, (5, 6): 0.25}
    graph = graph_from_edges(edges, 5, 7)
    (scores,) = forward_push(graph, [{5: 1.0}], 0.5, 0.03)

    assert 2 not in scores.nodes
    assert scores.proven(graph, 2, largest_degree=2.0) == 2
    assert scores.proven(graph, 2, largest_degree=1e9) < 2


def test_nothing_is_proven_of_a_walk_that_met_no_passage():
    """Without a score there is no order."""
    graph = graph_from_edges({(3, 4): 1.0}, 3, 5)
    (scores,) = forward_push(graph, [{3: 1.0}], 0.5, 1e-6)

    assert scores.proven(graph, 3) == 0
