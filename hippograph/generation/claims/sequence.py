"""Two statements laid side by side in order: the best alignment of their items (Needleman and Wunsch 1970)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hippograph.generation.claims.matching import ARTICLES, holds
from hippograph.generation.claims.reading import Item, ItemKind, Reading

_SAME_SLOT, _SAME_WORD, _SAME_SMALL = 3.0, 3.0, 0.4
_OTHER_SLOT = 0.2
"""Another value of the same kind in the same place is a little better than a gap on both sides."""
_GAP = -0.3
"""What an item of the claim costs that has no counterpart; the sentence may say more than the claim."""


def in_sequence(claim: Reading, sentence: Reading) -> list[tuple[int, int]]:
    """Places of the claim and of the sentence that stand side by side, in order; both are the same or slots of a kind.

    >>> from hippograph.generation.claims.reading import read_statement
    >>> in_sequence(read_statement("Ada died in 1815."), read_statement("In the end Ada died in 1852."))
    [(0, 3), (1, 4), (2, 5), (3, 6)]
    """
    ours = [p for p, item in enumerate(claim.items) if item.key not in ARTICLES]
    theirs = [p for p, item in enumerate(sentence.items) if item.key not in ARTICLES]
    gains = np.array(
        [[_gain(claim.items[p], sentence.items[q]) for q in theirs] for p in ours], dtype=np.float64
    )
    return [(ours[row], theirs[column]) for row, column in _best_path(gains.reshape(len(ours), len(theirs)))]


def _gain(ours: Item, theirs: Item) -> float:
    """What aligning two items is worth; minus infinity where they cannot stand for one another."""
    if ours.kind is ItemKind.SMALL or theirs.kind is ItemKind.SMALL:
        return _SAME_SMALL if ours.key == theirs.key else -np.inf
    if holds(theirs, ours):
        return _SAME_SLOT if ours.kind.is_slot() else _SAME_WORD
    return _OTHER_SLOT if ours.kind.is_slot() and ours.kind is theirs.kind else -np.inf


def _best_path(gains: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """The aligned places of the best alignment; gains are of shape (claim items, sentence items)."""
    rows, columns = gains.shape
    best = np.zeros((rows + 1, columns + 1))
    best[1:, 0] = _GAP * np.arange(1, rows + 1)
    for row in range(1, rows + 1):
        # A cell is its upper left plus the gain, or the one above with a gap; then the best so far to its left.
        line = np.maximum(best[row - 1, :-1] + gains[row - 1], best[row - 1, 1:] + _GAP)
        best[row, 1:] = np.maximum.accumulate(np.maximum(line, best[row, 0]))
    path: list[tuple[int, int]] = []
    row, column = rows, columns
    while row and column:
        if best[row, column] == best[row, column - 1]:
            column -= 1
        elif best[row, column] == best[row - 1, column - 1] + gains[row - 1, column - 1]:
            row, column = row - 1, column - 1
            path.append((row, column))
        else:
            row -= 1
    return path[::-1]
