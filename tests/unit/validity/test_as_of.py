"""An index as of a moment: what was observed later is not there, nor what only it says."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.engine import Hippograph
from hippograph.retrieval.search import search
from hippograph.types import Document, Node, Row
from hippograph.validity.as_of import Contributions, seen_by
from hippograph.validity.times import Times

START = datetime(2010, 1, 1, tzinfo=UTC)
NAMES = (
    "Ola Venn", "Ida Holm", "Kestrel Works", "Brandt Metals", "Norland", "Lund", "Osk", "Marren", "Bo Ark", "Jane Roe",
)  # fmt: skip
VERBS = ("works for", "lives in", "met", "is married to", "praised")
QUESTIONS = (
    "Where does Ola Venn live?",
    "Who is married to Ida Holm?",
    "Who met Bo Ark in Lund?",
    "Kestrel Works",
)


def world(seed, count=40):
    """Dated documents about a few names."""
    chance = random.Random(seed)

    def text():
        lines = chance.randrange(1, 6)
        said = (
            f"{chance.choice(NAMES)} {chance.choice(VERBS)} {chance.choice(NAMES)}." for _ in range(lines)
        )
        return " ".join(said)

    return [
        Document(
            f"d{n}", chance.choice(NAMES), text(), timestamp=START + timedelta(days=chance.randrange(3000))
        )
        for n in range(count)
    ]


@pytest.fixture
def build(tmp_path_factory, settings, parts):
    """Index documents and open them."""
    opened = []

    def build_(documents):
        folder = tmp_path_factory.mktemp("world") / "index"
        opened.append(Hippograph.build(documents, folder, settings=settings, parts=parts))
        return opened[-1]

    yield build_
    for memory in opened:
        memory.close()


def view_of(memory, moment):
    visible = Times(memory.index, memory.settings.time).visible(moment)
    return seen_by(memory.index, Contributions(memory.index), visible)


def found(memory, index, question, method):
    vector = memory.embedder.embed_query(question)
    result = search(question, vector, index, memory.settings.retrieval, 10, method)
    return [(each.passage.id, each.score) for each in result.passages]


@pytest.mark.parametrize("method", ["hippograph", "dense", "bm25"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_search_as_of_a_moment_is_one_among_the_documents_of_then(build, seed, method):
    """Same passages, same scores: the mask is inside every ranking and inside the walk, not behind them."""
    documents, moment = world(seed), START + timedelta(days=1500)
    whole, then = build(documents), build([each for each in documents if each.timestamp <= moment])
    view = view_of(whole, moment)

    assert 0 < view.passage_count < whole.index.passage_count
    for question in QUESTIONS:
        assert found(whole, view, question, method) == found(then, then.index, question, method)


def test_edges_and_counts_are_those_of_the_documents_of_then(build):
    """What only a later passage says joins nothing, and a name that only it has is unknown."""
    documents, moment = world(3), START + timedelta(days=700)
    whole, then = build(documents), build([each for each in documents if each.timestamp <= moment])
    view = view_of(whole, moment)

    def name(index, node):
        is_passage = index.graph.is_passage(Node(node))
        return str(index.load_passage(Row(node)).id) if is_passage else index.entity_key(Node(node))

    def edges(index):
        nodes = index.nodes()
        lengths, others, weights = index.graph.gather(nodes)
        ends = zip(np.repeat(nodes, lengths).tolist(), others.tolist(), weights.tolist(), strict=True)
        return {(name(index, left), name(index, right)): weight for left, right, weight in ends}

    keys = [name.lower() for name in NAMES]
    assert edges(view) == edges(then.index)
    assert view.graph.degrees(view.nodes()).sum() == then.index.graph.degrees(then.index.nodes()).sum()
    assert [node is None for node in view.nodes_of_keys(keys)] == [
        node is None for node in then.index.nodes_of_keys(keys)
    ]
    assert view.facts() == then.index.facts()


def test_a_view_without_some_passages_is_that_of_the_rest(build):
    """Narrowing a view takes away exactly what it hides: the spread of vectors is summed anew or taken back alike."""
    memory = build(world(4))
    view = view_of(memory, START + timedelta(days=3000))
    rows = np.flatnonzero(view.visible)[:3].tolist()
    narrowed, query = view.without(rows), memory.embedder.embed_query("Ola Venn")
    anew = seen_by(memory.index, Contributions(memory.index), narrowed.visible)

    assert narrowed.passage_count == view.passage_count - 3
    assert narrowed.dense_spread(query) == anew.dense_spread(query)


def test_before_the_first_document_there_is_nothing(build):
    """An empty view finds nothing and breaks nothing."""
    memory = build(world(5))

    assert memory.search("Where does Ola Venn live?", as_of="1999") == []
    assert memory.ask("Where does Ola Venn live?", as_of="1999").refusal is not None


def test_without_a_moment_nothing_of_time_is_made(build):
    """A plain search never makes what questions of time need, and ranks as the index alone does."""
    memory = build(world(6))
    plain = [each.passage.id for each in memory.search("Who met Bo Ark?", k=10)]
    memory.ask("Who met Bo Ark?")

    assert memory._timekeeper is None
    assert plain == [id_ for id_, _ in found(memory, memory.index, "Who met Bo Ark?", "hippograph")]


@hypothesis_settings(max_examples=12)
@given(data=st.data())
def test_any_order_of_adding_and_removing_gives_the_same_intervals(tmp_path_factory, data):
    """Histories are those of an index that is built from what is left, whatever came and went before."""
    from hippograph.settings import Settings

    chosen = Settings(
        models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy"},
        time={"functional": ["owner", "seat"]},
    )
    owners, seats = st.sampled_from(["Bo", "Ida", "Ola"]), st.sampled_from(["Lund", "Osk"])
    moments = st.sampled_from([None, *(START + timedelta(days=day) for day in range(4))])
    documents = [
        Document(
            f"d{n}",
            "Acme",
            f"Owner: {data.draw(owners)}\nSeat: {data.draw(seats)}\nEntry: {n}\n",
            timestamp=data.draw(moments),
        )
        for n in range(5)
    ]
    order = data.draw(st.permutations(documents))
    removed = data.draw(st.sets(st.sampled_from([each.id for each in documents]), max_size=3))
    left = [each for each in documents if each.id not in removed]
    folder = tmp_path_factory.mktemp("orders")
    with Hippograph.build(order[:2], folder / "grown", settings=chosen) as grown:
        grown.add(order[2:])
        if removed:
            grown.remove(sorted(removed))
        with Hippograph.build(left, folder / "built", settings=chosen) as built:
            assert grown.history("Acme") == built.history("Acme")
            assert grown.history("Acme", as_of=START) == built.history("Acme", as_of=START)
