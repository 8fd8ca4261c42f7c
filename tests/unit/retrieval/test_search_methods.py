"""Searching: methods, list lengths, fallbacks, reasons, and worlds that are hardly there."""

import math

import numpy as np
import pytest

from hippograph import toy
from hippograph.errors import QuestionError, SettingsError
from hippograph.retrieval.question import MAXIMUM_CHARACTERS
from hippograph.retrieval.search import METHODS
from hippograph.types import ReasonKind

QUESTION = "Where was the designer of the Iron Bridge born?"


def ids(passages):
    return [found.passage.document for found in passages]


def forty():
    """Forty documents, two of which name each other."""
    texts = {f"d{n:02}": (f"Topic {n}", [f"Number {n} is about matter {n * 7}."]) for n in range(38)}
    return texts | {
        "x": ("Iron Bridge", ["Ada Quist made it."]),
        "y": ("Ada Quist", ["She was born in Ribe."]),
    }


def test_an_unknown_method_is_told_with_the_known_ones(river):
    """A slip is one sentence."""
    with pytest.raises(SettingsError, match=r"'magic' is unknown\. Known are hippograph, dense, bm25"):
        river.search(QUESTION, method="magic")


@pytest.mark.parametrize("k", [0, -3])
def test_fewer_than_one_passage_cannot_be_asked_for(river, k):
    """There is no such list."""
    with pytest.raises(SettingsError, match="at least one"):
        river.search(QUESTION, k=k)


@pytest.mark.parametrize("question", ["", " \n", "why " * MAXIMUM_CHARACTERS])
def test_what_is_no_question_is_refused(river, question):
    """Blank, or far too long."""
    with pytest.raises(QuestionError):
        river.search(question)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [1, 3, 5, 6, 10**12])
def test_a_list_is_as_long_as_asked_for_and_the_corpus_allows(river, method, k):
    """Each passage once, ranks from 1, scores never rising; a longer list begins with the shorter one."""
    found, everything = river.search(QUESTION, k, method), river.search(QUESTION, 5, method)

    assert ids(found) == ids(everything)[:k]
    assert len(set(ids(found))) == len(found)
    assert [passage.rank for passage in found] == list(range(1, len(found) + 1))
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    if method != "bm25":
        assert len(found) == min(k, 5)


def test_beyond_the_pool_the_dense_ranking_goes_on(build_index):
    """Forty passages, a pool of a few: its order comes first, then the rest by meaning, none twice or left out."""
    memory = build_index(forty(), candidates=3, seed_passages=2)
    found, short = memory.search(QUESTION, 40), memory.search(QUESTION, 3)
    pool = [p for p in found if any(r.kind is not ReasonKind.DENSE for r in p.reasons)]
    dense = ids(memory.search(QUESTION, 40, "dense"))
    tail = ids(found)[len(ids(found)) - 20 :]

    assert sorted(ids(found)) == sorted(forty())
    assert ids(found)[:3] == ids(short)
    assert len(pool) < 20
    assert tail == [name for name in dense if name in tail]
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)
    assert all(p.reasons for p in found)


def test_a_question_without_seeds_is_ranked_by_meaning_and_says_so(build_index):
    """An index without a single entity gives the dense order, to any length."""
    memory = build_index({id_: ("", lines) for id_, (_, lines) in forty().items()}, names=(), candidates=3)
    for k in (3, 40):
        result = memory.explain(QUESTION, k)

        assert "dense similarity alone" in result.trace.fallback
        assert result.trace.seeds.entities == ()
        assert ids(result.passages) == ids(memory.search(QUESTION, k, "dense"))


def test_a_question_with_seeds_says_nothing_of_a_fallback(river):
    """The trace holds the seeds, their sentences and the steps' times."""
    trace = river.explain(QUESTION).trace

    assert trace.fallback is None
    assert sum(seed.weight for seed in trace.seeds.entities) == pytest.approx(1)
    assert len(trace.seeds.facts) == river.settings.retrieval.seed_sentences
    assert list(trace.timings_ms) == [
        "dense", "lexical", "seeds", "walk", "second hop", "signals", "order", "explain"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "retrieval",
    [
        {"seed_passages": 0},
        {"seed_entities": 0},
        {"seed_sentences": 0},
        {"seed_passages": 0, "seed_entities": 0, "seed_sentences": 0},
        {"candidates": 1},
    ],
)
@pytest.mark.parametrize("question", [QUESTION, "zzz"])
def test_every_setting_in_range_gives_an_answer(build_index, retrieval, question):
    """Whatever kind of seed is switched off, the list is full and its scores are numbers."""
    memory = build_index({"a": ("Tamm", ["The Tamm is a river."]), "b": ("", ["Cake."])}, **retrieval)
    found = memory.search(question, 2)

    assert sorted(ids(found)) == ["a", "b"]
    assert all(math.isfinite(passage.score) for passage in found)


