"""Which came first, and how long between: answered from the moments of what was found for each happening."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from hippograph.generation.citations import cite
from hippograph.timelines.questions import TimedQuestion
from hippograph.timelines.search import is_found_for
from hippograph.types import Draft, Evidence, Vectors
from hippograph.validity.statements import in_utc

METHOD = "timeline"
SURE = 0.6
"""How sure an answer is that rests on the two passages that answer best to two happenings."""
_ONE_TO_TEN = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_NUMBERS = {"a": 1, "an": 1, **{word: number for number, word in enumerate(_ONE_TO_TEN, start=1)}}
_LIMIT = re.compile(
    r"\b(?P<way>more than|over|longer than|greater than|at least|less than|under|within|fewer than|shorter than"
    r"|at most)\s+"
    r"(?P<count>\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten)\s+(?P<unit>hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
_DAYS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.44, "year": 365.25}
_HOW_LONG = re.compile(r"\bhow (?:long|many (?:hours|days|weeks|months|years))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Happening:
    """The passage that answers best to one happening of a question, and its sentence nearest to it."""

    words: str
    evidence: Evidence
    sentence: int
    moment: datetime

    @property
    def order(self) -> tuple[datetime, str, int]:
        """Time, and within one document the place in it."""
        passage = self.evidence.found.passage
        return self.moment, passage.document, passage.sentences[self.sentence].start


def find_happenings(
    asked: TimedQuestion, evidence: Sequence[Evidence], vectors: Sequence[Vectors]
) -> tuple[Happening, ...]:
    """What was found for each happening of a question; nothing where one was not found or has no date.

    `vectors` are those of the happenings, in their order.
    """
    found = []
    for event, words, vector in zip(asked.events, asked.told, vectors, strict=True):
        best = next((each for each in evidence if is_found_for(each.found, event)), None)
        moment = in_utc(best.found.timestamp) if best else None
        if best is None or moment is None or not len(best.sentence_vectors):
            return ()
        nearest = int(np.argmax(np.round(best.sentence_vectors @ vector, 6)))
        found.append(Happening(words, best, min(nearest, len(best.found.passage.sentences) - 1), moment))
    return tuple(found)


def answer_order(asked: TimedQuestion, happenings: Sequence[Happening]) -> Draft | None:
    """The answer that the order of two happenings gives, citing both; None where the question asks something else."""
    if len(happenings) != 2:
        return None
    first, second = happenings
    span = _answer(asked, first, second)
    if span is None:
        return None
    told = f"{_said(first)} {_between(first, second)} {_said(second)}"
    citations = tuple(
        cite(each.evidence, each.sentence) for each in sorted(happenings, key=lambda h: h.order)
    )
    text = f"{span[0].upper()}{span[1:]}: {told}."
    return Draft(text, span, citations, refusal=None, confidence=SURE, method=METHOD)


def _answer(asked: TimedQuestion, first: Happening, second: Happening) -> str | None:
    apart = abs(second.moment - first.moment)
    if asked.is_first_earlier is not None:
        is_earlier = first.order < second.order
        return "yes" if is_earlier == asked.is_first_earlier else "no"
    if limit := _LIMIT.search(asked.text):
        return "yes" if _holds(limit, apart) else "no"
    if _HOW_LONG.search(asked.text):
        return written(apart)
    if re.match(r"\W*(?:which|what|who)\b", asked.text, re.IGNORECASE):
        is_last = re.search(r"\b(?:last|later|after|second)\b", asked.text, re.IGNORECASE) is not None
        earlier, later = sorted((first, second), key=lambda happening: happening.order)
        return later.words if is_last else earlier.words
    return None


def _holds(limit: re.Match[str], apart: timedelta) -> bool:
    """Whether a stretch of time keeps a limit such as "more than 3 days"."""
    count = limit["count"].lower()
    days = (int(count) if count.isdigit() else _NUMBERS[count]) * _DAYS[limit["unit"].lower()]
    have = apart / timedelta(days=1)
    way = limit["way"].lower()
    if way in ("at least",):
        return have >= days
    if way in ("at most", "within"):
        return have <= days
    return have < days if way.startswith(("less", "under", "fewer", "shorter")) else have > days


def written(apart: timedelta) -> str:
    """A stretch of time in words: hours below two days, else days.

    >>> written(timedelta(days=27, hours=1)), written(timedelta(hours=5))
    ('27 days', '5 hours')
    """
    hours = round(apart / timedelta(hours=1))
    count, unit = (hours, "hour") if hours < 48 else (round(hours / 24), "day")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _said(happening: Happening) -> str:
    return f"“{happening.words}” ({happening.moment.date().isoformat()})"


def _between(first: Happening, second: Happening) -> str:
    if first.moment == second.moment:
        return "and"
    return "came before" if first.moment < second.moment else "came after"
