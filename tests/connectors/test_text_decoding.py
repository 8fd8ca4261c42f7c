"""Encodings: what bytes become which characters."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsers.decoding import detect_encoding
from connectors.parsers.entries import storable
from connectors.parsers.plain import read_text


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_files_are_read_without_their_mark(codec):
    """A byte order mark is not part of the text."""
    text = "北京, Москва, القاهرة, Zürich 🎉"

    assert read_text(io.BytesIO(text.encode(codec)))[0] == text


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        ("Zürich", "cp1252", "cp1252"),
        ("He said “hello” – and left the café.", "cp1252", "cp1252"),
        ("Grüße aus München, schöne Straße", "latin-1", "cp1252"),
        ("Москва — столица России и крупный город", "cp1251", "cp1251"),
        ("Zażółć gęślą jaźń, Łódź jest miastem w Polsce", "cp1250", "cp1250"),
        ("東京は日本の首都です。", "shift_jis", "cp932"),
    ],
)
def test_a_legacy_encoding_is_guessed_and_said_to_be_a_guess(text, codec, name):
    """The text is right, and its metadata says how it was read."""
    assert read_text(io.BytesIO(text.encode(codec))) == (text, {"encoding": name, "encoding_is_guess": True})


def test_a_declared_encoding_is_believed_where_utf8_does_not_fit():
    """UTF-8 decides first, since pages often declare what they are not; an unknown codec is no help."""
    cyrillic, unicode = "да".encode("koi8_r"), "да".encode()

    assert read_text(io.BytesIO(cyrillic), "koi8-r") == (
        "да",
        {"encoding": "koi8-r", "encoding_is_guess": False},
    )
    assert read_text(io.BytesIO(unicode), "koi8-r") == ("да", {})
    assert read_text(io.BytesIO("café".encode("cp1252")), "no-such-codec")[0] == "café"


@pytest.mark.parametrize("place", [0, 1, 2, 3, 5])
def test_a_character_over_the_edge_of_a_piece_is_whole(place):
    """The file is looked through in pieces of a mebibyte; no character is cut at the edge."""
    text = "a" * ((1 << 20) - place) + "🎉北京"

    assert detect_encoding(io.BytesIO(text.encode())).name == "utf-8"


def test_a_guess_is_made_where_the_text_is_not_ascii():
    """A foreign byte far behind the beginning still decides."""
    text = "plain words " * 100_000 + "Zürich"

    assert read_text(io.BytesIO(text.encode("cp1252")))[0] == text


PRINTED = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff") | st.sampled_from(
    "\r\n\t"
)


@settings(deadline=None)
@given(st.text(PRINTED))
def test_utf8_is_read_back(text):
    """Any text without control characters comes back with its line ends as newlines."""
    content = text.encode("utf-8")

    assert read_text(io.BytesIO(content)) == (text.replace("\r\n", "\n").replace("\r", "\n"), {})


@settings(deadline=None)
@given(st.text(st.characters() | st.sampled_from("\r\n\ud800")))
def test_a_storable_text_can_be_stored(text):
    """No carriage return, NUL or half surrogate is left, and once is enough."""
    stored = storable(text)

    assert not set(stored) & {"\r", "\0"}
    assert stored.encode("utf-8").decode("utf-8") == stored
    assert storable(stored) == stored
