"""Candidate answers: dates, numbers, names and phrases of a sentence, each with its place in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hippograph.generation.names import name_spans, quote_spans
from hippograph.generation.overlap import FUNCTION_WORDS
from hippograph.text.dates import MONTHS
from hippograph.types import Mention, MentionKind, Triple


class CandidateKind(StrEnum):
    """What a candidate looks like."""

    DATE = "date"
    NUMBER = "number"
    NAME = "name"
    QUOTE = "quote"
    PHRASE = "phrase"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A few words of a sentence that may be the answer: `text == sentence[start:end]`."""

    text: str
    kind: CandidateKind
    start: int
    end: int


_MONTH = rf"(?:{MONTHS})"
_DATE = re.compile(
    rf"\b(?:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH}(?:,?\s+\d{{4}})?"
    rf"|{_MONTH},?\s+\d{{4}}"
    r"|(?:1\d|20)\d\ds?(?:\s*(?:BC|AD))?"
    r"|\d{1,2}(?:st|nd|rd|th)[ -]century(?:\s+(?:BC|AD))?"
    r"|\d{1,4}\s+(?:BCE?|CE|AD)|\d{1,2}(?::\d\d)?\s*(?:am|pm|AM|PM|a\.m\.|p\.m\.))(?!\w)"
)
_NUMBER_WORDS = (
    r"(?:twice|thrice|once|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|dozens?)"
)
_NUMBER = re.compile(
    rf"(?<![\w.,])(?:[$€£¥]\s?)?\d+(?:,\d{{3}})*(?:\.\d+)?(?:\s?%|\s+percent\b)?(?:\s+(?:hundred|thousand|million|billion|trillion)\b)?"
    rf"|\b{_NUMBER_WORDS}(?:[- ]{_NUMBER_WORDS})*\b",
    re.IGNORECASE,
)
_SORT = {
    MentionKind.DATE: CandidateKind.DATE,
    MentionKind.NUMBER: CandidateKind.NUMBER,
    MentionKind.NAME: CandidateKind.NAME,
    MentionKind.TITLE: CandidateKind.NAME,
    MentionKind.QUOTE: CandidateKind.QUOTE,
    MentionKind.NOUN: CandidateKind.PHRASE,
}


def find_candidates(text: str, mentions: Iterable[Mention], triples: Iterable[Triple]) -> list[Candidate]:
    """Every candidate of a sentence, in reading order; the same stretch is found once, by its surest kind.

    `mentions` and `triples` are those of this sentence; what they name is looked up in its text.
    """
    found: dict[tuple[int, int], CandidateKind] = {}
    for kind, spans in (
        (CandidateKind.DATE, date_spans(text)),
        (CandidateKind.NUMBER, _outside(number_spans(text), date_spans(text))),
        (CandidateKind.QUOTE, quote_spans(text)),
        (CandidateKind.NAME, (_without_opening(text, span) for span in name_spans(text))),
    ):
        for span in spans:
            if span[0] < span[1]:
                found.setdefault(span, kind)
    named = [(mention.name, _SORT[mention.kind]) for mention in mentions]
    ends = [(end, CandidateKind.PHRASE) for triple in triples for end in (triple.subject, triple.object)]
    for name, kind in (*named, *ends):
        place = text.find(name) if name else -1
        if place >= 0:
            found.setdefault((place, place + len(name)), kind)
    return [Candidate(text[start:end], kind, start, end) for (start, end), kind in sorted(found.items())]


def _outside(spans: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that lie in none of the others: the 3 of "3 May" is no number."""
    return [
        (start, end)
        for start, end in spans
        if not any(first <= start and end <= last for first, last in others)
    ]


def date_spans(text: str) -> list[tuple[int, int]]:
    """Where dates, years, centuries and times of day stand."""
    return [match.span() for match in _DATE.finditer(text)]


def number_spans(text: str) -> list[tuple[int, int]]:
    """Where numbers stand, in digits or words, with what scales them ("150 million", "40 %")."""
    return [match.span() for match in _NUMBER.finditer(text)]


def _without_opening(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """A name without what only stands before it: "In 1871 Ada" is Ada."""
    start, end = span
    while True:
        word = re.match(r"[\w'’]+\s*", text[start:end])
        opens = word is not None and word.group().strip().lower()
        if not word or not (opens in FUNCTION_WORDS or str(opens).isdigit()):
            return start, end
        start += word.end()
