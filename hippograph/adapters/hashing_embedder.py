"""An embedder without a model: texts that share words and letter sequences are close.

The offline twin of a real embedder, for tests and for machines that have no model. Features are hashed with a
sign (Weinberger et al. 2009, "Feature hashing for large scale multitask learning").
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from hippograph.types import Vectors

WORD = re.compile(r"\w+")

# A word says more than one of its letter triples, of which it has several.
WORD_WEIGHT = 2.0


class HashingEmbedder:
    """Unit vectors from hashed words and character triples; the same text gives the same vector anywhere."""

    def __init__(self, dimension: int = 256) -> None:
        self.dimension = dimension
        self.fingerprint = f"hashing-1:{dimension}"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of stored texts: shape (len(texts), dimension)."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_query(text)
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The unit vectors of questions: shape (len(texts), dimension)."""
        return self.embed_passages(texts)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question: shape (dimension,)."""
        vector = np.zeros(self.dimension, dtype=np.float64)
        for feature, count in Counter(_features(text)).items():
            code = zlib.crc32(feature.encode("utf-8", "replace"))
            weight = (WORD_WEIGHT if feature[0] == "w" else 1.0) * (1.0 + math.log(count))
            vector[1 + (code >> 1) % (self.dimension - 1)] += weight if code & 1 else -weight
        if not vector.any():
            vector[0] = 1.0  # a text without words is near no text with words
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def token_count(self, text: str) -> int:
        """How many words the text has; letters of scripts without spaces between words count one each."""
        return sum(len(word) if _is_unspaced(word) else 1 for word in WORD.findall(text))


def _features(text: str) -> Iterator[str]:
    """Words, marked "w", and the character triples of each with its edges, marked "t"."""
    for word in WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        yield "w" + word
        padded = f"^{word}$"
        yield from ("t" + padded[start : start + 3] for start in range(len(padded) - 2))


def _is_unspaced(word: str) -> bool:
    """Whether the word is of a script that puts no spaces between words (Han, kana, Thai, Lao, Khmer)."""
    return any(
        "\u0e00" <= letter <= "\u0eff"
        or "\u1780" <= letter <= "\u17ff"
        or "\u3040" <= letter <= "\u30ff"
        or "\u3400" <= letter <= "\u9fff"
        or letter >= "\U00020000"
        for letter in word
    )
