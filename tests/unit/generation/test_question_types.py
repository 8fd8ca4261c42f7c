"""What a question asks for."""

from __future__ import annotations

import pytest

from hippograph.generation.question_types import AnswerType, read_question


@pytest.mark.parametrize(
    ("question", "type_", "head"),
    [
        ("Who wrote Emma?", AnswerType.PERSON, ""),
        ("The Tamm was bridged by whom?", AnswerType.PERSON, ""),
        ("Where was Ada born?", AnswerType.PLACE, ""),
        ("When did the ferry stop?", AnswerType.DATE, ""),
        ("In what year was the tower built?", AnswerType.DATE, "year"),
        ("Which river does the bridge cross?", AnswerType.PLACE, "river"),
        ("How many rooms does it have?", AnswerType.NUMBER, ""),
        ("What is the population of Lund?", AnswerType.NUMBER, "population"),
        ("What is the name of the band founded by Noor?", AnswerType.NAME, "band"),
        ("Which former ice hockey player endorses skates?", AnswerType.PERSON, "player"),
        ("Which actresses met in Ribe?", AnswerType.PERSON, "actress"),
        ("What genre is Emma?", AnswerType.ANYTHING, "genre"),
        ("Is Ada a Dane?", AnswerType.YES_NO, ""),
        ("Ada has a medal. Does Noor also have one?", AnswerType.YES_NO, ""),
        ("Lilu is what?", AnswerType.ANYTHING, ""),
    ],
)
def test_the_question_word_and_its_noun_tell_what_is_asked_for(question: str, type_: AnswerType, head: str):
    """The kind of answer follows from the question word, the noun of its phrase, or an auxiliary in front."""
    read = read_question(question)

    assert (read.type, read.head) == (type_, head)


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Which is older, the Grey Tower or the White Tower?", ("Grey Tower", "White Tower")),
        ("Who was born first out of Ada Quist and Noor Vane?", ("Ada Quist", "Noor Vane")),
        ("Between Ada Quist and Noor Vane, who lived longer?", ("Ada Quist", "Noor Vane")),
        ("Which boat is faster, the tug or the barge?", ("tug", "barge")),
    ],
)
def test_a_question_that_offers_two_things_is_a_choice_between_them(question: str, options: tuple[str, ...]):
    """ "A or B", "between A and B" and "first out of A and B" name the options."""
    read = read_question(question)

    assert (read.type, read.options) == (AnswerType.CHOICE, options)


def test_the_word_that_opens_a_question_is_no_name():
    """Question words and months with years are capitalised and are no names."""
    read = read_question("Did Ada Quist meet Noor in Ribe on May 3, 1871?")

    assert read.names == ("Ada Quist", "Noor", "Ribe")


def test_quoted_titles_are_names():
    """A title in quotation marks is a name, whatever its case."""
    assert "the last ferry" in read_question("Who wrote “the last ferry”?").names
