"""From two tiny passages and what was extracted from them to the graph, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from hippograph.graph.linking import link_corpus
from hippograph.settings import GraphSettings
from hippograph.types import Extraction, Mention, MentionKind, Passage, Sentence, Triple

SETTINGS = GraphSettings(fact_weight=0.5)


def passage(name, *sentences):
    spans, start = [], 0
    for text in sentences:
        spans.append(Sentence(text, start, start + len(text)))
        start += len(text) + 1
    text = " ".join(sentences)
    return Passage(name, f"doc-{name}", name.title(), "", text, 0, len(text), 0, tuple(spans))


def named(name, sentence, kind=MentionKind.NAME):
    return Mention(name, kind, sentence)


PASSAGES = [
    passage("ada", "Ada wrote notes.", "She met Babbage."),
    passage("babbage", "Charles Babbage knew the ADA."),
]
EXTRACTIONS = [
    Extraction(
        "ada",
        (named("Ada", 0, MentionKind.TITLE), named("notes", 0), named("Babbage", 1)),
        (Triple("Ada", "met", "Babbage", 1, 0.5), Triple("Ada", "wrote", "many things", 0)),
    ),
    Extraction("babbage", (named("Babbage", 0, MentionKind.TITLE), named("ADA", 0), named("Ada", 0)), ()),
]


def no_synonyms(names):
    return np.eye(len(names), max(len(names), 1), dtype=np.float32)


def link(passages=PASSAGES, extractions=EXTRACTIONS, settings=SETTINGS, vectors=no_synonyms):
    return link_corpus(passages, extractions, settings, vectors)


def test_two_passages_are_linked_as_on_paper():
    """Nodes 0, 1 are passages; 2 is ada, 3 babbage, 4 notes. The title is meant in every sentence of its passage."""
    linked = link()

    assert linked.entity_keys == ["ada", "babbage", "notes"]
    assert linked.graph.edges() == pytest.approx(
        {(0, 2): 1, (0, 3): 1, (0, 4): 1, (1, 2): 1, (1, 3): 1, (2, 3): 0.3 + 0.25 + 0.3, (2, 4): 0.3}
    )
    assert linked.entity_passage_counts.tolist() == [2, 2, 1]
    assert linked.title_nodes.tolist() == [2, 3]
    assert linked.sentence_starts.tolist() == [0, 2, 3]
    assert linked.sentence_entity_starts.tolist() == [0, 2, 4, 6]
    assert linked.sentence_entities.tolist() == [2, 4, 2, 3, 2, 3]
    assert linked.fact_count == 2


def test_an_entity_is_called_by_its_most_frequent_spelling():
    """Ada is written so twice and ADA once; spellings that tie are taken in order."""
    tied = [Extraction("ada", (named("zoe", 0), named("ZOE", 0)), ()), Extraction("babbage", (), ())]

    assert list(link().entity_names) == ["Ada", "Babbage", "notes"]
    assert list(link(extractions=tied).entity_names) == ["ZOE"]


def test_synonyms_are_joined_by_their_names_vectors():
    """Each pair of names with the same vector weighs 0.3, and the names handed over are the sorted normal names."""
    asked = []

    def all_alike(names):
        asked.extend(names)
        return np.ones((len(names), 1), dtype=np.float32)

    linked = link(vectors=all_alike)

    assert asked == ["ada", "babbage", "notes"]
    assert linked.graph.edges()[3, 4] == pytest.approx(0.3)


def test_entities_count_their_passages_whatever_a_mention_weighs():
    """How telling an entity is does not depend on the weight of an edge."""
    silent = link(settings=GraphSettings(mention_weight=0))

    assert silent.entity_passage_counts.tolist() == [2, 2, 1]
    assert not silent.graph.neighbours_of(0).size


@pytest.mark.parametrize("place", [-1, 2, 99])
def test_what_is_placed_outside_its_passage_is_passed_over(place):
    """A mention or fact of a sentence that the passage does not have leaves no trace."""
    first = replace(
        EXTRACTIONS[0],
        mentions=(*EXTRACTIONS[0].mentions, named("Byron", place)),
        triples=(*EXTRACTIONS[0].triples, Triple("Ada", "is", "notes", place)),
    )
    odd, plain = link(extractions=[first, EXTRACTIONS[1]]), link()

    assert odd.entity_keys == plain.entity_keys
    assert odd.graph.edges() == plain.graph.edges()
    assert odd.fact_count == plain.fact_count


def test_passages_without_anything_named_are_nodes_without_edges():
    """Text that names nothing stays to be found by its words."""
    linked = link(extractions=[Extraction("ada", (), ()), Extraction("babbage", (), ())])

    assert (linked.graph.node_count, linked.graph.edge_count) == (2, 0)
    assert linked.title_nodes.tolist() == [-1, -1]
    assert linked.sentence_entity_starts.tolist() == [0, 0, 0, 0]


def test_names_without_a_normal_form_name_nothing():
    """A mention of blanks is no entity."""
    blank = [Extraction("ada", (named("  ", 0),), ()), Extraction("babbage", (), ())]

    assert link(extractions=blank).entity_keys == []
