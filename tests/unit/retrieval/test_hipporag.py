"""HippoRAG and HippoRAG 2 over an index: linking, weights, walks against networkx, recognition, fallbacks, vectors."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from hippograph.engine import Hippograph
from hippograph.errors import ModelUnavailable
from hippograph.retrieval.hipporag import (
    FACTS,
    PASSAGE_WEIGHT,
    PHRASES,
    Linked,
    build_hipporag,
    link_entities,
    link_facts,
    min_max,
    phrase_weights,
    walk_of_hipporag1,
    walk_of_hipporag2,
)
from hippograph.retrieval.hipporag_graph import Compat
from hippograph.retrieval.hipporag_methods import NO_ENTITIES, NO_FACTS, NOTHING_RELEVANT, published_methods
from hippograph.types import Document, Extraction, Mention, MentionKind, ReasonKind, Triple
from tests.fakes import CountingEmbedder, OtherEmbedder
from tests.scripted_model import RepliesInTurn

QUESTION = "Where was the designer of the Iron Bridge born?"

TEXTS = {
    "bridge": ("Iron Bridge", "The Iron Bridge was designed by Ada Quist."),
    "quist": ("Ada Quist", "Ada Quist came to the world in Ribe."),
    "ribe": ("Ribe", "Ribe lies by the sea."),
    "cake": ("Cake", "The designer of the cake was born where bridges are iron."),
    "news": ("News", "Nothing happened."),
}
FACTS_OF = {
    "bridge": [("Iron Bridge", "was designed by", "Ada Quist")],
    "quist": [("Ada Quist", "came to the world in", "Ribe")],
    "ribe": [("Ribe", "lies by", "sea"), ("Ribe", "lies by", "the sea")],
    "cake": [("cake", "tastes of", "lemon")],
    "news": [],
}


class HandMadeFacts:
    """Says of each document what it was told."""

    fingerprint = "hand-made-facts:1"

    def __init__(self, facts):
        self.facts = facts

    def extract(self, passages):
        for passage in passages:
            triples = tuple(Triple(*fact, 0) for fact in self.facts[passage.document])
            ends = dict.fromkeys(end for each in triples for end in (each.subject, each.object))
            mentions = tuple(Mention(end, MentionKind.NAME, 0) for end in ends)
            yield Extraction(passage.id, mentions, triples)


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def world(tmp_path, settings, parts):
    """Index texts with hand-made facts, under a model or none."""
    made = []

    def build(facts=FACTS_OF, texts=TEXTS, generator=None, compat="upstream"):
        documents = [Document(id_, *texts[id_]) for id_ in sorted(texts)]
        own = replace(parts, extractor=HandMadeFacts(facts), generator=generator)
        retrieval = settings.retrieval.model_copy(update={"compat": compat})
        chosen = settings.model_copy(update={"retrieval": retrieval})
        folder = tmp_path / f"world-{len(made)}"
        made.append(Hippograph.build(documents, folder, settings=chosen, parts=own))
        return made[-1]

    yield build
    for memory in made:
        memory.close()


def graph_of(memory, tmp_path, compat=Compat.UPSTREAM):
    return build_hipporag(memory.index, memory.embedder, compat, tmp_path / "vectors")


def ids(passages):
    return [found.passage.document for found in passages]


# ------------------------------------------------------------------ HippoRAG 2


def test_the_nearest_facts_are_linked_with_scores_stretched_to_one(world, tmp_path):
    """The best of all facts has 1, and at most five are kept."""
    facts = {**FACTS_OF, "news": [(f"Ship {n}", "sailed past", "bridge") for n in range(9)]}
    memory = world(facts)
    graph = graph_of(memory, tmp_path)
    vector = memory.embedder.embed_query(QUESTION)
    linked = link_facts(graph, QUESTION, vector, None)
    every = graph.fact_vectors @ vector
    best = sorted(range(len(every)), key=lambda fact: (-every[fact], fact))[:FACTS]

    assert list(linked.facts) == best
    assert linked.scores[0] == 1.0
    assert linked.scores == pytest.approx([(every[f] - min(every)) / (max(every) - min(every)) for f in best])


def test_a_phrase_weighs_the_mean_over_its_facts_of_score_by_passages(world, tmp_path):
    """Ada Quist stands in two facts and two passages: (1 / 2 + 0.4 / 2) / 2; Ribe in two; the bridge in one."""
    graph = graph_of(world(), tmp_path)
    place = {fact[1]: number for number, fact in enumerate(graph.triples.facts)}
    linked = Linked((place["was designed by"], place["came to the world in"]), (1.0, 0.4))
    weights = {graph.triples.phrases[n]: w for n, w in phrase_weights(graph, linked).items()}

    assert weights == pytest.approx({"iron bridge": 1.0, "ada quist": 0.35, "ribe": 0.2})


def test_of_phrases_that_weigh_the_same_the_nearer_facts_are_kept(world, tmp_path):
    """Five facts of two phrases each, all of weight 1: the first two facts and the third's subject."""
    facts = {**FACTS_OF, "news": [(f"z{n} ship", f"sails {n}", f"a{n} port") for n in range(5)]}
    graph = graph_of(world(facts), tmp_path)
    order = [n for n, fact in enumerate(graph.triples.facts) if fact[1].startswith("sails")][::-1]
    kept = [graph.triples.phrases[n] for n in phrase_weights(graph, Linked(tuple(order), (1.0,) * 5))]

    assert len(kept) == PHRASES
    assert set(kept) == {"z4 ship", "a4 port", "z3 ship", "a3 port", "z2 ship"}


