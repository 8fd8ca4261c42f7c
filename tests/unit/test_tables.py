"""Tables on disk: strings come back as they were, and are found by their words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph import tables
from hippograph.tables import Lookup, Strings, mapped, save_lookup, save_strings

any_text = st.text(st.characters(exclude_categories=[]))
"""Text of any characters, halves of surrogate pairs among them."""


def lookup_of(folder, strings):
    save_strings(folder, "names", strings)
    save_lookup(folder, "names", strings)
    return Lookup(folder, "names")


@hypothesis_settings(deadline=None)
@given(st.lists(any_text))
def test_strings_come_back_as_they_were(tmp_path_factory, strings):
    """Any list of any strings, empty ones and odd characters included, in order."""
    folder = tmp_path_factory.mktemp("strings")
    save_strings(folder, "names", iter(strings))
    table = Strings(folder, "names")

    assert list(table) == strings
    assert len(table) == len(strings)
    assert table[1:3] == strings[1:3]
    assert table[::-1] == strings[::-1]


def test_places_count_from_either_end(tmp_path):
    """A table is indexed like a list, with the same errors."""
    save_strings(tmp_path, "names", ["a", "bc"])
    table = Strings(tmp_path, "names")

    assert (table[0], table[-1], table[np.int64(1)]) == ("a", "bc", "bc")
    for outside in (2, -3):
        with pytest.raises(IndexError):
            table[outside]


@hypothesis_settings(deadline=None)
@given(st.lists(any_text, unique=True), st.lists(any_text))
def test_a_string_is_found_where_it_stands(tmp_path_factory, strings, others):
    """Every string by its place, in any order; None for those that are not there."""
    table = lookup_of(tmp_path_factory.mktemp("lookup"), strings)
    asked = [*others, *reversed(strings)]

    assert table.find(asked) == [strings.index(name) if name in strings else None for name in asked]


def test_strings_with_one_hash_are_told_apart(tmp_path, monkeypatch):
    """What shares a hash is compared by its words; a stranger with the same hash is not found."""
    monkeypatch.setattr(tables, "_hashes", lambda strings: np.full(len(strings), 7, dtype=np.uint64))
    table = lookup_of(tmp_path, ["a", "b", "c"])

    assert table.find(["c", "a", "x", "b"]) == [2, 0, None, 1]


def test_an_empty_table_finds_nothing(tmp_path):
    """A lookup of no strings opens, and holds none."""
    table = lookup_of(tmp_path, [])

    assert len(table) == 0
    assert table.find(["a", ""]) == [None, None]
    assert table.find([]) == []


def test_a_mapped_array_cannot_be_written_to(tmp_path):
    """What was published never changes, whatever a reader does."""
    np.save(tmp_path / "a.npy", np.arange(3))
    array = mapped(tmp_path / "a.npy")

    assert array.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_arrays_of_objects_are_refused(tmp_path):
    """Nothing that would be unpickled is read."""
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)

    with pytest.raises(ValueError, match=r"Python objects|allow_pickle"):
        mapped(tmp_path / "a.npy")
