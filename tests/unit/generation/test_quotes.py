"""Quotes: found in the document's own words, or not shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.generation.quotes import find_quote, unproven_quotes, without_marks

TEXT = "She wrote:\n  “Salt keeps — and so did she.” It's in the [third] party’s ledger, 1957."


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("Salt keeps — and so did she.", "Salt keeps — and so did she."),
        ('"Salt keeps - and so did she"', "“Salt keeps — and so did she"),
        ("wrote: 'Salt", None),
        ("wrote: “Salt keeps", "wrote:\n  “Salt keeps"),
        ("It’s in the (third) party's ledger", "It's in the [third] party’s ledger"),
        ("ledger, 1957!", "ledger, 1957"),
        ("salt keeps", None),
        ("alt keeps", None),
        ("led", None),
        ("195", None),
        ("", None),
        ("   ", None),
        ('""', None),
    ],
)
def test_only_signs_and_white_space_may_differ(quote, words):
    """Quotation marks, dashes, brackets and white space are equal in all their forms; letters and words are not."""
    place = find_quote(quote, TEXT)

    if words is None:
        assert place is None
    else:
        assert place is not None
        assert TEXT[slice(*place)].strip('“”"') == words.strip('“”"')


def test_scripts_without_spaces_are_quoted_from_any_place():
    """A quote may begin between two characters where words are not set apart."""
    text = "東京は日本の首都である。"

    assert text[slice(*find_quote("日本の首都", text))] == "日本の首都"


@given(st.text(max_size=60), st.data())
def test_every_stretch_of_whole_words_is_found_and_means_the_same(text, data):
    """What was cut out of a text between white space is found in it, and what is found reads the same."""
    words = text.split()
    if words:
        first = data.draw(st.integers(0, len(words) - 1))
        last = data.draw(st.integers(first, len(words) - 1))
        quote = " ".join(words[first : last + 1])
        place = find_quote(quote, text)

        if any(letter.isalnum() for letter in quote):
            assert place is not None
            assert find_quote(quote, text[slice(*place)]) is not None


@given(st.text(max_size=30), st.text(max_size=60))
def test_a_found_place_lies_within_the_text(quote, text):
    """Whatever is looked for, start and end are places of the text, in order."""
    place = find_quote(quote, text)

    assert place is None or 0 <= place[0] < place[1] <= len(text)


def test_marks_come_off_what_no_source_says():
    """Words in quotation marks that stand nowhere lose the marks; a single word and a true quote keep them."""
    sentence = 'The “Salt Ledger” is "a masterpiece of our time", as “critics” wrote.'
    unproven = unproven_quotes(sentence, [TEXT, "The Salt Ledger"])

    assert unproven == ["a masterpiece of our time"]
    assert without_marks(sentence, unproven[0]) == (
        "The “Salt Ledger” is a masterpiece of our time, as “critics” wrote."
    )