def test_the_walk_is_that_of_networkx(world, tmp_path):
    """Damping 0.5 from the phrases and, at 0.05 of the stretched cosine, from every passage; parallel edges add up."""
    memory = world()
    graph = graph_of(memory, tmp_path)
    vector = memory.embedder.embed_query(QUESTION)
    phrases = phrase_weights(graph, link_facts(graph, QUESTION, vector, None))
    scores = walk_of_hipporag2(graph, phrases, vector, 0.5)
    nodes = len(graph.triples.phrases)
    plain = nx.Graph()
    plain.add_nodes_from(range(nodes + len(graph.rows)))
    for edge in graph.graph.es:
        before = plain.get_edge_data(*edge.tuple, {"weight": 0})["weight"]
        plain.add_edge(*edge.tuple, weight=before + edge["weight"])
    dense = min_max(graph.passage_vectors @ vector)
    reset = {**phrases, **{nodes + p: PASSAGE_WEIGHT * s for p, s in enumerate(dense)}}
    # igraph restarts where a walk has no edge to go on; networkx does the same with `dangling`.
    expected = nx.pagerank(plain, 0.5, reset, weight="weight", tol=1e-12, max_iter=500, dangling=reset)

    assert scores == pytest.approx([expected[nodes + p] for p in range(len(graph.rows))], abs=1e-9)


def test_hipporag2_reaches_the_passage_that_shares_no_word_with_the_question(world):
    """Dense ranking puts the cake before the passage with the answer; the walk turns that round.

    The bridge's own five facts are the nearest, so nothing starts at the cake.
    """
    told = [
        ("Iron Bridge", "was born of", "Ada Quist"),
        ("designer of the Iron Bridge", "was", "Ada Quist"),
        ("Iron Bridge", "had the designer", "Ada Quist"),
        ("Iron Bridge", "stands where", "Ada Quist was"),
    ]
    memory = world({**FACTS_OF, "bridge": [*FACTS_OF["bridge"], *told]})
    dense, found = ids(memory.search(QUESTION, 5, "dense")), ids(memory.search(QUESTION, 5, "hipporag2"))

    assert dense.index("cake") < dense.index("quist")
    assert found.index("quist") < found.index("cake")
    assert set(found) == set(TEXTS)


def test_the_trace_holds_facts_phrases_and_times(world):
    """Seeds are named, their shares sum to one, and every passage says why it was found."""
    result = world().explain(QUESTION, 2, "hipporag2")

    assert result.trace.method == "hipporag2"
    assert "iron bridge was designed by ada quist" in result.trace.seeds.facts
    assert sum(seed.weight for seed in result.trace.seeds.entities) == pytest.approx(1)
    assert list(result.trace.timings_ms) == ["graph", "facts", "dense", "walk", "explain"]
    assert [found.reasons[0].kind for found in result.passages] == [ReasonKind.WALK, ReasonKind.WALK]
    assert [found.reasons[0].rank for found in result.passages] == [1, 2]


def test_without_a_fact_it_is_the_dense_ranking_and_says_so(world):
    """An index in which nobody found a fact."""
    memory = world(dict.fromkeys(TEXTS, ()))
    for method in ("hipporag1", "hipporag2"):
        result = memory.explain(QUESTION, 5, method)

        assert result.trace.fallback == NO_FACTS
        assert ids(result.passages) == ids(memory.search(QUESTION, 5, "dense"))


@pytest.mark.parametrize("compat", ["none", "upstream"])
@pytest.mark.parametrize("method", ["hipporag1", "hipporag2"])
@pytest.mark.parametrize("k", [1, 3, 5, 10**6])
def test_a_list_is_as_long_as_asked_for_and_the_corpus_allows(world, method, compat, k):
    """Each passage once, ranks from 1, scores never rising."""
    found = world(compat=compat).search(QUESTION, k, method)

    assert len(set(ids(found))) == len(found) == min(k, 5)
    assert [passage.rank for passage in found] == list(range(1, len(found) + 1))
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


