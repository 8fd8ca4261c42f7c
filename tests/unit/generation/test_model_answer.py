"""Answers by a model: what is shown is cited, what is quoted is there, and an outage is told."""

from __future__ import annotations

import json

import pytest

from hippograph.errors import BudgetSpent, ModelUnavailable, UnreadableOutput
from hippograph.generation.extractive import NOTHING_FOUND, ExtractiveAnswerer
from hippograph.generation.model_answer import NOT_IN_THE_DOCUMENTS, LlmAnswerer
from hippograph.types import CitedSentence, Draft
from tests.scripted_model import RepliesInTurn, answer_data, data_lines

QUESTION = "Where was the designer of the Iron Bridge born?"
DOWN = ModelUnavailable("the server cannot be reached.")


@pytest.fixture
def evidence(world):
    """Sentences 1 and 2 are of the bridge, 3 and 4 of its designer."""
    return world("The Iron Bridge", "Ada Quist")


@pytest.fixture
def draft_of(evidence, question_vector):
    """The draft that a model's reply becomes."""

    def drafted(*replies) -> Draft:
        return LlmAnswerer(RepliesInTurn(*replies)).answer(QUESTION, question_vector(QUESTION), evidence)

    return drafted


@pytest.fixture
def streamed(evidence, question_vector):
    """What a model's reply becomes as a stream: the sentences, and the draft."""

    def drafted(*replies) -> tuple[list[CitedSentence], Draft]:
        answerer = LlmAnswerer(RepliesInTurn(*replies))
        *sentences, draft = answerer.stream(QUESTION, question_vector(QUESTION), evidence)
        return sentences, draft

    return drafted


TWO_STEPS = answer_data(
    ("Ada Quist designed the bridge.", [2], ["designed by Ada Quist in 1871"]),
    ("She was born in Ribe.", [4]),
    short="Ribe",
    certainty=0.9,
)


def test_every_sentence_carries_the_sentences_it_rests_on(draft_of):
    """Numbers become citations with the documents' own words, and are counted anew in the text."""
    draft = draft_of(TWO_STEPS)

    assert draft.text == "Ada Quist designed the bridge. [1] She was born in Ribe. [2]"
    assert [(cited.title, cited.sentence) for cited in draft.citations] == [
        ("The Iron Bridge", "It was designed by Ada Quist in 1871."),
        ("Ada Quist", "She was born in Ribe."),
    ]
    assert (draft.span, draft.refusal, draft.confidence, draft.warnings) == ("Ribe", None, 0.9, ())


def test_the_model_sees_numbered_sentences_under_their_titles(evidence, question_vector):
    """Numbers run through all passages, and titles are data too."""
    generator = RepliesInTurn(TWO_STEPS)
    LlmAnswerer(generator).answer(QUESTION, question_vector(QUESTION), evidence)

    assert data_lines(generator.requests[0]) == [
        "# The Iron Bridge",
        "[1] The Iron Bridge is a stone arch over the river Tamm.",
        "[2] It was designed by Ada Quist in 1871.",
        "# Ada Quist",
        "[3] Ada Quist (3 May 1840 – 9 June 1912) was a Danish engineer.",
        "[4] She was born in Ribe.",
    ]


def test_a_sentence_that_two_passages_share_is_shown_once(passage, question_vector):
    """Passages may overlap; the second copy would be a second number for the same place."""
    generator = RepliesInTurn(answer_data(("So.", [1])))
    text = "It is a bridge. It is of iron."
    LlmAnswerer(generator).answer(
        QUESTION, question_vector(QUESTION), [passage("A", text), passage("A", text, rank=2)]
    )

    assert data_lines(generator.requests[0]) == ["# A", "[1] It is a bridge.", "[2] It is of iron."]


def test_a_quote_is_the_documents_own_words_at_their_place(passage, question_vector):
    """Start and end cut the quote out of the document, whatever white space and signs the model wrote."""
    text = "The ledger says: “Salt\n keeps”. It was kept."
    evidence = [passage("Ledger", text, offset=100)]
    generator = RepliesInTurn(answer_data(("It says so.", [1], ['"Salt keeps"'])))
    (quote,) = LlmAnswerer(generator).answer("?", question_vector("?"), evidence).sentences[0].quotes

    assert quote.text == "“Salt\n keeps”"
    assert text[quote.start - 100 : quote.end - 100] == quote.text


def test_a_quote_that_no_cited_passage_has_is_dropped_and_told(draft_of):
    """Invented words, and true words of a passage that is not cited, are not shown as quotes."""
    draft = draft_of(
        answer_data(("She was from Ribe.", [4], ["born in Rome", "stone arch", "Danish engineer"]))
    )

    assert [quote.text for quote in draft.sentences[0].quotes] == ["Danish engineer"]
    assert draft.warnings == (
        "A quote was left out, as no cited passage has it: born in Rome",
        "A quote was left out, as no cited passage has it: stone arch",
    )


