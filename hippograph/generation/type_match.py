"""Whether a candidate is of the kind a question asks for, read off its form and the words beside it."""

from __future__ import annotations

import re

from hippograph.generation import question_words as nouns
from hippograph.generation.candidates import Candidate, CandidateKind
from hippograph.generation.overlap import content_stems, stem
from hippograph.generation.question_types import AnswerType, Question

NEAR_WORDS = 4
"""The counted noun stands at most so many words from the start of its number: "7 small stone rooms"."""

_PLACE_WORD = re.compile(
    r"\b(?:City|County|Island|Islands|River|Lake|Mount|Mountains|Sea|Ocean|Valley|Bay|Province|State|States|District|"
    r"Kingdom|Republic|Park|Street|Road|Square|Peninsula|Beach|Hill|Hills|Town|Village|Region|Coast|Desert)\b"
)
_THING_WORD = re.compile(
    r"\b(?:University|College|School|Records|Band|Club|Company|Inc|Corporation|League|Award|Awards|Prize|Medal|"
    r"Party|Church|Museum|Society|Institute|Association|Orchestra|Studios?|Pictures|Entertainment|Magazine|Times|"
    r"Network|Army|Navy|Force|War|Battle|Festival|Cup|Championship|Act|Department|Series|Show|Airport|Hotel|Theatre)\b"
)
_PERSON_BEFORE = re.compile(
    r"\b(?:by|actor|actress|singer|director|author|writer|composer|producer|president|king|queen|sir|lord|lady|mr|mrs|"
    r"dr|wife|husband|son|daughter|father|mother|brother|sister|musician|player|poet|with|and)\.?,?\s+$",
    re.IGNORECASE,
)
_INITIALS_OR_NAMES = re.compile(
    r"(?:[^\W\d_][\w'’.-]*)(?:\s+(?:de|van|von|al|bin|ap|del|da|di|la|du|der|[^\W\d_][\w'’.-]*))+$"
)
_BIRTH = re.compile(r"\b(?:born|birth|birthday|birthdate|b\.)(?!\w)", re.IGNORECASE)
_DEATH = re.compile(r"\b(?:die|died|dies|death|deceased|passed away|d\.)(?!\w)", re.IGNORECASE)
_COUNTED = re.compile(r"\bhow many (\w+)", re.IGNORECASE)
_MEASURED = re.compile(r"\bhow (long|high|tall|deep|far|wide)\b", re.IGNORECASE)
_LENGTH_UNIT = (
    r"(?:metres?|meters?|kilometres?|kilometers?|miles?|feet|foot|ft|inch(?:es)?|yards?|fathoms?|km|mi|m)\b"
)
_TIME_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries)\b"
_DEMONYM = re.compile(r"[A-Z]\w+(?:ish|ese|ian|ean|can|an|i)$")


def fits_type(question: Question, candidate: Candidate, sentence: str) -> float:
    """From -1 (another kind) through 0 (cannot tell) to 1 (just what is asked for)."""
    kind = candidate.kind
    if question.type is AnswerType.DATE:
        return _fits_date(question, candidate, sentence)
    if question.type is AnswerType.NUMBER:
        return _fits_number(question.asked, candidate, sentence) if kind is CandidateKind.NUMBER else -1.0
    if kind in (CandidateKind.DATE, CandidateKind.NUMBER):
        return -1.0
    if question.type is AnswerType.PERSON:
        return _fits_person(candidate, sentence)
    if question.type is AnswerType.PLACE:
        return _fits_place(candidate, sentence)
    if question.type is AnswerType.NAME:
        return 0.6 if kind in (CandidateKind.NAME, CandidateKind.QUOTE) else -0.5
    return _fits_quality(question.head, candidate)


def _fits_date(question: Question, candidate: Candidate, sentence: str) -> float:
    if candidate.kind is not CandidateKind.DATE:
        return -1.0
    return _fits_precision(question.head, candidate.text) + _fits_event(question.asked, candidate, sentence)