def test_grown_equals_built(world, tmp_path, settings, parts):
    """Facts and phrases are numbered by content, so a document that came last changes nothing."""
    whole = world()
    documents = [Document(id_, *TEXTS[id_]) for id_ in sorted(TEXTS, reverse=True)]
    own = replace(parts, extractor=HandMadeFacts(FACTS_OF))
    with Hippograph.build(documents[:2], tmp_path / "grown", settings=settings, parts=own) as grown:
        for document in documents[2:]:
            grown.add([document])
        for method in ("hipporag1", "hipporag2"):
            one, other = whole.search(QUESTION, 5, method), grown.search(QUESTION, 5, method)

            assert ids(one) == ids(other)
            assert [p.score for p in one] == pytest.approx([p.score for p in other], abs=1e-12)


# ------------------------------------------------------------------ recognition


def shown_numbers(request, wanted):
    """The numbers of the shown facts that hold a word."""
    lines = request.messages[-1].content.split("\n")
    return [int(line[1 : line.index("]")]) for line in lines if line.startswith("[") and wanted in line]


def test_the_facts_that_the_model_keeps_are_the_only_seeds(world):
    """It answers with a number."""
    model = RepliesInTurn(lambda request: {"relevant": shown_numbers(request, "designed")})
    result = world(generator=model).explain(QUESTION, 5, "hipporag2")

    assert result.trace.seeds.facts == ("iron bridge was designed by ada quist",)
    assert {seed.name for seed in result.trace.seeds.entities} == {"iron bridge", "ada quist"}
    assert [request.purpose for request in model.requests] == ["recognise"]
    assert result.trace.warnings == ()


def test_leaving_out_a_distracting_fact_changes_the_order(world):
    """Unfiltered, the cake's fact is among the five and pulls its passage up."""
    keep = RepliesInTurn(
        lambda request: {"relevant": shown_numbers(request, "designed") + shown_numbers(request, "came to")}
    )
    filtered = ids(world(generator=keep).search(QUESTION, 5, "hipporag2"))
    unfiltered = ids(world().search(QUESTION, 5, "hipporag2"))

    assert unfiltered.index("cake") < unfiltered.index("quist")
    assert filtered.index("quist") < filtered.index("cake")


def test_nothing_relevant_is_the_dense_ranking(world):
    """The model looked, and none of the facts helps."""
    memory = world(generator=RepliesInTurn({"relevant": []}))
    result = memory.explain(QUESTION, 5, "hipporag2")

    assert result.trace.fallback == NOTHING_RELEVANT
    assert result.trace.warnings == ()
    assert ids(result.passages) == ids(memory.search(QUESTION, 5, "dense"))


def test_a_failed_call_is_the_unfiltered_facts_and_a_warning(world):
    """Not the dense ranking: nobody has said that nothing is relevant."""
    broken = world(generator=RepliesInTurn(ModelUnavailable("the server is down")))
    result = broken.explain(QUESTION, 5, "hipporag2")
    plain = world().explain(QUESTION, 5, "hipporag2")

    assert ids(result.passages) == ids(plain.passages)
    assert result.trace.seeds == plain.trace.seeds
    assert result.trace.fallback is None
    assert len(result.trace.warnings) == 1
    assert "the server is down" in result.trace.warnings[0]


# ------------------------------------------------------------------ HippoRAG 1


def test_an_entity_is_linked_to_the_nearest_phrase_whatever_its_cosine(world, tmp_path):
    """The weight is 1 / the passages that hold the phrase; two entities with one phrase are one seed."""
    memory = world()
    graph = graph_of(memory, tmp_path)
    name = graph.triples.phrases.index
    linked = link_entities(graph, ["the Iron Bridge", "Iron Bridge!", "Ribe", "Quist, Ada"], memory.embedder)

    assert linked == {name("iron bridge"): 1.0, name("ribe"): 0.5, name("ada quist"): 0.5}
    assert len(link_entities(graph, ["something else altogether"], memory.embedder)) == 1
    assert link_entities(graph, ["  ", "北京"], memory.embedder) == {}