@pytest.mark.parametrize("method", METHODS)
def test_a_corpus_of_one_passage_is_found(build_index, method):
    """Nothing to compare with is no reason to fail."""
    memory = build_index({"only": ("Tamm", ["The Tamm is a river."])})
    found = memory.search("What is the Tamm?", 5, method)

    assert ids(found) == ["only"]
    assert math.isfinite(found[0].score)


def test_no_shared_word_is_an_empty_lexical_list(river):
    """bm25 finds nothing where nothing is shared, and the walk goes on without it."""
    assert river.search("zzz qqq", method="bm25") == []
    assert len(river.search("zzz qqq", 5)) == 5


@pytest.mark.parametrize(
    ("question", "expected"),
    [("Где находится Москва?", "moscow"), ("أين تقع القاهرة", "cairo"), ("北京在哪里？", "beijing")],
)
def test_questions_in_other_scripts_find_their_passages(build_index, question, expected):
    """Names of any script are found in questions of that script."""
    texts = {
        "moscow": ("Москва", ["Москва стоит на реке."]),
        "cairo": ("القاهرة", ["القاهرة مدينة كبيرة"]),
        "beijing": ("北京", ["北京是一座城市。"]),
        "ribe": ("Ribe", ["Ribe is a town."]),
    }
    memory = build_index(texts, names=())

    assert ids(memory.search(question, 1)) == [expected]
    if expected != "beijing":  # words of scripts without spaces are pairs of characters, not names
        assert memory.explain(question).trace.seeds.entities[0].reason == "named in the question"


def test_reasons_are_ranks_sentences_and_paths(river):
    """Each rank is that of the ranking it names; quoted sentences stand in the passage; paths name what they cross."""
    result = river.explain("Who designed the Iron Bridge?", 5)
    dense = ids(river.search("Who designed the Iron Bridge?", 5, "dense"))
    lexical = ids(river.search("Who designed the Iron Bridge?", 5, "bm25"))
    by_id = {found.passage.document: found for found in result.passages}

    for name, found in by_id.items():
        for reason in found.reasons:
            if reason.kind is ReasonKind.DENSE:
                assert dense[reason.rank - 1] == name
            elif reason.kind is ReasonKind.LEXICAL:
                assert lexical[reason.rank - 1] == name
            elif reason.kind is ReasonKind.SEED_FACT:
                assert reason.text in [sentence.text for sentence in found.passage.sentences]
                assert reason.text == result.trace.seeds.facts[reason.rank - 1]
    assert "Iron Bridge → this passage" in [reason.text for reason in by_id["bridge"].reasons]
    assert not [reason for reason in by_id["cake"].reasons if reason.kind is ReasonKind.PATH]


def test_searching_twice_gives_the_same(river):
    """A search leaves nothing behind."""
    first, second = river.explain(QUESTION, 5), river.explain(QUESTION, 5)

    assert first.passages == second.passages
    assert first.trace.seeds == second.trace.seeds


def test_searching_by_vector_is_searching_by_question(toy_index):
    """A question embedded beforehand finds the same, with the document's address and moment."""
    question = toy.QUESTIONS[0].question
    vector = toy_index.embedder.embed_query(question)
    found = toy_index.search_vector(question, vector, 3)

    assert found.passages == tuple(toy_index.search(question, 3))
    assert found.passages[0].uri == f"toy:{found.passages[0].passage.document}"
    assert found.passages[0].timestamp == toy.WRITTEN
    assert vector.dtype == np.float32


def test_closing_twice_is_closing_once(build_index):
    """Who closed inside a with-block is not punished at its end."""
    with build_index({"only": ("Tamm", ["The Tamm is a river."])}) as memory:
        memory.close()
