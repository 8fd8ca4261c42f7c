"""The extractive answerer on a small hand-written world."""

from __future__ import annotations

import numpy as np
import pytest

from hippograph.generation.extractive import ExtractiveAnswerer
from hippograph.types import Draft, Vectors


@pytest.fixture
def ask(question_vector, world):
    """Asks about the whole world, or about some of its passages."""

    def asked(question: str, *titles: str) -> Draft:
        return ExtractiveAnswerer().answer(question, question_vector(question), world(*titles))

    return asked


@pytest.mark.parametrize(
    ("question", "span"),
    [
        ("Who designed the Iron Bridge?", "Ada Quist"),
        ("When was the Iron Bridge designed?", "1871"),
        ("Where was Noor Vane born?", "Hull"),
        ("When did Ada Quist die?", "9 June 1912"),
        ("When was Ada Quist born?", "3 May 1840"),
        ("How many rooms does the Grey Tower have?", "7"),
        ("Who was born first, Ada Quist or Noor Vane?", "Ada Quist"),
        ("Who was born later, Ada Quist or Noor Vane?", "Noor Vane"),
        ("Which is higher, the Grey Tower or the White Tower?", "Grey Tower"),
        ("Are the Grey Tower and the White Tower both lighthouses?", "yes"),
        ("Are the Grey Tower and Ada Quist both lighthouses?", "no"),
    ],
)
def test_the_span_is_of_the_kind_that_is_asked_for(ask, question: str, span: str):
    """A person for who, a date of the right event for when, the winner of a comparison, yes or no."""
    draft = ask(question)

    assert (draft.refusal, draft.span) == (None, span)


def test_a_chain_cites_the_first_hop_before_the_second(ask):
    """The designer of the bridge is named in one document and her birthplace in another: both are cited in order."""
    draft = ask("Where was the designer of the Iron Bridge born?")
    titles = [citation.title for citation in draft.citations]
    cited = " ".join(citation.sentence for citation in draft.citations)

    assert titles.index("The Iron Bridge") < titles.index("Ada Quist")
    assert "born in Ribe" in cited


def test_a_span_stands_in_a_cited_sentence(ask):
    """Nothing is written that the sources do not say."""
    draft = ask("Who designed the Iron Bridge?")

    assert draft.span is not None
    assert any(draft.span in citation.sentence for citation in draft.citations)


def test_a_citation_points_to_its_sentence_in_the_document(passage, question_vector):
    """The offsets count from the start of the document, also for a passage that begins in its middle."""
    before = "An older part of the page. "
    text = "The Iron Bridge crosses the Tamm. It was designed by Ada Quist."
    question = "Who designed the Iron Bridge?"
    evidence = [passage("The Iron Bridge", text, offset=len(before))]
    draft = ExtractiveAnswerer().answer(question, question_vector(question), evidence)

    assert draft.citations
    for citation in draft.citations:
        assert (before + text)[citation.start : citation.end] == citation.sentence
        assert citation.uri == "file:The Iron Bridge"


def test_at_most_so_many_sentences_are_cited(question_vector, world):
    """The limit holds, and no sentence is cited twice."""
    question = "Who designed the Iron Bridge over the Tamm?"
    draft = ExtractiveAnswerer(most_sentences=2).answer(question, question_vector(question), world())

    assert len({(citation.document, citation.start) for citation in draft.citations}) == 2


def test_the_text_is_the_numbered_sentences(ask):
    """Every citation stands in the text under its number."""
    draft = ask("Who designed the Iron Bridge?")

    for number, citation in enumerate(draft.citations, start=1):
        assert f"[{number}] {citation.title}: {citation.sentence}" in draft.text


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("What is the capital of Mongolia?", "Mongolia"),
        ("Who is the president of the Lund Chess Federation?", "Lund Chess Federation"),
        ("How does a transistor amplify signals?", "transistor"),
        ("Which prize was awarded to Noor Vane?", "prize"),
    ],
)
def test_what_the_evidence_does_not_hold_is_refused_by_name(ask, question: str, missing: str):
    """A question about something that no passage speaks of gets one sentence that says what is missing."""
    draft = ask(question)

    assert draft.refusal == draft.text
    assert missing in draft.refusal
    assert (draft.span, draft.citations) == (None, ())


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "北京在哪里？",
        "Где находится Москва?",
        "Who " + "really " * 200 + "designed it?",
        "Or?",
        "Which of?",
    ],
)
@pytest.mark.parametrize("titles", [(), ("Tamm",)])
def test_any_question_gets_an_answer_or_a_reason(ask, question: str, titles: tuple[str, ...]):
    """No question makes the answerer fail; a draft has citations or a refusal, and a confidence in 0..1."""
    draft = ask(question, *titles)

    assert bool(draft.citations) != bool(draft.refusal)
    assert 0 <= draft.confidence <= 1


def test_no_evidence_is_a_refusal(question_vector):
    """Without passages there is nothing to copy."""
    draft = ExtractiveAnswerer().answer("Who?", question_vector("Who?"), [])

    assert draft.refusal
    assert draft.citations == ()


def test_a_passage_without_sentences_is_passed_over(passage, question_vector, world):
    """Vectors of shape (0, d) do no harm, and the other passages answer."""
    question = "Who designed the Iron Bridge?"
    evidence = [passage("Blank", ""), *world("The Iron Bridge")]

    assert evidence[0].sentence_vectors.shape == (0, 512)
    assert ExtractiveAnswerer().answer(question, question_vector(question), evidence).span == "Ada Quist"


def test_another_script_is_cited_as_it_is_written(passage, question_vector):
    """Names of another script are found and its sentences are copied with their own offsets."""
    text = "北京大学位于北京。校长是林海燕。"
    question = "北京大学的校长是谁？"
    draft = ExtractiveAnswerer().answer(question, question_vector(question), [passage("北京大学", text)])

    assert [text[citation.start : citation.end] for citation in draft.citations] == [
        citation.sentence for citation in draft.citations
    ]
    assert bool(draft.citations) != bool(draft.refusal)


def test_the_same_question_gets_the_same_answer(ask):
    """Nothing is left to chance."""
    question = "Where was the designer of the Iron Bridge born?"

    assert ask(question) == ask(question)


def test_a_zero_question_vector_is_survived(world):
    """A question whose words the embedder does not know has the vector 0."""
    nothing: Vectors = np.zeros(512, dtype=np.float32)
    draft = ExtractiveAnswerer().answer("Who designed the Iron Bridge?", nothing, world())

    assert bool(draft.citations) != bool(draft.refusal)


def test_headings_are_not_cited(passage, question_vector):
    """A heading repeats the title; the sentences below it answer."""
    text = "# The Iron Bridge\n\nThe Iron Bridge was designed by Ada Quist.\n\n## Design\n\nIt has one arch."
    question = "Who designed the Iron Bridge?"
    draft = ExtractiveAnswerer().answer(
        question, question_vector(question), [passage("The Iron Bridge", text)]
    )

    assert [citation.sentence for citation in draft.citations] == [
        "The Iron Bridge was designed by Ada Quist.",
        "It has one arch.",
    ]
