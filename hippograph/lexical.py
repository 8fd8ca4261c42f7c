"""Lexical ranking: BM25 over the words of passages, on disk and memory-mapped.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with Lucene's form of the
inverse document frequency; k1 0.9 and b 0.4 are the usual choice for passages. The arithmetic is bm25s's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hippograph.strings import Strings, save_strings
from hippograph.text.names import words

K1 = 0.9
B = 0.4


def save_lexical_index(folder: Path, texts: Sequence[str]) -> None:
    """Write the BM25 index of some texts; text i is row i."""
    import bm25s

    tokens = [words(text) for text in texts]
    vocabulary = sorted({token for row in tokens for token in row})
    place = {token: i for i, token in enumerate(vocabulary)}
    save_strings(folder, "vocabulary", vocabulary)
    if not vocabulary:
        return
    model = bm25s.BM25(k1=K1, b=B, method="lucene")
    ids = [[place[token] for token in row] for row in tokens]
    model.index((ids, place), show_progress=False, create_empty_token=False)
    np.save(folder / "postings.scores.npy", model.scores["data"].astype(np.float32))
    np.save(folder / "postings.rows.npy", model.scores["indices"].astype(np.int32))
    np.save(folder / "postings.starts.npy", model.scores["indptr"].astype(np.int64))


class LexicalIndex:
    """BM25 scores of every passage for a question. Words the corpus does not know are passed over."""

    def __init__(self, folder: Path, row_count: int) -> None:
        self._vocabulary = Strings(folder, "vocabulary")
        self._row_count = row_count
        if len(self._vocabulary):
            self._scores = np.load(folder / "postings.scores.npy", mmap_mode="r", allow_pickle=False)
            self._rows = np.load(folder / "postings.rows.npy", mmap_mode="r", allow_pickle=False)
            self._starts = np.load(folder / "postings.starts.npy", mmap_mode="r", allow_pickle=False)

    def scores(self, text: str) -> npt.NDArray[np.float32]:
        """One score a row, 0 where no word is shared: shape (rows,)."""
        scores = np.zeros(self._row_count, dtype=np.float32)
        for token in dict.fromkeys(words(text)):
            place = self._vocabulary.find(token)
            if place is not None:
                postings = slice(int(self._starts[place]), int(self._starts[place + 1]))
                # A row stands once in a token's postings, so plain indexing adds every posting.
                scores[self._rows[postings]] += self._scores[postings]
        return scores

    def specificity(self, token: str) -> float:
        """How telling a word is: the logarithm of rows in all over rows that hold it; 0 for an unknown word."""
        place = self._vocabulary.find(token)
        if place is None:
            return 0.0
        held = int(self._starts[place + 1] - self._starts[place])
        return float(np.log((self._row_count + 1) / (held + 0.5)))
