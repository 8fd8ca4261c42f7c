"""Full walks by Chebyshev's iteration, against the exact walk and the push; and which walk is taken when."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph import full_walk as module
from hippograph.graph.build import graph_from_edges
from hippograph.graph.full_walk import FINEST, full_walk
from hippograph.graph.knowledge_graph import UNIT
from hippograph.graph.pagerank import MOST_SEEDS, exact_walk, forward_push, walk

PATH = {(0, 1): 1.0, (1, 2): 1.0}


@st.composite
def worlds(draw):
    """A weighted graph of up to forty nodes, and the seeds of one to four walks."""
    count = draw(st.integers(1, 40))
    nodes = st.integers(0, count - 1)
    pairs = st.tuples(nodes, nodes).map(sorted).map(tuple).filter(lambda pair: pair[0] < pair[1])
    weights = st.integers(1, 20 * UNIT).map(lambda units: units / UNIT)
    edges = draw(st.dictionaries(pairs, weights, max_size=90)) if count > 1 else {}
    resets = draw(st.lists(st.dictionaries(nodes, st.floats(0.01, 5), min_size=1), min_size=1, max_size=4))
    return edges, count, resets


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        # x0 = 1/2 + x1/4, x1 = (x0 + x2)/2, x2 = x1/4; so x1 = 1/4 + x1/4.
        ({0: 1.0}, [7 / 12, 1 / 3, 1 / 12]),
        ({1: 1.0}, [1 / 6, 2 / 3, 1 / 6]),
        ({0: 1.0, 1: 1.0, 2: 1.0}, [5 / 18, 4 / 9, 5 / 18]),  # the mean of the walks from each
    ],
)
def test_small_full_walks_are_those_solved_by_hand(reset, expected):
    """x = r/2 + W D^-1 x / 2, solved on paper for a path of three."""
    (scores,) = full_walk(graph_from_edges(PATH, 0, 3), [reset], 0.5, 1e-11)

    assert scores.nodes.tolist() == [0, 1, 2]
    assert scores.values == pytest.approx(expected, abs=1e-10)


@hypothesis_settings(deadline=None)
@given(worlds(), st.floats(0.05, 0.9), st.sampled_from([1e-3, 1e-6, 1e-9]))
def test_a_full_walk_stays_within_its_tolerance(world, damping, tolerance):
    """|score - exact| <= tolerance x degree at every node, a lone node's degree counted as one."""
    edges, count, resets = world
    graph = graph_from_edges(edges, 0, count)
    nodes = np.arange(count)
    degrees = graph.degrees(nodes)
    for rough, fine in zip(
        full_walk(graph, resets, damping, tolerance), forward_push(graph, resets, damping, 1e-13), strict=True
    ):
        errors = np.abs(rough.values - fine.of(nodes))
        assert (errors <= tolerance * np.where(degrees > 0, degrees, 1) + 1e-10).all()


@hypothesis_settings(deadline=None)
@given(worlds())
def test_the_exact_walk_is_the_full_walk_scaled_to_one(world):
    """igraph hands what lone nodes lose back to the seeds, which scales all scores alike."""
    edges, count, resets = world
    graph = graph_from_edges(edges, 0, count)
    (full,) = full_walk(graph, resets[:1], 0.5, FINEST)

    assert exact_walk(graph, resets[0], 0.5).values == pytest.approx(
        full.values / full.values.sum(), abs=1e-7
    )


@hypothesis_settings(deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_full_walks_do_not_depend_on_how_nodes_are_numbered(world, random):
    """Renumbering the nodes moves the scores and leaves every bit of them: sums are exact in any order."""
    edges, count, resets = world
    new = list(range(count))
    random.shuffle(new)
    plain = graph_from_edges(edges, 0, count)
    moved = graph_from_edges({(new[a], new[b]): weight for (a, b), weight in edges.items()}, 0, count)
    renamed = [{new[node]: weight for node, weight in reset.items()} for reset in resets]

    pairs = zip(full_walk(plain, resets, 0.5, 1e-7), full_walk(moved, renamed, 0.5, 1e-7), strict=True)
    assert all(other.values[new].tolist() == one.values.tolist() for one, other in pairs)


def test_full_walks_do_not_depend_on_how_much_is_worked_on_at_a_time(monkeypatch):
    """Blocks of seven nodes give the bits of one block."""
    rng = np.random.default_rng(1)
    pairs = {
        tuple(sorted(pair)): 1.5 for pair in rng.integers(0, 60, (200, 2)).tolist() if pair[0] != pair[1]
    }
    graph = graph_from_edges(pairs, 0, 61)
    (whole,) = full_walk(graph, [{0: 1.0, 9: 2.0}], 0.5, 1e-8)
    monkeypatch.setattr(module, "NODES_AT_ONCE", 7)
    (parts,) = full_walk(graph, [{0: 1.0, 9: 2.0}], 0.5, 1e-8)

    assert parts.values.tolist() == whole.values.tolist()


def test_a_step_shrinks_the_error_by_a_quarter_and_not_by_half(monkeypatch):
    """At a damping of 1/2 a tolerance of 1e-9 takes as many passes as 0.268^t does, where 0.5^t would take thirty."""
    rng = np.random.default_rng(2)
    pairs = {
        tuple(sorted(pair)): 1.0 for pair in rng.integers(0, 300, (900, 2)).tolist() if pair[0] != pair[1]
    }
    graph = graph_from_edges(pairs, 0, 300)
    steps = []
    monkeypatch.setattr(module, "_step", lambda *given, step=module._step: steps.append(1) or step(*given))
    full_walk(graph, [{0: 1.0}], 0.5, 1e-9)

    assert len(steps) <= 2 + math.log(1e-9) / math.log(0.268)


def test_no_reset_vector_is_no_full_walk():
    """Nothing to walk from, nothing to tell; and a reset vector without mass is a mistake of the caller's."""
    graph = graph_from_edges(PATH, 0, 3)

    assert full_walk(graph, [], 0.5, 1e-6) == ()
    with pytest.raises(ValueError, match="no mass"):
        full_walk(graph, [{0: 0.0}], 0.5, 1e-6)


# --------------------------------------------------------------------------- which walk


def test_few_seeds_are_pushed_from_and_many_make_a_full_walk():
    """A push tells of what it reached alone; a full walk of every node."""
    count = MOST_SEEDS + 10
    graph = graph_from_edges({(i, i + 1): 1.0 for i in range(count - 3)}, 0, count)
    few = dict.fromkeys(range(MOST_SEEDS), 1.0)
    many = dict.fromkeys(range(MOST_SEEDS + 1), 1.0)
    pushed, full = (walk(graph, [reset], 0.5, 1e-6)[0] for reset in (few, many))

    assert count - 1 not in pushed.nodes
    assert full.nodes.tolist() == list(range(count))
    assert full.of(np.arange(200)) == pytest.approx(pushed.of(np.arange(200)), rel=0.01)
