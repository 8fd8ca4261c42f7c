"""The walk, against arithmetic on paper, networkx and igraph."""

import random

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph.build import graph_from_edges
from hippograph.graph.knowledge_graph import UNIT
from hippograph.graph.pagerank import distinct, exact_walk, forward_push

PATH = {(0, 1): 1.0, (1, 2): 1.0}
STAR = {(0, 1): 1.0, (0, 2): 1.0, (0, 3): 1.0}


def walk(edges, node_count, reset, damping=0.5, tolerance=1e-12):
    graph = graph_from_edges(edges, 0, node_count)
    (scores,) = forward_push(graph, [reset], damping, tolerance)
    return scores.of(np.arange(node_count))


@st.composite
def worlds(draw):
    """A weighted graph of up to nine nodes, some perhaps without edges, and a reset vector.

    Weights are multiples of 1/4096, as a graph keeps them.
    """
    count = draw(st.integers(1, 9))
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    weights = st.integers(512, 8 * UNIT).map(lambda units: units / UNIT)
    edges = draw(st.dictionaries(st.sampled_from(pairs), weights, max_size=14)) if pairs else {}
    reset = draw(st.dictionaries(st.integers(0, count - 1), st.floats(0.01, 5), min_size=1))
    return edges, count, reset


@pytest.mark.parametrize(
    ("edges", "reset", "expected"),
    [
        # x0 = 1/2 + x1/4, x1 = (x0 + x2)/2, x2 = x1/4; so x1 = 1/4 + x1/4.
        (PATH, {0: 1.0}, [7 / 12, 1 / 3, 1 / 12]),
        (PATH, {1: 1.0}, [1 / 6, 2 / 3, 1 / 6]),
        # The middle sends a sixth of itself to each leaf, a leaf half of itself back.
        (STAR, {0: 1.0}, [2 / 3, 1 / 9, 1 / 9, 1 / 9]),
    ],
)
def test_small_walks_are_those_solved_by_hand(edges, reset, expected):
    """x = r/2 + W D^-1 x / 2, solved on paper for a path of three and a star of four."""
    assert walk(edges, len(expected), reset) == pytest.approx(expected, abs=1e-9)


def test_what_is_not_pushed_on_still_counts_where_it_lies():
    """At a tolerance that stops after the first push the neighbour keeps half of the half that arrived."""
    assert walk(PATH, 3, {0: 1.0}, tolerance=0.9).tolist() == [0.5, 0.25, 0]


def test_weights_share_out_the_walk():
    """A neighbour three times as heavy gets three times as much."""
    scores = walk({(0, 1): 3.0, (0, 2): 1.0}, 3, {0: 1.0})

    assert scores[1] == pytest.approx(3 * scores[2])


def test_a_component_without_a_seed_is_never_visited():
    """No walk leaves its component."""
    assert walk({(0, 1): 1.0, (2, 3): 1.0}, 4, {0: 1.0})[2:].tolist() == [0, 0]


def test_a_seed_without_edges_keeps_its_restart():
    """A node that leads nowhere scores its share of the restarts and gives nothing on."""
    assert walk({(1, 2): 1.0}, 3, {0: 1.0}).tolist() == [0.5, 0, 0]


def test_without_damping_the_walk_is_the_reset_vector():
    """As the chance of walking on goes to nothing, the scores go to the shares of the seeds."""
    assert walk(PATH, 3, {0: 3.0, 2: 1.0}, damping=1e-9) == pytest.approx([0.75, 0, 0.25], abs=1e-6)


@hypothesis_settings(deadline=None)
@given(worlds(), st.floats(0.05, 0.9))
def test_a_walk_is_that_of_networkx(world, damping):
    """On graphs without lone nodes the push gives networkx's PageRank of the same reset vector."""
    edges, _, reset = world
    joined = sorted({node for pair in edges for node in pair})
    reset = {node: weight for node, weight in reset.items() if node in joined}
    if not reset:
        return
    place = {node: i for i, node in enumerate(joined)}
    edges = {(place[a], place[b]): weight for (a, b), weight in edges.items()}
    whole = networkx.Graph()
    whole.add_weighted_edges_from((a, b, weight) for (a, b), weight in edges.items())
    personal = {place[node]: weight for node, weight in reset.items()}
    expected = networkx.pagerank(whole, alpha=damping, personalization=personal, tol=1e-12, max_iter=2000)

    scores = walk(edges, len(joined), personal, damping)
    assert scores == pytest.approx([expected[node] for node in range(len(joined))], abs=1e-8)


@hypothesis_settings(deadline=None)
@given(worlds(), st.sampled_from([1e-2, 1e-4, 1e-6]))
def test_the_push_stays_within_its_tolerance(world, tolerance):
    """|score - exact| <= tolerance x degree at every node, for the push's own bound on what is left."""
    edges, count, reset = world
    graph = graph_from_edges(edges, 0, count)
    (rough,) = forward_push(graph, [reset], 0.5, tolerance)
    fine = walk(edges, count, reset, tolerance=1e-14)

    errors = np.abs(rough.of(np.arange(count)) - fine)
    assert (errors <= tolerance * graph.degrees(np.arange(count)) + 1e-9).all()


