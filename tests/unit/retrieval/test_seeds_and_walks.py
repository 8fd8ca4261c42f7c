"""Seeds by hand: what a question names, what weighs how much, and where walks from them lead."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.graph.pagerank import exact_walk
from hippograph.retrieval.rankings import Ranking, dense_ranking, lexical_ranking
from hippograph.retrieval.seeds import (
    NAMED_WEIGHT,
    describe,
    find_seeds,
    names_in,
    passage_seeds,
    sharp_weights,
)
from hippograph.retrieval.walk import MIX, walk_from
from hippograph.settings import RetrievalSettings

QUIST, BRIDGE, MAPS, RIBE, TAMM = range(1024, 1029)
NO_SENTENCES = Ranking(np.zeros(0, np.int64), np.zeros(0))


def ranked(*pairs):
    rows, scores = zip(*pairs, strict=True)
    return Ranking(np.array(rows, np.int64), np.array(scores, np.float64))


def weights_of(seeds):
    return {seed.node: seed.weight for seed in seeds}


def test_names_in_a_question_are_found_in_any_case(river):
    """By their normal form; words between them do not matter."""
    assert names_in("where does the TAMM pass ada  quist's maps?", river.index) == {
        TAMM: "tamm",
        QUIST: "ada quist",
        MAPS: "maps",
    }
    assert names_in("Who likes cake?", river.index) == {}


def test_the_longest_name_wins_and_covers_its_words(build_index):
    """Left to right, without overlap: a name inside a longer one is not meant."""
    texts = {"a": ("", ["New York City Hall is old.", "York is older.", "A city is a city."])}
    memory = build_index(texts, names=("New York", "York", "New York City", "City Hall", "city"))
    found = names_in("Is New York City Hall in York?", memory.index)

    assert sorted(found.values()) == ["new york city", "york"]


def test_entity_seeds_weigh_what_stands_on_paper(river):
    """Sentence 1 names the bridge (title, 1 passage) and Quist (2); sentence 6 the Tamm (2), which the question names.

    Bridge 0.8 / 1, Quist 0.8 / 2, Tamm 0.6 / 2 + 2 / 2: of 0.8 + 0.4 + 1.3 = 2.5 in all.
    """
    seeds = find_seeds(river.index, {TAMM: "tamm"}, ranked((1, 0.8), (6, 0.6)), RetrievalSettings())

    assert NAMED_WEIGHT == 2
    assert weights_of(seeds) == pytest.approx({TAMM: 1.3 / 2.5, BRIDGE: 0.8 / 2.5, QUIST: 0.4 / 2.5})
    assert [seed.name for seed in seeds] == ["Tamm", "Iron Bridge", "Ada Quist"]
    assert [seed.reason for seed in seeds] == ["named in the question"] + 2 * [
        "in a sentence near the question"
    ]


def test_only_the_heaviest_seeds_are_kept(river):
    """As many as asked for, scaled to sum to one; of those that weigh alike, the smaller key of their names."""
    settings = RetrievalSettings(seed_entities=2)
    seeds = find_seeds(river.index, {QUIST: "", RIBE: "", MAPS: ""}, NO_SENTENCES, settings)
    keys = {node: int(river.index.entity_keys_of([node])[0]) for node in (QUIST, RIBE)}
    turned_round = find_seeds(river.index, {RIBE: "", MAPS: "", QUIST: ""}, NO_SENTENCES, settings)

    assert weights_of(seeds) == pytest.approx({MAPS: 2 / 3, min(keys, key=keys.get): 1 / 3})
    assert turned_round == seeds


@pytest.mark.parametrize(
    ("named", "sentences", "kept"),
    [({}, NO_SENTENCES, 5), ({}, ranked((1, -0.5)), 5), ({TAMM: "tamm"}, NO_SENTENCES, 0)],
)
def test_where_nothing_answers_there_are_no_seeds(river, named, sentences, kept):
    """No names and no near sentences, only sentences that point away, or no seeds wanted."""
    assert find_seeds(river.index, named, sentences, RetrievalSettings(seed_entities=kept)) == ()


def test_sharp_weights_fall_off_with_the_distance_to_the_best():
    """At a temperature of 0.1 in cosines, 0.1 behind weighs 1/e of the best."""
    weights = sharp_weights(np.array([0.9, 0.8, 0.9]), 0.1)
    total = 2 + 1 / math.e

    assert weights == pytest.approx([1 / total, 1 / math.e / total, 1 / total])
    assert len(sharp_weights(np.zeros(0), 0.1)) == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 10))
def test_sharp_weights_sum_to_one(scores, temperature):
    """Whatever the scores, without overflow."""
    assert sharp_weights(np.array(scores), temperature).sum() == pytest.approx(1)


def test_walks_from_each_kind_of_seed_are_the_exact_ones(river):
    """Each walk, scaled to one, is igraph's; a mixture is their weighted sum."""
    index = river.index
    seeds = find_seeds(index, {TAMM: "tamm"}, NO_SENTENCES, RetrievalSettings())
    dense, lexical = ranked((0, 0.9), (4, 0.88)), ranked((0, 3.0), (3, 1.0))
    walks = walk_from(index, seeds, dense, lexical, 2.0, RetrievalSettings())
    resets = {
        "entities": {TAMM: 1.0},
        "dense": passage_seeds(dense, sharp_weights(dense.scores, 0.02)),
        "lexical": passage_seeds(lexical, sharp_weights(lexical.scores / 2.0, 0.6)),
    }
    rows = np.array([0, 2, 3, 4])
    exact = {kind: exact_walk(index.graph, reset, 0.5).of(rows) for kind, reset in resets.items()}
    mixed = walks.ranking(MIX, 4)

    for kind, expected in exact.items():
        assert walks.of(kind, rows) == pytest.approx(expected, abs=2e-3)
    expected = sum(share * walks.of(kind, mixed.rows) for kind, share in MIX.items())
    assert mixed.scores == pytest.approx(expected)
    assert mixed.scores.tolist() == sorted(mixed.scores, reverse=True)


