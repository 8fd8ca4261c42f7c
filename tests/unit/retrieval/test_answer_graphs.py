"""The graph behind an answer: seeds, passages, what ties them, and the edges of the index between them."""

import networkx
import pytest

from hippograph.engine import Hippograph
from hippograph.graph.export import write_graphml
from hippograph.graph.knowledge_graph import EdgeKind
from hippograph.retrieval.answer_graph import Role, gather_answer_graph
from hippograph.retrieval.answer_page import answer_page, to_networkx
from hippograph.types import Document

QUESTION = "Where was the designer of the Iron Bridge born?"


def graph_of(memory, question=QUESTION, k=5):
    answer = memory.ask(question)
    vector = memory.embedder.embed_query(question)
    found = memory.search(question, k)
    graph = gather_answer_graph(
        question, vector, memory.index, memory.settings.retrieval, found, answer.citations
    )
    return graph, answer


@pytest.fixture
def behind(river):
    """The graph of the five passages behind a question, and its answer."""
    return graph_of(river)


def test_the_nodes_are_the_seeds_the_passages_and_what_ties_them(river, behind):
    """Every passage that was handed over with its rank, every entity seed of the search, and shared names besides."""
    graph, _ = behind
    seeds = {seed.node for seed in river.explain(QUESTION).trace.seeds.entities}
    by_role = {role: [node for node in graph.nodes if node.role is role] for role in Role}
    passages = by_role[Role.FIRST_HOP] + by_role[Role.SECOND_HOP]

    assert {node.node for node in by_role[Role.SEED]} == seeds
    assert sorted(node.rank for node in passages) == [1, 2, 3, 4, 5]
    assert {node.label for node in by_role[Role.BETWEEN]}.isdisjoint(
        node.label for node in by_role[Role.SEED]
    )
    for node in by_role[Role.BETWEEN]:
        held = set(river.index.passages_of_entity(node.node).tolist())
        assert len(held & {int(p.node) for p in passages}) >= 2


def test_the_edges_are_those_of_the_index_between_the_nodes(river, behind):
    """Each once, with its weight; none is left out."""
    graph, _ = behind
    nodes = {int(node.node) for node in graph.nodes}
    expected = {(a, b): weight for a, b, weight in river.index.graph.edges() if a in nodes and b in nodes}

    assert {(edge.left, edge.right): edge.weight for edge in graph.edges} == expected
    assert len(graph.edges) == len(expected) > 0


def test_edges_say_what_they_are_made_of(river, behind):
    """As the contributions of all passages and pairs of synonyms add up."""
    graph, _ = behind
    kinds = {}
    for left, right, kind in river.index.tables.all_contributions()[["left", "right", "kind"]].tolist():
        kinds.setdefault((left, right), set()).add(EdgeKind(kind))

    assert {(e.left, e.right): set(e.kinds) for e in graph.edges} == {
        pair: kinds[pair] for pair in ((e.left, e.right) for e in graph.edges)
    }


def test_names_alike_are_told_as_such(tmp_path, settings, parts):
    """An edge that a pair of synonyms adds to is of that kind, too."""
    alike = settings.model_copy(
        update={"graph": settings.graph.model_copy(update={"synonymy_threshold": 0.3})}
    )
    texts = {"a": "The Iron Bridge is old.", "b": "The Iron Bridges are many. The Iron Bridge is one."}
    documents = [Document(id_, "", text) for id_, text in texts.items()]
    with Hippograph.build(documents, tmp_path / "alike", settings=alike, parts=parts) as memory:
        graph, _ = graph_of(memory, "Where is the Iron Bridge, and are there Iron Bridges?")
        kinds = {}
        for left, right, kind in memory.index.tables.all_contributions()[["left", "right", "kind"]].tolist():
            kinds.setdefault((left, right), set()).add(EdgeKind(kind))

    assert any(EdgeKind.SYNONYMY in edge.kinds for edge in graph.edges)
    assert all(set(edge.kinds) == kinds[edge.left, edge.right] for edge in graph.edges)


def test_edges_tell_the_facts_that_the_passages_claim(toy_index):
    """In the words of the fact, at the edge between its two ends, and drawn as a fact whatever it weighs."""
    graph, answer = graph_of(toy_index, "Who designed the Analytical Engine?", 3)
    labels = {node.node: node.label for node in graph.nodes}
    told = {
        frozenset((labels[edge.left], labels[edge.right])): edge.facts for edge in graph.edges if edge.facts
    }

    assert "Charles Babbage – designed – Analytical Engine" in {
        fact for facts in told.values() for fact in facts
    }
    assert answer_page(graph, answer).count('class="tie fact') == len(told)
    for ends, facts in told.items():
        assert all(any(end.lower() in fact.lower() for end in ends) for fact in facts)


def test_cited_passages_are_marked_and_tell_the_cited_sentence(toy_index):
    """The others tell the sentence nearest the question."""
    graph, answer = graph_of(toy_index, "Who designed the Analytical Engine?", 3)
    cited = {node.detail for node in graph.nodes if node.is_cited}

    assert cited
    assert cited <= {" ".join(citation.sentence.split()) for citation in answer.citations}
    assert all(node.rank is not None for node in graph.nodes if node.is_cited)


def test_visits_are_those_of_the_walk(behind):
    """A node the walk came by has some, and all together are no more than the whole walk."""
    graph, _ = behind
    visits = [node.visits for node in graph.nodes]

    assert all(node.visits > 0 for node in graph.nodes if node.role is Role.SEED)
    assert sum(visits) <= 1 + 1e-9


def test_the_graph_is_written_as_graphml_that_others_read(behind, tmp_path):
    """Roles, ranks, kinds and weights survive; control characters would not, and are left out."""
    graph, answer = behind
    write_graphml(tmp_path / "answer.graphml", to_networkx(graph, answer))
    read = networkx.read_graphml(tmp_path / "answer.graphml", node_type=int)

    assert {node: read.nodes[node]["role"] for node in read} == {n.node: n.role.value for n in graph.nodes}
    assert {frozenset(pair): read.edges[pair]["weight"] for pair in read.edges} == {
        frozenset((e.left, e.right)): e.weight for e in graph.edges
    }
    assert read.graph["question"] == QUESTION
    assert {read.nodes[n.node].get("rank") for n in graph.nodes} == {None, 1, 2, 3, 4, 5}


def test_the_page_holds_question_answer_picture_and_passages_and_loads_nothing(behind):
    """One file: a policy forbids all loading, and no script or address is in it."""
    graph, answer = behind
    page = answer_page(graph, answer)

    assert QUESTION in page
    assert (answer.span or answer.text or answer.refusal) in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert page.count("<li ") == 5
    assert page.count('<g class="box ') == len(graph.nodes)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


def test_documents_cannot_put_markup_into_a_page(build_index):
    """Titles, sentences and names are text, whatever they hold."""
    evil = "<script>alert(1)</script>"
    texts = {"evil": (f"Ada {evil}", [f"Ada Quist drew {evil} maps.", "Ada Quist was born in Ribe."])}
    graph, answer = graph_of(build_index(texts), f"Where was Ada Quist {evil} born?")

    assert "<script" not in answer_page(graph, answer)
    assert "&lt;script&gt;" in answer_page(graph, answer)
