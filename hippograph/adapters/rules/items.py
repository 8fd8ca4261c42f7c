"""Items: the words of a sentence, with their tags, where dates, quotes and names are one item each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hippograph.errors import MissingExtra
from hippograph.text.dates import find_dates


def word_set(words: str) -> frozenset[str]:
    """A set of words written as one line."""
    return frozenset(words.split())


class ItemKind(StrEnum):
    """What one item of a sentence is."""

    WORD = "word"
    MARK = "mark"
    DATE = "date"
    QUOTE = "quote"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Item:
    """A word, a mark, or a span that is read as one word; `tag` is a Penn Treebank tag."""

    text: str
    tag: str
    kind: ItemKind
    start: int
    end: int

    @property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()


_ABBREVIATIONS = (
    r"(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Ft|Jr|Sr|Gen|Col|Lt|Sgt|Capt|Cpt|Maj|Rev|Hon|Gov|Sen|Rep|Pres|Inc|Ltd|Co|Corp"
    r"|Bros|vs|No|Vol|Ph\.D|ca|c|b|d|fl|approx|etc|al)\."
)
_QUOTE = re.compile(
    r"(?:\"[^\"]{2,120}\"|“[^”]{2,120}”|``\s?.{2,120}?\s?''|«[^»]{2,120}»|「[^」]{1,60}」|《[^》]{1,60}》)"
)
_TOKEN = re.compile(
    rf"""(?:[^\W\d_]\.){{2,}}                                  # U.S.
      | {_ABBREVIATIONS}(?=\s|$|,)
      | [A-Z]\.(?=\s+\w)                                       # an initial
      | [$€£¥]\s?\d[\d,.]*\d | [$€£¥]\s?\d
      | \d+(?:[.,]\d+)*%?(?!\w)
      | \w+?(?=n['’]t\b) | n['’]t\b                             # can't: two words
      | ['’](?:ll|m|re|ve|d)\b
      | \w+(?:[-‐‑/.&+'’](?!(?:s|ll|m|re|ve|d)\b)\w+)*[+#]*     # words, with marks inside
      | ['’]s\b | ['’](?=\s)
      | \S""",
    re.VERBOSE,
)
_SAFE = str.maketrans({" ": "", "\n": ""})


def read_items(sentence: str) -> list[Item]:
    """The items of one sentence before tagging: dates and quotes are one item, the rest words and marks."""
    spans = [
        (match.start(), match.end(), ItemKind.QUOTE)
        for match in _QUOTE.finditer(sentence)
        if _is_title(_unquoted(match.group()))
    ]
    quoted = [(start, end) for start, end, _ in spans]
    for start, end in find_dates(sentence):
        if not any(left < end and start < right for left, right in quoted):
            spans.append((start, end, ItemKind.DATE))
    spans.sort()
    items: list[Item] = []
    at = 0
    for start, end, kind in spans:
        items += _words(sentence, at, start)
        text = sentence[start:end]
        items.append(Item(_unquoted(text) if kind is ItemKind.QUOTE else text, "", kind, start, end))
        at = end
    return items + _words(sentence, at, len(sentence))


def _is_title(quoted: str) -> bool:
    """Whether quoted words name something: a few words that open with a capital, not a quoted sentence."""
    if not quoted or quoted[0].islower() or quoted[-1] in ";:" or len(quoted) > 80:
        return False
    words = quoted.split()
    return len(words) <= 8 and (len(words) < 4 or sum(not word.islower() for word in words) * 2 >= len(words))


def _unquoted(text: str) -> str:
    return text.strip("\"“”«»「」《》`'").strip().rstrip(",.")


def _words(sentence: str, start: int, end: int) -> list[Item]:
    return [
        Item(
            match.group(),
            "",
            ItemKind.WORD if match.group()[0].isalnum() or match.group()[0] in "$€£¥'’" else ItemKind.MARK,
            *match.span(),
        )
        for match in _TOKEN.finditer(sentence, start, end)
    ]


def tagged(sentences: Sequence[list[Item]]) -> list[list[Item]]:
    """The same items with their tags, by the tagger inside textblob (Brill 1992, lexicon and rules)."""
    if not sentences:
        return []
    # The tagger takes one string: a line a sentence, a space between tokens.
    lines = "\n".join(" ".join(_token(item) for item in items) for items in sentences)
    rows: list[list[list[str]]] = _tagger().parse(
        lines, tokenize=False, tags=True, chunks=False, collapse=False
    )
    return [
        [_with_tag(item, row[1]) for item, row in zip(items, tags, strict=True)]
        for items, tags in zip(sentences, rows, strict=True)
    ]


def _token(item: Item) -> str:
    if item.kind is ItemKind.DATE:
        return "1999"
    if item.kind is ItemKind.QUOTE:
        return "Hamlet"
    return item.text.translate(_SAFE).replace("’", "'")


_CONTRACTED = {"n't": "RB", "'ll": "MD", "'d": "MD", "'m": "VBP", "'re": "VBP", "'ve": "VBP"}


def _with_tag(item: Item, tag: str) -> Item:
    tag = _CONTRACTED.get(item.text.replace("’", "'"), tag)
    if item.kind is ItemKind.MARK:
        tag = item.text if item.text in ",.;:()" else "SYM"
    elif item.kind is ItemKind.DATE:
        tag = "CD"
    elif item.kind is ItemKind.QUOTE:
        tag = "NNP"
    elif item.text in ("'s", "’s", "'", "’"):
        tag = "POS"
    return Item(item.text, tag, item.kind, item.start, item.end)


def lexicon() -> Any:
    """The tagger's word list: word to tag."""
    return _tagger().parser.lexicon


def _tagger() -> Any:
    try:
        from textblob import en
    except ImportError as error:
        raise MissingExtra("textblob", "all", "The extractor rules") from error
    return en
