"""A claim laid beside one sentence: what it shares with it, what is missing, what stands there instead.

The items of both are aligned in order as sequences are (Needleman and Wunsch 1970), the sentence's own surplus being
free: that shows which name or date stands where the claim has another. What the claim tells in another order is then
looked for by its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hippograph.generation.claims.matching import holds, may_be_same, nearness
from hippograph.generation.claims.reading import Day, Item, ItemKind, Reading
from hippograph.generation.claims.words import NEGATIONS, OPPOSITES, word_set
from hippograph.generation.overlap import stem

SLOT_WEIGHT = 2.0
"""A name, date or number counts as much as two words."""

_SAME_SLOT, _SAME_WORD, _SAME_SMALL = 3.0, 2.0, 0.4
_OTHER_SLOT = 0.2
"""Another value of the same kind in the same place is a little better than a gap on both sides."""
_GAP = -0.3
_ARTICLES = frozenset(["the", "a", "an"])
_PRONOUNS = word_set("he she it they his her its their")
_OF_ANYBODY = frozenset(stem(word) for word in ("born", "died", "death", "birth", "person", "known"))
"""What can be said of everybody."""
_CLAUSE_REACH = 4


@dataclass(frozen=True, slots=True)
class Replaced:
    """A slot of the claim, and the one that stands in its place in the sentence."""

    claimed: Item
    told: Item
    place: int
    """Where it stands in the claim."""
    nearness: int
    """How many neighbours the two share."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """What a claim and a sentence have in common."""

    slots: int
    """How many names, dates and numbers the claim has."""
    slots_held: int
    missing: tuple[Item, ...]
    """Names, dates and numbers that the sentence does not hold where the claim has them."""
    replaced: tuple[Replaced, ...]
    words_missing: tuple[str, ...]
    words_held: float
    """The share of the claim's other telling words that the sentence holds; 1 where it has none."""
    opposed: tuple[tuple[str, str], ...]
    """Words of the claim with their opposites in the sentence."""
    is_denied: bool
    """One of the two denies and the other does not."""
    rest_held: float
    """The share of the claim that is held, apart from what was replaced or has an opposite."""
    in_sequence: float
    """The share of the claim that the sentence holds in the claim's own order, replaced slots included."""
    is_subject_replaced: bool
    particular: float
    """How much of what is held is particular: a word or a year 0.5, a name of several words or a day 1."""


def align(claim: Reading, sentence: Reading, about: Reading | None = None) -> Alignment:
    """Lay a claim beside a sentence; `about` is the title of its document, which may name its subject."""
    pairs, replaced = _in_sequence(claim, sentence)
    weights = {p: _weight(item) for p, item in enumerate(claim.items) if item.kind is not ItemKind.SMALL}
    total = sum(weights.values()) or 1.0
    in_sequence = (sum(weights[p] for p in pairs) + sum(weights[each.place] for each in replaced)) / total
    _find_elsewhere(claim, sentence, about, pairs, {each.place for each in replaced})
    missing = [p for p in claim.slots if p not in pairs]
    lost = [p for p in weights if p not in pairs and not claim.items[p].kind.is_slot()]
    opposed = _opposed(claim, sentence, lost)
    apart = {each.place for each in replaced} | set(opposed)
    word_count = sum(not claim.items[p].kind.is_slot() for p in weights if p not in opposed)
    rest = sum(weight for p, weight in weights.items() if p not in apart)
    return Alignment(
        slots=len(claim.slots),
        slots_held=len(claim.slots) - len(missing),
        missing=tuple(claim.items[p] for p in missing),
        replaced=tuple(replaced),
        words_missing=tuple(claim.items[p].text for p in lost),
        words_held=1 - (len(lost) - len(opposed)) / word_count if word_count else 1.0,
        opposed=tuple((claim.items[p].text, other) for p, other in opposed.items()),
        is_denied=_is_denied(claim, sentence, pairs),
        rest_held=sum(weights[p] for p in pairs) / rest if rest else 0.0,
        in_sequence=in_sequence,
        is_subject_replaced=any(_is_first(claim, each.place) for each in replaced),
        particular=sum(_particularity(claim.items[p]) for p in pairs),
    )


def _particularity(item: Item) -> float:
    if item.key in _OF_ANYBODY:
        return 0.0
    if isinstance(item.value, Day):
        return 1.0 if item.value.day else 0.5
    return 1.0 if item.kind is ItemKind.NAME and " " in item.key else 0.5


def _weight(item: Item) -> float:
    return SLOT_WEIGHT if item.kind.is_slot() else 1.0


def _in_sequence(claim: Reading, sentence: Reading) -> tuple[dict[int, int], list[Replaced]]:
    """The pairs of equal items, and the slots with another value, of the best alignment in order."""
    ours = [p for p, item in enumerate(claim.items) if item.key not in _ARTICLES]
    theirs = [p for p, item in enumerate(sentence.items) if item.key not in _ARTICLES]
    gains = np.array(
        [[_gain(claim.items[p], sentence.items[q]) for q in theirs] for p in ours], dtype=np.float64
    ).reshape(len(ours), len(theirs))
    pairs: dict[int, int] = {}
    replaced: list[Replaced] = []
    for at, other in _best_path(gains):
        p, q = ours[at], theirs[other]
        ours_item, theirs_item = claim.items[p], sentence.items[q]
        if ours_item.kind is ItemKind.SMALL:
            continue
        if holds(theirs_item, ours_item, claim.is_about(p)):
            pairs[p] = q
        elif ours_item.kind.is_slot() and not may_be_same(ours_item, theirs_item):
            replaced.append(Replaced(ours_item, theirs_item, p, nearness(claim, p, sentence, q)))
    return pairs, [each for each in replaced if each.nearness]


