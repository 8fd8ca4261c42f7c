"""The offline splitter: whole sentences are packed into a passage until the next one would not fit."""

from __future__ import annotations

import re

from hippograph.text.passages import TokenCount, count_up_to, cut_document
from hippograph.text.sentences import Span, split_sentences
from hippograph.types import Document, Passage

_WORD = re.compile(r"\S+")


class PlainSplitter:
    """Packs sentences greedily; a sentence above the limit is cut between words, a longer word inside."""

    def __init__(self, max_tokens: int, overlap_tokens: int, token_count: TokenCount) -> None:
        self.max_tokens = max_tokens
        self.overlap_tokens = min(overlap_tokens, max_tokens // 2)
        self.token_count = token_count
        self.fingerprint = f"plain-1:{max_tokens}:{self.overlap_tokens}"

    def split(self, document: Document) -> list[Passage]:
        """The passages in reading order, with offsets into `document.text`. Empty for a blank text."""
        return cut_document(document, self.max_tokens, self.overlap_tokens, self.token_count, self._cut)

    def _cut(self, text: str, max_tokens: int) -> list[Span]:
        pieces = [
            piece for sentence in split_sentences(text) for piece in self._pieces(text, sentence, max_tokens)
        ]
        return self._packed(pieces, max_tokens)

    def _packed(self, pieces: list[tuple[Span, int]], max_tokens: int) -> list[Span]:
        """Neighbours joined while the sum of their tokens fits."""
        spans: list[Span] = []
        used = 0
        for (start, end), tokens in pieces:
            if spans and used + tokens <= max_tokens:
                spans[-1] = (spans[-1][0], end)
                used += tokens
            else:
                spans.append((start, end))
                used = tokens
        return spans

    def _pieces(self, text: str, span: Span, max_tokens: int) -> list[tuple[Span, int]]:
        """A sentence with its tokens, or its words where the sentence is too long, or halves of its words."""
        start, end = span
        tokens = count_up_to(text[start:end], max_tokens, self.token_count)
        if tokens <= max_tokens or end - start < 2:
            return [(span, tokens)]
        words = [match.span() for match in _WORD.finditer(text, start, end)]
        if len(words) == 1:
            middle = (start + end) // 2
            words = [(start, middle), (middle, end)]
        return [piece for word in words for piece in self._pieces(text, word, max_tokens)]
