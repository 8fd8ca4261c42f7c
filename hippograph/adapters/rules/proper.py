"""Proper names: which capitalised words belong together, and which capitals only open a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hippograph.adapters.rules.items import Item, ItemKind, word_set

Lexicon = Mapping[str, str]

CLOSED_TAGS = word_set("DT IN PRP PRP$ CC WP WP$ WDT WRB MD RB RBR RBS EX TO UH PDT")
# Capitalised by rule or habit, and no name by themselves.
_NEVER = word_set(
    """i i'm i've i'll i'd ok okay yes no hi hey hello thanks thank oh wow great sure well please yeah mr
    mrs ms dr monday tuesday wednesday thursday friday saturday sunday"""
)
# Adjectives that stand before a name without being part of it when they open a sentence.
_LOOSE = word_set(
    """former late early other many several some most few modern recent young famous popular notable
    various both additional current previous original later first second third major early-day today"""
)
_LINKS = word_set(
    """of de la le les du des del della di da das dos do von van der den ter zu bin ibn al el y e et und &
    -"""
)
_TAILS = word_set("Jr. Sr. Inc. Ltd. Jr Sr Inc Ltd LLC Co. Corp.")
_COMMON_ENDINGS = ("tion", "tions", "ment", "ments", "ship", "ness", "ism", "ology", "ware")


def join_names(items: Sequence[Item], sentence: str, lexicon: Lexicon, known: frozenset[str]) -> list[Item]:
    """The items with every proper name as one item: "University of Paris", "World War II".

    `known` are words seen capitalised inside a sentence of the same passage; they decide what a first word
    is.
    """
    joined: list[Item] = []
    first = True
    at = 0
    while at < len(items):
        item = items[at]
        end = _name_end(items, at, first, lexicon, known)
        if end > at:
            joined.append(_name(items[at:end], sentence))
            at = end
        else:
            joined.append(item)
            at += 1
        first = (first and item.kind is ItemKind.MARK) or item.text in (":", "–", "—")
    return joined


def _name(items: Sequence[Item], sentence: str) -> Item:
    start, end = items[0].start, items[-1].end
    return Item(" ".join(sentence[start:end].split()), "NNP", ItemKind.NAME, start, end)


def is_capitalised(item: Item) -> bool:
    """Whether a word is written with a capital: at its front, or inside as in iPhone."""
    text = item.text
    return item.kind is ItemKind.WORD and (text[:1].isupper() or text[:1].istitle() or text[1:2].isupper())


def seen_inside(sentences: Sequence[Sequence[Item]]) -> frozenset[str]:
    """Words that stand capitalised inside a sentence."""
    return frozenset(
        item.text
        for items in sentences
        for before, item in pairwise(items)
        if is_capitalised(item) and before.kind is ItemKind.WORD and before.text.islower()
    )


def is_common(word: str, lexicon: Lexicon) -> bool:
    """Whether the tagger's word list has the word in lower case, and not as a name."""
    lowered = word.lower()
    tag = lexicon.get(lowered)
    return lowered.endswith(_COMMON_ENDINGS) if tag is None else not tag.startswith("NNP")


def _name_end(items: Sequence[Item], at: int, first: bool, lexicon: Lexicon, known: frozenset[str]) -> int:
    """Where the name that starts at an item ends; the item's own place if none starts there."""
    begin = at
    if _is_edition(items, at):
        begin = at + 1
    if not _opens_name(items, begin, first and begin == at, lexicon, known):
        return at
    end = begin + 1
    while (longer := _extended(items, begin, end, lexicon)) > end:
        end = longer
    lone = end == at + 1
    if (
        lone
        and items[at].tag.startswith("JJ")
        and end < len(items)
        and items[end].tag.startswith(("NN", "JJ"))
    ):
        return at  # "American singer": an adjective
    return at if lone and items[at].lower in _NEVER else end


def _is_edition(items: Sequence[Item], at: int) -> bool:
    """A year in front of a name, as in "the 2018 FIFA World Cup"."""
    item = items[at]
    return (
        item.kind is ItemKind.DATE
        and len(item.text) == 4
        and at + 2 < len(items)
        and is_capitalised(items[at + 1])
        and (at == 0 or items[at - 1].tag in ("DT", "PRP$", "POS"))
    )


def _opens_name(items: Sequence[Item], at: int, first: bool, lexicon: Lexicon, known: frozenset[str]) -> bool:
    if at >= len(items) or not is_capitalised(items[at]):
        return False
    item = items[at]
    word = item.lower
    tag = lexicon.get(word, "")
    follows = at + 1 < len(items) and is_capitalised(items[at + 1])
    if word in _NEVER and not follows:
        return False
    if len(item.text) == 1 and not follows and item.text in "AI":
        return False
    if not first:
        return tag not in CLOSED_TAGS or follows or (len(word) > 1 and item.text.isupper())
    if tag in CLOSED_TAGS or word in _LOOSE:
        return False
    if not follows and len(word) < 4 and not word.isascii() and item.text not in known:
        return False  # "Он", "Ο": a small word of another language
    if item.text in known or not is_common(word, lexicon) or item.text[1:] != word[1:]:
        return True
    return follows and tag.startswith(("NN", "JJ")) and items[at + 1].lower not in _NEVER


def _extended(items: Sequence[Item], begin: int, end: int, lexicon: Lexicon) -> int:
    """The end of the name with one more part: a capital, a numeral, a linked part, "Jr."; else `end`."""
    if end >= len(items):
        return end
    item = items[end]
    if is_capitalised(item) and not (item.tag in ("PRP", "PRP$") or item.lower in _NEVER):
        return end + 1
    if item.kind is ItemKind.WORD and item.text.isdigit() and len(item.text) <= 3:
        return end + 1
    if item.text == "," and end + 1 < len(items) and items[end + 1].text in _TAILS:
        return end + 2
    if item.tag == "POS" and _capital(items, end + 1):
        return (
            end + 2 if is_common(items[end - 1].text, lexicon) and items[end - 1].text[0].isupper() else end
        )
    if item.text in _LINKS or item.lower in ("for", "and"):
        return _linked(items, begin, end, lexicon)
    return end


def _linked(items: Sequence[Item], begin: int, end: int, lexicon: Lexicon) -> int:
    """Parts joined by "of the", "de la" or "&" before a capital; by "for" and "and" between common words."""
    link = items[end].lower
    after = end + 1
    while (
        after < len(items)
        and after < end + 3
        and (items[after].text in _LINKS or items[after].text in ("the", "l'"))
    ):
        after += 1
    if not _capital(items, after):
        return end
    left, right = items[end - 1].text, items[after].text
    if link == "of" and end - begin > 1 and not is_common(left, lexicon):
        return end  # "Robin Munro of the University of London" is two names
    if link == "of" and any(item.lower == "of" for item in items[begin:end]):
        return end  # "Deputy of the Legislature of Guanajuato" is two names
    if link == "for" and not (left.isalpha() and is_common(left, lexicon) and is_common(right, lexicon)):
        return end
    if link == "and":
        inside = any(item.lower in ("of", "for") for item in items[begin:end])
        if not (inside and is_common(left, lexicon) and is_common(right, lexicon)):
            return end
    if link in ("e", "y", "do") and not (left[:1].isupper() and right[:1].isupper()):
        return end
    return after + 1


def _capital(items: Sequence[Item], at: int) -> bool:
    return at < len(items) and is_capitalised(items[at]) and items[at].tag != "PRP"
