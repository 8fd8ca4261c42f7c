"""Phrases joined by "of": "the state of Sinaloa" is Sinaloa, "a piece of orchestral music" is one thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hippograph.adapters.rules.chunks import Chunk, ChunkKind
from hippograph.adapters.rules.items import ItemKind, word_set
from hippograph.adapters.rules.proper import Lexicon, is_common

# Nouns that only say what kind of thing the name after "of" is.
_NAMING = word_set(
    """city town village state province region island county district kingdom republic country year month
    name title commune municipality borough suburb capital parish department canton territory prefecture"""
)


def join_of(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks with "X of Y" as one noun phrase; Y's own name is kept in `inner`."""
    joined: list[Chunk] = []
    for chunk in chunks:
        joined.append(chunk)
        while len(joined) >= 3 and _is_of(joined[-3:]):
            joined[-3:] = [_joined(joined[-3], joined[-2], joined[-1])]
    return joined


def _is_of(three: Sequence[Chunk]) -> bool:
    left, link, right = three
    return (
        left.kind is ChunkKind.NOUN
        and link.text == "of"
        and right.kind is ChunkKind.NOUN
        and not left.inner
        and not left.is_name
        and left.items[-1].kind is not ItemKind.DATE
    )


def _joined(left: Chunk, link: Chunk, right: Chunk) -> Chunk:
    items = (*left.items, *link.items, *right.items)
    names = right.is_name or right.items[-1].kind is ItemKind.DATE
    if names and left.text.lower() in _NAMING:
        role = left.text if right.is_name else ""
        return replace(right, items=items, role=role, owner=left.owner)
    text = f"{left.text} of {right.text}"
    return replace(left, text=text, items=items, inner=right.text, outer=left.text, inner_is_name=names)


_PLACED = frozenset(["in", "at", "near", "from", "of", "to"])


def join_places(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks with "in Urmia, West Azerbaijan, Iran" as one noun phrase, unless the list ends in "and"."""
    joined: list[Chunk] = []
    at = 0
    while at < len(chunks):
        end = _place_list_end(chunks, at)
        if end > at + 1:
            text = ", ".join(chunk.text for chunk in chunks[at:end:2])
            items = tuple(item for chunk in chunks[at:end] for item in chunk.items)
            joined.append(replace(chunks[at], text=text, items=items, is_place_list=True))
        else:
            joined.append(chunks[at])
        at = max(end, at + 1)
    return joined


def _place_list_end(chunks: Sequence[Chunk], at: int) -> int:
    if at == 0 or chunks[at - 1].text not in _PLACED or not chunks[at].is_name or chunks[at].role:
        return at
    end = at + 1
    while end + 1 < len(chunks) and chunks[end].kind is ChunkKind.COMMA and _is_plain_name(chunks[end + 1]):
        end += 2
    follows = chunks[end : end + 2]
    if any(chunk.kind is ChunkKind.AND for chunk in follows) or (
        follows and follows[0].kind is ChunkKind.VERB
    ):
        return at
    return end


def _is_plain_name(chunk: Chunk) -> bool:
    return chunk.is_name and not chunk.role and not chunk.owner and len(chunk.items) == 1


def names_inside(name: str, lexicon: Lexicon) -> list[str]:
    """The name a name is made with: "Nicaragua" in "President of Nicaragua", none in "Man of the Year"."""
    _, link, tail = name.partition(" of ")
    tail = tail.removeprefix("the ")
    if not link or not tail[:1].isupper():
        return []
    proper = any(
        not is_common(word, lexicon) or lexicon.get(word, "").startswith("NNP") for word in tail.split()
    )
    return [tail] if proper else []
