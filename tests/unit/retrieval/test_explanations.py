"""Explanations: the search they explain, where its walk went, and sums that give its order."""

import networkx
import numpy as np
import pytest

from hippograph.retrieval.explanation import explain_search, untaken
from hippograph.retrieval.explore import explore
from hippograph.retrieval.ranker import load_ranker
from hippograph.retrieval.search import search
from hippograph.retrieval.steps import seed_nodes, walk_steps
from hippograph.retrieval.walk import MIX

QUESTION = "Where was the designer of the Iron Bridge born?"


@pytest.fixture
def asked(river):
    """A question's vector, the index and the settings."""
    return river.embedder.embed_query(QUESTION), river.index, river.settings.retrieval


@pytest.mark.parametrize("k", [1, 3, 5, 50])
def test_the_explained_passages_are_those_of_the_search(asked, k):
    """The same passages in the same order with the same reasons and scores, as many as were asked for."""
    told = explain_search(QUESTION, *asked, k)
    found = search(QUESTION, *asked, k, "hippograph")

    assert told.result.passages == found.passages
    assert tuple(passage.found for passage in told.passages) == found.passages
    assert told.result.trace.seeds == found.trace.seeds


def test_every_score_is_the_intercept_and_its_parts(asked):
    """By signal, where the ranker has three features for each."""
    told = explain_search(QUESTION, *asked, 5)
    sums = [told.intercept + sum(passage.contributions.values()) for passage in told.passages]

    assert told.is_taken_apart()
    assert sums == pytest.approx([passage.found.score for passage in told.passages])
    assert told.intercept == load_ranker().intercept


def test_what_puts_a_passage_above_the_next_is_the_difference_of_their_scores(asked):
    """Also for the last one that is shown, whose next one is not; the most telling part comes first."""
    told = explain_search(QUESTION, *asked, 3)
    scores = [passage.score for passage in search(QUESTION, *asked, 4, "hippograph").passages]
    gaps = [sum(passage.above_next.values()) for passage in told.passages]
    sizes = [abs(part) for part in told.passages[0].above_next.values()]

    assert gaps == pytest.approx([scores[place] - scores[place + 1] for place in range(3)])
    assert sizes == sorted(sizes, reverse=True)


def test_the_last_passage_of_an_index_is_above_nothing(asked):
    """There is no next one."""
    told = explain_search(QUESTION, *asked, 5)

    assert [bool(passage.above_next) for passage in told.passages] == [True, True, True, True, False]


def test_signals_are_those_of_the_candidates(asked):
    """What the ranker saw: the walk visited the bridge, and the question names it."""
    told = explain_search(QUESTION, *asked, 5)
    bridge = next(passage for passage in told.passages if passage.found.passage.title == "Iron Bridge")
    cake = next(passage for passage in told.passages if passage.found.passage.document == "cake")

    assert (bridge.signals["named"], cake.signals["named"]) == (1.0, 0.0)
    assert bridge.signals["walk"] > cake.signals["walk"]


def test_the_sentences_walked_from_name_the_seeds(asked):
    """They are those of the trace, nearest first, each with what it names."""
    told = explain_search(QUESTION, *asked, 3)
    similarities = [sentence.similarity for sentence in told.sentences]
    named = {name for sentence in told.sentences for name in sentence.entities}

    assert tuple(sentence.text for sentence in told.sentences) == told.result.trace.seeds.facts
    assert similarities == sorted(similarities, reverse=True)
    assert {seed.name for seed in told.result.trace.seeds.entities} <= named | {"Iron Bridge"}


def test_the_walk_is_told_by_edges_from_its_seeds(asked):
    """Against distances that networkx finds: at the seeds, one edge away, and further; together everything."""
    vector, index, settings = asked
    found = explore(QUESTION, vector, index, settings.model_copy(update={"seed_passages": 1}))
    few = settings.model_copy(update={"seed_passages": 1})
    graph = networkx.Graph((left, right) for left, right, _ in index.graph.edges())
    distance = networkx.multi_source_dijkstra_path_length(
        graph, set(seed_nodes(found, few).tolist()) & set(graph)
    )
    expected = [0.0, 0.0, 0.0]
    for kind, share in MIX.items():
        walk = found.walks.scores[kind]
        for node, visits in zip(walk.nodes.tolist(), walk.values.tolist(), strict=True):
            expected[min(int(distance.get(node, 0)), 2)] += share * visits
    steps = walk_steps(index, found, few)

    assert [step.edges for step in steps] == [0, 1, 2]
    assert [step.mass for step in steps] == pytest.approx([mass / sum(expected) for mass in expected])
    assert all(step.nodes > 0 for step in steps)
    assert sum(step.mass for step in steps) == pytest.approx(1)


def test_a_seed_that_the_walk_did_not_leave_is_not_read(asked, monkeypatch):
    """A hub may be joined to everything: with a tolerance that nothing exceeds, no neighbour is gathered."""
    vector, index, settings = asked
    monkeypatch.setattr("hippograph.retrieval.walk.TOLERANCE", 10.0)
    found = explore(QUESTION, vector, index, settings)
    gathered = []
    gather = type(index.graph).gather
    monkeypatch.setattr(
        type(index.graph), "gather", lambda graph, nodes: gathered.extend(nodes) or gather(graph, nodes)
    )
    steps = walk_steps(index, found, settings)

    assert not index.graph.degrees(np.array(gathered, dtype=np.int64)).any()
    assert [step.mass for step in steps] == [1, 0, 0]


def test_the_trace_of_a_search_and_of_an_answer_tell_the_walk(river):
    """Both carry where the visits were; a ranking without a walk tells none."""
    walked = river.explain(QUESTION).trace.walk

    assert sum(step.mass for step in walked) == pytest.approx(1)
    assert river.ask(QUESTION).trace.walk == walked
    assert river.explain(QUESTION, method="dense").trace.walk == ()


def test_without_seeds_there_is_nothing_to_take_apart(river):
    """The order is then that of the dense ranking, and the trace says so."""
    question = "zzz qqq"
    few = river.settings.retrieval.model_copy(update={"seed_entities": 1, "seed_sentences": 1})
    found = [passage for passage in river.index.passages() if passage.document == "cake"]
    told = explain_search(question, river.embedder.embed_query(found[0].text), river.index, few, 2)

    assert told.result.trace.fallback is not None
    assert not told.is_taken_apart()
    assert len(told.passages) == 2
    assert [passage.above_next for passage in told.passages] == [{}, {}]


def test_an_empty_index_has_nothing_to_explain(build_index):
    """No passage, no parts."""
    empty = build_index({"cake": ("", ["Nobody here likes cake."])})
    empty.remove(["cake"])
    told = explain_search(
        QUESTION, empty.embedder.embed_query(QUESTION), empty.index, empty.settings.retrieval, 3
    )

    assert (told.passages, told.sentences) == ((), ())


def test_methods_that_rank_by_one_number_are_not_taken_apart(river):
    """Their passages are told, with their ranks for reasons."""
    told = untaken(QUESTION, river.explain(QUESTION, 3, "dense"), 2)

    assert [passage.found.rank for passage in told.passages] == [1, 2]
    assert not told.is_taken_apart()
