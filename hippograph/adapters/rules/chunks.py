"""Chunks: noun phrases, verb phrases and the small words between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hippograph.adapters.rules.items import Item, ItemKind, word_set


class ChunkKind(StrEnum):
    """What a chunk does in its sentence."""

    NOUN = "noun"
    PRONOUN = "pronoun"
    VERB = "verb"
    PREPOSITION = "preposition"
    RELATIVE = "relative"
    AND = "and"
    COMMA = "comma"
    OPEN = "open"
    CLOSE = "close"
    STOP = "stop"
    CLAUSE = "clause"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of items that works as one; `text` is what it is called in a fact."""

    kind: ChunkKind
    text: str
    items: tuple[Item, ...]
    role: str = ""
    """What stands before a name: "physicist" in "the physicist Albert Einstein"."""
    owner: str = ""
    """The possessor: "Britain" in "Britain's capital", or the possessive pronoun."""
    definite: bool = False
    is_name: bool = False
    copula: bool = False
    participle: bool = False
    inner: str = ""
    """Y in "X of Y"."""
    outer: str = ""
    """X in "X of Y"."""
    inner_is_name: bool = False
    is_place_list: bool = False

    @property
    def is_noun(self) -> bool:
        """Whether it can be a subject or an object."""
        return self.kind is ChunkKind.NOUN or self.kind is ChunkKind.PRONOUN


_BE = word_set("is was are were be been being am 's 're 'm ’s ’re ’m")
_AUXILIARY = _BE | word_set(
    "has have had having do does did will would can could may might shall should must to 'll 'd 've ’ll ’ve"
)
_COPULA = _BE | word_set("become becomes became remain remains remained")
_SUBORDINATE = word_set("because although though while if when since unless whereas that whether so")
_DETERMINERS = word_set(
    "the a an this that these those some any each every all both either neither no another such"
)
_INSIDE = ("NN", "JJ", "CD", "POS", "$")


def read_chunks(items: Sequence[Item]) -> list[Chunk]:
    """The chunks of a sentence, in order; every item is in one."""
    chunks: list[Chunk] = []
    at = 0
    while at < len(items):
        end = _noun_end(items, at)
        if end > at:
            chunks.append(_noun(items[at:end]))
        elif (end := _verb_end(items, at)) > at:
            chunks.append(_verb(items[at:end], chunks))
        else:
            end = at + 1
            chunks.append(_small(items[at]))
        at = end
    return chunks


def _is_nominal(item: Item) -> bool:
    return item.tag.startswith(("NN", "CD", "FW")) or item.kind in (
        ItemKind.NAME,
        ItemKind.DATE,
        ItemKind.QUOTE,
    )


def _noun_end(items: Sequence[Item], at: int) -> int:
    """Where the noun phrase that starts here ends; `at` if none does."""
    first = items[at]
    if first.tag == "PRP" or first.tag == "EX":
        return at
    if first.kind is ItemKind.DATE:
        return at + 1
    end = at
    while end < len(items) and _fits(items, at, end):
        end += 1
    while end > at and not _is_nominal(items[end - 1]):
        end -= 1
    return end if any(_is_nominal(item) for item in items[at:end]) else at


def _fits(items: Sequence[Item], at: int, end: int) -> bool:
    item = items[end]
    after = items[end + 1] if end + 1 < len(items) else None
    if item.kind is ItemKind.DATE:
        return False
    if item.tag in ("DT", "PDT", "PRP$"):
        return end == at or (end == at + 1 and items[at].tag in ("DT", "PDT"))
    if item.tag.startswith(_INSIDE) or item.kind in (ItemKind.NAME, ItemKind.QUOTE):
        return not (end > at and item.kind is ItemKind.NAME and items[end - 1].kind is ItemKind.NAME)
    if item.tag.startswith("RB") and after is not None:
        return after.tag.startswith("JJ") and (end > at)
    if item.tag in ("VBN", "VBG") and after is not None and end >= at:
        opens = end > at and items[end - 1].tag in ("DT", "PRP$", "JJ", "POS", "CD")
        return opens and _is_nominal(after) and after.kind is not ItemKind.DATE
    return False


