"""Synonymy edges against every pair compared by hand."""

import math
from itertools import combinations

import numpy as np
import pytest

from hippograph.graph import synonymy
from hippograph.graph.synonymy import find_synonyms


def unit(rows):
    rows = np.asarray(rows, dtype=np.float64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def pairs_of(found):
    return dict(
        zip(zip(found.left.tolist(), found.right.tolist(), strict=True), found.cosine.tolist(), strict=True)
    )


def same(count):
    return unit(np.ones((count, 4)))


@pytest.mark.parametrize("block", [1, 3, 7, 2048])
def test_every_pair_near_enough_is_found_once(monkeypatch, block):
    """Whatever the block's size, the pairs and cosines are those of comparing each name with each other."""
    monkeypatch.setattr(synonymy, "BLOCK_ROWS", block)
    vectors = unit(np.random.default_rng(7).normal(size=(40, 3)))
    expected = {
        (a, b): float(np.float32(vectors[a].astype(float) @ vectors[b].astype(float)))
        for a, b in combinations(range(40), 2)
        if np.float32(vectors[a].astype(float) @ vectors[b].astype(float)) >= np.float32(0.8)
    }
    found = find_synonyms(["name"] * 40, vectors, 0.8)

    assert len(expected) > 20
    assert len(found.left) == len(expected)
    assert pairs_of(found) == pytest.approx(expected)


def test_an_edge_depends_on_its_two_names_alone():
    """The cosine is the exact product of two stored vectors to the last bit, whatever names stand beside them."""
    vectors = (
        unit(np.random.default_rng(3).normal(size=(300, 64)) + 1.2).astype(np.float16).astype(np.float32)
    )
    names = ["name"] * 300
    whole = pairs_of(find_synonyms(names, vectors, 0.5))
    some = np.arange(0, 300, 7)
    part = pairs_of(find_synonyms(names[: len(some)], vectors[some], 0.5))

    for (one, other), cosine in whole.items():
        product = math.fsum((vectors[one].astype(float) * vectors[other].astype(float)).tolist())
        assert cosine == min(1.0, float(np.float32(product)))
    assert len(part) > 100
    assert {(some[a], some[b]): cosine for (a, b), cosine in part.items()} == {
        (a, b): cosine for (a, b), cosine in whole.items() if a % 7 == 0 and b % 7 == 0
    }


def test_the_threshold_is_near_enough():
    """A cosine of exactly the threshold is an edge; a hair below is none."""
    vectors = np.array([[1, 0], [0.8, 0.6]], dtype=np.float32)

    assert list(pairs_of(find_synonyms(["abc", "abd"], vectors, 0.8))) == [(0, 1)]
    assert pairs_of(find_synonyms(["abc", "abd"], vectors, 0.80001)) == {}


def test_no_cosine_is_above_one():
    """Vectors a little longer than one do not make an edge heavier than identity."""
    found = find_synonyms(["abc", "abd"], same(2) * np.float32(1.001), 0.8)

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
    assert bool(pairs_of(find_synonyms([one, other], same(2), 0.8))) == joined


def test_names_that_say_nothing_leave_the_others_in_place():
    """Pairs are told by the place among all names, the short ones included."""
    assert list(pairs_of(find_synonyms(["a", "abc", "b", "abd"], same(4), 0.8))) == [(1, 3)]


def test_pairs_move_behind_the_passages():
    """As nodes of a graph the entities stand behind the passages."""
    assert list(pairs_of(find_synonyms(["abc", "abd"], same(2), 0.8).shifted(10))) == [(10, 11)]


def test_no_names_are_no_pairs():
    """An index without entities has no synonymy edges."""
    assert len(find_synonyms([], np.zeros((0, 8), np.float32), 0.8).left) == 0
