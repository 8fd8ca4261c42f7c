"""Words of a claim that a sentence says with a word of much the same meaning, by the embedder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hippograph.generation.claims.reading import ItemKind, Reading
from hippograph.generation.claims.words import OPPOSITES, SINGULAR_WORDS
from hippograph.ports import Embedder

NEAR = 0.6
"""Cosine of two words alone. Whole sentences are no help: 0.68 at the median where a relation is told in other words,
0.64 where it is another one. Of single words 15 % and 2 % reach 0.6 (98 and 641 claims, all-MiniLM-L6-v2)."""
MOST_WORDS = 64
"""So many words of a sentence are compared."""


def words_meant(missing: Sequence[str], sentence: Reading, embedder: Embedder) -> dict[str, str]:
    """For each missing word the sentence's word nearest in meaning, where one is near. Raises EmbeddingError."""
    ours = [word.lower() for word in missing]
    told = list(dict.fromkeys(item.text.lower() for item in sentence.items if item.kind is ItemKind.WORD))
    told = told[:MOST_WORDS]
    if not ours or not told:
        return {}
    vectors = embedder.embed_passages([*ours, *told])
    cosines = vectors[: len(ours)] @ vectors[len(ours) :].T
    found = {}
    for row, word in enumerate(ours):
        nearest = told[int(np.argmax(cosines[row]))]
        if cosines[row].max() >= NEAR and not _differ(word, nearest):
            found[missing[row]] = nearest
    return found


def _differ(word: str, other: str) -> bool:
    """Whether two words are near in meaning and still say different things: "born" and "died", "north" and "south"."""
    return frozenset((word, other)) in OPPOSITES or (word in SINGULAR_WORDS and other in SINGULAR_WORDS)
