"""Whether one of two statements denies what the other says."""

from __future__ import annotations

from collections.abc import Sequence

from hippograph.generation.claims.linking import is_first
from hippograph.generation.claims.matching import Pairs
from hippograph.generation.claims.reading import ItemKind, Reading
from hippograph.generation.claims.words import NEGATIONS

NEGATION_REACH = 4
"""A word denies what stands at most so many items behind it."""


def is_denied(claim: Reading, sentence: Reading, pairs: Pairs) -> bool:
    """Whether just one of the two denies; in either only near what both say."""
    held = [p for p in pairs if pairs[p] >= 0]
    held = [p for p in held if claim.items[p].kind is ItemKind.WORD] or held
    return _denies(claim, held) != _denies(sentence, [pairs[p] for p in held])


def is_denied_outright(claim: Reading, sentence: Reading, pairs: Pairs, missing: Sequence[int]) -> bool:
    """ "It was never finished" speaks against "It was finished in 1850", if it tells no other year."""
    is_said = any(pairs.get(p, 0) < 0 or is_first(claim, p) for p in pairs) and not _denies(
        claim, list(pairs)
    )
    told = {item.kind for q, item in enumerate(sentence.items) if q not in pairs.values()}
    return (
        is_said
        and is_denied(claim, sentence, pairs)
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
