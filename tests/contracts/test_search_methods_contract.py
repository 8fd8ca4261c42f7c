"""Every named method of search, over worlds that are whole and worlds that are hardly there: one suite for all."""

import math
from dataclasses import replace

import numpy as np
import pytest

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.errors import EmbeddingError
from hippograph.retrieval.search import METHODS
from hippograph.retrieval.ways.methods import WAYS
from hippograph.searching import PUBLISHED, known_methods
from hippograph.types import Document, Extraction

LOOPS_AND_TIMES = ("decompose", "ircot", "refine", "timeline")
"""They need a model or a question about time, and have suites of their own."""
ALL = (*METHODS, *PUBLISHED, *WAYS, "contiguous+dense", "contiguous+bm25", "contiguous+structural")
WORDS_ALONE = ("bm25",)

QUESTION = toy.QUESTIONS[1].question
PARTS_OF_A_TALE = [
    "Ada Quist drew the Iron Bridge in 1841. She drew it in ink on a large sheet. The ink was black.",
    "The sheet lies in the archive of Ribe. The archive is open on Mondays. It holds nine hundred sheets.",
    "Salt was brought over the Tamm in barges. The barges were flat and slow. Twelve men pulled each of them.",
]

pytestmark = pytest.mark.parametrize("method", ALL)


class Nothing:
    """An extractor that finds no name and no fact."""

    fingerprint = "nothing:1"

    def extract(self, passages):
        for passage in passages:
            yield Extraction(passage.id, (), ())


class ZeroFor:
    """Embeds as `inner` does, but for texts with a mark, which get a vector of zeros."""

    def __init__(self, inner, mark):
        self._inner, self._mark = inner, mark
        self.dimension, self.fingerprint = inner.dimension, f"zero-for:{mark}"

    def embed_passages(self, texts):
        vectors = self._inner.embed_passages(texts)
        vectors[[self._mark in text for text in texts]] = 0
        return vectors

    def embed_query(self, text):
        return self.embed_passages([text])[0]

    def token_count(self, text):
        return self._inner.token_count(text)


@pytest.fixture(autouse=True)
def _a_cache_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def open_world(tmp_path, settings, parts):
    """Documents in an index; some parts may be others."""
    opened = []

    def open_(documents, passage=None, **others):
        chosen = settings.model_copy(update={"passage": settings.passage.model_copy(update=passage or {})})
        folder = tmp_path / f"world-{len(opened)}"
        opened.append(Hippograph.build(documents, folder, settings=chosen, parts=replace(parts, **others)))
        return opened[-1]

    yield open_
    for memory in opened:
        memory.close()


def ids(passages):
    return [found.passage.id for found in passages]


def texts(**named):
    return [Document(name, name.title(), text) for name, text in named.items()]


def is_a_ranking(passages):
    """Each passage once, ranks from 1, scores that are numbers and never rise."""
    scores = [found.score for found in passages]
    assert len(set(ids(passages))) == len(passages)
    assert [found.rank for found in passages] == list(range(1, len(passages) + 1))
    assert all(math.isfinite(score) for score in scores)
    assert scores == sorted(scores, reverse=True)
    return True


def test_the_suite_holds_every_method(method):
    """A new method is either here or has a suite of its own."""
    assert set(known_methods()) <= {*ALL, *LOOPS_AND_TIMES}


@pytest.mark.parametrize("k", [1, 2, 3, 10**9])
def test_a_longer_list_begins_with_the_shorter_one(open_world, method, k):
    """As long as asked for and the corpus allows; more than it holds is all of it."""
    memory = open_world(toy.documents())
    found, everything = memory.search(QUESTION, k, method), memory.search(QUESTION, 100, method)

    assert is_a_ranking(found)
    assert ids(found) == ids(everything)[:k]
    if method not in WORDS_ALONE:
        assert len(everything) == len(toy.TEXTS)


def test_the_same_question_gives_the_same_list_whatever_was_asked_before(open_world, method):
    """What a method keeps between two questions changes none of them."""
    memory = open_world(toy.documents())
    first = [(p.passage.id, p.score) for p in memory.search(QUESTION, 5, method)]
    memory.search(toy.QUESTIONS[0].question, 5, method)

    assert [(p.passage.id, p.score) for p in memory.search(QUESTION, 5, method)] == first


def test_an_index_that_grew_ranks_as_one_that_was_built(open_world, method):
    """Neither rows nor versions that came before decide."""
    documents = toy.documents()
    grown, built = open_world(documents[:1]), open_world(documents)
    grown.add(documents[1:3])
    grown.add(reversed(documents[3:]))

    assert [(p.passage.id, p.score) for p in grown.search(QUESTION, 9, method)] == [
        (p.passage.id, p.score) for p in built.search(QUESTION, 9, method)
    ]


def test_the_trace_names_the_method(open_world, method):
    """With the one it goes round, and the time of each step."""
    trace = open_world(toy.documents()).explain(QUESTION, 3, method).trace

    assert trace.method == {"contiguous": "contiguous+hippograph"}.get(method, method)
    assert all(spent >= 0 for spent in trace.timings_ms.values())
    assert trace.timings_ms


def test_an_index_without_facts_or_names_is_searched(open_world, method):
    """By meaning or words; where the graph would have helped, the trace says that it did not."""
    memory = open_world(toy.documents(), extractor=Nothing())
    result = memory.explain(QUESTION, 5, method)

    assert is_a_ranking(result.passages)
    assert len(result.passages) == 5
    if method.partition("+")[0] in ("hippograph", "hipporag1", "hipporag2", "forest", "clues"):
        assert "dense similarity alone" in result.trace.fallback