def _text(items: Sequence[Item]) -> str:
    words = " ".join(item.text for item in items)
    return words.replace(" 's", "'s").replace(" ’s", "’s").replace(" '", "'")


def _noun(items: Sequence[Item]) -> Chunk:
    definite = items[0].lower in ("the", "this", "that", "these", "those")
    owner = ""
    rest = list(items)
    while rest and (rest[0].lower in _DETERMINERS or rest[0].tag in ("DT", "PDT", "PRP$")):
        if rest[0].tag == "PRP$":
            owner = rest[0].lower
        rest = rest[1:]
    marks = [place for place, item in enumerate(rest) if item.tag == "POS"]
    if marks and 0 < marks[-1] < len(rest) - 1:
        owner = _text([item for item in rest[: marks[-1]] if item.tag not in ("DT",)])
        rest = rest[marks[-1] + 1 :]
    rest = rest or list(items)
    last = rest[-1]
    is_name = last.kind in (ItemKind.NAME, ItemKind.QUOTE)
    role = ""
    if is_name and len(rest) > 1:
        role = _text(rest[:-1]) if rest[-2].tag.startswith("NN") else ""
        rest = [last]
    return Chunk(ChunkKind.NOUN, _text(rest), tuple(items), role, owner, definite, is_name)


def _verb_end(items: Sequence[Item], at: int) -> int:
    def is_verb(place: int) -> bool:
        tag = items[place].tag
        if tag == "TO":
            return place + 1 < len(items) and items[place + 1].tag in ("VB", "VBP")
        return tag.startswith("VB") or tag == "MD"

    start = at
    while start < len(items) and items[start].tag == "RB" and start < at + 2:
        start += 1
    if start >= len(items) or not is_verb(start):
        return at
    end = start + 1
    while end < len(items) and (is_verb(end) or items[end].tag in ("RB", "RP", "RBR")):
        end += 1
    while items[end - 1].tag in ("RB", "RBR"):
        end -= 1
    return end


def _verb(items: Sequence[Item], before: Sequence[Chunk]) -> Chunk:
    words = [item.lower for item in items if not item.tag.startswith("RB")]
    main = [word for word in words if word not in _AUXILIARY]
    copula = all(word in _COPULA or word in _AUXILIARY for word in words) and any(
        word in _COPULA for word in words
    )
    participle = items[-1].tag in ("VBN", "VBG") and len(words) == 1
    if items[-1].tag == "VBD" and len(words) == 1 and before and before[-1].kind is ChunkKind.NOUN:
        participle = False
    return Chunk(
        ChunkKind.VERB, " ".join(main or words[-1:]), tuple(items), copula=copula, participle=participle
    )


_SIGNS = {
    ",": ChunkKind.COMMA,
    "(": ChunkKind.OPEN,
    "[": ChunkKind.OPEN,
    ")": ChunkKind.CLOSE,
    "]": ChunkKind.CLOSE,
}


def _small(item: Item) -> Chunk:
    kind = _SIGNS.get(item.text)
    if kind is None:
        kind = _kind_of_word(item)
    return Chunk(kind, item.lower, (item,))


def _kind_of_word(item: Item) -> ChunkKind:
    if item.text in (".", ";", ":", "!", "?"):
        return ChunkKind.STOP
    if item.tag == "PRP":
        return ChunkKind.PRONOUN
    if item.tag in ("WP", "WDT", "WP$", "WRB") or item.lower in ("who", "which", "whose", "whom", "where"):
        return ChunkKind.RELATIVE
    if item.tag == "CC" or item.text in ("&", "/"):
        return ChunkKind.AND
    if item.lower in _SUBORDINATE:
        return ChunkKind.CLAUSE
    if item.tag in ("IN", "TO", "RP"):
        return ChunkKind.PREPOSITION
    return ChunkKind.OTHER