def test_invented_words_in_quotation_marks_lose_the_marks(draft_of):
    """A sentence does not pass its own words off as a document's."""
    draft = draft_of(answer_data(('She was "the best engineer of Ribe" and a "Danish engineer".', [3])))

    assert draft.sentences[0].text == 'She was the best engineer of Ribe and a "Danish engineer".'
    assert len(draft.warnings) == 1


@pytest.mark.parametrize("cites", [[], [5], [0], [-1], [99, 1_000_000_000]])
def test_a_sentence_without_a_valid_citation_is_dropped(draft_of, cites):
    """Numbers that were never shown support nothing; the share that was kept lowers the confidence."""
    draft = draft_of(answer_data(("She was born in Ribe.", [4]), ("She liked herring.", cites)))

    assert draft.text == "She was born in Ribe. [1]"
    assert draft.confidence == 0.5
    assert draft.warnings[-1] == "A sentence without a source was left out: She liked herring."


def test_a_foreign_number_beside_a_valid_one_is_told(draft_of):
    """The sentence stays on what it rests on; the number that was never shown is gone."""
    draft = draft_of(answer_data(("She was born in Ribe.", [4, 99, 4])))

    assert draft.text == "She was born in Ribe. [1]"
    assert draft.warnings == ("The model cited [99], which it was never shown.",)


def test_numbers_that_the_model_writes_into_its_text_are_taken_out(draft_of):
    """Only the numbers of the text's own citations stand in it, on one line that steers no terminal."""
    draft = draft_of(answer_data(("She was born\x1b in\n Ribe [4][99] [1, 2].", [4])))

    assert draft.sentences[0].text == "She was born in Ribe."


def test_not_in_the_documents_is_a_field_and_not_a_phrase(draft_of):
    """The model's flag refuses; words that sound like a refusal do not."""
    missing = draft_of(answer_data(found=False))
    worded = draft_of(answer_data(("The documents do not say more.", [4])))

    assert (missing.text, missing.refusal, missing.citations) == (
        NOT_IN_THE_DOCUMENTS,
        NOT_IN_THE_DOCUMENTS,
        (),
    )
    assert worded.refusal is None


@pytest.mark.parametrize(
    "failure", [DOWN, BudgetSpent("the 0 calls are used up"), UnreadableOutput("no JSON")]
)
def test_when_the_call_fails_the_extractive_answer_stands_in_and_says_so(
    draft_of, evidence, question_vector, failure
):
    """An outage is neither an error for who asks nor "not in the documents"."""
    draft = draft_of(failure)
    extractive = ExtractiveAnswerer().answer(QUESTION, question_vector(QUESTION), evidence)

    assert (draft.text, draft.citations, draft.method) == (
        extractive.text,
        extractive.citations,
        "extractive",
    )
    assert draft.warnings == (
        f"The model gave no answer, so this one is extractive: {str(failure).rstrip('.')}.",
    )


def test_an_answer_that_cites_nothing_is_no_answer(draft_of):
    """When no sentence could be kept, the extractive answer stands in."""
    draft = draft_of(answer_data(("She liked herring.", [])))

    assert draft.method == "extractive"
    assert "nothing in its reply names a sentence of the documents" in draft.warnings[-1]


def test_nothing_found_asks_no_model(question_vector):
    """Without a passage there is nothing to pay for."""
    generator = RepliesInTurn()
    draft = LlmAnswerer(generator).answer(QUESTION, question_vector(QUESTION), [])

    assert (draft.refusal, generator.requests) == (NOTHING_FOUND, [])


def test_passages_that_do_not_fit_the_window_are_left_out_and_counted(passage, question_vector):
    """The long table is left out, what stands behind it is still shown."""
    generator = RepliesInTurn(answer_data(("Short.", [1])), context_tokens=1000)
    evidence = [passage("Table", "a b c. " * 400), passage("Note", "It is short.", rank=2)]
    draft = LlmAnswerer(generator).answer("?", question_vector("?"), evidence)

    assert data_lines(generator.requests[0]) == ["# Note", "[1] It is short."]
    assert draft.warnings == ("1 of 2 passages did not fit into the model's window.",)


