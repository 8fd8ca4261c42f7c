"""When two items of statements are the same, may be the same, or stand in the same place."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from hippograph.generation.claims.reading import Day, Item, ItemKind, Reading
from hippograph.generation.claims.words import word_set

REACH = 3
"""How many neighbours on each side say that two items stand in the same place."""
ROUNDING = 0.05
""" "About 40" is borne out by 41."""

Pairs = dict[int, int]
"""Places of a claim's items and of a sentence's that hold them; -1 where the title or a part of a name does."""

LONGER_STEM = 2
"""So many more letters may the stem of one form of a word have than that of another."""
SPELLING = 0.7
"""Words that share so many of their letters in order may be spellings of one name."""

ARTICLES = frozenset(["the", "a", "an"])
_JOINTS = word_set("of in the and for at on to de van von")
_TITLES = word_set(
    "sir dr mr mrs ms lord lady king queen prince princess saint st duke count emperor president professor"
)
_BE = word_set("is are was were be been being has have had")


def holds(told: Item, claimed: Item, is_about: bool = False) -> bool:
    """Whether an item of a sentence bears out one of a claim; `is_about` allows a rounded number.

    >>> from hippograph.generation.claims.reading import read_statement
    >>> full, last = read_statement("Ada Lovelace wrote.").items[0], read_statement("Lovelace wrote.").items[0]
    >>> holds(full, last), holds(last, full)
    (True, True)
    """
    if told.kind is ItemKind.SMALL or claimed.kind is ItemKind.SMALL:
        return False
    if told.kind is not claimed.kind:
        return same_stem(told.key, claimed.key)
    if isinstance(told.value, Day) and isinstance(claimed.value, Day):
        return claimed.value.agrees(told.value)
    if isinstance(told.value, float) and isinstance(claimed.value, float):
        allowed = abs(told.value) * ROUNDING if is_about else 0.0
        return abs(told.value - claimed.value) <= allowed
    if told.kind is ItemKind.NAME:
        return same_name(told.key, claimed.key)
    return same_stem(told.key, claimed.key)


def same_stem(first: str, second: str) -> bool:
    """Whether two stems are of one word, cut short by more or fewer endings: "murder" and "murd"."""
    short, long = sorted((first, second), key=len)
    return short == long or (
        len(short) > 3 and long.startswith(short) and len(long) - len(short) <= LONGER_STEM
    )


def may_be_same(claimed: Item, told: Item) -> bool:
    """Whether two slots may tell the same after all: dates that differ in precision, names that differ in spelling."""
    if claimed.kind is ItemKind.DATE and told.kind is ItemKind.DATE:
        return is_vague(claimed, told)
    return claimed.kind is ItemKind.NAME and may_be_one_name(claimed.key, told.key)


def may_be_one_name(first: str, second: str) -> bool:
    """Whether two normal names may be spellings or forms of one, though nobody can be sure.

    >>> may_be_one_name("countess of flanders", "flanders"), may_be_one_name("anna of flanders", "anna of guelders")
    (True, False)
    >>> may_be_one_name("j s bach", "johann sebastian bach"), may_be_one_name("mohammed", "muhammad")
    (True, True)
    """
    ours, theirs = (set(name.split()) - _JOINTS - _TITLES for name in (first, second))
    only_ours, only_theirs = ours - theirs, theirs - ours
    if ours & theirs and not (only_ours and only_theirs):
        return True
    if not only_ours or not only_theirs or len(only_ours) != len(only_theirs):
        return False
    return all(any(_is_variant(word, other) for other in only_theirs) for word in only_ours)


def _is_variant(word: str, other: str) -> bool:
    """Whether two words may be one name: an initial of it, or nearly the same letters."""
    if 1 in (len(word), len(other)):
        return word[0] == other[0]
    return min(len(word), len(other)) > 3 and SequenceMatcher(None, word, other).ratio() >= SPELLING


def is_vague(claimed: Item, told: Item) -> bool:
    """Whether a told date may be the claimed one, less precisely."""
    return (
        isinstance(told.value, Day) and isinstance(claimed.value, Day) and claimed.value.may_agree(told.value)
    )


def same_name(first: str, second: str) -> bool:
    """Whether two normal names may name one thing: equal, first or last word of the other, or its initials.

    >>> same_name("ada lovelace", "lovelace"), same_name("bbc", "british broadcasting corporation")
    (True, True)
    >>> same_name("university of paris", "paris")
    False
    """
    if first == second:
        return True
    short, long = sorted((first.split(), second.split()), key=len)
    if not short or len(short) == len(long):
        return False
    if len(short) == 1 and len(short[0]) > 1:
        initials = "".join(word[0] for word in long if word not in _JOINTS)
        if short[0] == initials:
            return True
    if _JOINTS & set(long):
        return False
    return (
        short[0] in (long[0], long[-1])
        if len(short) == 1
        else set(short) <= set(long) and short[-1] == long[-1]
    )


def nearness(claim: Reading, place: int, sentence: Reading, other: int) -> int:
    """How many neighbours two items share, going outward until the first that differs; ends count as one."""
    return sum(neighbours(claim, place, sentence, other))


def neighbours(claim: Reading, place: int, sentence: Reading, other: int) -> tuple[int, int]:
    """The same, before them and after them."""
    before, after = (_shared(claim.items, place, sentence.items, other, step) for step in (-1, 1))
    return before, after


def _shared(claim: Sequence[Item], place: int, sentence: Sequence[Item], other: int, step: int) -> int:
    shared = 0
    while shared < REACH:
        place, other = _next(claim, place, step), _next(sentence, other, step)
        ended, other_ended = not 0 <= place < len(claim), not 0 <= other < len(sentence)
        if ended or other_ended:
            return shared + (ended and other_ended)
        if not _same_neighbour(claim[place], sentence[other]):
            return shared
        shared += 1
    return shared


def _next(items: Sequence[Item], place: int, step: int) -> int:
    place += step
    while 0 <= place < len(items) and items[place].key in ARTICLES:
        place += step
    return place


def _same_neighbour(one: Item, other: Item) -> bool:
    if one.kind is ItemKind.SMALL and other.kind is ItemKind.SMALL:
        return one.key == other.key or (one.key in _BE and other.key in _BE)
    return holds(other, one)