def test_without_a_kind_of_seed_there_is_no_walk_from_it(river):
    """It scores nothing, and the other walks go on; without any there is an empty ranking."""
    none = NO_SENTENCES
    walks = walk_from(river.index, (), ranked((0, 0.9)), none, 1.0, RetrievalSettings())
    nowhere = walk_from(river.index, (), none, none, 1.0, RetrievalSettings())

    assert walks.of("entities", np.array([0])).tolist() == [0]
    assert walks.of("dense", np.array([0]))[0] > 0.5
    assert walks.ranking({"entities": 1.0}, 5).rows.tolist() == []
    assert nowhere.ranking(MIX, 5).rows.tolist() == []


def test_the_walk_starts_at_no_more_passages_than_asked_for(river):
    """A short, sharp list."""
    query = river.embedder.embed_query("Ribe")
    dense, lexical = (
        dense_ranking(river.index, query, 5),
        lexical_ranking(river.index, river.index.lexical_scores("Ribe"), 5),
    )
    one = walk_from(river.index, (), dense, lexical, 1.0, RetrievalSettings(seed_passages=1))
    best = walk_from(river.index, (), dense.top(1), lexical.top(1), 1.0, RetrievalSettings())

    assert one.ranking(MIX, 5).rows.tolist() == best.ranking(MIX, 5).rows.tolist()


def test_seeds_are_described_by_their_texts(river):
    """The trace names passages and quotes sentences."""
    seeds = describe(river.index, (), {4: 0.5, 0: 0.7}, ranked((4, 0.5), (1, 0.4)))

    assert [(seed.name, seed.weight) for seed in seeds.passages] == [("Iron Bridge", 0.7), ("Tamm", 0.5)]
    assert seeds.facts == ("She also drew maps.", "Ada Quist designed it.")
