"""A claim laid beside one sentence: what it shares with it, what is missing, what stands there instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hippograph.generation.claims.denial import is_denied, is_denied_outright
from hippograph.generation.claims.linking import (
    counts_the_same,
    is_first,
    is_governed,
    is_linked,
    is_loose,
    is_passive,
    is_singular,
    list_start,
)
from hippograph.generation.claims.matching import Pairs, holds, may_be_same, nearness, neighbours, same_stem
from hippograph.generation.claims.reading import Day, Item, ItemKind, Reading
from hippograph.generation.claims.sequence import in_sequence
from hippograph.generation.claims.words import OPPOSITES, word_set
from hippograph.generation.overlap import stem

SLOT_WEIGHT = 2.0
"""A name, date or number counts as much as two words."""
_PRONOUNS = word_set("he she it they his her its their")
_OF_ANYBODY = frozenset(stem(word) for word in ("born", "died", "death", "birth", "person", "known"))
"""What can be said of everybody."""
_MUTUAL = frozenset(
    stem(word) for word in ("married", "met", "meets", "borders", "joins", "fought", "equals", "divorced")
)
"""Verbs that say the same with their sides exchanged."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A slot of the claim, and the one that stands in its place in the sentence."""

    claimed: Item
    told: Item
    place: int
    """Where it stands in the claim."""
    nearness: int
    """How many neighbours the two share."""
    is_governed: bool
    """Whether the same word stands close before both."""
    is_singular: bool
    """Whether that word is a relation that usually has one answer."""
    is_elsewhere: bool
    """Whether the claimed value stands elsewhere in the sentence."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """What a claim and a sentence have in common."""

    is_caseless: bool
    """Whether the claim is in a script whose names cannot be told from other words."""
    slots: int
    """How many names, dates and numbers the claim has."""
    words: int
    """How many other telling words."""
    missing: tuple[Item, ...]
    """Names, dates and numbers that the sentence does not hold where the claim has them."""
    replaced: tuple[Replaced, ...]
    unexplained: int
    """How many of the missing have nothing that stands in their place, alone or as a part of a list of names."""
    words_missing: tuple[str, ...]
    words_held: float
    """The share of the claim's other telling words that the sentence holds; 1 where it has none."""
    opposed: tuple[tuple[str, str], ...]
    """Words of the claim with the opposites that stand in their place."""
    is_denied: bool
    """One of the two denies and the other does not."""
    is_denied_outright: bool
    """The sentence denies that it ever was, and so whatever else the claim says of it."""
    is_loose: bool
    """Whether names merely stand in the same sentence, for want of any word or preposition in common."""
    rest_held: float
    """The share of the claim that is held, apart from what was replaced or has an opposite."""
    in_sequence: float
    """The share of the claim that the sentence holds in the claim's own order, replaced slots included."""
    is_subject_replaced: bool
    particular: float
    """How much of what is held is particular: a word or a year 0.5, a name of several words or a day 1."""


