"""The whole way: the toy world from documents to passages, answers and their citations."""

import pytest

from hippograph import toy
from hippograph.engine import Hippograph
from hippograph.errors import QuestionError

ANSWERABLE = [asked for asked in toy.QUESTIONS if asked.gold]


@pytest.fixture(params=["toy_index", pytest.param("model_index", marks=pytest.mark.model)])
def memory(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("asked", ANSWERABLE, ids=lambda asked: "-".join(asked.gold))
def test_the_needed_documents_are_found(memory, asked):
    """Every document that a question needs is among the first three of the five, whatever the hops between them."""
    found = memory.search(asked.question, k=3)

    assert set(asked.gold) <= {each.passage.document for each in found}


@pytest.mark.parametrize("asked", ANSWERABLE, ids=lambda asked: "-".join(asked.gold))
def test_an_answer_stands_in_the_sentences_it_cites(memory, asked):
    """The expected words are in one of the cited sentences."""
    answer = memory.ask(asked.question)

    assert answer.refusal is None
    assert any(asked.answer in cited.sentence or asked.answer in cited.title for cited in answer.citations)


@pytest.mark.parametrize("asked", ANSWERABLE, ids=lambda asked: "-".join(asked.gold))
def test_a_citation_is_the_very_words_of_its_document(memory, asked):
    """Start and end cut the cited sentence out of the document's text."""
    answer = memory.ask(asked.question)

    texts = {name: text for name, (_, text) in toy.TEXTS.items()}
    assert [texts[cited.document][cited.start : cited.end] for cited in answer.citations] == [
        cited.sentence for cited in answer.citations
    ]
    assert [cited.uri for cited in answer.citations] == [
        f"toy:{cited.document}" for cited in answer.citations
    ]


def test_ranks_count_from_one_and_scores_fall(memory):
    """Results come best first, each passage once."""
    found = memory.search(toy.QUESTIONS[1].question, k=5)

    assert [each.rank for each in found] == [1, 2, 3, 4, 5]
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert len({each.passage.id for each in found}) == 5


def test_a_passage_tells_why_it_was_found(memory):
    """The best passage carries its rank by meaning, and the trace the seeds of the walk."""
    result = memory.explain("Who designed the Analytical Engine?")

    assert "dense" in {reason.kind for reason in result.passages[0].reasons}
    assert "Analytical Engine" in {seed.name for seed in result.trace.seeds.entities}
    assert result.trace.fallback is None


def test_seeds_share_one_restart(memory):
    """The weights of the entity seeds sum to one."""
    seeds = memory.explain(toy.QUESTIONS[1].question).trace.seeds.entities

    assert sum(seed.weight for seed in seeds) == pytest.approx(1.0)


def test_a_question_without_seeds_is_ranked_as_dense_and_says_so(toy_index):
    """Where the graph knows nothing of the question, the order is the dense one and the trace tells."""
    question = "zxqv wvut?"

    found = toy_index.explain(question, k=5)
    dense = toy_index.explain(question, k=5, method="dense")

    if found.trace.seeds.entities:
        assert found.trace.fallback is None
    else:
        assert found.trace.fallback
        assert [each.passage.id for each in found.passages] == [each.passage.id for each in dense.passages]


@pytest.mark.parametrize(
    "question",
    ["", "   \n", "why " * 10_000, None, 7],
    ids=["empty", "blank", "ten thousand words", "none", "number"],
)
def test_what_is_no_question_is_refused(toy_index, question):
    """Nothing to ask, or a whole book of it, is a QuestionError in search and ask alike."""
    with pytest.raises(QuestionError):
        toy_index.search(question)
    with pytest.raises(QuestionError):
        toy_index.ask(question)


def test_an_answer_is_the_same_every_time(toy_index, settings, parts):
    """Asking again, and asking the index opened again, gives the same answer."""
    question = toy.QUESTIONS[1].question
    first = toy_index.ask(question)

    with Hippograph.open(toy_index.status().folder, settings=settings, parts=parts) as again:
        second = again.ask(question)

    assert (second.text, second.citations, second.confidence) == (
        first.text,
        first.citations,
        first.confidence,
    )
    assert toy_index.ask(question).citations == first.citations
