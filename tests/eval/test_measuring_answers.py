"""The answer report against a scripted asker, with numbers worked out by hand."""

import json

import pytest

from eval.answers import measure_answers
from eval.compare import compare_reports
from eval.datasets import Dataset, Question
from hippograph.types import Answer, Citation, SearchTrace, Seeds, Usage

TRACE = SearchTrace("hippograph", Seeds(), None, {})


def answer(span, *sentences, refusal=None, text="", llm_calls=0):
    citations = tuple(Citation("p", "d", "", "", sentence, 0, len(sentence)) for sentence in sentences)
    usage = Usage(llm_calls=llm_calls)
    return Answer("?", text, span, citations, refusal, 0.5, "extractive", (), TRACE, usage)


class ScriptedAsker:
    def __init__(self, answers):
        self.answers = answers

    def ask(self, question):
        return self.answers[question]


DATASET = Dataset(
    "toy",
    (),
    (
        Question("q1", "who", ("Ada Lovelace",), ("d1",)),
        Question("q2", "where", ("Zürich",), ("d1",)),
        Question("q3", "is it", ("yes",), ("d1",)),
        Question("q4", "refused", ("Nile",), ("d1",)),
        Question("q5", "nowhere", (), ()),
        Question("q6", "nothing", ("Insufficient information",), ()),
        Question("q7", "gold got lost", ("a river",), ()),
    ),
)
ANSWERS = {
    "who": answer("Lovelace", "It was Ada Lovelace.", "She wrote notes."),
    "where": answer(None, "In the city.", text="In the city."),
    "is it": answer("Yes", "It is.", llm_calls=2),
    "refused": answer("Nile", "The Nile is a river.", refusal="not sure"),
    "nowhere": answer(None, refusal="nothing found"),
    "nothing": answer("Basel", "Basel is a city.", llm_calls=1),
}


@pytest.fixture
def report():
    return measure_answers(DATASET, ScriptedAsker(ANSWERS))


def test_answers_are_looked_for_in_the_citations_of_span_questions(report):
    """Three span questions: one answer stands there, one does not, and a refusal gives none."""
    assert report["span_questions"] == 3
    assert report["answer_in_citations"] == round(1 / 3, 4)


def test_exact_match_and_f1_are_means_over_answerable_questions(report):
    """Of four, only yes matches; F1 is 2/3 for Lovelace, 0 for a wrong text, 1 for yes, 0 for a refusal."""
    assert report["exact_match"] == 0.25
    assert report["f1"] == round((2 / 3 + 0 + 1 + 0) / 4, 4)


def test_refusals_are_counted_apart_where_there_is_an_answer_and_where_there_is_none(report):
    """One of four answerable questions is refused, one of two unanswerable ones."""
    assert (report["answerable"], report["refused_answerable"]) == (4, 0.25)
    assert (report["unanswerable"], report["refused_unanswerable"]) == (2, 0.5)


def test_citations_are_counted_over_given_answers(report):
    """Two, one and one sentence: the refusal's are not an answer's."""
    assert report["citations_per_answer"] == round(4 / 3, 4)


def test_model_calls_are_added_up(report):
    """Every question's calls count, those without an answer too."""
    assert report["llm_calls"] == 3


def test_a_question_whose_gold_got_lost_is_not_asked(report):
    """It counts neither as answerable nor as unanswerable."""
    assert [row["id"] for row in report["per_question"]] == ["q1", "q2", "q3", "q4", "q5", "q6"]


def test_a_share_of_no_questions_is_unknown():
    """A set without unanswerable questions says nothing about refusing them."""
    answerable = Dataset("toy", (), DATASET.questions[:1])

    assert measure_answers(answerable, ScriptedAsker(ANSWERS))["refused_unanswerable"] is None


def test_answer_reports_can_be_compared(report, tmp_path):
    """Every mean of the report is a metric of its questions."""
    path = tmp_path / "a.json"
    path.write_text(json.dumps(report))

    assert {result.metric: round(result.first, 4) for result in compare_reports(path, path)} == {
        name: report[name]
        for name in (
            "answer_in_citations",
            "exact_match",
            "f1",
            "citations_per_answer",
            "refused_answerable",
            "refused_unanswerable",
        )
    }
