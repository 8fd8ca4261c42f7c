"""Segments of a document: runs of sentences between surprises.

EM-LLM (Fountas et al. 2024, section 3.1) ends an event where the next token surprises its model. Here nothing predicts
tokens, so the surprise is the change of embedding from one sentence to the next; boundaries are then moved so that what
belongs together stays together, as there, by modularity.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hippograph.types import Vectors

GAMMA = 1.0
"""A boundary is where the change exceeds mean + GAMMA standard deviations of the changes around it."""
WINDOW = 32
"""How many changes to either side count as around it."""
FINE = 1e9
"""Changes are compared in billionths, so that rounding makes no boundary."""

Places = npt.NDArray[np.int64]


def boundaries(vectors: Vectors) -> Places:
    """Where segments begin, ascending, the first at 0, among sentences in reading order: vectors of shape (n, d)."""
    if len(vectors) < 2:
        return np.zeros(min(1, len(vectors)), dtype=np.int64)
    changes = np.rint((1 - np.einsum("ij,ij->i", vectors[1:], vectors[:-1]).astype(np.float64)) * FINE) / FINE
    places = np.arange(len(changes))
    low, high = np.maximum(places - WINDOW, 0), np.minimum(places + WINDOW + 1, len(changes))
    mean, spread = _around(changes, low, high)
    found = 1 + np.flatnonzero(changes > mean + GAMMA * spread + 1 / FINE)
    return _refined(vectors, np.concatenate([[0], found]).astype(np.int64))


def _around(
    changes: npt.NDArray[np.float64], low: Places, high: Places
) -> tuple[npt.NDArray[np.float64], ...]:
    """Mean and standard deviation of each stretch of changes."""
    sums, squares = (np.concatenate([[0.0], np.cumsum(values)]) for values in (changes, changes**2))
    count = high - low
    mean = (sums[high] - sums[low]) / count
    variance = (squares[high] - squares[low]) / count - mean**2
    return mean, np.sqrt(np.maximum(variance, 0.0))


def _refined(vectors: Vectors, starts: Places) -> Places:
    """Each boundary moved, between its neighbours, to where the two segments beside it part best by modularity."""
    likeness = np.maximum(vectors @ vectors.T, 0).astype(np.float64)
    np.fill_diagonal(likeness, 0.0)
    block = np.zeros((len(vectors) + 1, len(vectors) + 1))
    block[1:, 1:] = likeness.cumsum(axis=0).cumsum(axis=1)
    starts = starts.copy()
    for number in range(1, len(starts)):
        first = int(starts[number - 1])
        end = int(starts[number + 1]) if number + 1 < len(starts) else len(vectors)
        at = np.arange(first + 1, end)
        quality = np.round(_modularity(block, first, at, end), 9)
        now = int(starts[number]) - first - 1
        best = int(quality.argmax())
        if quality[best] > quality[now]:
            starts[number] = at[best]
    return starts


def _modularity(block: npt.NDArray[np.float64], first: int, at: Places, end: int) -> npt.NDArray[np.float64]:
    """The modularity of [first, at) and [at, end) as two communities, for each place: shape (places,)."""
    total = block[end, end] - block[first, end] - block[end, first] + block[first, first]
    if total <= 0:
        return np.zeros(len(at))
    left = block[at, at] - block[first, at] - block[at, first] + block[first, first]
    right = block[end, end] - block[at, end] - block[end, at] + block[at, at]
    across = (total - left - right) / 2
    volumes = (left + across) ** 2 + (right + across) ** 2
    quality: npt.NDArray[np.float64] = (left + right) / total - volumes / total**2
    return quality