def _fits_number(asked: str, candidate: Candidate, sentence: str) -> float:
    """1 where the number counts or measures what is asked for: "how many boats", "how high"; else 0.4."""
    after = candidate.text + sentence[candidate.end : candidate.end + 30]
    counted = _COUNTED.search(asked)
    if counted:
        beside = " ".join(after.split()[:NEAR_WORDS])
        return 1.0 if stem(counted.group(1).lower()) in content_stems(beside) else 0.4
    measured = _MEASURED.search(asked)
    if measured is None:
        return 0.7
    is_length = re.search(rf"^\S+[\s-]+{_LENGTH_UNIT}", after) is not None
    is_time = re.search(rf"^\S+[\s-]+{_TIME_UNIT}", after) is not None
    fits = is_length or (is_time and measured.group(1).lower() == "long")
    return 1.0 if fits else 0.2


def _fits_precision(head: str, date: str) -> float:
    is_year = re.fullmatch(r"\d{4}", date) is not None
    if head == "year":
        return 0.7 if is_year else 0.2
    if head in ("century", "decade"):
        return 0.7 if head in date or date.endswith("s") else 0.1
    return 0.5 if head not in ("date", "day", "birthday", "birthdate") else 0.2 if is_year else 0.7


def _fits_event(asked: str, candidate: Candidate, sentence: str) -> float:
    """Whether the words before a date, or its place in "(1815 – 1852)", say the event asked for."""
    birth, death = bool(_BIRTH.search(asked)), bool(_DEATH.search(asked))
    before = sentence[max(0, candidate.start - 60) : candidate.start]
    closes_life = re.search(r"\([^()]*\d[^()]*[–—-]\s*(?:c\.\s*)?(?:\w+\s)?$", before) is not None
    opens_life = not closes_life and bool(
        re.search(r"\([^()]*$", before) and re.match(r"[^()]{0,20}[–—-]", sentence[candidate.end :])
    )
    says_death = closes_life or _DEATH.search(before) is not None
    says_birth = not says_death and (opens_life or _BIRTH.search(before) is not None)
    if birth == death:
        return -0.6 if closes_life or says_birth else 0.0
    if not says_birth and not says_death:
        return -0.3
    return 0.3 if says_death == death else -1.0


def _fits_quality(head: str, candidate: Candidate) -> float:
    """A nationality is an adjective of a country; a profession, genre or cause is written in lower case."""
    if head in nouns.ADJECTIVE_HEADS:
        return 1.0 if _DEMONYM.fullmatch(candidate.text) else -0.3
    if head in nouns.COMMON_NOUN_HEADS:
        return 0.5 if candidate.text.islower() else -0.5
    return 0.0


def _fits_person(candidate: Candidate, sentence: str) -> float:
    if candidate.kind is not CandidateKind.NAME or _DEMONYM.fullmatch(candidate.text):
        return -0.7
    if _THING_WORD.search(candidate.text) or _PLACE_WORD.search(candidate.text):
        return -0.6
    before = sentence[: candidate.start]
    likely = 0.3
    if _INITIALS_OR_NAMES.match(candidate.text) and " of " not in candidate.text:
        likely += 0.4
    if _PERSON_BEFORE.search(before) or sentence[candidate.end : candidate.end + 40].lstrip().startswith(
        "(born"
    ):
        likely += 0.3
    if re.search(r"\b(?:in|at|near)\s+(?:the\s+)?$", before):
        likely -= 0.6
    return likely


def _fits_place(candidate: Candidate, sentence: str) -> float:
    if candidate.kind is not CandidateKind.NAME or (
        _DEMONYM.fullmatch(candidate.text) and candidate.text.endswith("ish")
    ):
        return -0.5
    likely = 0.1
    if _PLACE_WORD.search(candidate.text):
        likely += 0.4
    if re.search(r"\b(?:in|at|from|near|of|to)\s+(?:the\s+)?(?:[A-Z]\w+,\s+)?$", sentence[: candidate.start]):
        likely += 0.5
    if _THING_WORD.search(candidate.text):
        likely -= 0.4
    return likely
