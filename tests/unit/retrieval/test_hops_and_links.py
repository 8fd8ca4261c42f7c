"""The second hop in vectors and in names, against plain loops and by hand."""

import math

import numpy as np
import pytest

from hippograph.retrieval import links as links_module
from hippograph.retrieval.hops import (
    ANSWERED,
    FirstHop,
    chain_scores,
    choose_first_hop,
    left_open,
    second_hop,
    second_probes,
)
from hippograph.retrieval.links import find_links
from hippograph.retrieval.pool import Pool
from hippograph.retrieval.rankings import Ranking

QUIST, TAMM = 1024, 1028
BRIDGE_FIRST = FirstHop(np.array([0]), np.eye(1, 256, dtype=np.float32), np.array([1]))
"""The bridge's passage, whose best sentence is the one that names Quist."""


def unit(values):
    values = np.asarray(values, dtype=np.float32)
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def hop(vectors):
    return FirstHop(np.arange(len(vectors)), np.asarray(vectors, np.float32), np.arange(len(vectors)))


def test_a_second_probe_is_the_question_with_what_was_found():
    """(1, 0) and (0, 1) together point half way between them, to the nearest 1/4096."""
    probes = second_probes(np.array([1, 0], np.float32), hop([[0, 1], [1, 0]]))

    assert probes.tolist() == [[round(math.sqrt(0.5) * 4096) / 4096] * 2, [1, 0]]


def test_what_is_left_open_is_the_question_without_what_was_answered():
    """(0.6, 0.8) answered along (1, 0): 0.6 of the 0.6 goes, which leaves (0.24, 0.8), scaled to one, on the grid."""
    left = left_open(np.array([0.6, 0.8], np.float32), hop([[1, 0]]))

    assert ANSWERED == 0.6
    assert left[0].tolist() == [round(x / math.hypot(0.24, 0.8) * 4096) / 4096 for x in (0.24, 0.8)]


def test_a_chain_scores_the_cosine_of_two_sentences_together():
    """cos(question, there + here), for every pair, as worked out one by one."""
    random = np.random.default_rng(5)
    query, there, here = (
        unit(random.normal(size=8)),
        unit(random.normal(size=(3, 8))),
        unit(random.normal(size=(4, 8))),
    )
    empty = np.zeros(0, np.int64)
    scores = chain_scores(Pool(empty, here, empty, empty, empty, here), query, hop(there))
    expected = [[float(query @ unit(one + other)) for other in there] for one in here]

    assert scores == pytest.approx(np.array(expected), abs=1e-5)


def test_a_first_hop_is_told_by_its_best_sentence(river):
    """Of each passage the sentence nearest the question, with its vector."""
    query = river.embedder.embed_query("Who designed it, Ada Quist?")
    first = choose_first_hop(river.index, query, Ranking(np.array([0, 2]), np.array([2.0, 1.0])))
    vectors = river.index.sentence_vectors(np.arange(7)) @ query

    assert first.passages.tolist() == [0, 2]
    assert first.sentences.tolist() == [int(np.argmax(vectors[:2])), 3 + int(np.argmax(vectors[3:5]))]
    assert np.array_equal(first.sentence_vectors, river.index.sentence_vectors(first.sentences))


def test_a_second_hop_leads_elsewhere(river):
    """The best score of any probe at each passage; no probe leads back to the passage it comes from."""
    index, query = river.index, river.embedder.embed_query("Where was the designer of the Iron Bridge born?")
    first = choose_first_hop(index, query, Ranking(np.array([0, 2]), np.array([2.0, 1.0])))
    every = second_probes(query, first) @ index.passage_vectors.vectors(np.arange(5)).T
    every[0, 0] = every[1, 2] = -1
    ranking = second_hop(index, query, first, 5)

    assert dict(zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True)) == pytest.approx(
        dict(enumerate(every.max(axis=0).tolist())), abs=1e-6
    )


def test_no_first_hop_leads_nowhere(river):
    """Without walks there is nothing to follow."""
    query = river.embedder.embed_query("anything")
    first = choose_first_hop(river.index, query, Ranking(np.zeros(0, np.int64), np.zeros(0)))

    assert second_hop(river.index, query, first, 5).rows.tolist() == []


def test_links_of_five_passages_are_those_on_paper(river):
    """From the bridge's sentence about Quist, with all five as candidates and the Tamm named in the question.

    Quist's passage shares Quist, whom two passages name: 1 / sqrt 2. The bridge names Quist and the Tamm, so it points
    at both of their passages; nobody names the bridge. Only the Tamm's passage is about what the question names.
    """
    links = find_links(river.index, np.arange(5), BRIDGE_FIRST, {TAMM: "tamm"})

    assert links.bridge == pytest.approx([0, 0, 0.5**0.5, 0, 0])
    assert links.pointed_at.tolist() == [0, 0, 1, 0, 1]
    assert links.points_back.tolist() == [0, 0, 0, 0, 0]
    assert links.linked[:, 0].tolist() == [False, False, True, False, True]
    assert links.named.tolist() == [0, 0, 0, 0, 1]


def test_a_link_back_is_seen_from_the_other_side(river):
    """From Quist's passage: the bridge names what it is about, and as second of the first hop it counts half."""
    first = FirstHop(np.array([1, 2]), np.zeros((2, 256), np.float32), np.array([2, 3]))
    links = find_links(river.index, np.array([0, 3]), first, {})

    assert links.points_back.tolist() == [0.5, 0]
    assert links.pointed_at.tolist() == [0, 0.5]
    assert links.linked.tolist() == [[False, False], [False, True]]


def test_what_the_question_names_is_no_bridge(river):
    """A bridge is what the question leaves out."""
    assert not find_links(river.index, np.arange(5), BRIDGE_FIRST, {QUIST: "ada quist"}).bridge.any()


def test_what_many_passages_name_is_no_bridge(river, monkeypatch):
    """An entity that stands everywhere says nothing about where to look."""
    monkeypatch.setattr(links_module, "COMMON", 1)

    assert not find_links(river.index, np.arange(5), BRIDGE_FIRST, {}).bridge.any()