@pytest.mark.parametrize("window", [700, 1000, 1500, 3000, 6000])
def test_a_request_leaves_room_for_the_reply(passage, question_vector, window):
    """Instructions, documents and a reply of 1024 tokens, a quarter of a small window, fit together."""
    generator = RepliesInTurn(answer_data(("So.", [1])), context_tokens=window)
    evidence = [passage(f"Note {rank}", "It is of iron. " * 20, rank=rank) for rank in range(1, 60)]
    LlmAnswerer(generator).answer("?", question_vector("?"), evidence)
    took = sum(generator.token_count(message.content) for message in generator.requests[0].messages)

    assert window - min(1024, window // 4) - 200 < took <= window - min(1024, window // 4)


def test_a_sentence_of_invisible_characters_has_no_number(passage, question_vector):
    """What nobody can see is not shown and cannot be cited."""
    generator = RepliesInTurn(answer_data(("So.", [1])))
    hidden = passage("Note", "\u202e\u202c\n\nIt is so.")
    LlmAnswerer(generator).answer("?", question_vector("?"), [hidden])

    assert len(hidden.found.passage.sentences) == 2
    assert data_lines(generator.requests[0]) == ["# Note", "[1] It is so."]


def test_when_no_passage_fits_no_call_is_made(passage, question_vector):
    """A window that is too small for any passage costs nothing and is told."""
    generator = RepliesInTurn(context_tokens=256)
    draft = LlmAnswerer(generator).answer("?", question_vector("?"), [passage("Table", "a b c. " * 400)])

    assert generator.requests == []
    assert "none of the passages could be shown" in draft.warnings[-1]


@pytest.mark.parametrize(
    ("certainty", "confidence"), [(0.25, 0.25), (7, 1.0), (-1, 0.0), (None, 0.5), ("high", 0.5), (True, 0.5)]
)
def test_certainty_is_a_share(draft_of, certainty, confidence):
    """What is no number from 0 to 1 is brought there, or counts as half."""
    assert draft_of(answer_data(("So.", [1]), certainty=certainty)).confidence == confidence


# ------------------------------------------------------------------------------------------ streamed


def test_a_stream_ends_in_the_draft_the_whole_reply_would_give(draft_of, streamed):
    """The sentences that were shown are those of the draft, in order."""
    sentences, draft = streamed(TWO_STEPS)

    assert draft == draft_of(TWO_STEPS)
    assert tuple(sentences) == draft.sentences


def test_a_sentence_is_shown_before_the_next_is_written(evidence, question_vector):
    """The first sentence arrives while the reply is still under way, already verified."""
    generator = RepliesInTurn([json.dumps(TWO_STEPS)[:-60], DOWN])
    stream = LlmAnswerer(generator).stream(QUESTION, question_vector(QUESTION), evidence)

    first = next(stream)
    assert isinstance(first, CitedSentence)
    assert [cited.sentence for cited in first.citations] == ["It was designed by Ada Quist in 1871."]


def test_a_reply_that_breaks_off_is_kept_as_far_as_it_came(streamed):
    """What was shown stays, and the draft says that there is no more."""
    text = json.dumps(TWO_STEPS)
    sentences, draft = streamed([text[: text.index("She was born") + 4], DOWN])

    assert [each.text for each in sentences] == ["Ada Quist designed the bridge."]
    assert draft.sentences == tuple(sentences)
    assert draft.warnings == ("The model's reply broke off: the server cannot be reached.",)
    assert draft.method == ""


@pytest.mark.parametrize(
    "said", [[DOWN], ['{"in_docu', DOWN], ["I cannot help."], ['{"in_documents": true}']]
)
def test_a_stream_that_fails_before_its_first_sentence_gives_the_extractive_answer(streamed, draft_of, said):
    """The extractive sentences are shown in its place."""
    sentences, draft = streamed(said)

    assert draft.text == draft_of(DOWN).text
    assert [each.text for each in sentences] == [cited.sentence for cited in draft.citations]
    assert len(draft.warnings) == 1


def test_a_sentence_waits_until_the_model_says_that_the_documents_hold_the_answer(streamed):
    """A reply in another order shows nothing that would have to be taken back."""
    late = {key: TWO_STEPS[key] for key in ("sentences", "in_documents", "short", "certainty")}

    assert streamed(late)[1] == streamed(TWO_STEPS)[1]
    assert streamed({**late, "in_documents": False})[0] == []


def test_a_streamed_sentence_without_a_source_is_never_shown(streamed):
    """Citations are verified before a sentence is shown, not after."""
    sentences, _ = streamed(answer_data(("She liked herring.", [9]), ("She was born in Ribe.", [4])))

    assert [each.text for each in sentences] == ["She was born in Ribe."]


# ------------------------------------------------------------------------------------------ in a shape

TOWN = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}


@pytest.fixture
def filled(evidence, question_vector):
    """What a reply becomes in the shape of a town."""

    def drafted(*replies, shape=TOWN):
        answerer = LlmAnswerer(RepliesInTurn(*replies))
        return answerer.fill(QUESTION, question_vector(QUESTION), evidence, shape)

    return drafted


def test_data_comes_with_the_sentences_it_rests_on(filled):
    """The shape is filled, and the citations are those of the sentences beside it."""
    draft = filled({**TWO_STEPS, "data": {"town": "Ribe"}})

    assert draft.data == {"town": "Ribe"}
    assert [cited.sentence for cited in draft.citations][-1] == "She was born in Ribe."


def test_without_evidence_there_is_no_data(filled):
    """What the model filled in although the documents do not hold it is not given."""
    draft = filled({**answer_data(found=False), "data": {"town": "Rome"}})

    assert (draft.data, draft.refusal) == (None, NOT_IN_THE_DOCUMENTS)


def test_data_that_rests_on_nothing_and_a_failed_call_are_errors(filled):
    """No extractive answer has the shape, so nothing stands in."""
    with pytest.raises(UnreadableOutput, match="names a sentence"):
        filled({**answer_data(("It is Rome.", [77])), "data": {"town": "Rome"}})
    with pytest.raises(ModelUnavailable):
        filled(DOWN)
