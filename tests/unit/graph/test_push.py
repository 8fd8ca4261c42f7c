"""Forward push: its two makes against each other, what it costs, and when it is compiled."""

import logging
import subprocess
import sys
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph import push
from hippograph.graph.build import graph_from_edges
from hippograph.graph.knowledge_graph import UNIT, KnowledgeGraph
from hippograph.graph.push import Compiler, forward_push, push_compiled, push_vectorised
from hippograph.graph.push_kernel import PAGE_BITS
from hippograph.graph.push_kernel import UNIT as KERNEL_UNIT
from hippograph.graph.reset import restarts
from hippograph.tables import Files, Rows
from hippograph.tables.pages import PAGE

REPOSITORY = Path(__file__).resolve().parents[3]


@st.composite
def worlds(draw):
    """A weighted graph of up to forty nodes, and the seeds of one to five walks."""
    count = draw(st.integers(2, 40))
    nodes = st.integers(0, count - 1)
    pairs = st.tuples(nodes, nodes).map(sorted).map(tuple).filter(lambda pair: pair[0] < pair[1])
    edges = draw(
        st.dictionaries(pairs, st.integers(1, 20 * UNIT).map(lambda units: units / UNIT), max_size=90)
    )
    resets = draw(st.lists(st.dictionaries(nodes, st.floats(0.01, 5), min_size=1), min_size=1, max_size=5))
    return edges, count, resets


@pytest.fixture(scope="module")
def kernel():
    """The compiled push."""
    if find_spec("numba") is None:
        pytest.skip("numba is not installed")
    compiler = Compiler()
    assert compiler.wait()
    return compiler.kernel_if_ready()


@pytest.fixture(params=["numpy", "compiled"])
def make(request):
    """Each make of the push, as a function of a graph, resets, damping and tolerance."""
    compiled = request.getfixturevalue("kernel") if request.param == "compiled" else None

    def walk(graph, resets, damping, tolerance):
        start = restarts(resets, graph.node_count)
        if compiled is None:
            return push_vectorised(graph, start, damping, tolerance)
        return push_compiled(compiled, graph, start, damping, tolerance)

    return walk


def same(left, right):
    """Whether two walks reached the same nodes and have the same scores, to the last bit."""
    return all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))


@hypothesis_settings(deadline=None, max_examples=300)
@given(worlds(), st.floats(0.05, 0.95), st.sampled_from([1e-1, 1e-3, 1e-6]))
def test_the_compiled_push_gives_the_bits_of_numpys(kernel, world, damping, tolerance):
    """Whichever make a process uses, nodes and scores are the same to the last bit."""
    edges, count, resets = world
    graph = graph_from_edges(edges, 0, count)
    start = restarts(resets, count)

    compiled = push_compiled(kernel, graph, start, damping, tolerance)
    assert same(compiled, push_vectorised(graph, start, damping, tolerance))


def test_the_makes_agree_where_a_walk_outgrows_its_first_slots(kernel):
    """A hub of 9,000 neighbours with large numbers: more than the slots a walk begins with."""
    rng = np.random.default_rng(0)
    leaves = rng.choice(5_000_000, 9_000, replace=False) + 1
    graph = graph_from_edges({(0, int(leaf)): 1.0 + int(leaf) % 3 for leaf in leaves}, 0, 5_000_001)
    start = restarts([{0: 1.0}, {int(leaves[7]): 2.0, 0: 1.0}], graph.node_count)

    compiled = push_compiled(kernel, graph, start, 0.5, 1e-6)
    assert len(compiled[0]) == 9_001
    assert same(compiled, push_vectorised(graph, start, 0.5, 1e-6))


