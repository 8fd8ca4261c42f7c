"""Synonymy edges against every pair compared by hand."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.graph import synonymy
from hippograph.graph.synonymy import SAYS_NOTHING, find_new_synonyms, numerals_of
from hippograph.vectors import STEPS, from_steps, to_steps


def unit_steps(rows):
    rows = np.asarray(rows, dtype=np.float64)
    return to_steps(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def find(names, steps, threshold, first_new=0):
    return find_new_synonyms(steps, numerals_of(names), first_new, threshold)


def pairs_of(found):
    """Pairs and their cosines; a pair that is told twice fails."""
    keys = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, found.cosine.tolist(), strict=True))


def by_hand(steps, threshold, first_new=0):
    """Every pair, multiplied in whole numbers: exact, whatever a processor makes of sums."""
    whole = steps.astype(np.int64)
    cosines = {
        (a, b): int(whole[a] @ whole[b]) / STEPS**2
        for a, b in combinations(range(len(steps)), 2)
        if b >= first_new
    }
    return {pair: min(1.0, cosine) for pair, cosine in cosines.items() if cosine >= threshold}


def same(count):
    return unit_steps(np.ones((count, 4)))


@pytest.mark.parametrize("first_new", [0, 1, 17, 39, 40])
@pytest.mark.parametrize(("block", "new"), [(1, 1), (3, 7), (7, 3), (8192, 2048)])
def test_every_new_pair_near_enough_is_found_once(monkeypatch, block, new, first_new):
    """Whatever the sizes of blocks, to the last bit the pairs and cosines of comparing each name with each other."""
    monkeypatch.setattr(synonymy, "BLOCK_ROWS", block)
    monkeypatch.setattr(synonymy, "NEW_ROWS", new)
    steps = unit_steps(np.random.default_rng(7).normal(size=(40, 3)))
    found = pairs_of(find(["name"] * 40, steps, 0.8, first_new))

    assert found == by_hand(steps, 0.8, first_new)
    assert len(found) > 20 or first_new > 1


@hypothesis_settings(deadline=None)
@given(st.permutations(range(24)), st.lists(st.integers(0, 24), max_size=4))
def test_pairs_are_the_same_however_names_came(order, cuts):
    """In any order and any batches the same two names are joined, with the same cosine."""
    steps = unit_steps(np.random.default_rng(3).normal(size=(24, 6)) + 0.7)
    moved, found = steps[list(order)], {}
    bounds = [0, *sorted(set(cuts) - {0, 24}), 24]
    for first, end in pairwise(bounds):
        for (a, b), cosine in pairs_of(find(["name"] * end, moved[:end], 0.5, first)).items():
            found[tuple(sorted((order[a], order[b])))] = cosine

    assert found == by_hand(steps, 0.5)
    assert len(found) > 50


def test_an_edge_depends_on_its_two_names_alone():
    """The cosine is the exact product of two stored vectors, whatever names stand beside them."""
    steps = unit_steps(np.random.default_rng(3).normal(size=(300, 64)) + 1.2)
    whole = pairs_of(find(["name"] * 300, steps, 0.5))
    some = np.arange(0, 300, 7)
    part = pairs_of(find(["name"] * len(some), steps[some], 0.5))

    assert whole == by_hand(steps, 0.5)
    assert len(part) > 100
    assert {(some[a], some[b]): cosine for (a, b), cosine in part.items()} == {
        (a, b): cosine for (a, b), cosine in whole.items() if a % 7 == 0 and b % 7 == 0
    }


def test_the_threshold_is_near_enough():
    """A cosine of exactly the threshold is an edge; a hair above it is none."""
    steps = np.array([[STEPS, 0], [3072, 2709]], dtype=np.int16)

    assert from_steps(steps)[1, 0] == 0.75
    assert pairs_of(find(["abc", "abd"], steps, 0.75)) == {(0, 1): 0.75}
    assert pairs_of(find(["abc", "abd"], steps, 0.75001)) == {}


def test_no_cosine_is_above_one():
    """Vectors a little longer than one do not make an edge heavier than identity."""
    found = find(["abc", "abd"], same(2) + np.int16(3), 0.8)

    assert found.cosine.tolist() == [1.0]


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ("world war 1", "world war 2", False),
        ("12 may 1963", "1963 may 12", False),
        ("summer 1963", "the summer of 1963", True),
        ("world war", "world war 2", False),
        ("us", "uk", False),
        ("u s", "usa", False),
        ("1963", "1963", False),
        ("usa", "united states", True),
        ("москва", "москве", True),
        ("القاهرة", "قاهرة", True),
        ("京", "北京", True),
    ],
)
def test_which_names_may_be_synonyms(one, other, joined):
    """Other digits are another thing, and fewer than three letters say too little, unless they are whole words."""
    assert bool(pairs_of(find([one, other], same(2), 0.8))) == joined


def test_names_that_say_nothing_leave_the_others_in_place():
    """Pairs are told by the place among all names, the short ones included."""
    assert list(pairs_of(find(["a", "abc", "b", "abd"], same(4), 0.8))) == [(1, 3)]


def test_numerals_are_those_of_the_digits_alone():
    """The same digits in the same order give one number, others another, and no digits are digits too."""
    one, same_digits, other, none, short = numerals_of(
        ["may 12 1963", "12 and 1963", "may 1963", "may", "ma"]
    )

    assert one == same_digits
    assert len({one, other, none, SAYS_NOTHING}) == 4
    assert short == SAYS_NOTHING


def test_no_new_names_are_no_pairs():
    """An index without entities has no synonymy edges, and neither has a version that names nothing new."""
    assert len(find([], np.zeros((0, 8), np.int16), 0.8)) == 0
    assert len(find(["abc", "abd"], same(2), 0.8, first_new=2)) == 0
