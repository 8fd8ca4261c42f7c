"""LlamaIndex's sentence splitter behind the Splitter port."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hippograph.errors import MissingExtra
from hippograph.text.passages import TokenCount, count_up_to, cut_document
from hippograph.text.sentences import Span, split_sentences
from hippograph.types import Document, Passage

_PARAGRAPH = "\n\n"

_BLOCK = 100_000
"""Characters handed to the library at once: it counts the tokens of every text before it cuts it."""


class LlamaIndexSplitter:
    """`SentenceSplitter` of llama_index.core, counting the embedder's tokens and cutting at our sentences.

    The library returns stripped strings; they stand in the text one after the other, so each is found again
    from where the last one ended. The overlap is added afterwards in whole sentences, with exact offsets.
    """

    def __init__(self, max_tokens: int, overlap_tokens: int, token_count: TokenCount) -> None:
        self.max_tokens = max_tokens
        self.overlap_tokens = min(overlap_tokens, max_tokens // 2)
        self.token_count = lru_cache(maxsize=4096)(token_count)
        self.fingerprint = f"llama_index-1:{max_tokens}:{self.overlap_tokens}"
        self._library: Any = None

    def split(self, document: Document) -> list[Passage]:
        """The passages in reading order, with offsets into `document.text`. Empty for a blank text."""
        return cut_document(document, self.max_tokens, self.overlap_tokens, self.token_count, self._cut)

    def _cut(self, text: str, max_tokens: int) -> list[Span]:
        spans: list[Span] = []
        for start, end in _blocks(text):
            last = start
            for chunk in self._splitter(max_tokens).split_text(text[start:end]):
                at = text.index(chunk, last, end)
                last = at + len(chunk)
                spans.append((at, last))
        return spans

    def _splitter(self, max_tokens: int) -> Any:
        if self._library is None:
            self._library = _sentence_splitter(max_tokens, self.token_count)
        return self._library


def _sentence_splitter(max_tokens: int, token_count: TokenCount) -> Any:
    try:
        from llama_index.core.node_parser import SentenceSplitter
    except ImportError as error:
        raise MissingExtra("llama-index-core", "all", "The splitter llama_index") from error

    def tokens(text: str) -> range:
        # The library asks only for the length. It refuses a single character above the limit, and repeats text of
        # no length as overlap, though none was asked for: both count as one.
        return range(1 if len(text) == 1 else max(1, count_up_to(text, max_tokens, token_count)))

    return SentenceSplitter(
        chunk_size=max_tokens,
        chunk_overlap=0,
        tokenizer=tokens,
        paragraph_separator=_PARAGRAPH,
        chunking_tokenizer_fn=_whole_sentences,
    )


def _whole_sentences(text: str) -> list[str]:
    """The sentences as pieces that together are the text, as the library needs them."""
    starts = [start for start, _ in split_sentences(text)][1:]
    return [text[start:end] for start, end in zip([0, *starts], [*starts, len(text)], strict=True)]


def _blocks(text: str) -> list[Span]:
    """Blocks of about `_BLOCK` characters that end where a sentence ends; nearly every text is one block."""
    if len(text) <= 2 * _BLOCK:
        return [(0, len(text))]
    edges = [0]
    for start, _ in split_sentences(text):
        if start - edges[-1] >= _BLOCK:
            edges.append(start)
    return list(zip(edges, [*edges[1:], len(text)], strict=True))
