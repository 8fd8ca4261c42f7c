"""What an opened version shows of five hand-made documents, and of those that are left when some are gone."""

import numpy as np
import pytest

from hippograph.types import Document, Node, Row

QUIST, BRIDGE, MAPS, RIBE, TAMM = (Node(node) for node in range(1024, 1029))


@pytest.fixture
def without_quist(river):
    """The same index once the document about Ada Quist is gone."""
    river.remove(["quist"])
    return river.index


def test_names_are_found_by_their_normal_form(river):
    """Many at a time; what no passage names is None."""
    assert river.index.nodes_of_keys(["tamm", "nobody", "ada quist", "Tamm"]) == [TAMM, None, QUIST, None]
    assert river.index.entity_key(RIBE) == "ribe"


def test_a_name_that_nobody_says_any_more_is_not_found(without_quist):
    """Maps stood in her passage alone; she herself is still named by the bridge's."""
    assert without_quist.nodes_of_keys(["maps", "ada quist"]) == [None, QUIST]
    assert MAPS not in without_quist.nodes()
    assert without_quist.entities_of_passage(Row(0)).tolist() == [QUIST, BRIDGE, TAMM]
    assert without_quist.passages_naming(np.array([MAPS, QUIST])).tolist() == [0, 1]


def test_entities_and_passages_know_each_other(river):
    """By sentence, by passage and by title."""
    index = river.index

    assert index.passages_of_entity(QUIST).tolist() == [0, 2]
    assert index.passages_naming(np.array([QUIST, MAPS, TAMM])).tolist() == [2, 1, 2]
    assert index.entities_of_passage(Row(2)).tolist() == [QUIST, MAPS, RIBE]
    assert index.entities_of_sentence(0).tolist() == [BRIDGE, TAMM]
    assert index.title_nodes(np.array([2, 1, 4])).tolist() == [QUIST, -1, TAMM]


def test_sentences_know_their_passages(river):
    """Each row of a sentence stands in one passage, in reading order."""
    rows = [list(river.index.sentence_rows(Row(passage))) for passage in range(5)]

    assert rows == [[0, 1], [2], [3, 4], [5], [6]]
    assert river.index.passage_of_sentences(np.arange(7)).tolist() == [0, 0, 1, 2, 2, 3, 4]


def test_an_entity_is_called_as_it_is_spelled_most_often(build_index):
    """Of spellings that are as frequent, the first in order."""
    texts = {
        "a": ("", ["Zürich is near ZÜRICH and Zürich.", "Ribe is RIBE."]),
        "b": ("", ["ZÜRICH is ZÜRICH."]),
    }
    memory = build_index(texts, names=("Zürich", "ZÜRICH", "Ribe", "RIBE"))
    zurich, ribe = memory.index.nodes_of_keys(["zürich", "ribe"])

    assert memory.index.entity_name(zurich) == "ZÜRICH"
    assert memory.index.entity_name(ribe) == "RIBE"
    memory.remove(["b"])
    assert memory.index.entity_name(zurich) == "ZÜRICH"


def test_a_node_is_called_by_its_title_or_its_name(river):
    """As an export shows it."""
    assert [river.index.label(node) for node in (Node(0), Node(1), QUIST)] == ["Iron Bridge", "", "Ada Quist"]


def test_what_is_gone_is_never_given(without_quist):
    """Neither as a passage nor as a node, by meaning or by words."""
    vectors = without_quist.passage_vectors.vectors(np.array([2]))
    _, rows = without_quist.passage_vectors.search(vectors, 5)

    assert [passage.document for passage in without_quist.passages()] == ["bridge", "cake", "ribe", "tamm"]
    assert without_quist.nodes().tolist() == [0, 1, 3, 4, QUIST, BRIDGE, RIBE, TAMM]
    assert 2 not in rows
    assert without_quist.lexical_scores("Ada Quist maps").rows.tolist() == [0]
    assert without_quist.passage_count == 4


def test_the_spread_of_scores_is_that_of_the_passages_that_are_left(river, without_quist):
    """Mean and standard deviation of a question's product with all of them."""
    query = river.embedder.embed_query("Who designed the Iron Bridge over the Tamm?")
    every = without_quist.passage_vectors.vectors(np.array([0, 1, 3, 4])).astype(np.float64) @ query

    assert without_quist.dense_spread(query) == pytest.approx((every.mean(), every.std()), abs=1e-5)


def test_a_document_that_moved_is_shown_where_it_is_now(river):
    """Its passages keep their rows, and show its new address and text."""
    tamm = Document("tamm", "Tamm", "The Tamm is a river.", uri="map:4", metadata={"sheet": 4})
    river.add([tamm])

    assert river.index.document_of(Row(4)) == tamm
    assert river.index.origin_of(Row(4)).uri == "map:4"
    assert river.index.origin_of(Row(4)).text == ""


def test_documents_without_passages_are_documents(river):
    """By id, with those that hold no text."""
    river.add([Document("blank", "Blank", " ")])

    assert [document.id for document in river.index.documents()] == [
        "blank", "bridge", "cake", "quist", "ribe", "tamm",
    ]  # fmt: skip
    assert river.index.version.document_count == 6
    assert river.index.passage_count == 5


def test_edges_are_named_by_what_stands_at_their_ends(river):
    """Passages by id, entities by normal name, each edge once."""
    index = river.index
    bridge = index.load_passage(Row(0)).id
    named = index.named_edges()

    assert len(named) == index.graph.edge_count
    assert named["entity:iron bridge", f"passage:{bridge}"] == 1.0
    assert named["entity:iron bridge", "entity:tamm"] == 1229 / 4096
    assert all(left < right for left, right in named)
