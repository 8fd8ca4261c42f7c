"""Learning an order from questions whose answers are known."""

import numpy as np
import pytest

from hippograph.errors import SettingsError
from hippograph.retrieval.learning import Lesson, learn_ranker
from hippograph.retrieval.ranker import Ranker


def lesson(signal, labels):
    """One question with one signal, and which candidates answer it."""
    return Lesson({"a": np.array(signal, dtype=float)}, np.array(labels, dtype=bool))


FIRST = [lesson([3, 1, 2], [1, 0, 0]), lesson([1, 5, 2, 2], [0, 1, 0, 0])]


def test_what_answers_comes_first():
    """The signal is highest where the answer is."""
    ranker = learn_ranker([FIRST])

    assert all(int(np.argmax(ranker.scores(each.signals))) == int(np.argmax(each.labels)) for each in FIRST)


def test_the_coefficients_are_those_of_the_least_loss():
    """Against a search over one coefficient: mean over questions of -log softmax, and strength / 2 times its square."""
    one = [lesson([1, 0], [1, 0]), lesson([0, 1], [1, 0]), lesson([1, 0], [1, 0])]
    near = Ranker(
        ("a", "a_share", "a_rank"), np.array([0.5, 0, 0]), np.array([0.5, 1e9, 1e9]), np.zeros(3), 0.0
    )
    ranker = learn_ranker([one], strength=0.2, near=near)
    weights = np.linspace(-3, 3, 60001)
    # Standardised, the two candidates lie 2 apart: the answer is ahead in two of three questions.
    losses = (2 * np.log1p(np.exp(-2 * weights)) + np.log1p(np.exp(2 * weights))) / 3 + 0.1 * weights**2

    assert ranker.coefficients[0] == pytest.approx(weights[np.argmin(losses)], abs=2e-3)


def test_scores_are_log_odds():
    """As many candidates answer as are expected to, every set weighing the same."""
    ranker = learn_ranker([FIRST])
    expected = [float((1 / (1 + np.exp(-ranker.scores(each.signals)))).sum()) for each in FIRST]

    assert sum(expected) == pytest.approx(2, abs=1e-6)


def test_a_strong_hold_keeps_the_ranker_it_starts_from():
    """Held back without measure nothing moves; let go it does. The standardisation stays."""
    near = Ranker(("a", "a_share", "a_rank"), np.ones(3), np.full(3, 2.0), np.array([-1.0, 0, 0.5]), 3.0)
    held, free = (learn_ranker([FIRST], strength, near) for strength in (1e7, 0.01))

    assert held.coefficients == pytest.approx(near.coefficients, abs=1e-4)
    assert np.abs(free.coefficients - near.coefficients).max() > 0.1
    assert (free.mean.tolist(), free.scale.tolist()) == (near.mean.tolist(), near.scale.tolist())


def test_a_ranker_of_other_features_is_no_start():
    """What it says of features that are not there means nothing."""
    with pytest.raises(SettingsError, match="other features"):
        learn_ranker([FIRST], near=Ranker(("b",), np.zeros(1), np.ones(1), np.zeros(1), 0.0))


def test_without_an_answer_there_is_nothing_to_learn():
    """Said in one sentence."""
    with pytest.raises(SettingsError, match="nothing to learn"):
        learn_ranker([[lesson([1, 2], [0, 0])]])