def test_the_paper_counts_a_phrase_once_a_passage_and_the_code_once_a_fact(world, tmp_path):
    """Ribe stands in both facts of its passage, and each of these has another end."""
    memory = world()
    for compat, times in ((Compat.NONE, 1), (Compat.UPSTREAM, 2)):
        graph = graph_of(memory, tmp_path, compat)
        seeds = link_entities(graph, ["Ribe"], memory.embedder)
        visits = np.array(
            graph.phrase_graph.personalized_pagerank(
                damping=0.5,
                weights="weight",
                reset=[float(n in seeds) for n in range(graph.phrase_graph.vcount())],
                directed=False,
            )
        )
        others = {f[2] for f in graph.triples.facts if f[1] == "lies by"}
        expected = times * visits[graph.triples.phrases.index("ribe")]
        expected += sum(visits[graph.triples.phrases.index(each)] for each in others)
        if compat is Compat.NONE:  # "sea" and "the sea" are one name, so the passage holds one fact
            assert others == {"sea"}

        assert walk_of_hipporag1(graph, seeds, 0.5)[sorted(TEXTS).index("ribe")] == pytest.approx(expected)


def test_hipporag1_finds_what_the_question_names(world):
    """Without a model the names are found by rule."""
    result = world().explain(QUESTION, 5, "hipporag1")

    assert [seed.name for seed in result.trace.seeds.entities] == ["iron bridge"]
    assert ids(result.passages)[:2] == ["bridge", "quist"]


def test_hipporag1_asks_the_model_for_names(world):
    """Its names go before those of the rule; values that are no text are passed over."""
    model = RepliesInTurn({"entities": ["Ribe", 7, " "]})
    result = world(generator=model).explain(QUESTION, 5, "hipporag1")

    assert [seed.name for seed in result.trace.seeds.entities] == ["ribe"]
    assert [request.purpose for request in model.requests] == ["question_entities"]


def test_hipporag1_goes_on_by_rule_when_the_model_cannot_be_asked(world):
    """With a warning."""
    model = RepliesInTurn(ModelUnavailable("the server is down."))
    result = world(generator=model).explain(QUESTION, 5, "hipporag1")

    assert [seed.name for seed in result.trace.seeds.entities] == ["iron bridge"]
    assert result.trace.warnings == (
        "The names in the question were found by rule, as the model could not be asked: the server is down.",
    )


def test_a_question_that_names_nothing_is_ranked_by_meaning(world):
    """Upstream gives every passage the same score then."""
    memory = world()
    result = memory.explain("what is by the sea?", 5, "hipporag1")

    assert result.trace.fallback == NO_ENTITIES
    assert ids(result.passages) == ids(memory.search("what is by the sea?", 5, "dense"))


# ------------------------------------------------------------------ vectors


def test_strings_are_embedded_once(world, tmp_path):
    """A second process reads what the first one kept; phrases that are entities have their vectors in the index."""
    memory = world()
    counting = CountingEmbedder(memory.embedder)
    first = build_hipporag(memory.index, counting, Compat.UPSTREAM, tmp_path / "vectors")
    embedded = sum(counting.embedded.values())
    again = build_hipporag(memory.index, counting, Compat.UPSTREAM, tmp_path / "vectors")

    assert sum(counting.embedded.values()) == embedded
    assert set(counting.embedded) == {str(fact) for fact in first.triples.facts} | {"the sea"}
    assert np.array_equal(again.fact_vectors, first.fact_vectors)
    assert np.array_equal(again.phrase_vectors, first.phrase_vectors)


def test_vectors_stand_on_the_grid(world, tmp_path):
    """Multiples of 1/4,096, so that their products are exact."""
    graph = graph_of(world(), tmp_path)

    for vectors in (graph.fact_vectors, graph.phrase_vectors, graph.passage_vectors):
        assert np.array_equal(vectors * 4096, np.rint(vectors * 4096))


def test_another_embedder_has_vectors_of_its_own(world, tmp_path):
    """Its fingerprint is part of the file's name."""
    memory = world()
    graph_of(memory, tmp_path)
    kept = set((tmp_path / "vectors").iterdir())
    build_hipporag(memory.index, OtherEmbedder(memory.embedder), Compat.UPSTREAM, tmp_path / "vectors")

    assert len(set((tmp_path / "vectors").iterdir()) - kept) == len(kept)


@pytest.mark.parametrize("damage", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00{'descr'"])
def test_a_damaged_file_is_made_again(world, tmp_path, damage):
    """It is only a cache."""
    memory = world()
    whole = graph_of(memory, tmp_path)
    for file in (tmp_path / "vectors").iterdir():
        file.write_bytes(damage)
    again = graph_of(memory, tmp_path)

    assert np.array_equal(again.fact_vectors, whole.fact_vectors)
    assert np.array_equal(graph_of(memory, tmp_path).fact_vectors, whole.fact_vectors)


def test_the_published_methods_are_two():
    """They are offered by name."""
    assert list(published_methods(None)) == ["hipporag1", "hipporag2"]
