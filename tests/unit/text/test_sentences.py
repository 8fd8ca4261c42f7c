"""Sentences: exact offsets, whole coverage, and boundaries where a reader sees them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.text import sentences
from hippograph.text.sentences import LONGEST, split_sentences


def texts(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@given(st.text(alphabet=st.sampled_from("ab A.?!。।\n\r\t-:#\"' \u200b\u2028é"), max_size=80))
def test_every_visible_character_is_in_exactly_one_sentence(text):
    """Spans are in order, never overlap, and leave only white space out."""
    spans = split_sentences(text)

    left = list(text)
    last = 0
    for start, end in spans:
        assert last <= start < end
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        left[start:end] = " " * (end - start)
        last = end
    assert "".join(left).strip() == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. J. R. R. Tolkien lived in the U.S. for 3.5 years.",
        "She met Mr. Smith on Jan. 5 at St. Paul's.",
        "It cost $3.50, e.g. at Acme Inc. in town.",
        "Version 2.0.1 was released by example.com.",
    ],
)
def test_abbreviations_initials_and_decimals_end_no_sentence(sentence):
    """A full stop inside a sentence is read as what it is."""
    assert texts(f"{sentence} Then it rained.") == [sentence, "Then it rained."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Title\n\nFirst one. Second one.", ["Title", "First one.", "Second one."]),
        ("- one thing\n- another thing", ["- one thing", "- another thing"]),
        ("Ann: hello. bye\nBen: fine", ["Ann: hello.", "bye", "Ben: fine"]),
        ("# Head\nBody text here.", ["# Head", "Body text here."]),
        ("这是。那是！你好", ["这是。", "那是！", "你好"]),
        ("यह है। वह है॥", ["यह है।", "वह है॥"]),
        ("هل هذا صحيح؟ نعم", ["هل هذا صحيح؟", "نعم"]),
        ("他说「好。」然后走了。", ["他说「好。」", "然后走了。"]),
        ("One.\r\nTwo.", ["One.", "Two."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_where_sentences_end(text, expected):
    """Paragraphs, list items, chat lines, headings and the full stops of other scripts end a sentence."""
    assert texts(text) == expected


def test_lines_wrapped_by_hand_are_one_sentence():
    """A line that ends only because the next word did not fit goes on."""
    text = (
        "This paragraph was broken by hand where the\nmargin of the letter was, as one did in the old\ndays."
    )

    assert texts(text) == [text]


def test_a_sentence_without_end_is_cut_at_white_space():
    """Pieces of a very long line are at most LONGEST characters and end between words."""
    pieces = texts("word " * 2000)

    assert max(map(len, pieces)) <= LONGEST
    assert {word for piece in pieces for word in piece.split()} == {"word"}
    assert sum(len(piece.split()) for piece in pieces) == 2000


def test_a_word_without_end_is_cut_too():
    """Even a blob without white space cannot make a piece longer than LONGEST."""
    pieces = texts("x" * 2500)

    assert "".join(pieces) == "x" * 2500
    assert max(map(len, pieces)) <= LONGEST


def test_plain_rules_stand_in_for_the_model(monkeypatch):
    """Without the model's files the plain rules find the same boundaries in plain text."""
    text = "Dr. Smith came at 5 p.m. to see us. He left early! Why? Nobody knows."
    monkeypatch.setattr(sentences, "_punkt", lambda: sentences._by_rules)

    assert texts(text) == [
        "Dr. Smith came at 5 p.m. to see us.",
        "He left early!",
        "Why?",
        "Nobody knows.",
    ]
