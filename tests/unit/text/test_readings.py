"""Readings: any value becomes names and facts, or is left out and counted."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hippograph.text.names import normal_name
from hippograph.text.readings import LONGEST_NAME, MOST_FACTS, Reading, read_reading, read_text

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["subject", "name", "o", "x"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(ANY_JSON, ANY_JSON)
def test_any_values_are_read_without_an_error(names, facts):
    """Whatever stands where names and facts should, what comes out are texts that name something."""
    reading = read_reading(names, facts)

    texts = [*reading.names, *(part for fact in reading.facts for part in fact)]
    assert all(isinstance(text, str) and normal_name(text) for text in texts)
    assert all(len(fact) == 3 and normal_name(fact[0]) != normal_name(fact[2]) for fact in reading.facts)
    assert json.loads(json.dumps([reading.names, reading.facts])) is not None


@pytest.mark.parametrize(
    ("facts", "read"),
    [
        ([["Ada", "born in", 1815]], (("Ada", "born in", "1815"),)),
        ([["Ada", "met", ["Bo", "Cy"]]], (("Ada", "met", "Bo"), ("Ada", "met", "Cy"))),
        ([[["Ada", "met", "Bo"], ["Ada", "met", "Cy"]]], (("Ada", "met", "Bo"), ("Ada", "met", "Cy"))),
        ([{"subject": "Ada", "predicate": "met", "object": "Bo"}], (("Ada", "met", "Bo"),)),
        ([["Ada", "met", "Bo"], ["ada", "Met", "bo"]], (("Ada", "met", "Bo"),)),
        ([["Ada", "is", "Ada"]], ()),
    ],
)
def test_other_shapes_of_a_fact_are_read(facts, read):
    """Numbers, lists of objects, lists wrapped twice and records are facts; doubles and loops are not."""
    assert read_reading([], facts).facts == read


@pytest.mark.parametrize(
    "bad",
    [
        ["Ada", "met"],
        ["Ada", "met", "Bo", "Cy"],
        ["Ada", "", "Bo"],
        ["Ada", None, "Bo"],
        ["Ada", "met", True],
        ["Ada", "met", {"name": "Bo"}],
        "Ada met Bo",
        7,
        {"subject": "Ada"},
        ["x" * (LONGEST_NAME + 1), "met", "Bo"],
    ],
)
def test_what_is_no_fact_is_counted(bad):
    """Wrong arity, empty parts and values that are no text are left out; the fact beside them stays."""
    reading = read_reading([], [bad, ["Ada", "met", "Cy"]])

    assert reading.facts == (("Ada", "met", "Cy"),)
    assert reading.dropped == 1


def test_names_are_read_from_texts_numbers_and_records():
    """The first spelling of a name counts; what names nothing is dropped."""
    reading = read_reading(["Ada", {"name": "Bo", "type": "person"}, 1815, "the ADA", " ", False], None)

    assert reading.names == ("Ada", "Bo", "1815")
    assert reading.dropped == 2


def test_a_reply_that_repeats_itself_without_end_is_cut():
    """A thousand facts of one text are enough."""
    reading = read_reading([], [[f"Ada {n}", "met", "Bo"] for n in range(MOST_FACTS + 5)])

    assert len(reading.facts) == MOST_FACTS
    assert reading.dropped == 5


def test_an_endless_integer_is_no_text():
    """Python refuses to print it, and that is no crash."""
    assert read_text(10**5000) == ""


def test_halves_of_surrogate_pairs_are_replaced():
    """JSON can hold them, a file cannot."""
    assert read_text("Ada \ud800 Bo") == "Ada ? Bo"


def test_two_readings_of_one_text_are_one():
    """Names and facts of both, each once, and what both dropped."""
    first = Reading(("Ada",), (("Ada", "met", "Bo"),), 1)
    second = Reading(("ada", "Bo"), (("Ada", "met", "Bo"), ("Bo", "met", "Cy")), 2)

    assert first + second == Reading(("Ada", "Bo"), (("Ada", "met", "Bo"), ("Bo", "met", "Cy")), 3)
