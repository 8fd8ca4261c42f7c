"""HippoRAG's graph: what is a node, what is an edge, and what upstream's code makes of the same triples."""

import numpy as np
import pytest

from hippograph.retrieval.hipporag_graph import (
    MOST_SYNONYMS,
    Compat,
    passage_edges,
    phrase_edges,
    read_triples,
)

TWO_PASSAGES = [
    [("Ada Quist", "designed", "The Iron Bridge"), ("Ada Quist", "lived in", "Ribe")],
    [("ada quist", "Designed", "the iron bridge!"), ("Ribe", "is", "Ribe")],
]
"""Told twice, once in other letters; and a loop."""
PHRASES = ("ada quist", "ribe", "the iron bridge")


def apart(count):
    """Vectors of phrases none of which is near another."""
    return np.eye(count, dtype=np.float32)


def weights(edges, names):
    """Every edge by the names of its ends in the order they are stored, parallel ones in a list."""
    found = {}
    for (left, right), weight in zip(edges.pairs.tolist(), edges.weights.tolist(), strict=True):
        found.setdefault((names[left], names[right]), []).append(weight)
    return found


def test_phrases_are_the_subjects_and_objects_in_normal_form():
    """Relations are no nodes; a fact told twice is one fact with two tellings."""
    triples = read_triples(TWO_PASSAGES, Compat.UPSTREAM)

    assert triples.phrases == PHRASES
    assert triples.facts == (
        ("ada quist", "designed", "the iron bridge"),
        ("ada quist", "lived in", "ribe"),
        ("ribe", "is", "ribe"),
    )
    assert triples.told.tolist() == [[0, 0], [0, 1], [1, 0], [1, 2]]
    assert triples.ends.tolist() == [[0, 2], [0, 1], [1, 1]]


def test_a_phrase_is_held_by_passages_not_by_facts():
    """Node specificity counts passages: Ada Quist stands in two facts of the first and is counted there once."""
    triples = read_triples(TWO_PASSAGES, Compat.UPSTREAM)

    assert triples.passages_holding().tolist() == [2, 2, 2]
    assert read_triples(TWO_PASSAGES[:1], Compat.UPSTREAM).passages_holding().tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("compat", "text", "expected"),
    [
        (Compat.UPSTREAM, "Zürich (City)", "z rich  city"),
        (Compat.UPSTREAM, "北京", ""),
        (Compat.NONE, "Zürich (City)", "zürich city"),
        (Compat.NONE, "北京", "北京"),
        (Compat.NONE, "The Beatles'", "beatles"),
    ],
)
def test_upstream_blanks_what_is_not_ascii_and_we_do_not(compat, text, expected):
    """So upstream makes one node of all names in Han, and we leave such a node out of it."""
    assert compat.phrase(text) == expected


def test_a_triple_with_an_end_that_names_nothing_is_left_out():
    """Under upstream's form a name in another script is nothing."""
    found = [[("北京", "is in", "China"), ("Ribe", "is in", "Denmark")]]

    assert read_triples(found, Compat.UPSTREAM).phrases == ("denmark", "ribe")
    assert read_triples(found, Compat.NONE).phrases == ("china", "denmark", "ribe", "北京")


def test_upstream_joins_the_phrases_of_every_telling_twice_and_a_passage_with_its_phrases_once():
    """Two tellings weigh 2 in each of two parallel edges; the loop is no edge; a passage is node N + p."""
    triples = read_triples(TWO_PASSAGES, Compat.UPSTREAM)
    edges = phrase_edges(triples, apart(3), Compat.UPSTREAM)

    assert weights(edges, PHRASES) == {
        ("ada quist", "the iron bridge"): [2.0],
        ("the iron bridge", "ada quist"): [2.0],
        ("ada quist", "ribe"): [1.0],
        ("ribe", "ada quist"): [1.0],
    }
    assert sorted(map(tuple, passage_edges(triples).pairs.tolist())) == [
        (3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2)
    ]  # fmt: skip
    assert passage_edges(triples).weights.tolist() == [1.0] * 6


def test_we_join_them_once_by_as_much_as_they_were_told():
    """One edge a pair."""
    triples = read_triples(TWO_PASSAGES, Compat.UPSTREAM)
    edges = phrase_edges(triples, apart(3), Compat.NONE)

    assert weights(edges, PHRASES) == {("ada quist", "the iron bridge"): [2.0], ("ada quist", "ribe"): [1.0]}


def test_upstream_puts_a_synonyms_cosine_in_the_place_of_the_facts_and_we_add_it():
    """Ada Quist and Ribe have cosine 0.8 here and one fact."""
    triples = read_triples(TWO_PASSAGES[:1], Compat.UPSTREAM)
    vectors = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0, 1]], dtype=np.float32)
    upstream = weights(phrase_edges(triples, vectors, Compat.UPSTREAM), PHRASES)
    ours = weights(phrase_edges(triples, vectors, Compat.NONE), PHRASES)

    assert upstream["ada quist", "ribe"] == upstream["ribe", "ada quist"] == pytest.approx([0.8], abs=1e-6)
    assert ours["ada quist", "ribe"] == pytest.approx([1.8], abs=2e-3)


def test_upstream_lets_a_short_phrase_be_a_synonym_and_ask_for_none():
    """The pair is then joined once, from the longer phrase."""
    triples = read_triples([[("UK", "is", "far"), ("United Kingdom", "is", "wet")]], Compat.UPSTREAM)
    vectors = apart(4)
    vectors[triples.phrases.index("uk")] = vectors[triples.phrases.index("united kingdom")]
    edges = weights(phrase_edges(triples, vectors, Compat.UPSTREAM), triples.phrases)

    assert edges["united kingdom", "uk"] == [1.0]
    assert ("uk", "united kingdom") not in edges


def test_upstream_takes_no_more_than_its_number_of_synonyms_for_a_phrase():
    """The nearest ones."""
    count = MOST_SYNONYMS + 20
    found = [[(f"name number {n}", "is", "alike") for n in range(count)]]
    triples = read_triples(found, Compat.UPSTREAM)
    near = np.zeros((len(triples.phrases), 2), dtype=np.float32)
    angles = np.linspace(0, 0.5, len(near))
    near[:, 0], near[:, 1] = np.cos(angles), np.sin(angles)
    near[triples.phrases.index("alike")] = [0, 1]
    edges = phrase_edges(triples, near, Compat.UPSTREAM)
    first = triples.phrases.index("alike") == 0
    ends = edges.pairs[(edges.pairs[:, 0] == int(first)) & (edges.weights < 1)]

    assert len(ends) == MOST_SYNONYMS
    assert ends[:, 1].tolist() == list(range(int(first) + 1, int(first) + 1 + MOST_SYNONYMS))


def test_no_triples_are_a_graph_of_passages_without_edges():
    """Nothing fails where nothing was found."""
    for compat in Compat:
        triples = read_triples([[], []], compat)
        edges = phrase_edges(triples, np.zeros((0, 3), np.float32), compat) + passage_edges(triples)

        assert edges.to_igraph(2).vcount() == 2
        assert edges.to_igraph(2).ecount() == 0