def align(claim: Reading, sentence: Reading, about: Reading | None = None) -> Alignment:
    """Lay a claim beside a sentence; `about` is the title of its document, which may name its subject."""
    pairs, others = _side_by_side(claim, sentence)
    weights = {p: _weight(item) for p, item in enumerate(claim.items) if item.kind is not ItemKind.SMALL}
    in_order = {*pairs, *others}
    _find_subject(claim, sentence, about, pairs, others)
    _find_elsewhere(claim, sentence, pairs, others)
    _find_others(claim, sentence, pairs, others)
    _drop_exchanged(claim, sentence, pairs)
    missing = [p for p in claim.slots if p not in pairs]
    lost = [p for p in weights if p not in pairs and not claim.items[p].kind.is_slot()]
    opposed = _opposed(claim, sentence, lost)
    words = [p for p in weights if not claim.items[p].kind.is_slot()]
    explained = {p for p in missing if _is_explained(claim, p, others)}
    rest = sum(weight for p, weight in weights.items() if p not in explained and p not in opposed)
    return Alignment(
        is_caseless=claim.is_caseless(),
        slots=len(claim.slots),
        words=len(words),
        missing=tuple(claim.items[p] for p in missing),
        replaced=tuple(_replaced(claim, sentence, p, q, pairs) for p, q in others.items()),
        unexplained=len(missing) - len(explained),
        words_missing=tuple(claim.items[p].text for p in lost),
        words_held=1 - len(lost) / len(words) if words else 1.0,
        opposed=tuple((claim.items[p].text, other) for p, other in opposed.items()),
        is_denied=is_denied(claim, sentence, pairs),
        is_denied_outright=not lost and is_denied_outright(claim, sentence, pairs, missing),
        is_loose=not words and any(is_loose(claim, p, sentence, pairs) for p in pairs),
        rest_held=sum(weights[p] for p in pairs) / rest if rest else 0.0,
        in_sequence=sum(weights[p] for p in in_order | explained) / (sum(weights.values()) or 1.0),
        is_subject_replaced=any(is_first(claim, p) for p in others),
        particular=sum(_particularity(claim.items[p]) for p in pairs),
    )


def _weight(item: Item) -> float:
    return SLOT_WEIGHT if item.kind.is_slot() else 1.0


def _particularity(item: Item) -> float:
    if item.key in _OF_ANYBODY:
        return 0.0
    if isinstance(item.value, Day):
        return 1.0 if item.value.day else 0.5
    return 1.0 if item.kind is ItemKind.NAME and " " in item.key else 0.5


def _side_by_side(claim: Reading, sentence: Reading) -> tuple[Pairs, dict[int, int]]:
    """What stands side by side in order: equal items, and slots with another value and an equal neighbour."""
    pairs: Pairs = {}
    others: dict[int, int] = {}
    for p, q in in_sequence(claim, sentence):
        ours, theirs = claim.items[p], sentence.items[q]
        if ours.kind is ItemKind.SMALL:
            continue
        if holds(theirs, ours, claim.is_about(p)):
            if counts_the_same(claim, p, sentence, q):
                pairs[p] = q
        elif not may_be_same(ours, theirs) and nearness(claim, p, sentence, q):
            others[p] = q
    # What the claim names elsewhere is not its other value: "Ada designed it", "it was designed by Ada".
    unmatched = [claim.items[p] for p in claim.slots if p not in pairs]
    others = {
        p: q for p, q in others.items() if not any(holds(sentence.items[q], item) for item in unmatched)
    }
    return pairs, others


def _replaced(claim: Reading, sentence: Reading, place: int, other: int, pairs: Pairs) -> Replaced:
    item = claim.items[place]
    return Replaced(
        claimed=item,
        told=sentence.items[other],
        place=place,
        nearness=nearness(claim, place, sentence, other),
        is_governed=is_governed(claim, place, sentence, other, pairs),
        is_singular=is_singular(claim, place),
        is_elsewhere=any(holds(told, item) for told in sentence.items) or sentence.count(item) > 0,
    )


def _is_explained(claim: Reading, place: int, others: Mapping[int, int]) -> bool:
    """Whether a missing slot is replaced, or in one list with a name that is: "Hull Creek, Virginia"."""
    start = list_start(claim, place)
    return any(list_start(claim, p) == start for p in others)


def _find_subject(
    claim: Reading, sentence: Reading, about: Reading | None, pairs: Pairs, others: Mapping[int, int]
) -> None:
    """The claim's subject may be what the whole document is about, where the sentence does not name another."""
    first = next((p for p, item in enumerate(claim.items) if item.kind is not ItemKind.SMALL), None)
    if about is None or first is None or first in others:
        return
    opens = sentence.items[0] if sentence.items else None
    names_another = opens is not None and opens.kind is ItemKind.NAME
    if names_another and not any(item.key in _PRONOUNS for item in sentence.items):
        return
    title = about.stems()
    if claim.items[first].kind is ItemKind.NAME and any(
        holds(told, claim.items[first]) for told in about.items
    ):
        pairs.setdefault(first, -1)
    for p in range(first, len(claim.items)):  # "Polio vaccine": the title goes on in small letters
        item = claim.items[p]
        told = {stem(word) for word in item.key.split()} if item.kind is ItemKind.NAME else {item.key}
        if item.kind is not ItemKind.SMALL and not told <= title:
            return
        if item.kind is not ItemKind.SMALL and p not in others:
            pairs.setdefault(p, -1)


