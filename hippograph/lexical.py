"""Lexical ranking: BM25 over the words of passages or sentences, on disk and memory-mapped.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with Lucene's form of the
inverse document frequency; k1 0.9 and b 0.4 are the usual choice for passages. The arithmetic is bm25s's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hippograph.tables import Lookup, mapped, save_lookup, save_strings
from hippograph.text.names import words

K1 = 0.9
B = 0.4


def save_lexical_index(folder: Path, name: str, texts: Sequence[str]) -> None:
    """Write the BM25 index of some texts under a name; text i is row i."""
    import bm25s

    tokens = [words(text) for text in texts]
    vocabulary = sorted({token for row in tokens for token in row})
    place = {token: i for i, token in enumerate(vocabulary)}
    save_strings(folder, f"{name}.vocabulary", vocabulary)
    save_lookup(folder, f"{name}.vocabulary", vocabulary)
    if not vocabulary:
        return
    model = bm25s.BM25(k1=K1, b=B, method="lucene")
    ids = [[place[token] for token in row] for row in tokens]
    model.index((ids, place), show_progress=False, create_empty_token=False)
    np.save(folder / f"{name}.postings.scores.npy", model.scores["data"].astype(np.float32))
    np.save(folder / f"{name}.postings.rows.npy", model.scores["indices"].astype(np.int32))
    np.save(folder / f"{name}.postings.starts.npy", model.scores["indptr"].astype(np.int64))


class LexicalIndex:
    """BM25 scores of every passage for a question. Words the corpus does not know are passed over."""

    def __init__(self, folder: Path, name: str, row_count: int) -> None:
        self._vocabulary = Lookup(folder, f"{name}.vocabulary")
        self._row_count = row_count
        if len(self._vocabulary):
            self._scores, self._rows, self._starts = (
                mapped(folder / f"{name}.postings.{part}.npy") for part in ("scores", "rows", "starts")
            )

    def scores(self, text: str) -> npt.NDArray[np.float32]:
        """One score a row, 0 where no word is shared: shape (rows,)."""
        scores = np.zeros(self._row_count, dtype=np.float32)
        for place in self._vocabulary.find(list(dict.fromkeys(words(text)))):
            if place is not None:
                postings = slice(int(self._starts[place]), int(self._starts[place + 1]))
                # A row stands once in a token's postings, so plain indexing adds every posting.
                scores[self._rows[postings]] += self._scores[postings]
        return scores

    def specificity(self, tokens: Sequence[str]) -> list[float]:
        """How telling each word is: log of rows in all over rows that hold it; 0 for a word no passage holds."""
        found = []
        for place in self._vocabulary.find(tokens):
            held = 0 if place is None else int(self._starts[place + 1] - self._starts[place])
            found.append(float(np.log((self._row_count + 1) / (held + 0.5))) if held else 0.0)
        return found
