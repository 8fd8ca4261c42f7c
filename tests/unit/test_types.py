"""The nouns: ids made from content, and what of a passage is embedded."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.types import Document, Passage, Sentence, content_id

DOCUMENT = Document(
    "a", "Title", "Text.", "file:a", "text/plain", datetime(2026, 1, 1, tzinfo=UTC), {"n": 1, "m": None}
)
PASSAGE = Passage(
    "p",
    "a",
    "Title",
    "One > Two",
    "A\n line. B.",
    5,
    16,
    0,
    (Sentence("A\n line.", 5, 13), Sentence("B.", 14, 16)),
)

texts = st.lists(st.text(st.characters(exclude_categories=[])), max_size=4)


@given(texts, texts)
def test_an_id_names_its_parts(one, other):
    """Equal parts have one id, other parts or another division of them another."""
    assert (content_id(*one) == content_id(*other)) == (one == other)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "b"},
        {"title": "Other"},
        {"text": "Text!"},
        {"uri": "file:b"},
        {"media_type": "text/html"},
        {"timestamp": None},
        {"timestamp": datetime(2026, 1, 2, tzinfo=UTC)},
        {"metadata": {"n": 2, "m": None}},
        {"title": "TitleText.", "text": ""},
    ],
)
def test_any_change_of_a_document_changes_its_hash(change):
    """Whatever a reader could see counts."""
    assert replace(DOCUMENT, **change).content_hash() != DOCUMENT.content_hash()


def test_the_order_of_metadata_changes_nothing():
    """The same keys and values are the same document."""
    assert replace(DOCUMENT, metadata={"m": None, "n": 1}).content_hash() == DOCUMENT.content_hash()


def test_a_passage_is_embedded_with_what_it_is_about():
    """Title and headings, a newline, the text; nothing before the text where there is neither."""
    assert PASSAGE.embedding_text() == "Title > One > Two\nA\n line. B."
    assert replace(PASSAGE, heading="").embedding_text() == "Title\nA\n line. B."
    assert replace(PASSAGE, title="", heading="").embedding_text() == "A\n line. B."


def test_a_sentence_is_embedded_with_its_title():
    """On one line, whatever lines it stood on."""
    assert PASSAGE.sentence_text(0) == "Title: A line."
    assert replace(PASSAGE, title="").sentence_text(1) == "B."


def test_records_do_not_change():
    """Who wants another makes a copy."""
    with pytest.raises(FrozenInstanceError):
        DOCUMENT.title = "Other"