def test_a_disconnected_graph_is_searched(open_world, method):
    """Documents that share no name are all found, and no passage of another part is lost."""
    memory = open_world(texts(ribe="Ada Quist lives in Ribe.", moss="Otto Brandt found Luna Moss in Peru."))
    found = memory.search("Who found Luna Moss?", 5, method)

    assert is_a_ranking(found)
    assert found[0].passage.document == "moss"
    if method.rpartition("+")[2] not in WORDS_ALONE:
        assert len(found) == 2


def test_a_name_that_is_everywhere_is_survived(open_world, method):
    """A hub joined to every passage drowns none of them."""
    told = {f"d{n:02}": f"Ada Quist wrote letter {n} about matter {n * 7}." for n in range(40)}
    memory = open_world(texts(**told, key="Ada Quist hid the silver key in Ribe."))
    found = memory.search("Where did Ada Quist hide the silver key?", 41, method)

    assert is_a_ranking(found)
    if method != "forest":  # it covers the corpus first
        assert "key" in [passage.passage.document for passage in found[:3]]
    if method.rpartition("+")[2] not in WORDS_ALONE:
        assert len(found) == 41


@pytest.mark.parametrize(
    ("question", "expected"),
    [("Где находится Москва?", "moscow"), ("أين تقع القاهرة", "cairo"), ("北京在哪里？", "beijing")],
)
def test_a_question_in_another_script_is_answered_in_it(open_world, method, question, expected):
    """Where the passage that answers shares a name with it, that passage is listed."""
    memory = open_world(
        texts(
            moscow="Москва стоит на реке.",
            cairo="القاهرة مدينة كبيرة",
            beijing="北京是一座城市。",
            ribe="Ribe is a town.",
        )
    )
    found = memory.search(question, 4, method)

    assert is_a_ranking(found)
    if method.rpartition("+")[2] not in WORDS_ALONE:
        assert expected in [passage.passage.document for passage in found]


def test_a_question_that_shares_nothing_is_survived(open_world, method):
    """A list in some order, or an empty one by words alone."""
    found = open_world(toy.documents()).search("zzz qqq", 5, method)

    assert is_a_ranking(found)
    assert len(found) in ((0, 5) if method.rpartition("+")[2] in WORDS_ALONE else (5,))


def test_one_passage_is_a_corpus(open_world, method):
    """Nothing to compare with is no reason to fail."""
    found = open_world(texts(ribe="Ribe is a town.")).search("What is Ribe?", 5, method)

    assert is_a_ranking(found)
    assert [passage.passage.document for passage in found] == ["ribe"]


def test_no_passage_is_an_empty_list_and_the_trace_says_so(open_world, method):
    """An index of nothing holds nothing."""
    memory = open_world(texts(ribe="Ribe is a town.", tamm="The Tamm is a river."))
    memory.remove(["ribe", "tamm"])
    result = memory.explain("What is Ribe?", 5, method)

    assert result.passages == ()
    assert "no passage" in result.trace.fallback


def test_a_vector_that_is_not_finite_is_refused(open_world, method):
    """NaN in a question's vector is an error of its embedder, never a ranking."""
    memory = open_world(toy.documents())
    vector = np.full(memory.embedder.dimension, np.nan, dtype=np.float32)

    if method in WORDS_ALONE:
        assert is_a_ranking(memory.search_vector(QUESTION, vector, 5, method).passages)
    else:
        with pytest.raises(EmbeddingError, match="not finite"):
            memory.search_vector(QUESTION, vector, 5, method)


def test_a_question_without_direction_is_searched_and_the_trace_says_so(open_world, method):
    """A vector of zeros is near nothing; words and names still count."""
    memory = open_world(toy.documents())
    vector = np.zeros(memory.embedder.dimension, dtype=np.float32)
    result = memory.search_vector(QUESTION, vector, 5, method)

    assert is_a_ranking(result.passages)
    assert len(result.passages) == 5
    if method not in WORDS_ALONE:
        assert any("zero" in warning for warning in result.trace.warnings)


def test_passages_without_direction_are_searched(open_world, method, parts):
    """What the embedder had no vector for is found by its words and names, or comes last."""
    embedder = ZeroFor(parts.embedder, "Ribe")
    memory = open_world(texts(ribe="Ribe is a town.", tamm="The Tamm is a river."), embedder=embedder)
    found = memory.search("What kind of river is the Tamm?", 5, method)

    assert is_a_ranking(found)
    assert found[0].passage.document == "tamm"


def test_documents_of_several_passages_are_searched(open_world, method):
    """Every passage of a longer document can be listed, once."""
    tale = Document("tale", "A tale", "\n\n".join(PARTS_OF_A_TALE))
    memory = open_world([tale, *texts(ribe="Ribe is a town.")], passage={"max_tokens": 24})
    found = memory.search("Who pulled the barges over the Tamm?", 50, method)

    assert is_a_ranking(found)
    assert "Tamm" in found[0].passage.text or method == "forest"
    if method.rpartition("+")[2] not in WORDS_ALONE:
        assert len(found) == memory.status().version.passage_count


def test_an_answer_is_searched_for_by_the_method_it_is_asked_with(open_world, method):
    """It cites sentences of documents, or says why it cannot."""
    answer = open_world(toy.documents()).ask(QUESTION, method=method)

    assert answer.trace.method.startswith(method)
    assert answer.refusal or all(
        toy.TEXTS[cited.document][1][cited.start : cited.end] == cited.sentence for cited in answer.citations
    )
    assert answer.refusal or answer.citations
