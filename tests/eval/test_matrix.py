"""The matrix: what is measured, what is kept, and a ranker that has not seen the set."""

import json

import numpy as np
import pytest

from eval.cells import UNSEEN, Cell, Explored, answer_in_context, explore_set, rank_explored
from eval.datasets import DatasetNotFound, Question
from eval.indexes import Corpus, open_index
from eval.kept_results import KeptResults, settings_hash
from eval.matrix import open_sets, run_matrix
from eval.ranker import Candidates, train_ranker
from eval.retrieval import embed_questions, rank_documents
from hippograph.errors import SettingsError
from hippograph.retrieval.ranker import Ranker, load_ranker
from hippograph.settings import Settings

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def kept(tmp_path):
    return KeptResults(tmp_path / "results")


def values(matrix):
    return {
        (cell.set, cell.method): [question.values for question in cell.questions] for cell in matrix.cells
    }


def test_every_method_is_measured_on_every_set_with_the_single_rankings(data, kept):
    """dense and bm25 come first whatever is asked for; only questions with gold are asked."""
    matrix = run_matrix(open_sets(["engines", "rivers"], data), ["hippograph"], kept)

    assert [(cell.set, cell.method) for cell in matrix.cells] == [
        (name, method) for name in ("engines", "rivers") for method in ("dense", "bm25", "hippograph")
    ]
    assert [q.id for q in matrix.cell("engines", "dense").questions] == ["q1", "q2", "q3"]
    assert all(cell.search_ms_p50 <= cell.search_ms_p95 for cell in matrix.cells)


def test_gold_ranks_and_hops_are_told_for_every_question(data, kept):
    """Four documents all stand in the first ten; the type gives the hops; yes is no span of a text."""
    cell = run_matrix(open_sets(["engines"], data), ["dense"], kept).cell("engines", "dense")
    first, second, third = cell.questions

    assert set(first.gold_ranks()) == {"engine", "babbage"}
    assert all(first.ranking[rank - 1] == gold for gold, rank in first.gold_ranks().items())
    assert [question.kind for question in cell.questions] == ["2 hops", "1 hops", "1 hops"]
    assert (second.values["answer@5"], third.values["answer@5"]) == (1.0, None)
    assert cell.mean("answer@5", "1 hops") == 1.0


@pytest.mark.parametrize(
    ("answers", "texts", "value"),
    [
        (["London"], ["Born in London."], 1.0),
        (["London"], ["Londoners."], 0.0),
        (["yes"], ["yes"], None),
        ([], ["x"], None),
        (["London"], [], 0.0),
    ],
)
def test_an_answer_in_the_context_is_whole_words_of_it(answers, texts, value):
    """What is no span of text has no value."""
    assert answer_in_context(answers, texts) == value


def test_what_is_kept_is_not_measured_again(data, kept, monkeypatch):
    """A second run opens no index and gives the same; --fresh measures."""
    sets = open_sets(["engines", "rivers"], data)
    first = run_matrix(sets, None, kept)
    monkeypatch.setattr("eval.indexes.open_index", lambda *given: pytest.fail("an index was opened"))
    again = run_matrix(open_sets(["engines", "rivers"], data), None, kept)

    assert (first.reused, again.reused) == (0, len(first.cells))
    assert again.cells == first.cells
    with pytest.raises(pytest.fail.Exception):
        run_matrix(sets, None, KeptResults(kept._folder, fresh=True))


@pytest.mark.parametrize("what", ["code", "data", "settings", "extractions"])
def test_a_cell_is_measured_again_when_what_it_depends_on_changed(data, kept, monkeypatch, what):
    """Code, data, settings, or the extractions its index is made from."""
    name = "engines+given.jsonl" if what == "extractions" else "engines"
    run_matrix(open_sets([name], data), ["dense"], kept)
    if what == "code":
        monkeypatch.setattr("eval.kept_results._sources", lambda: "other")
        monkeypatch.setattr("eval.kept_results.code_version", code_version_uncached())
    if what == "data":
        with (data / "engines" / "queries.jsonl").open("a") as lines:
            lines.write(json.dumps({"id": "q9", "question": "What is a river?", "gold_ids": ["nile"]}) + "\n")
    if what == "settings":
        monkeypatch.setenv("HIPPOGRAPH_RETRIEVAL__DAMPING", "0.4")
    if what == "extractions":
        with (data / "engines" / "given.jsonl").open("a") as lines:
            lines.write("\n")
    again = run_matrix(open_sets([name], data), ["dense"], kept)

    assert again.reused == 0


def code_version_uncached():
    from eval.kept_results import CodeVersion, _sources

    return lambda: CodeVersion("0", None, _sources())


def test_settings_that_rank_nothing_leave_cells_as_they_are():
    """Where a model's server is changes no ranking; damping does."""
    plain = settings_hash(Settings.load())

    assert settings_hash(Settings.load(generator={"base_url": "http://127.0.0.1:9/v1"})) == plain
    assert settings_hash(Settings.load(retrieval={"damping": 0.4})) != plain


