"""The rule verifier: a claim is held against each sentence of the evidence by names, dates, numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hippograph.generation.citations import cite
from hippograph.generation.claims.alignment import Alignment, align
from hippograph.generation.claims.parts import split_sentence
from hippograph.generation.claims.reading import Reading, read_statement
from hippograph.generation.claims.splitting import is_unresolved, resolved_sentences
from hippograph.ports import Embedder
from hippograph.text.names import title_name
from hippograph.types import Claim, Evidence, Passage, Verdict, VerdictKind

SUPPORT_COVERAGE, SUPPORT_WORDS = 0.75, 0.6
"""The shares of a claim, and of its words other than names, dates and numbers, that support takes."""
MANY_WORDS = 4
"""So many telling words in common make up for no other name, date or number in common."""
REFUTE_COVERAGE = 0.7
"""The share of the rest of a claim that a sentence must hold for its other value to count."""
PARTICULAR, PARTICULAR_COVERAGE = 3.0, 0.9
"""How particular a statement must be to be true of one subject only: see `Alignment.particular`."""
SHARED_STEMS = 0.3
"""Sentences that share less of a claim's words are not looked at."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence of the evidence, or a statement it makes, with its pronouns resolved."""

    sentence: int
    reading: Reading
    is_part: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What one unit says of a claim."""

    kind: VerdictKind
    strength: float
    why: str
    evidence: int
    sentence: int


class RuleVerifier:
    """Supported where one sentence holds everything claimed; refuted where one says it with another value."""

    name = "rules"

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    def verify(self, claim: Claim, evidence: Sequence[Evidence]) -> Verdict:
        """The verdict of the sentence that decides; of two that decide alike, support goes first."""
        if is_unresolved(claim):
            who = claim.text.split()[0].lower()
            return _unsure(f'The text does not say who or what "{who}" is.')
        if not evidence:
            return _unsure("No passage was found for this claim.")
        reading = read_statement(claim.text)
        judged = [
            found for place, item in enumerate(evidence) for found in _judge_passage(reading, item, place)
        ]
        best = max(
            judged, key=lambda found: (found.kind is VerdictKind.SUPPORTED, found.strength), default=None
        )
        if best is None:
            return _unsure("The passages found do not speak of this.")
        citation = cite(evidence[best.evidence], best.sentence)
        return Verdict(best.kind, citation, best.why, round(min(best.strength, 1.0), 4))


def _unsure(why: str) -> Verdict:
    return Verdict(VerdictKind.NOT_ENOUGH_EVIDENCE, None, why, 0.5)


def _judge_passage(claim: Reading, evidence: Evidence, place: int) -> list[Judged]:
    passage = evidence.found.passage
    about = read_statement(title_name(passage.title)) if passage.title else None
    wanted = claim.stems()
    found = []
    for unit in units_of(passage):
        shared = wanted & (unit.reading.stems() | (about.stems() if about else frozenset()))
        if len(shared) < SHARED_STEMS * len(wanted):
            continue
        if judged := judge(claim, align(claim, unit.reading, about)):
            kind, strength, why = judged
            found.append(Judged(kind, strength, why, place, unit.sentence))
    return found


@lru_cache(maxsize=2048)
def units_of(passage: Passage) -> tuple[Unit, ...]:
    """What a passage states: each sentence as a whole, and each of the statements it makes."""
    units = []
    for number, sentence in enumerate(resolved_sentences(passage)):
        units.append(Unit(number, read_statement(sentence), is_part=False))
        parts = split_sentence(sentence)
        if len(parts) > 1:
            units += [Unit(number, read_statement(part), is_part=True) for part in parts]
    return tuple(units)


def judge(claim: Reading, aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """Whether a sentence supports or refutes a claim, how strongly, and why; None where it does neither."""
    if not aligned.missing and not aligned.replaced:
        return _judge_words(aligned)
    return _judge_replaced(claim, aligned)


def _judge_words(aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """Every name, date and number is there: do the words say the same of them?"""
    if aligned.words_held < SUPPORT_WORDS or aligned.rest_held < SUPPORT_COVERAGE:
        return None
    strength = aligned.rest_held * (0.7 + 0.3 * aligned.in_sequence)
    if aligned.opposed:
        claimed, told = aligned.opposed[0]
        return VerdictKind.REFUTED, 0.9 * strength, f'The source says "{told}", not "{claimed}".'
    if aligned.is_denied:
        return VerdictKind.REFUTED, 0.9 * strength, "One of the two says it, the other denies it."
    return VerdictKind.SUPPORTED, strength, _in_other_words(aligned)


def _judge_replaced(claim: Reading, aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """Another name, date or number in the same place of the same statement."""
    if not aligned.replaced or len(aligned.replaced) < len(aligned.missing) or aligned.is_denied:
        return None
    if len(aligned.replaced) > max(1, aligned.slots // 3) or aligned.rest_held < REFUTE_COVERAGE:
        return None
    if not aligned.slots_held and len(claim.stems()) < MANY_WORDS:
        return None
    if aligned.is_subject_replaced and not _is_telling_enough(aligned):
        return None
    first = aligned.replaced[0]
    told = f'The source says "{first.told.text}", not "{first.claimed.text}".'
    strength = aligned.rest_held * (0.6 + 0.2 * aligned.in_sequence + 0.2 * min(1.0, first.nearness / 4))
    return VerdictKind.REFUTED, strength, told


def _is_telling_enough(aligned: Alignment) -> bool:
    """Whether what is said of another subject is so particular that it can hardly be true of both.

    "Was a German composer" is true of many; "designed the Iron Bridge over the Tamm in 1871" of one.
    """
    return (
        len(aligned.replaced) == 1
        and aligned.rest_held >= PARTICULAR_COVERAGE
        and aligned.particular >= PARTICULAR
    )


def _in_other_words(aligned: Alignment) -> str:
    if not aligned.words_missing:
        return "The source says just this."
    words = ", ".join(f'"{word}"' for word in aligned.words_missing[:3])
    return f"The source says this in other words (not {words})."
