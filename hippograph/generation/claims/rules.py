"""The rule verifier: a claim is held against each sentence of the evidence by names, dates, numbers and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hippograph.generation.citations import cite
from hippograph.generation.claims.alignment import Alignment, Replaced, align
from hippograph.generation.claims.paraphrase import words_meant
from hippograph.generation.claims.parts import split_sentence
from hippograph.generation.claims.reading import ItemKind, Reading, read_statement
from hippograph.generation.claims.splitting import is_unresolved, resolved_sentences
from hippograph.ports import Embedder
from hippograph.text.names import title_name
from hippograph.types import Claim, Evidence, Passage, Verdict, VerdictKind

SUPPORT_COVERAGE, SUPPORT_WORDS = 0.75, 0.6
"""The shares of a claim, and of its words other than names, dates and numbers, that support takes."""
FRAME = 0.85
"""The share of the rest of a claim that a sentence must hold, in order, for its other value to speak against it."""
TELLING, PARTICULAR = 2.5, 3.0
"""How particular a statement must be to have one answer, and to be true of one subject only (`Alignment.particular`).

"Was a German composer" is true of many; "designed the Iron Bridge over the Tamm in 1871" of one.
"""
CLOSE = 3
"""So many equal neighbours say that two slots belong to the same words where no word governs them."""
DENIED = "One of the two says it, the other denies it."
FEWEST_ITEMS = 2
"""A claim of one word is borne out by anything."""
PARAPHRASED, MOST_PARAPHRASES = 0.7, 3
"""How sure words of the same meaning are, against the same words; and how many sentences are tried for them."""
DISPUTED = 0.7
"""What the confidence of a verdict is worth when another document decides the other way."""
MOST_ITEMS = 120
"""A longer claim is not compared, nor with a longer sentence: the time grows with the product of both."""
SHARED_STEMS = 0.3
"""Sentences that share less of a claim's words are not looked at."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence of the evidence, or a statement it makes, with its pronouns resolved."""

    sentence: int
    reading: Reading
    is_part: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """A claim laid beside one unit of the evidence."""

    aligned: Alignment
    unit: Unit
    evidence: int
    """The place of its passage in the evidence."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one unit says of a claim."""

    kind: VerdictKind
    strength: float
    why: str
    laid: Laid


class RuleVerifier:
    """Supported where one sentence holds everything claimed; refuted where one says it with another value.

    With an embedder, words of much the same meaning count as said; without one, only words of one stem do.
    """

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
        if len(reading.items) > MOST_ITEMS:
            return _unsure(f"The claim has more than {MOST_ITEMS} words: a list or a table, no statement.")
        laid = _lay_beside(reading, evidence)
        judged = [Judged(*found, each) for each in laid if (found := judge(each.aligned))]
        best = max(judged, key=lambda j: (j.strength, j.kind is VerdictKind.SUPPORTED), default=None)
        best = best or self._said_in_other_words(laid)
        if best is None:
            return _unsure("The passages found do not speak of this.")
        citation = cite(evidence[best.laid.evidence], best.laid.unit.sentence)
        confidence, why = min(best.strength, 1.0), best.why
        if other := _says_otherwise(best, judged, evidence):
            confidence, why = DISPUTED * confidence, f"{why} Another source says otherwise: {other}."
        return Verdict(best.kind, citation, why, round(confidence, 4))

    def _said_in_other_words(self, laid: Sequence[Laid]) -> Judged | None:
        """The sentence that holds all names and, for each missing word, one of the same meaning."""
        open_ = [each for each in laid if may_be_paraphrase(each.aligned)]
        open_.sort(key=lambda each: -each.aligned.rest_held)
        for each in open_[:MOST_PARAPHRASES] if self._embedder else ():
            missing = each.aligned.words_missing
            meant = words_meant(missing, each.unit.reading, self._embedder) if self._embedder else {}
            held = 1 - (len(missing) - len(meant)) / each.aligned.words
            if meant and held >= SUPPORT_WORDS:
                words = ", ".join(f'"{told}" for "{word}"' for word, told in meant.items())
                why = f"The source says this in other words ({words})."
                return Judged(VerdictKind.SUPPORTED, PARAPHRASED * each.aligned.rest_held, why, each)
        return None


def may_be_paraphrase(aligned: Alignment) -> bool:
    """Whether a sentence holds all names of a claim and only its words are missing."""
    is_said = not (aligned.missing or aligned.opposed or aligned.is_denied or aligned.is_caseless)
    return is_said and aligned.slots > 1 and bool(aligned.words_missing)


