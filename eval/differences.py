"""What differs beyond chance: every cell against dense ranking and the best single one, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.cells import METRICS, UNSEEN, Cell
from eval.compare import Comparison, paired_bootstrap
from eval.matrix import SINGLE, Matrix

OURS = ("hippograph", UNSEEN)
PUBLISHED = ("hipporag1", "hipporag2")
"""The methods of others, as published."""
NEVER_BELOW = ("recall@2", "recall@5", "recall@10")
"""Where hippograph promises not to fall behind the best single ranking."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One method of one set against another; positive where the method is better."""

    set: str
    method: str
    against: str
    """The method it is compared with."""
    is_best_single: bool
    """Whether that is the better of the single rankings by this very metric."""
    comparison: Comparison

    def is_sure(self) -> bool:
        """Whether the 95 % interval of the difference leaves out zero."""
        return self.comparison.low > 0 or self.comparison.high < 0


def differences(matrix: Matrix) -> list[Difference]:
    """Every method against dense, against the best single ranking, and hippograph against the published methods."""
    found = []
    for matrix_set in matrix.sets:
        cells = matrix.of_set(matrix_set.label)
        for metric in METRICS:
            for cell in cells:
                for other, is_best in _references(cell, cells, metric):
                    comparison = compare_cells(cell, other, metric)
                    if comparison is not None:
                        found.append(Difference(cell.set, cell.method, other.method, is_best, comparison))
    return found


def _references(cell: Cell, cells: Sequence[Cell], metric: str) -> Iterator[tuple[Cell, bool]]:
    """What a cell is held against, and whether that is the best single ranking."""
    if cell.method != "dense":
        yield _named(cells, "dense"), False
    if cell.method not in SINGLE:
        yield best_single(cells, metric), True
    if cell.method in OURS:
        yield from ((other, False) for other in cells if other.method in PUBLISHED)


def best_single(cells: Sequence[Cell], metric: str) -> Cell:
    """The single ranking with the highest mean; the first of those that tie."""
    single = [_named(cells, method) for method in SINGLE]
    return max(single, key=lambda cell: cell.mean(metric) or 0.0)


def compare_cells(cell: Cell, other: Cell, metric: str) -> Comparison | None:
    """The paired bootstrap of one metric, over the questions where both have a value; None without any."""
    theirs = {question.id: question.values[metric] for question in other.questions}
    pairs = tuple(
        (before, after)
        for question in cell.questions
        if (after := question.values[metric]) is not None and (before := theirs.get(question.id)) is not None
    )
    return _bootstrap(metric, pairs) if pairs else None


def interval(cell: Cell, metric: str) -> tuple[float, float, float] | None:
    """The mean, and the 95 % interval that comes from which questions were asked; None without any value."""
    values = [value for question in cell.questions if (value := question.values[metric]) is not None]
    if not values:
        return None
    found = _bootstrap(metric, tuple((0.0, value) for value in values))
    return found.second, found.low, found.high


def fallen_behind(matrix: Matrix) -> Iterator[tuple[str, str, str, float]]:
    """Set, method, metric and by how much, wherever the mean of hippograph is below that of the best single ranking."""
    for matrix_set in matrix.sets:
        cells = matrix.of_set(matrix_set.label)
        for cell in (cell for cell in cells if cell.method in OURS):
            for metric in NEVER_BELOW:
                here, best = cell.mean(metric), best_single(cells, metric).mean(metric)
                if here is not None and best is not None and here < best:
                    yield cell.set, cell.method, metric, best - here


@lru_cache(maxsize=4096)
def _bootstrap(metric: str, pairs: tuple[tuple[float, float], ...]) -> Comparison:
    first, second = np.array(pairs, dtype=np.float64).T
    return paired_bootstrap(metric, first, second)


def _named(cells: Sequence[Cell], method: str) -> Cell:
    return next(cell for cell in cells if cell.method == method)