@hypothesis_settings(deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_how_nodes_are_numbered(kernel, world, random):
    """Renumbering the nodes moves the scores and leaves every bit of them: sums are exact in any order."""
    edges, count, resets = world
    new = list(range(count))
    random.shuffle(new)
    plain = graph_from_edges(edges, 0, count)
    moved = graph_from_edges({(new[a], new[b]): weight for (a, b), weight in edges.items()}, 0, count)
    renamed = [{new[node]: weight for node, weight in reset.items()} for reset in resets]

    for walk in (push_vectorised, lambda *given: push_compiled(kernel, *given)):
        nodes, scores, _ = walk(plain, restarts(resets, count), 0.5, 1e-4)
        moved_nodes, moved_scores, _ = walk(moved, restarts(renamed, count), 0.5, 1e-4)
        order = np.argsort(np.array(new)[nodes])
        assert same((np.array(new)[nodes][order], scores[:, order]), (moved_nodes, moved_scores))


def test_a_grown_graph_walks_as_a_built_one(make):
    """Edges added in turns and partly taken back leave tables full of old rows, and the scores of a fresh graph."""
    rng = np.random.default_rng(3)
    pairs = np.unique(np.sort(rng.integers(0, 400, (1500, 2)), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    units = rng.integers(1, 3 * UNIT, len(pairs))
    kept = rng.random(len(pairs)) < 0.6
    grown = Rows(Files(), "grown")
    for part in np.array_split(np.arange(len(pairs)), 20):
        add(grown, pairs[part], units[part])
    add(grown, pairs[~kept], -units[~kept])
    built = Rows(Files(), "built")
    add(built, pairs[kept], units[kept])
    resets = [{5: 1.0, 17: 2.0}, {380: 1.0}]

    walked = [make(KnowledgeGraph(rows, 100, 100, 300), resets, 0.5, 1e-5) for rows in (grown, built)]
    assert len(walked[0][0]) > 50
    assert same(*walked)


def add(rows, pairs, units):
    left, right = pairs.T
    rows.add(np.concatenate([left, right]), np.concatenate([right, left]), np.concatenate([units, units]))


def test_a_walk_takes_memory_for_what_it_reaches():
    """A graph with ten million numbers for nodes costs a walk over three of them less than a hundred kilobytes."""
    graph = graph_from_edges({(0, 9_999_999): 1.0, (0, 5): 1.0}, 0, 10_000_000)
    start = restarts([{0: 1.0}], graph.node_count)
    push.compiler().wait()  # whose memory is not the walk's
    push_vectorised(graph, start, 0.5, 1e-6)
    tracemalloc.start()
    push_vectorised(graph, start, 0.5, 1e-6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100_000


def test_a_hub_is_not_walked_through_for_less_than_the_tolerance(make):
    """A seed whose mass a unit of degree is below the tolerance keeps it: its 5,000 neighbours are left alone."""
    graph = graph_from_edges({(0, leaf): 1.0 for leaf in range(1, 5_001)}, 0, 5_001)

    below, above = (make(graph, [{0: 1.0}], 0.5, tolerance)[0] for tolerance in (1 / 4_999, 1 / 5_001))
    assert below.tolist() == [0]
    assert len(above) == 5_001


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("graph.index", 128 * 3 + 3, 10**12),  # where the edges of node 1 begin
        ("graph.index", 128 * 3 + 4, 10**12),  # how many they are
        ("graph.index", 128 * 3 + 4, -3),
        ("graph.index.directory", 0, 10**12),
        ("graph.index.directory", 0, -(10**12)),
        ("graph.0.columns", slice(None), -7),
        ("graph.index", 128 * 3 + 3, -1),  # where the blocks of node 1 are listed
        ("graph.index", 128 * 3 + 3, -(10**12)),
    ],
)
def test_the_compiled_push_never_reads_outside_of_damaged_tables(kernel, tmp_path, name, place, value):
    """Where a page, a row or a neighbour leads out of the tables there is an IndexError, and no crash."""
    files = Files(tmp_path)
    add(Rows(files, "graph"), np.array([[0, 1], [1, 2]]), np.array([UNIT, UNIT]))
    files.commit()
    np.memmap(tmp_path / name, "<i4" if "columns" in name else "<i8", "r+")[place] = value
    graph = KnowledgeGraph(Rows(Files(tmp_path, files.lengths, files.states), "graph"), 1, 1, 2)

    with pytest.raises(IndexError, match="outside"):
        push_compiled(kernel, graph, restarts([{1: 1.0}], 3), 0.5, 1e-6)


@hypothesis_settings(deadline=None)
@given(worlds(), st.floats(0.01, 0.99))
def test_every_walk_ends_however_fine_its_tolerance(world, damping):
    """A tolerance finer than masses are is raised: what rounding adds to a push is less than what the node keeps."""
    edges, count, resets = world
    tiny = dict.fromkeys(edges, 1 / UNIT)
    (scores, *_) = forward_push(graph_from_edges(tiny, 0, count), resets, damping, 1e-300)

    assert scores.values.sum() <= 1 + scores.rounding


def test_a_seed_that_is_no_node_is_refused():
    """A number beyond the graph, or below it, is a mistake of the caller's."""
    graph = graph_from_edges({(0, 1): 1.0}, 0, 2)
    for seed in (-1, 2, 10**9):
        with pytest.raises(ValueError, match="no node"):
            forward_push(graph, [{seed: 1.0}], 0.5)


def test_the_kernels_constants_are_those_of_the_tables():
    """numba takes in constants when it compiles, so they are written again: here they are held together."""
    assert (KERNEL_UNIT, 1 << PAGE_BITS) == (UNIT, PAGE)


# --------------------------------------------------------------------------- compiling


def test_a_process_that_walks_a_little_never_loads_a_compiler():
    """Fifty walks of a command leave numba where it is."""
    code = """
import sys
from hippograph.graph.build import graph_from_edges
from hippograph.graph.pagerank import forward_push
graph = graph_from_edges({(0, 1): 1.0}, 0, 2)
for _ in range(50):
    forward_push(graph, [{0: 1.0}], 0.5)
sys.exit("numba" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


def test_a_process_that_walks_often_compiles_once(monkeypatch):
    """From one walk more on than it was told, and never twice."""
    loaded = []
    monkeypatch.setattr(push, "import_module", lambda name: loaded.append(name) or Ready)
    compiler = Compiler(after=2)
    before = [compiler.kernel_if_ready() for _ in range(2)]
    count_before = len(loaded)
    compiler.kernel_if_ready()

    assert (before, count_before) == ([None, None], 0)
    assert compiler.wait()
    assert compiler.wait()
    assert compiler.kernel_if_ready() == "kernel"
    assert loaded == ["hippograph.graph.push_kernel"]


class Ready:
    """A module with a push."""

    push = "kernel"


def test_where_nothing_can_be_compiled_numpy_walks_on(monkeypatch, caplog):
    """Without numba, or with a broken one, the walk is what it was, and a line of the log says why."""

    def fail(name):
        raise RuntimeError("no compiler for this machine")

    monkeypatch.setattr(push, "import_module", fail)
    compiler = Compiler(after=0)
    monkeypatch.setattr(push, "compiler", lambda: compiler)
    graph = graph_from_edges({(0, 1): 1.0, (1, 2): 1.0}, 0, 3)
    with caplog.at_level(logging.INFO):
        first, *_ = forward_push(graph, [{0: 1.0}], 0.5, 1e-12)
        has_kernel = compiler.wait()
        second, *_ = forward_push(graph, [{0: 1.0}], 0.5, 1e-12)

    assert not has_kernel
    assert first.values.tolist() == second.values.tolist() == pytest.approx([7 / 12, 1 / 3, 1 / 12])
    assert "no compiler for this machine" in caplog.text
