"""Noun phrases that say enough to be entities."""

from __future__ import annotations

from hippograph.adapters.rules.chunks import Chunk
from hippograph.adapters.rules.items import ItemKind, word_set
from hippograph.adapters.rules.proper import Lexicon
from hippograph.types import MentionKind

_VAGUE = word_set(
    """first second third last next other same own many several various few more most much such one two
    three number part way time times day days year years century end beginning name kind type form lot
    bit thing things people person man woman place case example fact addition order result group member
    members total"""
)


def is_telling(chunk: Chunk, lexicon: Lexicon) -> MentionKind | None:
    """The kind under which a noun phrase is an entity, or None: names are found elsewhere.

    Two words of content are enough; a single one must be rare, that is outside the tagger's word list.
    """
    if chunk.is_name or any(item.kind is ItemKind.DATE for item in chunk.items):
        return None
    words = [
        item for item in chunk.items if item.text in chunk.text.split() or item.kind is not ItemKind.WORD
    ]
    if any((item.tag == "CD" and item.text[:1].isdigit()) or item.text[:1] in "$€£¥" for item in words):
        return MentionKind.NUMBER if len(chunk.text.strip("0")) > 2 else None
    content = [w for w in chunk.text.split() if w.lower() not in _VAGUE and len(w) > 2]
    if len(content) >= 2:
        return MentionKind.NOUN
    if (
        len(content) == 1
        and len(chunk.text.split()) == 1
        and content[0].lower() not in lexicon
        and len(content[0]) > 4
    ):
        return MentionKind.NOUN
    return None