def test_a_kept_cell_that_cannot_be_read_is_measured_again(data, tmp_path):
    """It is only a copy."""
    kept = KeptResults(tmp_path / "results")
    first = run_matrix(open_sets(["engines"], data), ["dense"], kept)
    for file in (tmp_path / "results").iterdir():
        file.write_text("{", encoding="utf-8")
    again = run_matrix(open_sets(["engines"], data), ["dense"], kept)

    assert again.reused == 0
    assert values(again) == values(first)


def test_a_cell_survives_being_kept(data, kept):
    """Every value and rank is read as it was written."""
    cell = run_matrix(open_sets(["engines"], data), ["bm25"], kept).cell("engines", "bm25")

    assert Cell.from_json(json.loads(json.dumps(cell.to_json()))) == cell


def test_an_unseen_ranker_is_trained_on_every_other_set_and_never_on_its_own(data, kept, monkeypatch):
    """Not in any form: extractions make another index of the same questions, which stays unseen, too."""
    trained = []

    def remember(sets):
        trained.append([sorted(set().union(*(c.gold for c in questions))) for questions in sets])
        return train_ranker(sets)

    monkeypatch.setattr("eval.matrix.train_ranker", remember)
    sets = open_sets(["engines", "rivers", "engines+given.jsonl"], data)
    matrix = run_matrix(sets, [UNSEEN], kept)
    engines, rivers = ["babbage", "engine", "nile"], ["quist", "ribe", "tamm"]

    assert trained == [[rivers], [engines], [rivers]]
    assert [cell.set for cell in matrix.cells if cell.method == UNSEEN] == [
        "engines",
        "rivers",
        "engines+given",
    ]


def test_exploring_and_ordering_gives_what_a_search_gives(data):
    """With the shipped ranker the unseen way is the way of `hippograph`: same documents, same order, same texts."""
    (matrix_set,) = open_sets(["engines"], data)
    corpus = Corpus(matrix_set.dataset.name, matrix_set.dataset.documents)
    memory, _ = open_index(corpus, None, lambda step, done, total: None)
    with memory:
        asked = embed_questions(matrix_set.dataset, memory.embedder)
        explored = explore_set("engines", asked, memory, lambda step, done, total: None)
        searched = [rank_documents(memory, one, "hippograph")[0] for one in asked]
    cell = rank_explored(explored, load_ranker())

    assert [list(question.ranking) for question in cell.questions] == searched


def explored(is_fallback):
    """Rows 5 and 7 are candidates, of which 7 scores higher; rows 3, 7 and 9 are nearest the question."""
    rows = np.array([5, 7])
    candidates = Candidates(
        {"a": np.array([1.0, 2.0])}, rows, np.array([0, 1], dtype=np.uint64), ["e", "g"], frozenset("e")
    )
    return Explored(
        Question("q", "Who?", (), ("e",)), candidates, ((3, "c"), (7, "g"), (9, "i")), is_fallback
    )


RANKER = Ranker(("a", "a_share", "a_rank"), np.zeros(3), np.ones(3), np.array([1.0, 0.0, 0.0]), 0.0)


def test_what_is_near_beyond_the_candidates_follows_them():
    """Best candidate first; row 7 is both and stands once."""
    assert explored(is_fallback=False).order(RANKER) == [(7, "g"), (5, "e"), (3, "c"), (9, "i")]


def test_without_seeds_the_dense_order_stands_whatever_the_ranker_says():
    """As in a search whose graph has nothing to add."""
    assert explored(is_fallback=True).order(RANKER) == [(3, "c"), (7, "g"), (9, "i")]


def test_a_ranker_without_other_sets_is_a_wrong_call(data, kept):
    """One set alone leaves nothing to train on; by default it is then left out."""
    with pytest.raises(SettingsError, match="another set"):
        run_matrix(open_sets(["engines"], data), [UNSEEN], kept)

    usual = run_matrix(open_sets(["engines"], data), None, kept)
    assert [cell.method for cell in usual.cells] == ["dense", "bm25", "hippograph"]


def test_an_unknown_method_is_told_before_anything_is_measured(data, kept, monkeypatch):
    """Not after minutes of measuring the others."""
    monkeypatch.setattr("eval.indexes.open_index", lambda *given: pytest.fail("an index was opened"))

    with pytest.raises(SettingsError, match="magic"):
        run_matrix(open_sets(["engines"], data), ["dense", "magic"], kept)


@pytest.mark.parametrize(
    ("named", "error"),
    [
        (["nowhere"], DatasetNotFound),
        (["engines+nothing.jsonl"], DatasetNotFound),
        (["engines", "engines"], SettingsError),
    ],
)
def test_sets_that_cannot_be_told_apart_or_found_are_wrong_calls(data, named, error):
    """A missing set, missing extractions, the same set twice."""
    with pytest.raises(error):
        open_sets(named, data)


def test_a_set_may_be_a_path(data):
    """A folder or a file, wherever the others are."""
    (found,) = open_sets([str(data / "rivers")], data / "engines")

    assert (found.label, found.format) == ("rivers", "hippograph")
