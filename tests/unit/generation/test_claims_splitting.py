"""From a text to claims: what is a claim, what it is about, and how many one sentence makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.errors import QuestionError
from hippograph.generation.claims import split_claims
from hippograph.generation.claims.subjects import find_opening, name_of


def claims(text, topic=""):
    return [claim.text for claim in split_claims(text, topic).claims]


def reasons(text):
    return [skipped.reason for skipped in split_claims(text).skipped]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada was born in Ribe. She wrote notes.", "Ada wrote notes."),
        ("Ada was a painter. Her notes are famous.", "Ada's notes are famous."),
        ("Marren is a town in Savoy. It has a fountain.", "Marren has a fountain."),
        ("Marren is a town in Savoy. The town has a fountain.", "Marren has a fountain."),
        ("Ada Quist was an engineer. Quist died in 1912.", "Ada Quist died in 1912."),
        ("Ada was an engineer. In 1871 she built a bridge.", "In 1871 Ada built a bridge."),
    ],
)
def test_a_pronoun_is_replaced_by_what_the_text_is_about(text, expected):
    """He, she, it, a possessive, "the town" and a last name stand for the subject before them."""
    assert claims(text)[-1] == expected


@pytest.mark.parametrize(
    "text",
    [
        "The plan failed. She wrote notes.",
        "Marren is a town in Savoy. She wrote notes.",
        "Ada was a painter. It has a fountain.",
        "Ada was a painter. They left the town.",
    ],
)
def test_a_pronoun_that_no_name_fits_stays(text):
    """A town is no "she", a painter no "it", one person no "they": the rules are not sure and change nothing."""
    assert claims(text)[-1].split()[0] in {"She", "It", "They"}


def test_the_topic_answers_for_the_first_pronoun():
    """A text whose title is known may open with a pronoun."""
    assert claims("He designed the engine.", topic="Charles Babbage (inventor)") == [
        "Charles Babbage designed the engine."
    ]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Ada wrote notes and died in London.", ["Ada wrote notes.", "Ada died in London."]),
        (
            "Ada was born in Ribe and was buried in Hull.",
            ["Ada was born in Ribe.", "Ada was buried in Hull."],
        ),
        (
            "The bridge was built in 1871 and opened by the king.",
            ["The bridge was built in 1871.", "The bridge was opened by the king."],
        ),
        ("Ada wrote notes, and Noor painted boats.", ["Ada wrote notes.", "Noor painted boats."]),
        ("Ada, who wrote notes, died in 1852.", ["Ada wrote notes.", "Ada died in 1852."]),
        ("Ada, an English countess, wrote notes.", ["Ada was an English countess.", "Ada wrote notes."]),
        (
            "Ada (3 May 1815 – 27 November 1852) wrote notes.",
            ["Ada was born on 3 May 1815.", "Ada died on 27 November 1852.", "Ada wrote notes."],
        ),
        ("Ada (born 1815) wrote notes.", ["Ada was born in 1815.", "Ada wrote notes."]),
    ],
)
def test_a_sentence_gives_one_claim_for_each_statement(sentence, expected):
    """Coordination, relative clauses, appositions and years of life are claims of their own."""
    assert claims(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Ada painted black and white boats.",
        "The film is written and directed by Ada.",
        "Ada and Noor wrote notes.",
        "Ada built the Iron Bridge over the Tamm and the Lund.",
    ],
)
def test_lists_of_words_are_no_statements_of_their_own(sentence):
    """An "and" between nouns, adjectives or participles splits nothing."""
    assert claims(sentence) == [sentence]


@pytest.mark.parametrize(
    ("sentence", "claim", "hedge"),
    [
        ("Ada probably died in 1852.", "Ada died in 1852.", "probably"),
        ("Ada may have been born in Ribe.", "Ada was born in Ribe.", "may"),
        ("It is said that Ada wrote notes.", "Ada wrote notes.", ""),
        ("However, Ada wrote notes.", "Ada wrote notes.", ""),
        ("According to Noor Vane, Ada wrote notes.", "According to Noor Vane, Ada wrote notes.", ""),
    ],
)
def test_what_weakens_a_statement_is_left_out_and_remembered(sentence, claim, hedge):
    """Hedges and sources that nobody named go; a source with a name is a part of the claim."""
    (found,) = split_claims(sentence).claims

    assert (found.text, found.hedge) == (claim, hedge)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Who wrote the notes?", "a question"),
        ("# The notes", "a heading"),
        ("Please read the notes.", "a request or a greeting"),
        ("I read the notes.", "about the speaker or the reader"),
        ("Everyone should read the notes.", "an opinion or advice"),
        ("Ada would have liked the notes.", "a supposition"),
        ("These are the notes:", "an introduction to what follows"),
        ("Great notes.", "a fragment"),
    ],
)
def test_what_claims_nothing_is_skipped_with_the_reason(sentence, reason):
    """Sentences that sources can neither bear out nor refute are named, not judged."""
    assert claims(sentence) == []
    assert reasons(sentence) == [reason]


@pytest.mark.parametrize(
    "sentence", ["The US joined World War I in 1917.", "Otto I of Guelders died in 1207."]
)
def test_capitals_tell_a_country_and_a_numeral_from_the_speaker(sentence):
    """Neither "US" nor the "I" behind a name is about the speaker."""
    assert claims(sentence) == [sentence]


def test_a_claim_knows_where_its_sentence_stands():
    """Start and end cut the sentence out of the text, with whatever stood around it."""
    text = "## Notes\n\n- **Ada** wrote notes. [1]\n- Noor probably painted boats.\n"

    for claim in split_claims(text).claims:
        assert text[claim.start : claim.end] == claim.sentence
    assert claims(text) == ["Ada wrote notes.", "Noor painted boats."]


def test_other_scripts_are_claims_as_they_stand():
    """Sentences whose grammar the rules do not know stay whole and are not skipped."""
    assert claims("北京大学在1898年成立。它在北京。") == ["北京大学在1898年成立。", "它在北京。"]
    assert claims("Лев Толстой родился в 1828 году.") == ["Лев Толстой родился в 1828 году."]


@pytest.mark.parametrize("text", ["", "  \n", "?!...", None, 7])
def test_what_is_no_text_is_refused(text):
    """Nothing to read is a QuestionError that says what to give."""
    with pytest.raises(QuestionError, match="at least one sentence"):
        split_claims(text)


def test_a_huge_text_is_read_as_far_as_allowed_and_the_rest_is_counted():
    """Claims and characters have an upper bound, and what was left unread adds up."""
    text = "Ada wrote notes. " * 100

    by_claims = split_claims(text, most_claims=10)
    by_characters = split_claims(text, most_characters=170)

    assert (len(by_claims.claims), by_claims.unread_characters) == (10, 17 * 90)
    assert (len(by_characters.claims), by_characters.unread_characters) == (10, 17 * 90)


@given(st.text(min_size=1, max_size=300))
def test_no_text_breaks_the_splitter(text):
    """Any text gives claims that lie within it, or is refused for having no letter."""
    try:
        split = split_claims(text)
    except QuestionError:
        assert not any(letter.isalnum() for letter in text)
        return
    for claim in split.claims:
        assert text[claim.start : claim.end] == claim.sentence
        assert claim.text.strip()


@pytest.mark.parametrize(
    ("sentence", "subject"),
    [
        ("Ada wrote notes.", "Ada"),
        ("In 1871, after the war, the bridge was opened.", "the bridge"),
        ("The capital of France is Paris.", "The capital of France"),
        ("Ada also wrote notes.", "Ada"),
    ],
)
def test_the_subject_stands_before_the_first_verb(sentence, subject):
    """Without what is put in front of it, and without the adverb behind it."""
    opening = find_opening(sentence)

    assert opening is not None
    assert opening.text.removeprefix("after the war, ") == subject


def test_a_subject_is_a_name_only_as_a_whole():
    """A name with something hanging on it is a noun phrase about another thing."""
    assert [name_of(phrase) for phrase in ("The Tamm", "Ada's notes", "The mouth of the Tamm")] == [
        "The Tamm",
        "",
        "",
    ]