@hypothesis_settings(deadline=None)
@given(worlds())
def test_the_exact_walk_is_the_push_scaled_to_one(world):
    """igraph hands what lone nodes lose back to the seeds, which scales all scores alike."""
    edges, count, reset = world
    graph = graph_from_edges(edges, 0, count)
    pushed = walk(edges, count, reset, tolerance=1e-14)
    exact = exact_walk(graph, reset, 0.5).of(np.arange(count))

    assert exact.sum() == pytest.approx(1)
    assert exact == pytest.approx(pushed / pushed.sum(), abs=1e-7)


@hypothesis_settings(deadline=None)
@given(
    worlds(), st.randoms(use_true_random=False), st.floats(0.05, 0.9), st.sampled_from([1e-2, 1e-6, 1e-12])
)
def test_renumbering_the_nodes_renumbers_the_scores(world, random, damping, tolerance):
    """To the last bit: scores do not depend on how nodes are numbered, nor on how far they lie apart."""
    edges, count, reset = world
    new = random.sample(range(4 * count), count)
    resets = [reset, {0: 1.0, count - 1: 0.7}]
    moved = forward_push(
        graph_from_edges({(new[a], new[b]): w for (a, b), w in edges.items()}, 0, 4 * count),
        [{new[n]: w for n, w in each.items()} for each in resets],
        damping,
        tolerance,
    )
    plain = forward_push(graph_from_edges(edges, 0, count), resets, damping, tolerance)

    for one, other in zip(moved, plain, strict=True):
        assert one.of(np.array(new)).tolist() == other.of(np.arange(count)).tolist()


def test_a_walk_of_many_sums_is_the_same_however_nodes_are_numbered():
    """Two thousand edges of odd weights in a random graph: every score to the last bit, in five numberings."""
    chance = random.Random(3)
    edges = {}
    while len(edges) < 2000:
        a, b = sorted(chance.sample(range(300), 2))
        edges[a, b] = chance.randint(1, 30_000) / UNIT
    reset = {node: chance.random() for node in range(0, 300, 29)}
    (plain,) = forward_push(graph_from_edges(edges, 0, 300), [reset], 0.5, 1e-9)
    for _ in range(5):
        new = chance.sample(range(300), 300)
        moved_edges = {(new[a], new[b]): weight for (a, b), weight in edges.items()}
        moved_reset = {new[node]: weight for node, weight in reset.items()}
        (moved,) = forward_push(graph_from_edges(moved_edges, 0, 300), [moved_reset], 0.5, 1e-9)

        assert moved.of(np.array(new)).tolist() == plain.of(np.arange(300)).tolist()


@given(st.integers(41, 400_000))
def test_scaling_all_weights_changes_nothing(units):
    """Only the ratios of edges, and of seeds, count."""
    factor = units / UNIT
    plain = walk({(0, 1): 1.0, (1, 2): 3.0}, 3, {0: 1.0, 2: 4.0})
    scaled = walk({(0, 1): factor, (1, 2): 3 * factor}, 3, {0: factor, 2: 4 * factor})

    assert scaled == pytest.approx(plain, abs=1e-9)


@hypothesis_settings(deadline=None)
@given(worlds())
def test_walks_together_are_each_walk_alone(world):
    """A walk is within its tolerance whatever walks beside it."""
    edges, count, reset = world
    graph = graph_from_edges(edges, 0, count)
    resets = [reset, {0: 1.0}, {count - 1: 2.0}]
    together = forward_push(graph, resets, 0.5, 1e-12)
    alone = [forward_push(graph, [each], 0.5, 1e-12)[0] for each in resets]

    nodes = np.arange(count)
    for one, other in zip(together, alone, strict=True):
        assert one.of(nodes) == pytest.approx(other.of(nodes), abs=1e-9)


def test_no_reset_vector_is_no_walk():
    """Nothing to walk from, nothing to tell."""
    assert forward_push(graph_from_edges(PATH, 0, 3), [], 0.5) == ()


@pytest.mark.parametrize("reset", [{}, {0: 0.0}, {0: -1.0}, {0: float("nan")}, {0: float("inf")}])
@pytest.mark.parametrize("solve", [exact_walk, lambda g, r, d: forward_push(g, [r], d)])
def test_a_reset_vector_without_mass_is_refused(reset, solve):
    """A walk that starts nowhere is a mistake of the caller's."""
    with pytest.raises(ValueError, match="no mass"):
        solve(graph_from_edges(PATH, 0, 3), reset, 0.5)


def test_weights_that_are_no_weights_are_passed_over():
    """Negative and undefined seed weights count as none."""
    odd = {0: 1.0, 1: -2.0, 2: float("nan")}

    assert walk(PATH, 3, odd).tolist() == walk(PATH, 3, {0: 1.0}).tolist()


def test_a_node_the_walk_did_not_reach_scores_nothing():
    """Scores are asked for by node, in any order, reached or not."""
    graph = graph_from_edges({(1, 3): 1.0}, 0, 6)
    (scores,) = forward_push(graph, [{1: 1.0}], 0.5, 1e-12)

    assert scores.nodes.tolist() == [1, 3]
    assert scores.of(np.array([5, 3, 0, 1, 3])) == pytest.approx([0, 1 / 3, 0, 2 / 3, 1 / 3])


@given(st.lists(st.integers(-50, 50)))
def test_distinct_is_numpys_unique(values):
    """Sorted, each once, for any integers, none among them."""
    array = np.array(values, dtype=np.int32)

    assert distinct(array).tolist() == np.unique(array).tolist()