def _says_otherwise(best: Judged, judged: Sequence[Judged], evidence: Sequence[Evidence]) -> str:
    """The title of another document that decides the other way of the same subject; empty where none does."""
    document = evidence[best.laid.evidence].found.passage.document
    for other in sorted(judged, key=lambda j: -j.strength):
        passage = evidence[other.laid.evidence].found.passage
        is_other = other.kind is not best.kind and passage.document != document
        if is_other and not (other.laid.aligned.is_subject_replaced or best.laid.aligned.is_subject_replaced):
            return passage.title or passage.document
    return ""


def _unsure(why: str) -> Verdict:
    return Verdict(VerdictKind.NOT_ENOUGH_EVIDENCE, None, why, 0.5)


def _lay_beside(claim: Reading, evidence: Sequence[Evidence]) -> list[Laid]:
    """The claim beside every statement of the evidence that shares enough of its words."""
    wanted = claim.stems()
    laid = []
    for place, item in enumerate(evidence):
        passage = item.found.passage
        about = read_statement(title_name(passage.title)) if passage.title else None
        title = about.stems() if about else frozenset()
        for unit in units_of(passage):
            if len(unit.reading.items) > MOST_ITEMS:
                continue
            if len(wanted & (unit.reading.stems() | title)) >= SHARED_STEMS * len(wanted):
                laid.append(Laid(align(claim, unit.reading, about), unit, place))
    return laid


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


def judge(aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """Whether a sentence supports or refutes a claim, how strongly, and why; None where it does neither."""
    if aligned.slots + aligned.words < FEWEST_ITEMS:
        return None
    if aligned.is_denied_outright and aligned.words:
        return VerdictKind.REFUTED, 0.9 * aligned.rest_held, DENIED
    return _judge_words(aligned) if not aligned.missing else _judge_replaced(aligned)


def _judge_words(aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """Every name, date and number is there: do the words say the same of them?"""
    words_needed = 1.0 if aligned.is_caseless else SUPPORT_WORDS
    if aligned.words_held < words_needed or aligned.rest_held < SUPPORT_COVERAGE or aligned.is_loose:
        return _judge_opposed(aligned)
    strength = aligned.rest_held * (0.7 + 0.3 * aligned.in_sequence)
    if aligned.opposed:
        return _judge_opposed(aligned)
    if aligned.is_denied:
        return VerdictKind.REFUTED, 0.9 * strength, DENIED
    return VerdictKind.SUPPORTED, strength, _in_other_words(aligned)


def _judge_opposed(aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """All but one word is there, and its opposite stands in its place."""
    if (
        not aligned.opposed
        or aligned.is_denied
        or aligned.rest_held < FRAME
        or aligned.in_sequence < SUPPORT_COVERAGE
    ):
        return None
    claimed, told = aligned.opposed[0]
    return VerdictKind.REFUTED, 0.9 * aligned.rest_held, f'The source says "{told}", not "{claimed}".'


def _judge_replaced(aligned: Alignment) -> tuple[VerdictKind, float, str] | None:
    """Another name, date or number in the same place of the same statement."""
    replaced = aligned.replaced
    if not replaced or aligned.unexplained or aligned.is_denied or aligned.opposed:
        return None
    if len(replaced) > max(1, aligned.slots // 3) or aligned.rest_held < FRAME:
        return None
    is_framed = aligned.in_sequence >= FRAME
    if aligned.is_subject_replaced:
        speaks_against = is_framed and len(replaced) == 1 and aligned.particular >= PARTICULAR
    else:
        speaks_against = is_framed and aligned.particular >= TELLING
        speaks_against = speaks_against or all(_is_exclusive(each) for each in replaced)
    if not speaks_against:
        return None
    first = replaced[0]
    strength = aligned.rest_held * (0.6 + 0.2 * aligned.in_sequence + 0.2 * min(1.0, first.nearness / 4))
    return VerdictKind.REFUTED, strength, f'The source says "{first.told.text}", not "{first.claimed.text}".'


def _is_exclusive(each: Replaced) -> bool:
    """Whether a short statement has one answer: a date, a number, or a relation such as "born in"."""
    has_one_answer = each.is_singular or each.claimed.kind is not ItemKind.NAME
    return (each.is_governed or each.nearness >= CLOSE) and has_one_answer and not each.is_elsewhere


def _in_other_words(aligned: Alignment) -> str:
    if not aligned.words_missing:
        return "The source says just this."
    words = ", ".join(f'"{word}"' for word in aligned.words_missing[:3])
    return f"The source says this in other words (not {words})."
