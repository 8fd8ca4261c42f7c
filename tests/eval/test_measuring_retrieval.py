"""The retrieval report against a scripted searcher, with numbers worked out by hand."""

import numpy as np
import pytest

from eval.bench.search import measure_search
from eval.datasets import Dataset, DatasetError, Question
from eval.retrieval import embed_questions, measure_retrieval
from hippograph.types import (
    Document,
    Passage,
    RankedPassage,
    SearchResult,
    SearchTrace,
    Seeds,
)

QUESTIONS = (
    Question("q1", "first", ("x",), ("d1", "d2")),
    Question("q2", "second", ("x",), ("d9",)),
    Question("q3", "no gold", (), ()),
)
DATASET = Dataset("toy", tuple(Document(f"d{n}", "", "text") for n in range(1, 10)), QUESTIONS)


class ScriptedSearcher:
    """Gives the passages it was told to give, named by their documents, and remembers what it was asked."""

    def __init__(self, rankings, fallbacks=()):
        self.rankings = rankings
        self.fallbacks = fallbacks
        self.asked = []
        self.embedder = self

    def embed_query(self, text):
        return np.full(3, len(text), dtype=np.float32)

    def embed_queries(self, texts):
        return np.stack([self.embed_query(text) for text in texts])

    def search_vector(self, question, query_vector, k, method):
        assert query_vector[0] == len(question), "the vector of another question"
        self.asked.append((question, k, method))
        documents = self.rankings[question][:k]
        passages = [
            RankedPassage(
                rank=rank,
                row=rank,
                passage=Passage(f"p{rank}", name, "", "", "", 0, 0, 0, ()),
                score=1 / rank,
                hop=1,
                uri="",
                timestamp=None,
            )
            for rank, name in enumerate(documents, start=1)
        ]
        fallback = "no seeds" if question in self.fallbacks else None
        return SearchResult(tuple(passages), SearchTrace(method, Seeds(), fallback, {}))


RANKINGS = {"first": ["d3", "d1", "d3", "d1", "d4", "d5", "d6", "d2"], "second": ["d9", "d1"]}


def measure(searcher, method="dense"):
    return measure_retrieval(DATASET, embed_questions(DATASET, searcher), searcher, method)


def test_the_report_holds_the_means_worked_out_on_paper():
    """d3 d1 d4 d5 d6 d2 holds gold at 2 and 6, d9 d1 at 1: recall@2 is (1/2 + 1)/2, recall@10 is 1."""
    report = measure(ScriptedSearcher(RANKINGS))

    assert {name: report[name] for name in ("dataset", "method", "questions", "llm_calls")} == {
        "dataset": "toy",
        "method": "dense",
        "questions": 2,
        "llm_calls": 0,
    }
    assert (report["recall@2"], report["recall@5"], report["recall@10"]) == (0.75, 0.75, 1.0)
    assert (report["all@5"], report["rr@10"]) == (0.5, 0.75)
    assert report["search_ms_p50"] >= 0


def test_every_question_has_its_values_and_its_ranking():
    """Passages are reduced to documents, and questions without gold are not there."""
    first, second = measure(ScriptedSearcher(RANKINGS))["per_question"]

    assert first["ranking"] == ["d3", "d1", "d4", "d5", "d6", "d2"]
    assert (first["id"], first["recall@2"], first["all@5"]) == ("q1", 0.5, 0.0)
    assert (second["id"], second["recall@2"], second["all@5"]) == ("q2", 1.0, 1.0)


def test_the_method_asked_for_is_the_method_searched_with():
    """Not one search uses another."""
    searcher = ScriptedSearcher(RANKINGS)
    measure(searcher, "bm25")

    assert {method for _, _, method in searcher.asked} == {"bm25"}


def test_passages_are_asked_for_until_there_are_ten_documents():
    """A document with sixty passages ahead of all others does not hide them."""
    long = ["d1"] * 60 + ["d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11"]
    report = measure(ScriptedSearcher({**RANKINGS, "first": long}))

    assert report["per_question"][0]["ranking"] == [f"d{n}" for n in range(1, 11)]


def test_questions_answered_without_the_graph_are_counted():
    """The trace says why the graph was not used."""
    assert measure(ScriptedSearcher(RANKINGS, fallbacks=("second",)))["fallbacks"] == 1


def test_a_data_set_without_gold_cannot_be_measured():
    """An empty mean would look like a result."""
    empty = Dataset("toy", DATASET.documents, QUESTIONS[2:])

    with pytest.raises(DatasetError, match="no question with gold"):
        embed_questions(empty, ScriptedSearcher(RANKINGS))


def test_the_search_benchmark_takes_turns():
    """One question of each data set after the other, so that a busy moment falls on all."""
    one, other = ScriptedSearcher(RANKINGS), ScriptedSearcher(RANKINGS)
    order = []
    for name, searcher in (("one", one), ("other", other)):
        given = searcher.search_vector
        searcher.search_vector = lambda *asked, name=name, given=given: order.append(name) or given(*asked)
    asked = embed_questions(DATASET, one)
    report = measure_search({"one": one, "other": other}, {"one": asked, "other": asked}, "dense", searches=6)

    assert order[-12:] == ["one", "other"] * 6
    assert [row["dataset"] for row in report["datasets"]] == ["one", "other"]
    assert report["datasets"][0]["ratio"] == 1
