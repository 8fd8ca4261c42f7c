"""How a name, date or number belongs to the rest of its statement, and whether it does so in another statement too."""

from __future__ import annotations

from hippograph.generation.claims.matching import ARTICLES, Pairs, holds, nearness, neighbours
from hippograph.generation.claims.reading import ItemKind, Reading
from hippograph.generation.claims.words import BE, SINGULAR_WORDS, is_verb, word_set
from hippograph.generation.overlap import stem

REACH = 4
"""A slot belongs to a word that stands at most so many items before it."""
UNIT_REACH = 3
"""What a number counts stands at most so many items behind it."""

_SINGULAR = frozenset(stem(word) for word in SINGULAR_WORDS)
_PLACE_SMALLS = word_set("in of at on near from")


def is_linked(claim: Reading, place: int, sentence: Reading, other: int, pairs: Pairs) -> bool:
    """Whether a slot belongs to the same words in both: an equal neighbour, or its governor close before it."""
    opens = list_start(sentence, other)
    if nearness(claim, place, sentence, other) or neighbours(claim, place, sentence, opens)[0]:
        return True
    if any(is_governed(claim, place, sentence, q, pairs) for q in (other, opens)):
        return True
    if _is_turned_round(claim, place, sentence, other, pairs):
        return True
    return is_first(claim, place) and not any(item.kind.is_slot() for item in sentence.items[:other])


def counts_the_same(claim: Reading, place: int, sentence: Reading, other: int) -> bool:
    """Whether two numbers count one thing: the "41" of 41 metres is not that of 41 rooms."""
    following = claim.items[place + 1] if place + 1 < len(claim.items) else None
    if (
        claim.items[place].kind is not ItemKind.NUMBER
        or following is None
        or following.kind is not ItemKind.WORD
    ):
        return True
    return any(holds(told, following) for told in sentence.items[other + 1 : other + 1 + UNIT_REACH])


def _is_turned_round(claim: Reading, place: int, sentence: Reading, other: int, pairs: Pairs) -> bool:
    """Whether one is passive and the other not: "Ada designed it" and "it was designed by Ada"."""
    words = [p for p, item in enumerate(claim.items) if item.kind is ItemKind.WORD and pairs.get(p, -1) >= 0]
    verb = min(words, key=lambda p: abs(p - place), default=None)
    if verb is None or abs(pairs[verb] - other) > REACH:
        return False
    differ = is_passive(claim, verb) != is_passive(sentence, pairs[verb])
    return differ and (place < verb) != (other < pairs[verb])


def is_passive(statement: Reading, verb: int) -> bool:
    """Whether who does it stands behind the verb: "designed by"."""
    return verb + 1 < len(statement.items) and statement.items[verb + 1].key == "by"


def list_start(sentence: Reading, place: int) -> int:
    """Where the run of names begins that a name stands in: "Liverpool" for the last of "Liverpool, England"."""
    while place > 0 and sentence.items[place].kind is ItemKind.NAME is sentence.items[place - 1].kind:
        place -= 1
    return place


def is_governed(claim: Reading, place: int, sentence: Reading, other: int, pairs: Pairs) -> bool:
    """Whether the word before the slot stands close before the sentence's slot too, with none of its kind between."""
    governor = _governor(claim, place)
    if governor is None or not 0 <= pairs.get(governor, -1) < other:
        return False
    between = sentence.items[pairs[governor] + 1 : other]
    return len(between) < REACH and not any(item.kind is claim.items[place].kind for item in between)


def _governor(claim: Reading, place: int) -> int | None:
    """The word before a slot, which says how it belongs to the rest."""
    return next((p for p in range(place - 1, -1, -1) if claim.items[p].kind is ItemKind.WORD), None)


def is_singular(claim: Reading, place: int) -> bool:
    """Whether a slot stands in a relation that has one answer: "born in", "the capital of", "is a Dane"."""
    governor = _governor(claim, place)
    if governor is None:
        before = [item.key for item in claim.items[:place] if item.key not in ARTICLES]
        return bool(before) and before[-1] in BE
    if claim.items[governor].key in _SINGULAR:
        return True
    is_the = governor > 0 and claim.items[governor - 1].key == "the"
    return is_the and any(item.key == "of" for item in claim.items[governor:place])


def is_loose(claim: Reading, place: int, sentence: Reading, pairs: Pairs) -> bool:
    """Whether a slot of a claim without words stands in the sentence by chance, as far as anyone can tell.

    It does not where the same preposition stands before both, or before the list of places it ends:
    "in Ford County, Kansas". A verb between it and the subject says something else of them.
    """
    if is_first(claim, place) or not claim.items[place].kind.is_slot():
        return False
    start = pairs[place]
    if start < 0:
        return (
            claim.items[place - 1].key not in BE
        )  # within a longer name: "a Slovenian Cardinal" is Slovenian
    at = list_start(sentence, start)
    ours = {claim.items[place - 1].key} if place else set()
    ours |= _PLACE_SMALLS if ours & _PLACE_SMALLS else set()
    opening = min((q for q in pairs.values() if q >= 0), default=0)
    between = sentence.items[opening + 1 : start]
    if any(
        item.kind is ItemKind.WORD and is_verb(item.text.lower()) and item.text.islower() for item in between
    ):
        return True
    before = _small_before(sentence, at)
    return (
        before not in ours
        and not (before in BE and ours & BE)
        and not any(neighbours(claim, place, sentence, start))
    )


def _small_before(sentence: Reading, place: int) -> str:
    """The preposition or verb before a noun phrase: "in" of "in the western Harz"."""
    passed = 0
    for item in reversed(sentence.items[:place]):
        if item.kind is ItemKind.SMALL and item.key not in ARTICLES:
            return item.key
        passed += item.kind is not ItemKind.SMALL
        if passed > 1:
            return ""
    return ""


def is_first(claim: Reading, place: int) -> bool:
    """Whether an item opens the claim: nothing telling stands before it."""
    return all(item.kind is ItemKind.SMALL for item in claim.items[:place])
