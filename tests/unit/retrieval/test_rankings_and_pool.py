"""Orders of rows against full sorts, and the vectors of a pool against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.adapters.numpy_vectors import NumpyVectors
from hippograph.lexical import LexicalScores
from hippograph.retrieval import rankings
from hippograph.retrieval.pool import best_per_passage, gather_pool, nearest_sentences, sentences_of, union
from hippograph.retrieval.rankings import Ranking, dense_ranking, dense_rankings, lexical_ranking
from hippograph.types import Row

# Few distinct values, so that ties abound.
scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=20)


KEYS = np.random.default_rng(1).permutation(20).astype(np.uint64) + np.uint64(2**63)
"""Numbers made from content, of which some are beyond what a signed number holds."""


class Keyed:
    """An index that knows only the keys of its passages."""

    def keys_of(self, rows):
        return KEYS[rows]


def sorted_by_hand(values):
    return sorted(range(len(values)), key=lambda row: (-values[row], int(KEYS[row])))


@given(scores, st.randoms(use_true_random=False))
def test_ties_go_to_the_smaller_key(values, random):
    """A ranking is the full sort by score, then by what was made from content, in whatever order the rows came."""
    rows = list(range(len(values)))
    random.shuffle(rows)
    rows = np.array(rows, dtype=np.int64)
    ranking = Ranking.of(rows, np.array(values)[rows], KEYS[rows])

    assert ranking.rows.tolist() == sorted_by_hand(values)
    assert ranking.scores.tolist() == [values[row] for row in sorted_by_hand(values)]


def test_equal_keys_go_to_the_lower_row():
    """As sentences of one passage have: they stand in the order they are read."""
    same = np.zeros(3, np.uint64)

    assert Ranking.of(np.array([5, 2, 7]), np.array([1.0, 1.0, 2.0]), same).rows.tolist() == [7, 2, 5]


@given(scores, st.integers(1, 25))
def test_the_best_are_the_first_of_a_full_sort(values, k):
    """Leaving the rest unsorted changes nothing, ties at the edge included."""
    best = Ranking.best(np.arange(len(values)), np.array(values), k, Keyed())

    assert best.rows.tolist() == sorted_by_hand(values)[:k]


def test_rows_that_share_no_word_are_not_ranked():
    """A lexical ranking may be shorter than asked for, or empty."""
    some = LexicalScores(np.array([1, 3]), np.array([2.0, 3.0]), 0.0, 1.0, np.zeros_like)
    none = LexicalScores(np.zeros(0, np.int64), np.zeros(0), 0.0, 1.0, np.zeros_like)

    assert lexical_ranking(Keyed(), some, 5).rows.tolist() == [3, 1]
    assert lexical_ranking(Keyed(), some, 1).rows.tolist() == [3]
    assert lexical_ranking(Keyed(), none, 5).rows.tolist() == []


def test_dense_ranking_is_that_of_a_full_scan(river):
    """The inner product with every passage, sorted; no more rows than there are."""
    index = river.index
    query = river.embedder.embed_query("Who designed the Iron Bridge?")
    every = index.passage_vectors.vectors(np.arange(5)) @ query
    keys = index.keys_of(np.arange(5)).tolist()
    ranking = dense_ranking(index, query, 99)

    assert ranking.rows.tolist() == sorted(range(5), key=lambda row: (-every[row], keys[row]))
    assert ranking.scores == pytest.approx(np.sort(every)[::-1], abs=1e-6)


class Grid(Keyed):
    """An index that knows only the vectors and the keys of its passages."""

    def __init__(self, matrix, gone=()):
        self.passage_vectors = NumpyVectors(matrix, np.array(gone, dtype=np.int64))
        self.passage_count = len(self.passage_vectors)


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5]), max_size=20), st.integers(1, 25), st.data())
def test_neighbours_that_tie_are_decided_by_their_keys(values, k, data):
    """However many tie at the edge of what was asked for; passages that are gone are passed over."""
    gone = sorted(data.draw(st.sets(st.integers(0, max(0, len(values) - 1))))) if values else []
    index = Grid(np.array([[value, 0.5] for value in values], np.float32).reshape(-1, 2), gone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rankings, "SPARE", 1)
        ranking, other = dense_rankings(index, np.array([[1, 0], [0, 1]], np.float32), k)
    left = [row for row in range(len(values)) if row not in gone]

    assert ranking.rows.tolist() == [row for row in sorted_by_hand(values) if row in left][:k]
    assert ranking.scores.tolist() == [values[row] for row in ranking.rows]
    assert other.rows.tolist() == sorted(left, key=lambda row: int(KEYS[row]))[:k]


def test_a_union_holds_every_row_once():
    """The first k of each ranking, ascending."""
    one, other = (Ranking(np.array(rows), -np.arange(3.0)) for rows in ([4, 1, 9], [1, 7, 4]))

    assert union([one, other], 2).tolist() == [1, 4, 7]


@pytest.mark.parametrize("rows", [[0], [2, 0], [0, 1, 2, 3, 4], [4, 3]])
def test_a_pool_holds_its_passages_and_their_sentences(river, rows):
    """Rows, owners and vectors are those of a loop over the passages."""
    index = river.index
    pool = gather_pool(index, np.array(rows))
    expected = [(place, s) for place, row in enumerate(rows) for s in index.sentence_rows(Row(row))]

    assert list(zip(pool.sentence_owner.tolist(), pool.sentence_rows.tolist(), strict=True)) == expected
    assert [pool.sentence_owner[start] for start in pool.sentence_starts] == list(range(len(rows)))
    assert np.array_equal(pool.vectors, index.passage_vectors.vectors(np.array(rows)))
    assert np.array_equal(pool.sentence_vectors, index.sentence_vectors(pool.sentence_rows))
    assert sentences_of(index, np.array(rows))[1].tolist() == [
        len(index.sentence_rows(Row(row))) for row in rows
    ]


def test_the_best_of_each_passage_is_its_sentences_maximum(river):
    """For one value a sentence and for several."""
    pool = gather_pool(river.index, np.array([2, 0, 3]))
    values = np.array([[1, -9], [5, -8], [4, -1], [3, -2], [2, 0]], dtype=float)

    assert best_per_passage(pool, values[:, 0]).tolist() == [5, 4, 2]
    assert best_per_passage(pool, values).tolist() == [[5, -8], [4, -1], [2, 0]]


def test_the_nearest_sentences_are_those_of_a_loop(river):
    """Of some passages, by cosine."""
    index = river.index
    query = river.embedder.embed_query("maps of Ribe")
    vectors = index.sentence_vectors(np.arange(7))
    ranking = nearest_sentences(index, query, np.array([0, 2]))

    assert ranking.rows.tolist() == sorted([0, 1, 3, 4], key=lambda row: -float(vectors[row] @ query))


def test_the_spread_of_scores_is_that_of_a_full_scan(river):
    """Mean and standard deviation of the question's product with all passages, from two small tables."""
    query = river.embedder.embed_query("Who designed the Iron Bridge over the Tamm?")
    every = river.index.passage_vectors.vectors(np.arange(5)).astype(np.float64) @ query

    assert river.index.dense_spread(query) == pytest.approx((every.mean(), every.std()), abs=1e-5)
