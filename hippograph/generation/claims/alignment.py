"""A claim laid beside one sentence: what it shares with it, what is missing, what stands there instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hippograph.generation.claims.matching import (
    ARTICLES,
    holds,
    may_be_same,
    nearness,
    neighbours,
    same_stem,
)
from hippograph.generation.claims.reading import Day, Item, ItemKind, Reading
from hippograph.generation.claims.sequence import in_sequence
from hippograph.generation.claims.words import BE, NEGATIONS, OPPOSITES, SINGULAR_WORDS, is_verb, word_set
from hippograph.generation.overlap import stem

SLOT_WEIGHT = 2.0
"""A name, date or number counts as much as two words."""
REACH = 4
"""A slot belongs to a word that stands at most so many items before it."""
UNIT_REACH = 3
"""What a number counts stands at most so many items behind it."""
NEGATION_REACH = 4
"""A word denies what stands at most so many items behind it."""

_PRONOUNS = word_set("he she it they his her its their")
_OF_ANYBODY = frozenset(stem(word) for word in ("born", "died", "death", "birth", "person", "known"))
"""What can be said of everybody."""
_SINGULAR = frozenset(stem(word) for word in SINGULAR_WORDS)
_PLACE_SMALLS = word_set("in of at on near from")

Pairs = dict[int, int]
"""Places of the claim's items and of the sentence's that hold them; -1 where the title or a part of a name does."""


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
    sequence = sum(weights[p] for p in (*pairs, *others)) / (sum(weights.values()) or 1.0)
    _find_subject(claim, sentence, about, pairs, others)
    _find_elsewhere(claim, sentence, pairs, others)
    _find_others(claim, sentence, pairs, others)
    missing = [p for p in claim.slots if p not in pairs]
    lost = [p for p in weights if p not in pairs and not claim.items[p].kind.is_slot()]
    opposed = _opposed(claim, sentence, lost)
    words = [p for p in weights if not claim.items[p].kind.is_slot()]
    rest = sum(weight for p, weight in weights.items() if p not in others and p not in opposed)
    return Alignment(
        is_caseless=claim.is_caseless(),
        slots=len(claim.slots),
        words=len(words),
        missing=tuple(claim.items[p] for p in missing),
        replaced=tuple(_replaced(claim, sentence, p, q, pairs) for p, q in others.items()),
        words_missing=tuple(claim.items[p].text for p in lost),
        words_held=1 - len(lost) / len(words) if words else 1.0,
        opposed=tuple((claim.items[p].text, other) for p, other in opposed.items()),
        is_denied=_is_denied(claim, sentence, pairs),
        is_denied_outright=not lost and _is_denied_outright(claim, sentence, pairs, missing),
        is_loose=not words and any(_is_loose(claim, p, sentence, pairs) for p in pairs),
        rest_held=sum(weights[p] for p in pairs) / rest if rest else 0.0,
        in_sequence=sequence,
        is_subject_replaced=any(_is_first(claim, p) for p in others),
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
            if _counts_the_same(claim, p, sentence, q):
                pairs[p] = q
        elif not may_be_same(ours, theirs) and nearness(claim, p, sentence, q):
            others[p] = q
    return pairs, others


def _counts_the_same(claim: Reading, place: int, sentence: Reading, other: int) -> bool:
    """Whether two numbers count one thing: the "41" of 41 metres is not that of 41 rooms."""
    following = claim.items[place + 1] if place + 1 < len(claim.items) else None
    if (
        claim.items[place].kind is not ItemKind.NUMBER
        or following is None
        or following.kind is not ItemKind.WORD
    ):
        return True
    return any(holds(told, following) for told in sentence.items[other + 1 : other + 1 + UNIT_REACH])


def _replaced(claim: Reading, sentence: Reading, place: int, other: int, pairs: Pairs) -> Replaced:
    item = claim.items[place]
    return Replaced(
        claimed=item,
        told=sentence.items[other],
        place=place,
        nearness=nearness(claim, place, sentence, other),
        is_governed=_is_governed(claim, place, sentence, other, pairs),
        is_singular=_is_singular(claim, place),
        is_elsewhere=any(holds(told, item) for told in sentence.items) or sentence.count(item) > 0,
    )


def _is_singular(claim: Reading, place: int) -> bool:
    """Whether a slot stands in a relation that has one answer: "born in", "the capital of", "is a Dane"."""
    governor = _governor(claim, place)
    if governor is None:
        before = [item.key for item in claim.items[:place] if item.key not in ARTICLES]
        return bool(before) and before[-1] in BE
    if claim.items[governor].key in _SINGULAR:
        return True
    is_the = governor > 0 and claim.items[governor - 1].key == "the"
    return is_the and any(item.key == "of" for item in claim.items[governor:place])


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
    for place, item in enumerate(claim.items):
        if item.kind is ItemKind.SMALL or place in pairs or place in others:
            continue
        free = [
            q
            for q, told in enumerate(sentence.items)
            if q not in used and holds(told, item, claim.is_about(place))
        ]
        if item.kind.is_slot():
            free = [q for q in free if _is_linked(claim, place, sentence, q, pairs)]
            free = [q for q in free if _counts_the_same(claim, place, sentence, q)]
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
                and _is_governed(claim, place, sentence, q, pairs)
                and neighbours(claim, place, sentence, q)[0]
                and not may_be_same(claim.items[place], told)
            ):
                others[place] = q
                used.add(q)
                break


def _is_inside(claim: Reading, place: int, sentence: Reading, pairs: Pairs) -> bool:
    """Whether an item stands within a longer one of the sentence, such as a word within a name."""
    item = claim.items[place]
    if item.kind is ItemKind.WORD:
        return any(same_stem(item.key, told) for told in sentence.stems())
    taken = sum(claim.items[p].key == item.key for p in pairs)
    return item.kind is ItemKind.NAME and sentence.count(item) > taken


def _is_linked(claim: Reading, place: int, sentence: Reading, other: int, pairs: Pairs) -> bool:
    """Whether a slot belongs to the same words in both: an equal neighbour, or its governor close before it."""
    opens = _list_start(sentence, other)
    if nearness(claim, place, sentence, other) or neighbours(claim, place, sentence, opens)[0]:
        return True
    if any(_is_governed(claim, place, sentence, q, pairs) for q in (other, opens)):
        return True
    return _is_first(claim, place) and not any(item.kind.is_slot() for item in sentence.items[:other])


def _list_start(sentence: Reading, place: int) -> int:
    """Where the run of names begins that a name stands in: "Liverpool" for the last of "Liverpool, England"."""
    while place > 0 and sentence.items[place].kind is ItemKind.NAME is sentence.items[place - 1].kind:
        place -= 1
    return place


def _governor(claim: Reading, place: int) -> int | None:
    """The word before a slot, which says how it belongs to the rest."""
    return next((p for p in range(place - 1, -1, -1) if claim.items[p].kind is ItemKind.WORD), None)


def _is_governed(claim: Reading, place: int, sentence: Reading, other: int, pairs: Pairs) -> bool:
    """Whether the word before the slot stands close before the sentence's slot too, with none of its kind between."""
    governor = _governor(claim, place)
    if governor is None or not 0 <= pairs.get(governor, -1) < other:
        return False
    between = sentence.items[pairs[governor] + 1 : other]
    return len(between) < REACH and not any(item.kind is claim.items[place].kind for item in between)


