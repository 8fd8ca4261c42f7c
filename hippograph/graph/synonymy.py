"""Synonymy edges: entities whose names mean nearly the same, found by the cosine of their names' vectors.

Whether an edge exists depends on its two names alone, so there is no cap on neighbours: a cap would make an edge
depend on third names, and the graph on the order of its growth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.types import Vectors

BLOCK_ROWS = 2048
"""How many names are compared with all others in one product: 2,048 x 100,000 cosines take 0.8 GB."""

MINIMUM_LETTERS = 3
"""A shorter name says too little: HippoRAG's code passes over names of two characters or fewer."""

DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, eq=False)
class SynonymyPairs:
    """Pairs of entities, each once with left < right, and the cosine of their names."""

    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    cosine: npt.NDArray[np.float32]

    @classmethod
    def none(cls) -> SynonymyPairs:
        """No pair at all."""
        empty = np.zeros(0, np.int32)
        return cls(empty, empty, np.zeros(0, np.float32))

    def shifted(self, by: int) -> SynonymyPairs:
        """The same pairs as nodes of a graph whose entities begin at node `by`."""
        return SynonymyPairs(self.left + np.int32(by), self.right + np.int32(by), self.cosine)


def find_synonyms(names: Sequence[str], vectors: Vectors, threshold: float) -> SynonymyPairs:
    """Every pair whose cosine is at least the threshold. `names[i]` belongs to `vectors[i]`, unit length.

    Names with other digits are never synonyms: an embedder puts 1963 and 1964 side by side.
    """
    eligible = np.array([i for i, name in enumerate(names) if _says_enough(name)], dtype=np.int64)
    kept = vectors[eligible]
    digits = [tuple(DIGITS.findall(names[i])) for i in eligible]
    left, right, cosine = [], [], []
    for start in range(0, len(eligible), BLOCK_ROWS):
        similar = kept[start : start + BLOCK_ROWS] @ kept[start:].T
        rows, columns = np.nonzero(similar >= threshold)
        for row, column in zip(rows[columns > rows].tolist(), columns[columns > rows].tolist(), strict=True):
            if digits[start + row] == digits[start + column]:
                left.append(eligible[start + row])
                right.append(eligible[start + column])
                cosine.append(min(1.0, float(similar[row, column])))
    return SynonymyPairs(np.array(left, np.int32), np.array(right, np.int32), np.array(cosine, np.float32))


def _says_enough(name: str) -> bool:
    letters = sum(character.isalpha() for character in name)
    # One character of a script without letters of its own, such as Han, may be a word.
    return letters >= MINIMUM_LETTERS or any(ord(character) > 0x2E80 for character in name)