def _find_elsewhere(claim: Reading, sentence: Reading, pairs: Pairs, others: Mapping[int, int]) -> None:
    """What the sentence says in another order: words anywhere, slots where they belong to the same words."""
    used = {*pairs.values(), *others.values()}
    words_first = sorted(range(len(claim.items)), key=lambda p: claim.items[p].kind.is_slot())
    for place in words_first:  # a slot is found by its words
        item = claim.items[place]
        if item.kind is ItemKind.SMALL or place in pairs or place in others:
            continue
        free = [
            q
            for q, told in enumerate(sentence.items)
            if q not in used and holds(told, item, claim.is_about(place))
        ]
        if item.kind.is_slot():
            free = [q for q in free if is_linked(claim, place, sentence, q, pairs)]
            free = [q for q in free if counts_the_same(claim, place, sentence, q)]
        if free:
            pairs[place] = max(free, key=lambda q: (nearness(claim, place, sentence, q), -q))
            used.add(pairs[place])
        elif _is_inside(claim, place, sentence, pairs):
            pairs[place] = -1


def _find_others(claim: Reading, sentence: Reading, pairs: Pairs, others: dict[int, int]) -> None:
    """Slots with another value that the same word governs, told in another order: "Born in Ribe, she"."""
    used = {*pairs.values(), *others.values()}
    for place in claim.slots:
        if place in pairs or place in others:
            continue
        for q, told in enumerate(sentence.items):
            if (
                told.kind is claim.items[place].kind
                and q not in used
                and is_governed(claim, place, sentence, q, pairs)
                and neighbours(claim, place, sentence, q)[0]
                and not may_be_same(claim.items[place], told)
            ):
                others[place] = q
                used.add(q)
                break


def _drop_exchanged(claim: Reading, sentence: Reading, pairs: Pairs) -> None:
    """Names that change sides of a verb in the same voice are not held: "Noor taught Ada" is not "Ada taught Noor"."""
    known = {p: q for p, q in pairs.items() if q >= 0}
    for verb in [
        p for p in known if claim.items[p].kind is ItemKind.WORD and claim.items[p].key not in _MUTUAL
    ]:
        if is_passive(claim, verb) != is_passive(sentence, known[verb]):
            continue
        slots = [p for p in known if claim.items[p].kind.is_slot()]
        crossed = [p for p in slots if (p < verb) != (known[p] < known[verb])]
        if {p < verb for p in crossed} == {True, False}:
            for p in crossed:
                pairs.pop(p, None)


def _is_inside(claim: Reading, place: int, sentence: Reading, pairs: Pairs) -> bool:
    """Whether an item stands within a longer one of the sentence, such as a word within a name."""
    item = claim.items[place]
    if item.kind is ItemKind.WORD:
        return any(same_stem(item.key, told) for told in sentence.stems())
    if item.kind is not ItemKind.NAME or any(holds(told, item) for told in sentence.items):
        return False
    return sentence.count(item) > sum(claim.items[p].key == item.key for p in pairs)


def _opposed(claim: Reading, sentence: Reading, lost: Sequence[int]) -> dict[int, str]:
    """Missing words, by their places, whose opposite stands in the same place of the sentence."""
    claimed = {item.text.lower() for item in claim.items}
    found: dict[int, str] = {}
    for p in lost:
        for q, told in enumerate(sentence.items):
            word, other = claim.items[p].text.lower(), told.text.lower()
            if (
                frozenset((word, other)) in OPPOSITES
                and other not in claimed
                and all(neighbours(claim, p, sentence, q))
            ):
                found.setdefault(p, told.text)
    return found