def _is_loose(claim: Reading, place: int, sentence: Reading, pairs: Pairs) -> bool:
    """Whether a slot of a claim without words stands in the sentence by chance, as far as anyone can tell.

    It does not where the same preposition stands before both, or before the list of places it ends:
    "in Ford County, Kansas". A verb between it and the subject says something else of them.
    """
    if _is_first(claim, place) or not claim.items[place].kind.is_slot():
        return False
    start = pairs[place]
    if start < 0:
        return (
            claim.items[place - 1].key not in BE
        )  # within a longer name: "a Slovenian Cardinal" is Slovenian
    at = _list_start(sentence, start)
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


def _is_first(claim: Reading, place: int) -> bool:
    """Whether an item opens the claim: nothing telling stands before it."""
    return all(item.kind is ItemKind.SMALL for item in claim.items[:place])


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


def _is_denied(claim: Reading, sentence: Reading, pairs: Pairs) -> bool:
    """Whether just one of the two denies; in either only near what both say."""
    held = [p for p in pairs if pairs[p] >= 0]
    held = [p for p in held if claim.items[p].kind is ItemKind.WORD] or held
    return _denies(claim, held) != _denies(sentence, [pairs[p] for p in held])


def _is_denied_outright(claim: Reading, sentence: Reading, pairs: Pairs, missing: Sequence[int]) -> bool:
    """ "It was never finished" speaks against "It was finished in 1850", if it tells no other year."""
    is_said = any(pairs.get(p, 0) < 0 or _is_first(claim, p) for p in pairs) and not _denies(
        claim, list(pairs)
    )
    told = {item.kind for q, item in enumerate(sentence.items) if q not in pairs.values()}
    return (
        is_said
        and _is_denied(claim, sentence, pairs)
        and all(claim.items[p].kind not in told for p in missing)
    )


def _denies(statement: Reading, near: Sequence[int]) -> bool:
    """Whether an odd number of words deny near the places given: two negations are none."""
    denying = [place for place, item in enumerate(statement.items) if item.key in NEGATIONS]
    return sum(any(_reaches(statement, place, at) for at in near) for place in denying) % 2 == 1


def _reaches(statement: Reading, denying: int, place: int) -> bool:
    """Whether a negation is close enough, and not cut off: "few are not aware that it rains" says that it rains."""
    between = statement.items[denying:place]
    return -2 <= place - denying <= NEGATION_REACH and not any(item.key == "that" for item in between)
