"""Synonymy edges: entities whose names mean nearly the same, found by the cosine of their names' vectors.

Whether an edge exists depends on its two names alone, so there is no cap on neighbours: a cap would make an edge
depend on third names, and the graph on the order of its growth. New names are compared with all others in one
direction: a cosine is the same from either end.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.vectors import Steps, from_steps

BLOCK_ROWS = 8192
"""How many names are compared with how many new ones in one product: 8,192 x 2,048 cosines take 64 MB."""
NEW_ROWS = 2048

MINIMUM_LETTERS = 3
"""A shorter name says too little: HippoRAG's code passes over names of two characters or fewer."""

DIGITS = re.compile(r"\d+")

SAYS_NOTHING = 0
"""The numerals of a name that is nobody's synonym."""

Numerals = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class SynonymyPairs:
    """Pairs of entities, each once with left < right, and the cosine of their names."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    cosine: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.left)


def numerals_of(names: Sequence[str]) -> Numerals:
    """A number for the digits of each name, the same where they are the same; SAYS_NOTHING where it is too short.

    Names with other digits are never synonyms: an embedder puts 1963 and 1964 side by side.
    """
    return np.array(
        [_numeral(name) if _says_enough(name) else SAYS_NOTHING for name in names], dtype=np.uint64
    )


def find_new_synonyms(steps: Steps, numerals: Numerals, first_new: int, threshold: float) -> SynonymyPairs:
    """Every pair with a name from `first_new` on whose cosine is at least the threshold.

    `steps` holds the names' vectors, shape (names, d), `numerals` what `numerals_of` makes of them. Products of
    vectors on the grid are exact, so blocks may be of any size.
    """
    found = []
    for start in range(first_new, len(steps), NEW_ROWS):
        end = min(start + NEW_ROWS, len(steps))
        new = from_steps(steps[start:end])
        for block in range(0, end, BLOCK_ROWS):
            stop = min(block + BLOCK_ROWS, end)
            cosines = from_steps(steps[block:stop]) @ new.T
            flat = cosines.ravel()
            near = np.flatnonzero(flat >= threshold)  # several times faster than over rows and columns
            left, right = np.divmod(near, len(new))
            cosine = flat[near]
            left, right = block + left, start + right
            alike = numerals[left] == numerals[right]
            kept = (left < right) & alike & (numerals[left] != SAYS_NOTHING)
            found.append((left[kept], right[kept], np.minimum(cosine[kept], 1)))
    if not found:
        return SynonymyPairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return SynonymyPairs(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _numeral(name: str) -> int:
    digits = " ".join(DIGITS.findall(name))
    return int.from_bytes(hashlib.blake2b(digits.encode(), digest_size=8).digest(), "little") | 1


def _says_enough(name: str) -> bool:
    letters = sum(character.isalpha() for character in name)
    # One character of a script without letters of its own, such as Han, may be a word.
    return letters >= MINIMUM_LETTERS or any(ord(character) > 0x2E80 for character in name)
