"""JSON read while it is written: nothing early, nothing lost."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.generation.json_stream import members

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def in_pieces(text, cuts):
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in itertools.pairwise(places)]


@given(
    st.dictionaries(st.text(), VALUES, max_size=4),
    st.lists(st.integers(0, 500), max_size=12),
    st.sampled_from([None, 2]),
)
def test_any_object_in_any_pieces_gives_its_members(record, cuts, indent):
    """Wherever the text is cut, the members come in order, lists element by element."""
    text = f"Here it is: ```json\n{json.dumps(record, indent=indent)}\n``` Anything else?"

    expected = []
    for name, value in record.items():
        expected += [(name, each) for each in value] if isinstance(value, list) else [(name, value)]
    assert list(members(in_pieces(text, cuts))) == expected


def test_an_element_comes_before_the_next_is_written():
    """The first sentence is given when its object is followed by a comma, not when the reply is over."""
    arrived = []

    def pieces():
        for piece in ['{"sentences": [{"text": "One."}', ', {"text": "Tw', 'o."}]}']:
            arrived.append(piece)
            yield piece

    read = members(pieces())

    assert next(read) == ("sentences", {"text": "One."})
    assert len(arrived) == 2
    assert next(read) == ("sentences", {"text": "Two."})


def test_a_number_is_not_read_before_its_end():
    """1 followed by 9 in the next piece is 19."""
    assert list(members(['{"a": 1', "9", '.5, "b": 2}'])) == [("a", 19.5), ("b", 2)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot help with that.",
        '{"a": 1',
        '{"a": [1, 2',
        '{"a" 1}',
        "{a: 1}",
        '{"a": 1 "b": 2}',
        '{"a": ' + "[" * 99_999,
    ],
    ids=["empty", "prose", "cut", "cut in a list", "no colon", "no quotes", "no comma", "deep"],
)
def test_what_cannot_be_read_is_an_error(text):
    """A reply that breaks off or is no object ends in ValueError, never in silence."""
    with pytest.raises(ValueError, match=r"."):
        list(members([text]))


@given(st.text(alphabet='{}[]",:1ea-. tn\\', max_size=40))
def test_no_text_crashes_the_reader(text):
    """Any text gives members or ValueError."""
    try:
        found = list(members(text))
    except ValueError:
        found = []

    assert all(isinstance(name, str) for name, _ in found)
