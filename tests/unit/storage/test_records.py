"""Records written as JSON text come back as they were."""

from datetime import UTC, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from hippograph.storage.records import (
    document_from_json,
    document_to_json,
    extraction_from_json,
    extraction_to_json,
    passage_from_json,
    passage_to_json,
    split_document,
)
from hippograph.types import Document, Extraction, Mention, MentionKind, Passage, Sentence, Triple

text = st.text(st.characters(exclude_categories=[]), max_size=20)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
values = st.one_of(text, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none())
documents = st.builds(
    Document,
    id=text,
    title=text,
    text=text,
    uri=text,
    media_type=text,
    timestamp=st.none() | st.datetimes(timezones=zones),
    metadata=st.dictionaries(text, values, max_size=3),
)
places = st.integers(0, 9)
extractions = st.builds(
    Extraction,
    passage=st.just("p"),
    mentions=st.lists(st.builds(Mention, text, st.sampled_from(MentionKind), places), max_size=4).map(tuple),
    triples=st.lists(st.builds(Triple, text, text, text, places, st.floats(0, 1), text), max_size=4).map(
        tuple
    ),
)


@st.composite
def passages(draw):
    """A passage somewhere in its document, with sentences somewhere in it."""
    body, start = draw(text), draw(st.integers(0, 1000))
    cuts = st.tuples(st.integers(0, len(body)), st.integers(0, len(body))).map(sorted)
    spans = draw(st.lists(cuts, max_size=3))
    sentences = tuple(Sentence(body[a:b], start + a, start + b) for a, b in spans)
    return Passage(
        "p", draw(text), draw(text), draw(text), body, start, start + len(body), draw(places), sentences
    )


@given(documents)
def test_a_document_comes_back_as_it_was(document):
    """Any document, with its time zone, its metadata and characters of any kind, on one line of ASCII."""
    line = document_to_json(document)

    assert document_from_json(line) == document
    assert line.isascii()
    assert "\n" not in line


@given(passages())
def test_a_passage_comes_back_as_it_was(passage):
    """Sentences are kept as offsets and read from the passage's text."""
    assert passage_from_json(passage_to_json(passage)) == passage


@given(extractions)
def test_an_extraction_comes_back_for_any_passage_with_those_words(extraction):
    """What was found does not name the passage, so passages with the same words share it."""
    again = extraction_from_json(extraction_to_json(extraction), "q")

    assert (again.passage, again.mentions, again.triples) == ("q", extraction.mentions, extraction.triples)


@given(documents)
def test_a_document_is_split_from_its_text(document):
    """Record and text together are the document."""
    record, body = split_document(document)

    assert body == document.text
    assert document_from_json(record).text == ""
    assert document_from_json(record).metadata == document.metadata
