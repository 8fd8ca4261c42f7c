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

ROUNDING = 1e-4
"""Further than this no matrix product in single precision strays from a cosine."""

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

    Names with other digits are never synonyms: an embedder puts 1963 and 1964 side by side. A matrix product adds up
    a pair's terms in an order that depends on the other rows, so it only proposes pairs; each cosine is then worked
    out from its two vectors alone.
    """
    eligible = np.array([i for i, name in enumerate(names) if _says_enough(name)], dtype=np.int64)
    kept = vectors[eligible]
    digits = _numbered([tuple(DIGITS.findall(names[i])) for i in eligible])
    blocks = [SynonymyPairs.none()]
    for start in range(0, len(eligible), BLOCK_ROWS):
        similar = kept[start : start + BLOCK_ROWS] @ kept[start:].T
        left, right = np.nonzero(similar >= threshold - ROUNDING)
        once = (left < right) & (digits[start + left] == digits[start + right])
        left, right = start + left[once], start + right[once]
        cosine = np.einsum("pd,pd->p", kept[left].astype(np.float64), kept[right]).astype(np.float32)
        near = cosine >= np.float32(threshold)
        blocks.append(SynonymyPairs(eligible[left[near]], eligible[right[near]], np.minimum(cosine[near], 1)))
    return SynonymyPairs(
        np.concatenate([block.left for block in blocks]).astype(np.int32),
        np.concatenate([block.right for block in blocks]).astype(np.int32),
        np.concatenate([block.cosine for block in blocks]).astype(np.float32),
    )


def _numbered(values: Sequence[tuple[str, ...]]) -> npt.NDArray[np.int64]:
    """A number for each value, the same for equal ones."""
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)


def _says_enough(name: str) -> bool:
    letters = sum(character.isalpha() for character in name)
    # One character of a script without letters of its own, such as Han, may be a word.
    return letters >= MINIMUM_LETTERS or any(ord(character) > 0x2E80 for character in name)
