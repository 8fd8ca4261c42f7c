"""The features a candidate is ordered by, and the linear model over them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hippograph.errors import SettingsError
from hippograph.retrieval.explore import explore
from hippograph.retrieval.ranker import Ranker, load_ranker, ranker_from_json, ranker_to_json
from hippograph.retrieval.search import order_pool
from hippograph.retrieval.signals import RANK_OFFSET, feature_matrix

QUESTION = "Where was the designer of the Iron Bridge born?"
RANKER = Ranker(
    ("a", "a_share", "a_rank"), np.array([1.0, 0, 0]), np.array([2.0, 1, 1]), np.array([3.0, 1, 0]), -0.5
)


@pytest.fixture
def found(river):
    """What a search of the five passages found out."""
    return explore(QUESTION, river.embedder.embed_query(QUESTION), river.index, river.settings.retrieval)


def test_each_signal_gives_three_features():
    """Itself, its share of the best, and 1 / (5 + rank) from rank 0, where ties share their best place."""
    names, matrix = feature_matrix({"a": np.array([2.0, 4.0, 4.0, -1.0])})

    assert RANK_OFFSET == 5
    assert names == ["a", "a_share", "a_rank"]
    assert matrix == pytest.approx(
        np.array([[2, 0.5, 1 / 7], [4, 1, 1 / 5], [4, 1, 1 / 5], [-1, -0.25, 1 / 8]])
    )


def test_a_signal_that_nobody_has_shares_nothing():
    """All zero, or all negative: there is no best to have a share of."""
    _, matrix = feature_matrix({"a": np.zeros(2), "b": np.array([-1.0, -2.0])})

    assert matrix[:, 1].tolist() == [0, 0]
    assert matrix[:, 4].tolist() == [0, 0]


def test_a_score_is_the_sum_of_what_features_add():
    """(x - mean) / scale x coefficient, and the intercept: (4 - 1) / 2 x 3 + 1 - 0.5 = 5 for the best."""
    signals = {"a": np.array([4.0, 2.0])}

    assert RANKER.scores(signals).tolist() == [5.0, 1.5]
    assert RANKER.contributions(signals, 0) == {"a": 4.5, "a_share": 1.0, "a_rank": 0.0}


def test_contributions_sum_to_the_score(found):
    """For every candidate and the shipped ranker."""
    ranker = load_ranker()
    scores = ranker.scores(found.signals)
    sums = [sum(ranker.contributions(found.signals, place).values()) for place in range(len(scores))]

    assert np.array(sums) + ranker.intercept == pytest.approx(scores)


def test_the_shipped_ranker_was_trained_on_todays_features(found):
    """Same names in the same order, no scale of zero, and finite scores."""
    ranker = load_ranker()

    assert feature_matrix(found.signals)[0] == list(ranker.features)
    assert (ranker.scale > 0).all()
    assert np.isfinite(ranker.scores(found.signals)).all()


def test_other_features_are_refused():
    """A ranker orders by what it was trained on and by nothing else."""
    with pytest.raises(SettingsError, match="other features"):
        RANKER.scores({"b": np.zeros(2)})


def test_a_ranker_comes_back_from_its_file():
    """To six digits, with its recipe beside it; a scale however small does not become zero."""
    small = Ranker(RANKER.features, RANKER.mean / 3, np.array([2.0, 1, 1.25e-9]), RANKER.coefficients, 1 / 3)
    text = ranker_to_json(small, {"trained on": "a toy"})
    again = ranker_from_json(text)

    assert again.features == small.features
    for name in ("mean", "scale", "coefficients", "intercept"):
        assert getattr(again, name) == pytest.approx(getattr(small, name), rel=1e-5)
    assert json.loads(text)["recipe"] == {"trained on": "a toy"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"features": [{"name": "a"}], "intercept": 0}', '{"features": 3}']
)
def test_a_file_that_is_no_ranker_is_told(text):
    """One sentence with the way out."""
    with pytest.raises(SettingsError, match=r"cannot be read.*Train it again"):
        ranker_from_json(text)


def test_similarities_are_standard_deviations_above_the_mean(river, found):
    """The dense and lexical signals are in standard deviations, the lexical ones as words' frequencies tell them."""
    index = river.index
    every = index.passage_vectors.vectors(np.arange(5)) @ river.embedder.embed_query(QUESTION)
    words = index.lexical_scores(QUESTION)

    assert found.signals["dense"] == pytest.approx(
        (every - every.mean())[found.pool.rows] / every.std(), abs=1e-3
    )
    assert found.signals["lexical"] == pytest.approx(
        (words.of(found.pool.rows) - words.mean) / words.spread, abs=1e-3
    )


def test_the_pool_is_ordered_by_the_ranker(river, found):
    """Best score first, every candidate once."""
    order = order_pool(river.index, found, load_ranker())

    assert sorted(order.rows.tolist()) == sorted(found.pool.rows.tolist())
    assert order.scores.tolist() == sorted(order.scores, reverse=True)


def test_candidates_that_score_alike_are_ordered_by_their_keys(river, found):
    """Not by their rows: an index that grew has others than one that was built."""
    alike = Ranker(RANKER.features, RANKER.mean, RANKER.scale, np.zeros(3), 0.25)
    found = replace(found, signals={"a": np.arange(5.0)})
    order = order_pool(river.index, found, alike)
    keys = river.index.keys_of(order.rows).tolist()

    assert order.scores.tolist() == [0.25] * 5
    assert keys == sorted(keys)
    assert len(set(keys)) == 5


def test_scores_that_differ_by_less_than_arithmetic_can_tell_are_alike(river, found):
    """The last bits of a matrix product depend on where a row stands in it, so nine decimals decide."""
    steep = Ranker(RANKER.features, RANKER.mean, RANKER.scale, np.array([1.0, 0, 0]), 0.0)
    found = replace(found, signals={"a": 1 + 1e-12 * np.array([4.0, 0, 3, 1, 2])})
    keys = river.index.keys_of(order_pool(river.index, found, steep).rows).tolist()

    assert keys == sorted(keys)