def _gain(ours: Item, theirs: Item) -> float:
    """What aligning two items is worth; minus infinity where they cannot stand for one another."""
    if ours.kind is ItemKind.SMALL or theirs.kind is ItemKind.SMALL:
        return _SAME_SMALL if ours.key == theirs.key else -np.inf
    if holds(theirs, ours):
        return _SAME_SLOT if ours.kind.is_slot() else _SAME_WORD
    if ours.kind.is_slot() and ours.kind is theirs.kind:
        return _OTHER_SLOT
    return -np.inf


def _best_path(gains: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """The aligned places of the best alignment: gaps in the claim cost, gaps in the sentence are free."""
    rows, columns = gains.shape
    best = np.zeros((rows + 1, columns + 1))
    best[1:, 0] = _GAP * np.arange(1, rows + 1)
    for row in range(1, rows + 1):
        # A cell is its upper left plus the gain, or the one above with a gap; then the best so far to its left.
        line = np.maximum(best[row - 1, :-1] + gains[row - 1], best[row - 1, 1:] + _GAP)
        best[row, 1:] = np.maximum.accumulate(np.maximum(line, best[row, 0]))
    path: list[tuple[int, int]] = []
    row, column = rows, columns
    while row and column:
        if best[row, column] == best[row, column - 1]:
            column -= 1
        elif best[row, column] == best[row - 1, column - 1] + gains[row - 1, column - 1]:
            row, column = row - 1, column - 1
            path.append((row, column))
        else:
            row -= 1
    return path[::-1]


def _find_elsewhere(
    claim: Reading, sentence: Reading, about: Reading | None, pairs: dict[int, int], taken: set[int]
) -> None:
    """What the sentence says in another order: words anywhere, slots where a neighbour is the same too."""
    used = set(pairs.values())
    for place, item in enumerate(claim.items):
        if item.kind is ItemKind.SMALL or place in pairs or place in taken:
            continue
        free = [
            q
            for q, told in enumerate(sentence.items)
            if q not in used and holds(told, item, claim.is_about(place))
        ]
        if item.kind.is_slot():
            free = [q for q in free if _is_linked(claim, place, sentence, q, pairs)]
        if free:
            pairs[place] = max(free, key=lambda q: (nearness(claim, place, sentence, q), -q))
            used.add(pairs[place])
        elif _is_inside(claim, place, sentence, pairs):
            pairs[place] = -1
    _find_subject(claim, sentence, about, pairs, taken)


def _is_inside(claim: Reading, place: int, sentence: Reading, pairs: dict[int, int]) -> bool:
    """Whether an item stands within a longer one of the sentence, such as a word within a name."""
    item = claim.items[place]
    if item.kind is ItemKind.WORD:
        return item.key in sentence.stems()
    taken = sum(claim.items[p].key == item.key for p in pairs)
    return item.kind is ItemKind.NAME and sentence.count(item) > taken


def _is_linked(claim: Reading, place: int, sentence: Reading, other: int, pairs: dict[int, int]) -> bool:
    """Whether a slot belongs to the same words in both: an equal neighbour, or the word it depends on close by."""
    if nearness(claim, place, sentence, other):
        return True
    if _is_first(claim, place) and not any(item.kind.is_slot() for item in sentence.items[:other]):
        return True
    governor = next(
        (p for p in range(place - 1, -1, -1) if claim.items[p].kind is ItemKind.WORD and p in pairs), None
    )
    if governor is None or not 0 <= pairs[governor] < other:
        return False
    between = sentence.items[pairs[governor] + 1 : other]
    return len(between) < _CLAUSE_REACH and not any(item.kind is claim.items[place].kind for item in between)


def _find_subject(
    claim: Reading, sentence: Reading, about: Reading | None, pairs: dict[int, int], taken: set[int]
) -> None:
    """The claim's first name may be what the whole document is about, where the sentence does not name another."""
    first = next((p for p, item in enumerate(claim.items) if item.kind is ItemKind.NAME), None)
    if about is None or first is None or first in pairs or first in taken:
        return
    name = claim.items[first]
    is_topic = name.key == " ".join(about.plain.split()) or any(holds(told, name) for told in about.items)
    opens = sentence.items[0] if sentence.items else None
    if is_topic and (
        opens is None
        or opens.kind is not ItemKind.NAME
        or any(item.key in _PRONOUNS for item in sentence.items)
    ):
        pairs[first] = -1


def _is_first(claim: Reading, place: int) -> bool:
    """Whether a slot is the claim's subject: nothing telling stands before it."""
    return all(item.kind is ItemKind.SMALL for item in claim.items[:place])


def _opposed(claim: Reading, sentence: Reading, lost: Sequence[int]) -> dict[int, str]:
    """Missing words, by their places, with an opposite that stands in the sentence and not in the claim."""
    claimed = {item.text.lower() for item in claim.items}
    told = sorted({item.text.lower() for item in sentence.items} - claimed)
    found: dict[int, str] = {}
    for place in lost:
        for other in told:
            if frozenset((claim.items[place].text.lower(), other)) in OPPOSITES:
                found.setdefault(place, other)
    return found


def _is_denied(claim: Reading, sentence: Reading, pairs: dict[int, int]) -> bool:
    """Whether just one of the two denies; in a longer sentence only near what the claim says."""
    verbs = [
        pairs[p] for p, item in enumerate(claim.items) if pairs.get(p, -1) >= 0 and item.kind is ItemKind.WORD
    ]
    told = sum(
        item.key in NEGATIONS and (not verbs or any(-2 <= verb - place <= 4 for verb in verbs))
        for place, item in enumerate(sentence.items)
    )
    return (claim.negations() % 2 == 1) != (told % 2 == 1)
