"""Learning an order: a ranker fitted to questions whose answers are known, from nothing or close to another ranker.

What is learned is which of a question's candidates comes first, not whether one of them is good: for each passage
that answers, the softmax of its score against those that do not (ListNet's top-one loss, Cao and others, 2007). How
hard a question is then says nothing. On four sets, each left out in turn, this carried over better to a corpus that
was not seen than a logistic regression over all candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hippograph.errors import SettingsError
from hippograph.retrieval.ranker import Ranker
from hippograph.retrieval.rankings import Values
from hippograph.retrieval.second_look import Ties, look_again
from hippograph.retrieval.signals import Signals, feature_matrix

STRENGTH = 0.1
"""How strongly coefficients are held back (L2), against a mean loss of one a question."""
ROUNDS = 300
Grid = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One question's C candidates, and which of them answer it."""

    signals: Signals
    labels: npt.NDArray[np.bool_]
    """Shape (C,)."""
    ties: Ties | None = None


def learn_ranker(
    sets: Sequence[Sequence[Lesson]],
    strength: float = STRENGTH,
    near: Ranker | None = None,
) -> Ranker:
    """The first look, and then a second one that adds to it. Every set weighs the same.

    With `near`, coefficients are held back towards those of that ranker, whose standardisation is kept. Without ties
    there is no second look. Raises SettingsError where nothing answers anything.
    """
    useful = [[lesson for lesson in lessons if lesson.labels.any()] for lessons in sets]
    useful = [lessons for lessons in useful if lessons]
    if not useful:
        raise SettingsError("No gold document is among the candidates, so there is nothing to learn from.")
    every = [lesson for lessons in useful for lesson in lessons]
    weights = np.concatenate([np.full(len(lessons), 1 / len(lessons)) for lessons in useful])
    labels = [lesson.labels for lesson in every]
    first = _learn([lesson.signals for lesson in every], labels, weights, None, strength, near)
    seen = [first.added(lesson.signals) for lesson in every]
    second = None
    if all(lesson.ties is not None for lesson in every):
        more = [look_again(lesson.ties, scores) for lesson, scores in zip(every, seen, strict=True)]  # type: ignore[arg-type]
        second = _learn(more, labels, weights, seen, strength, near.second if near else None)
        seen = [scores + second.added(signals) for scores, signals in zip(seen, more, strict=True)]
    return replace(first, intercept=_intercept(seen, labels, weights), second=second)


def _learn(
    signals: Sequence[Signals],
    labels: Sequence[npt.NDArray[np.bool_]],
    weights: Values,
    offsets: Sequence[Values] | None,
    strength: float,
    near: Ranker | None,
) -> Ranker:
    """One look, without an intercept; its scores are added to the offsets."""
    names, _ = feature_matrix(signals[0])
    matrices = [feature_matrix(each)[1] for each in signals]
    if near is not None and near.features != tuple(names):
        raise SettingsError("The ranker was trained on other features. Train it again.")
    mean, scale = (near.mean, near.scale) if near else _standard(matrices)
    start = near.coefficients if near else np.zeros(len(names))
    longest = max(map(len, matrices))
    table = np.zeros((len(matrices), longest, len(names)), dtype=np.float32)
    kinds = np.zeros((len(matrices), longest), dtype=np.int8)  # 1 answers, -1 does not, 0 is no candidate
    before = np.zeros((len(matrices), longest))
    for place, (matrix, label) in enumerate(zip(matrices, labels, strict=True)):
        table[place, : len(matrix)] = (matrix - mean) / scale
        kinds[place, : len(matrix)] = np.where(label, 1, -1)
        if offsets is not None:
            before[place, : len(matrix)] = offsets[place]
    coefficients = _descend(table, kinds, before, weights / weights.sum(), strength, start)
    return Ranker(tuple(names), mean, scale, coefficients, 0.0)


def _standard(matrices: Sequence[Grid]) -> tuple[Values, Values]:
    """Mean and standard deviation of every feature; 1 for one that never changes."""
    every = np.vstack(matrices)
    scale = every.std(axis=0)
    scale[scale == 0] = 1.0
    return every.mean(axis=0), scale


def _descend(
    table: npt.NDArray[np.float32],
    kinds: npt.NDArray[np.int8],
    before: Grid,
    weights: Values,
    strength: float,
    start: Values,
) -> Values:
    """The coefficients of the least mean loss and strength / 2 times their squared distance from the start."""
    from scipy.optimize import minimize

    flat = table.reshape(-1, table.shape[2])
    answers, others = kinds == 1, kinds == -1
    count = answers.sum(axis=1)

    def loss(coefficients: Values) -> tuple[float, Values]:
        scores = (flat @ coefficients.astype(np.float32)).astype(np.float64).reshape(kinds.shape) + before
        scores -= np.where(kinds, scores, -np.inf).max(axis=1, keepdims=True)
        powers = np.where(kinds, np.exp(np.minimum(scores, 0)), 0)
        against = powers + (powers * others).sum(axis=1, keepdims=True)
        share = np.maximum(powers / np.maximum(against, 1e-300), 1e-300)
        each = -(np.log(share) * answers).sum(axis=1) / count
        drawn = (np.where(answers, 1 / np.maximum(against, 1e-300), 0).sum(axis=1) / count)[:, None]
        slope = np.where(answers, -(1 - share) / count[:, None], 0) + np.where(others, powers * drawn, 0)
        moved = coefficients - start
        gradient = (slope * weights[:, None]).astype(np.float32).ravel() @ flat
        total = float((each * weights).sum()) + strength / 2 * float(moved @ moved)
        return total, gradient.astype(np.float64) + strength * moved

    found = minimize(loss, start.copy(), jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS})
    learned: Values = found.x
    return learned


def _intercept(scores: Sequence[Values], labels: Sequence[npt.NDArray[np.bool_]], weights: Values) -> float:
    """What makes scores log-odds: as many candidates then answer as are expected to. Found by halving."""
    every, wanted = np.concatenate(scores), np.concatenate(labels)
    each = np.repeat(weights, [len(part) for part in scores])
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        expected = float((each / (1 + np.exp(-np.clip(every + middle, -500, 500)))).sum())
        low, high = (middle, high) if expected < float(each[wanted].sum()) else (low, middle)
    return round((low + high) / 2, 9)
